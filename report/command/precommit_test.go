package command

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/report"
)

// static is a check that takes part before a commit, too.
func static(c *checks.Check) *checks.Check {
	c.Static = true
	return c
}

// ofCommit is a check that takes part before a commit only.
func ofCommit(c *checks.Check) *checks.Check {
	c.Static, c.Commit = true, true
	return c
}

// preCommit calls the doctor in a folder with the given files.
func preCommit(t *testing.T, of []*checks.Check, files map[string]string, args ...string) said {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr bytes.Buffer
	p := &program{checks: of, stdout: &stdout, stderr: &stderr, env: []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}}
	return said{p.run(t.Context(), append([]string{"pre-commit"}, args...)), stdout.String(), stderr.String()}
}

func TestPreCommitRunsWhatNeedsNothingButFiles(t *testing.T) {
	service := looking("services.one", []checks.Code{checks.SVC001}, func(context.Context, *checks.Pass) (any, error) { panic("a service is asked") })
	setting := static(passing("environment.one"))
	setting.After = []*checks.Check{service}
	staged := ofCommit(broke("commit.one", checks.GIT001, checks.Error))
	of := []*checks.Check{setting, service, staged}
	d := document(t, preCommit(t, of, map[string]string{".env": ""}, "--format", "json"))
	if d.Mode != report.Commit || len(d.Checks) != 2 || d.Checks[0].Status != checks.Failed || d.Checks[1].Status != checks.Passed {
		t.Errorf("%+v", d)
	}
	for _, station := range d.Pipeline {
		if station.State != report.StationUnknown {
			t.Errorf("the %s is %s, and nobody has looked", station.Stage, station.State)
		}
	}
	well := passing("services.one")
	setting.After = []*checks.Check{well}
	d = diagnosed(t, []*checks.Check{setting, well, staged})
	if d.Mode != report.Live || len(d.Checks) != 2 || d.Checks[1].ID != "services.one" || d.Staged != nil {
		t.Errorf("%+v", d)
	}
}

func TestPreCommitExitCodes(t *testing.T) {
	env := map[string]string{".env": "A=1\n"}
	for name, c := range map[string]struct {
		of   *checks.Check
		args []string
		want int
	}{
		"an error":           {ofCommit(broke("commit.one", checks.GIT001, checks.Error)), nil, 1},
		"a warning":          {static(broke("environment.one", checks.ENV005, checks.Warning)), nil, 0},
		"one that counts":    {static(broke("environment.one", checks.ENV005, checks.Warning)), []string{"--fail-on", "warning"}, 1},
		"information":        {static(broke("environment.one", checks.ENV002, checks.Info)), []string{"--fail-on", "warning"}, 0},
		"what counts as one": {static(broke("environment.one", checks.ENV002, checks.Info)), []string{"--fail-on", "info"}, 1},
		"unknown":            {ofCommit(failing("commit.one", errors.New("git is ill"))), nil, 0},
		"crashed":            {ofCommit(looking("commit.one", nil, func(context.Context, *checks.Pass) (any, error) { panic("oops") })), []string{"--fail-on", "info"}, 0},
		"skipped":            {ofCommit(failing("commit.one", checks.Skip("this is no git repository"))), nil, 0},
	} {
		for _, format := range []string{"text", "json"} {
			got := preCommit(t, []*checks.Check{c.of}, env, append(c.args, "--format", format)...)
			if got.exit != c.want || got.stderr != "" {
				t.Errorf("%s as %s: %+v, want %d", name, format, got, c.want)
			}
			if told := strings.Contains(got.stdout, "is broken"); format == "text" && c.want == 1 && !told {
				t.Errorf("%s keeps from committing without a word: %s", name, got.stdout)
			}
		}
	}
	got := preCommit(t, []*checks.Check{ofCommit(failing("commit.one", errors.New("git is ill")))}, env)
	if !strings.Contains(got.stdout, "? commit.one unknown: git is ill\n") {
		t.Errorf("the reason is not told: %s", got.stdout)
	}
}

