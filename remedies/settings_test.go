package remedies

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/joho/godotenv"
	"pgregory.net/rapid"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/sandbox"
)

// envEngine treats a PostHog folder as it is, with nothing but files to look at.
func envEngine(folder string, environ ...string) *Engine {
	selection := checks.Selection{{Check: environment.ClickHouseDatabase}}
	return &Engine{
		Team: 7, Journal: filepath.Join(folder, ".doctor"), Patience: time.Minute,
		Open: func() (*pipeline.World, error) {
			set, err := settings.Load(settings.Options{PostHogDir: folder, Environ: environ})
			if err != nil {
				return nil, err
			}
			return pipeline.Told(set, time.Now()), nil
		},
		Diagnose: func(ctx context.Context, w *pipeline.World) *checks.Diagnosis {
			return checks.Run(ctx, selection, checks.Options{World: w, Team: 7})
		},
	}
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func textOf(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func cured(t testing.TB, e *Engine) *Outcome {
	t.Helper()
	o, err := e.Treat(context.Background(), Options{})
	if err != nil || len(o.Fixes) != 1 || o.Fixes[0].Status != Verified {
		t.Fatalf("%+v, %v", o, err)
	}
	return o
}

func TestDatabaseIsSetAndTakenBack(t *testing.T) {
	for name, text := range map[string]string{
		"missing":       "A=1\nCLICKHOUSE_HOST=x\nB=2\n",
		"commented out": "# CLICKHOUSE_DATABASE=posthog\nB=2",
		"wrong":         "\ufeffexport CLICKHOUSE_DATABASE='default' # x\r\nB=2\r\n",
		"empty":         "",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := filepath.Join(folder, ".env")
			put(t, file, text)
			e := envEngine(folder, "DOCTOR_EMBEDDINGS_DATABASE=signals")
			o := cured(t, e)
			if got := textOf(t, file); strings.Count(got, "CLICKHOUSE_DATABASE=") > 2 || !strings.Contains(got, "signals") {
				t.Errorf("%q", got)
			}
			if o.Then[0] != "restart the Temporal workers: they read it when they start" || !strings.HasPrefix(o.Folder, folder) {
				t.Errorf("%+v", o)
			}
			if again, err := e.Treat(context.Background(), Options{}); err != nil || len(again.Agenda.Treatments) > 0 {
				t.Errorf("a second time: %+v, %v", again, err)
			}
			if _, err := e.Undo(context.Background(), ""); err != nil || textOf(t, file) != text {
				t.Errorf("%q, %v", textOf(t, file), err)
			}
		})
	}
}

