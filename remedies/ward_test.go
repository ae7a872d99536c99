package remedies

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// A disease of the ward is a file that says how it is, and its remedy one operation that has it say "well". In between it
// says "half".
type disease struct {
	name   string
	code   checks.Code
	safety Safety
	cause  string // the disease that explains it
	echo   bool   // it is there as long as its cause is
	deaf   bool   // its remedy does not help
	final  string // why its cure cannot be taken back
}

// cure is the operation of a disease's remedy.
type cure struct {
	Path, Was string
	Deaf      bool
	Why       string
}

func init() { kinds["cure"] = func() Operation { return new(cure) } }

func (c *cure) Kind() string    { return "cure" }
func (c *cure) Target() string  { return c.Path }
func (c *cure) Essence() string { return c.Was }
func (c *cure) Final() string   { return c.Why }
func (c *cure) Show() Shown {
	return Shown{Summary: "cure " + filepath.Base(c.Path), Form: "request", Text: "be well"}
}

func (c *cure) Look(context.Context, *Tools) (State, string, error) {
	text, err := os.ReadFile(c.Path)
	switch string(text) {
	case c.Was:
		return Before, "it is " + c.Was, err
	case "half":
		return Between, "it is half well", err
	case "well":
		return After, "it is well", err
	}
	return Elsewhere, "it is " + string(text), err
}

func (c *cure) write(tools *Tools, text string) error {
	if err := os.WriteFile(c.Path, []byte("half"), 0o600); err != nil {
		return err
	}
	tools.step("half")
	return os.WriteFile(c.Path, []byte(text), 0o600)
}

func (c *cure) Apply(_ context.Context, tools *Tools) error {
	if c.Deaf {
		return errors.New("it does not hear")
	}
	return c.write(tools, "well")
}

func (c *cure) Undo(_ context.Context, tools *Tools) error { return c.write(tools, c.Was) }

// ward is a folder of diseases, and an engine that treats them.
type ward struct {
	*Engine
	folder    string
	diagnoses int
}

func newWard(t testing.TB, folder string, diseases ...disease) *ward {
	t.Helper()
	w := &ward{folder: folder}
	byName := map[string]*checks.Check{}
	var all []*checks.Check
	rows := []Remedy{manual("wait", "wait", checks.SVC001)}
	for _, d := range diseases {
		c := w.check(d, byName[d.cause])
		byName[d.name] = c
		all = append(all, c)
		if path := filepath.Join(folder, d.name); !d.echo && !exists(path) {
			if err := os.WriteFile(path, []byte("sick"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if d.safety != Manual {
			rows = append(rows, w.remedy(d))
		}
	}
	selection, err := checks.Select(all, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Engine = &Engine{
		Team: 7, Journal: filepath.Join(folder, ".doctor"), remedies: rows, Patience: time.Minute,
		Open: func() (*pipeline.World, error) { return pipeline.Told(&settings.Settings{}, time.Now()), nil },
		Diagnose: func(ctx context.Context, world *pipeline.World) *checks.Diagnosis {
			w.diagnoses++
			return checks.Run(ctx, selection, checks.Options{World: world, Team: 7})
		},
	}
	return w
}

func (w *ward) check(d disease, cause *checks.Check) *checks.Check {
	c := &checks.Check{ID: "ward." + d.name, Title: d.name + " is well", Codes: []checks.Code{d.code}}
	if cause != nil {
		c.After = []*checks.Check{cause}
	}
	c.Run = func(_ context.Context, p *checks.Pass) (any, error) {
		var causes []*checks.Finding
		if cause != nil {
			causes = p.Findings(cause)
		}
		sick := d.echo && len(causes) > 0
		if !d.echo {
			text := w.says(d.name)
			if text == "hidden" {
				return nil, errors.New("it hides")
			}
			sick = text != "well"
		}
		if sick {
			p.Report(d.code, d.name).As(checks.Error).Titlef("%s is sick", d.name).CausedBy(causes...)
		}
		return nil, nil
	}
	return c
}

func (w *ward) remedy(d disease) Remedy {
	path := filepath.Join(w.folder, d.name)
	return Remedy{
		ID: "cure-" + d.name, Codes: []checks.Code{d.code}, Safety: d.safety, Says: func(*Case) string { return "cure " + d.name },
		Plan: func(context.Context, *Case) (*Plan, error) {
			return &Plan{Operations: []Operation{&cure{path, w.says(d.name), d.deaf, d.final}}}, nil
		},
	}
}

func (w *ward) says(name string) string {
	text, err := os.ReadFile(filepath.Join(w.folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "sick"
	}
	return string(text)
}

func (w *ward) set(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// told is what has become of the remedies, one a line.
func told(fixes []Fix) string {
	var b strings.Builder
	for _, f := range fixes {
		b.WriteString(f.Remedy + " " + string(f.Status) + ": " + f.Detail + "\n")
	}
	return b.String()
}

func (w *ward) treat(t testing.TB, options Options) *Outcome {
	t.Helper()
	o, err := w.Treat(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// snapshot is all that is in a folder: names, permissions, contents, times.
func snapshot(t testing.TB, folder string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + "\n")
		if info.Mode().IsRegular() {
			text, err := os.ReadFile(path)
			b.Write(text)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