// Settings that are not there, or that nobody can read, are no reason not to commit; a wrong flag is.
func TestPreCommitWithoutSettings(t *testing.T) {
	judged := static(broke("environment.one", checks.ENV001, checks.Error))
	of := []*checks.Check{judged, ofCommit(passing("commit.one"))}
	for name, test := range map[string]struct {
		files map[string]string
		args  []string
		want  string // the reason that is told
	}{
		"no .env":           {map[string]string{"manage.py": "", ".env.services": "A=1\n"}, nil, "there is no .env"},
		"no assignment":     {map[string]string{".env": "nonsense\n"}, nil, "/.env:1: no = behind the name"},
		"no address":        {map[string]string{".env": "TEMPORAL_UI_HOST=ftp://x\n"}, nil, "cannot use TEMPORAL_UI_HOST"},
		"in another folder": {map[string]string{"manage.py": ""}, []string{"--posthog-dir", "."}, "there is no .env"},
	} {
		got := preCommit(t, of, test.files, append(test.args, "--format", "json")...)
		d := document(t, got)
		if got.exit != 0 || d.Checks[1].Status != checks.Skipped || !strings.Contains(d.Checks[1].Reason, test.want) || d.Checks[0].Status != checks.Passed {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, args := range [][]string{{"--posthog-dir", "nowhere"}, {"--env-file", "nowhere"}, {"--env-file", "broken"}, {"--clickhouse-url", "ftp://x"}} {
		got := preCommit(t, of, map[string]string{".env": "A=1\n", "broken": "nonsense\n"}, args...)
		if got.exit != exitUsage || got.stdout != "" {
			t.Errorf("%q: %+v", args, got)
		}
	}
	if got := preCommit(t, of, map[string]string{".env": "A=1\n"}); got.exit != 1 {
		t.Errorf("with settings that are wrong: %+v", got)
	}
}

func TestPreCommitSelection(t *testing.T) {
	of := []*checks.Check{static(passing("environment.one")), broke("services.one", checks.SVC001, checks.Error), ofCommit(broke("commit.one", checks.GIT001, checks.Error))}
	env := map[string]string{".env": ""}
	for line, want := range map[string][]string{
		"":                       {"commit.one", "environment.one"},
		"--only commit":          {"commit.one"},
		"--only environment":     {"environment.one"},
		"--skip services":        {"commit.one", "environment.one"},
		"--skip GIT001":          {"environment.one"},
		"--only GIT001,SVC001":   {"commit.one"},
		"--only environment.one": {"environment.one"},
	} {
		var got []string
		for _, c := range document(t, preCommit(t, of, env, append(strings.Fields(line), "--format", "json")...)).Checks {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("doctor pre-commit %s runs %q, want %q", line, got, want)
		}
	}
	if got := preCommit(t, of, env, "--only", "SVC001"); got.exit != exitUsage || !strings.Contains(got.stderr, "--only SVC001 chooses nothing here; doctor check runs it") {
		t.Errorf("%+v", got)
	}
	if got := call(t, of, "--only", "GIT001"); got.exit != exitUsage || !strings.Contains(got.stderr, "doctor pre-commit runs it") {
		t.Errorf("%+v", got)
	}
	if got := call(t, of, "--skip", "commit"); got.exit != 1 || strings.Contains(got.stdout, "commit.one") {
		t.Errorf("%+v", got)
	}
}

func TestPreCommitTakesFiles(t *testing.T) {
	var asked []string
	of := []*checks.Check{ofCommit(looking("commit.one", nil, func(_ context.Context, p *checks.Pass) (any, error) {
		asked = p.Files
		return nil, nil
	}))}
	for _, c := range []struct{ args, want []string }{
		{nil, []string{}},
		{[]string{"a b", "-v", "c\nd"}, []string{"a b", "c\nd"}},
		{[]string{"--", "-v", "--format"}, []string{"-v", "--format"}},
	} {
		if got := preCommit(t, of, map[string]string{".env": ""}, c.args...); got.exit != 0 || !slices.Equal(asked, c.want) {
			t.Errorf("%q: asked for %q, %+v", c.args, asked, got)
		}
	}
}

// Whatever is configured, nobody is connected to. That the listener would tell is shown by a diagnosis, which asks all.
func TestPreCommitKnowsNoNetwork(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var connected atomic.Int64
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connected.Add(1)
			connection.Close()
		}
	}()
	folder := t.TempDir()
	t.Chdir(folder)
	env := append(elsewhere(listener.Addr().String()), "HOME="+t.TempDir(), "PATH="+os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1",
		"KAFKA_HOSTS="+listener.Addr().String(), "REDIS_URL=redis://"+listener.Addr().String(), "EMBEDDING_API_URL=http://"+listener.Addr().String(),
		"http_proxy=http://"+listener.Addr().String(), "ALL_PROXY=socks5://"+listener.Addr().String())
	run := func(args ...string) said {
		var stdout, stderr bytes.Buffer
		p := &program{checks: all.All(), stdout: &stdout, stderr: &stderr, env: env}
		return said{p.run(t.Context(), args), stdout.String(), stderr.String()}
	}
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".env", "CLICKHOUSE_DATABASE=wrong\nLOCAL_POSTHOG_CODE_MONOREPO_ROOT=/path/to/posthog-code\n")
	write(".doctor/journal", "x")
	write("products/signals/eval/fixtures/zendesk_tickets.json", "{}")
	for _, arguments := range [][]string{{"init", "-q"}, {"add", "-f", "."}} {
		command := exec.Command("git", arguments...)
		command.Env = env
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	got := run("pre-commit", "--format", "json")
	d := document(t, got)
	if connected.Load() > 0 {
		t.Errorf("%d connections were made", connected.Load())
	}
	for _, code := range []checks.Code{checks.ENV001, checks.ENV005, checks.GIT002, checks.GIT003} {
		if !slices.ContainsFunc(d.Findings, func(f report.Finding) bool { return f.Code == code }) {
			t.Errorf("%s is not found", code)
		}
	}
	if got.exit != 1 || d.Staged == nil || *d.Staged != 3 {
		t.Errorf("%+v", got)
	}
	if run("check"); connected.Load() == 0 {
		t.Error("not even a diagnosis connects to where the services are said to be")
	}
}