func TestAnyFileIsTreatedAndTakenBack(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, ".env")
	rapid.Check(t, func(t *rapid.T) {
		text := envText(t)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		e := envEngine(folder)
		o, err := e.Treat(context.Background(), Options{})
		if err != nil || len(o.Fixes) == 0 {
			return // it cannot be read, or is right
		}
		values, err := godotenv.Read(file)
		if o.Fixes[0].Status != Verified || err == nil && values["CLICKHOUSE_DATABASE"] != "posthog" && !strings.HasPrefix(text, byteOrderMark) {
			t.Fatalf("%q: %s%q, %v", text, told(o.Fixes), values, err)
		}
		if _, err := e.Undo(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		if back, err := os.ReadFile(file); err != nil || string(back) != text {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
		if _, err := e.Prune(context.Background(), 0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFileIsMadeWhereThereIsNone(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "manage.py"), "")
	e := envEngine(folder)
	o := cured(t, e)
	file := filepath.Join(folder, ".env")
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 || textOf(t, file) != "CLICKHOUSE_DATABASE=posthog\n" {
		t.Errorf("%v, %v", info, err)
	}
	if s := o.Agenda.Treatments[0].Shown[0]; s.Summary != "make .env, with CLICKHOUSE_DATABASE=posthog" || !strings.Contains(s.Text, "@@ -0,0 +1,1 @@\n+CLICKHOUSE_DATABASE=posthog\n") {
		t.Errorf("%+v", s)
	}
	if _, err := e.Undo(context.Background(), ""); err != nil || exists(file) {
		t.Error(err)
	}
}

// The process environment comes before every file.
func TestNoFileIsEditedWhereThatCannotHelp(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, ".env"), "A=1\n")
	before := snapshot(t, folder)
	o, err := envEngine(folder, "CLICKHOUSE_DATABASE=default").Treat(context.Background(), Options{})
	if err != nil || len(o.Fixes) > 0 || snapshot(t, folder) != before {
		t.Errorf("%+v, %v", o, err)
	}
	f := o.Diagnosis.Findings()[0]
	if told := For(f, Case{Result: o.Diagnosis.Outcomes[0].Result}); told[0].Safety != Manual || !strings.HasPrefix(told[0].Summary, "export ") {
		t.Errorf("%+v", told)
	}
}

func TestUndoRefusesAFileThatHasChanged(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, ".env")
	put(t, file, "A=1\nSECRET_KEY=hunter2\n")
	e := envEngine(folder)
	cured(t, e)
	put(t, file, textOf(t, file)+"SECRET_TOO=hunter3\n")
	_, err := e.Undo(context.Background(), "")
	if err == nil || !strings.Contains(err.Error(), ".env was changed by something else (line 4; sha256 ") || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
	put(t, file, strings.TrimSuffix(textOf(t, file), "SECRET_TOO=hunter3\n"))
	if _, err := e.Undo(context.Background(), ""); err != nil || textOf(t, file) != "A=1\nSECRET_KEY=hunter2\n" {
		t.Error(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	runs, err := Runs(e.Journal)
	if shown := fmt.Sprintf("%+v", runs); err != nil || strings.Contains(shown, "hunter") {
		t.Errorf("%s, %v", shown, err)
	}
}

func TestAFileThatChangesMeanwhileIsNotTouched(t *testing.T) {
	for _, point := range []string{"planned", "written"} {
		folder := t.TempDir()
		file := filepath.Join(folder, ".env")
		put(t, file, "A=1\n")
		e := envEngine(folder)
		e.step = func(at string) {
			if at == point {
				put(t, file, "A=2\n")
			}
		}
		o, err := e.Treat(context.Background(), Options{})
		if err != nil || o.Fixes[0].Status != Failed || textOf(t, file) != "A=2\n" || !strings.Contains(o.Fixes[0].Detail, "something else has changed it in between") {
			t.Errorf("%s: %+v, %v, %q", point, o.Fixes, err, textOf(t, file))
		}
		e.step = nil
		cured(t, e)
	}
	set, err := envEngine(t.TempDir()).Open()
	if err != nil {
		t.Fatal(err)
	}
	put(t, set.Settings.EnvFiles[0].Path, "NEW=1\n")
	if _, err := planSetting(set.Settings, set.Settings.EnvFiles[0].Path, "A", "1"); err == nil || !strings.Contains(err.Error(), "has changed since it was read") {
		t.Error(err)
	}
}

// A check of the lab's kind: the denial stays where it is, and proves nothing.
func TestSandboxSettings(t *testing.T) {
	const name, value = "SANDBOX_MCP_URL", "http://host.docker.internal:8787/mcp"
	for title, c := range map[string]struct{ env, local, want, fix string }{
		"missing":     {"A=1\nSANDBOX_PROVIDER=docker\nB=2\n", "", "A=1\nSANDBOX_PROVIDER=docker\nSANDBOX_MCP_URL=" + value + "\nB=2\n", "verified: add SANDBOX_MCP_URL=" + value + " to .env; .env:3 has it"},
		"empty":       {"SANDBOX_MCP_URL=\n", "", "SANDBOX_MCP_URL=" + value + "\n", "verified: make line 1 of .env SANDBOX_MCP_URL=" + value + "; .env:1 has it"},
		"a reference": {"A=1\n", "SANDBOX_MCP_URL=op://dev/mcp/url\n", "A=1\n", "failed: cannot plan it: SANDBOX_MCP_URL stands in "},
	} {
		t.Run(title, func(t *testing.T) {
			folder := t.TempDir()
			put(t, filepath.Join(folder, ".env"), c.env)
			put(t, filepath.Join(folder, ".env.local"), c.local)
			e := envEngine(folder)
			denied := &checks.Check{ID: "sandbox.network", Title: "x", Codes: []checks.Code{checks.SBX001}, Run: func(_ context.Context, p *checks.Pass) (any, error) {
				p.Report(checks.SBX001, "run", "host.docker.internal")
				if set, _ := p.World.Settings.Worker(name); set != "" {
					return []sandbox.Opening(nil), nil
				}
				return []sandbox.Opening{{Host: "host.docker.internal", Setting: name, Value: value}}, nil
			}}
			e.Diagnose = func(ctx context.Context, w *pipeline.World) *checks.Diagnosis {
				return checks.Run(ctx, checks.Selection{{Check: denied}}, checks.Options{World: w})
			}
			o, err := e.Treat(context.Background(), Options{})
			if err != nil || !strings.Contains(told(o.Fixes), "open-host "+c.fix) || textOf(t, filepath.Join(folder, ".env")) != c.want {
				t.Errorf("%v\n%s%s", err, told(o.Fixes), textOf(t, filepath.Join(folder, ".env")))
			}
		})
	}
}

func TestSandboxHostsThatNoSettingOpens(t *testing.T) {
	for host, want := range map[string]string{"host.docker.internal": "start-worker-with-debug", "api.anthropic.com": "allow-host"} {
		f := &checks.Finding{Code: checks.SBX001, Severity: checks.Error, State: checks.Active, Subject: []string{"run", host}}
		told := For(f, Case{Result: []sandbox.Opening{{Host: "other", Setting: "S", Value: "v"}}})
		if len(told) != 1 || told[0].ID != want || told[0].Safety != Manual {
			t.Errorf("%s: %+v", host, told)
		}
	}
}

func TestTheWorkersToRestartAreNamed(t *testing.T) {
	diagnosis := func(status checks.Status, result any) *checks.Diagnosis {
		return &checks.Diagnosis{Outcomes: []*checks.Outcome{{Check: environment.Workers, Status: status, Result: result}}}
	}
	old := environment.OldWorkers{{Identity: "4711@vm"}, {Identity: "4712@vm"}}
	if got := restart(diagnosis(checks.Failed, old)); len(got) != 2 || got[0] != "restart the Temporal worker with pid 4711, started before that change" {
		t.Errorf("%q", got)
	}
	if got := restart(diagnosis(checks.Passed, environment.OldWorkers(nil))); got != nil {
		t.Errorf("%q", got)
	}
	if got := restart(diagnosis(checks.Blocked, nil)); len(got) != 1 || !strings.HasPrefix(got[0], "restart the Temporal workers") {
		t.Errorf("%q", got)
	}
}
