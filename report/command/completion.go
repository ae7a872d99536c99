package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
)

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		ArgsUsage: "SHELL",
		Usage:     "print what makes a shell complete doctor's words",
		Description: `SHELL is bash, zsh or fish. It then completes commands, flags and their values,
checks and codes.

Examples
  source <(doctor completion bash)
  doctor completion zsh > "${fpath[1]}/_doctor"
  doctor completion fish > ~/.config/fish/completions/doctor.fish`,
		Action: func(c *cli.Context) error {
			write, known := shells[c.Args().First()]
			if !known || c.NArg() != 1 {
				return fmt.Errorf("doctor completion takes one of bash, zsh and fish%s", meant(c.Args().First(), []string{"bash", "fish", "zsh"}, ""))
			}
			out, err := p.open()
			if err != nil {
				return err
			}
			defer out.discard()
			if err := write(out, p.vocabulary(c.App)); err != nil {
				return err
			}
			return out.commit()
		},
	}
}

var shells = map[string]func(io.Writer, vocabulary) error{"bash": completeBash, "zsh": completeZsh, "fish": completeFish}

// vocabulary is what can be completed.
type vocabulary struct {
	common   []spelling
	commands []verb // check first
}

// verb is a command.
type verb struct {
	name, usage string
	flags       []spelling
	arguments   []string // what it takes, where that is known; a file, where it takes one
	files       bool
}

// spelling is a flag.
type spelling struct {
	name, usage string
	value       bool
	files       bool
	among       []string // what the value may be
}

// takeFiles are the commands and flags that take a file or a folder.
var takeFiles = []string{"capture", "diff", "pre-commit", "from", "env-file", "posthog-dir", "config", "output", "export-to", "file"}

func (p *program) vocabulary(app *cli.App) vocabulary {
	v := vocabulary{common: p.spellings(p.common)}
	for _, c := range app.Commands {
		known := verb{name: c.Name, usage: c.Usage, files: slices.Contains(takeFiles, c.Name)}
		known.flags = p.spellings(p.own(c))
		switch c.Name {
		case "explain":
			known.arguments = p.codes()
		case "completion":
			known.arguments = []string{"bash", "zsh", "fish"}
		}
		v.commands = append(v.commands, known)
	}
	return v
}

// own is a command's flags without those that every command understands.
func (p *program) own(c *cli.Command) []cli.Flag { return c.Flags[:len(c.Flags)-len(p.common)] }

func (p *program) spellings(flags []cli.Flag) []spelling {
	var all []spelling
	for _, f := range flags {
		documented, ok := f.(cli.DocGenerationFlag)
		if visible, may := f.(cli.VisibleFlag); !ok || may && !visible.IsVisible() {
			continue
		}
		name := f.Names()[0]
		usage := strings.ReplaceAll(documented.GetUsage(), "`", "") // which stand around a value's name
		s := spelling{name: name, usage: usage, value: documented.TakesValue(), files: slices.Contains(takeFiles, name)}
		if generic, is := f.(*cli.GenericFlag); is {
			if of, limited := generic.Value.(*choice); limited {
				s.among = of.among
			}
		}
		if name == "only" || name == "skip" {
			s.among = p.selectable()
		}
		all = append(all, s)
	}
	return all
}

// selectable are the names of parts, checks and codes.
func (p *program) selectable() []string {
	var names []string
	for _, c := range p.checks {
		part, _, _ := strings.Cut(c.ID, ".")
		names = append(names, part, c.ID)
	}
	slices.Sort(names)
	return append(slices.Compact(names), p.codes()...)
}

// codes are all that can be explained.
func (p *program) codes() []string {
	var codes []string
	for _, info := range checks.CodesOf(p.checks) {
		codes = append(codes, string(info.Code))
	}
	return codes
}

func (v vocabulary) names() []string {
	var names []string
	for _, c := range v.commands {
		names = append(names, c.name)
	}
	return names
}

func dashed(flags []spelling) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.dashed())
	}
	return names
}

func (f spelling) dashed() string {
	if len(f.name) == 1 {
		return "-" + f.name
	}
	return "--" + f.name
}
