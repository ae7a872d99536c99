package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
	"doctor/report"
)

// said is what a call of the doctor left behind.
type said struct {
	exit           int
	stdout, stderr string
}

// call runs a command line on the given checks in an empty folder, with an empty environment.
func call(t *testing.T, of []*checks.Check, args ...string) said {
	t.Helper()
	return callWith(t, t.Context(), of, []string{"HOME=" + t.TempDir()}, args...)
}

func callWith(t *testing.T, ctx context.Context, of []*checks.Check, env []string, args ...string) said {
	t.Helper()
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	p := &program{checks: of, stdout: &stdout, stderr: &stderr, env: env}
	return said{p.run(ctx, args), stdout.String(), stderr.String()}
}

// passing is a check that finds nothing.
func passing(id string) *checks.Check {
	return looking(id, nil, func(context.Context, *checks.Pass) (any, error) { return nil, nil })
}

func looking(id string, codes []checks.Code, run func(context.Context, *checks.Pass) (any, error)) *checks.Check {
	return &checks.Check{ID: id, Title: id + " is well", Codes: codes, Reads: []checks.Source{checks.Settings}, Run: run}
}

// broke is a check that finds its one code broken.
func broke(id string, code checks.Code, as checks.Severity) *checks.Check {
	return looking(id, []checks.Code{code}, func(_ context.Context, p *checks.Pass) (any, error) {
		p.Report(code, id).Titlef("%s is broken", id).As(as)
		return nil, nil
	})
}

func failing(id string, err error) *checks.Check {
	return looking(id, nil, func(context.Context, *checks.Pass) (any, error) { return nil, err })
}

func TestExitCodesAreTheSameForEachFormat(t *testing.T) {
	for name, c := range map[string]struct {
		checks []*checks.Check
		args   []string
		want   int
	}{
		"healthy":               {checks: []*checks.Check{passing("a.one")}, want: 0},
		"an error":              {checks: []*checks.Check{broke("a.one", checks.TMP001, checks.Error)}, want: 1},
		"a warning":             {checks: []*checks.Check{broke("a.one", checks.TMP001, checks.Warning)}, want: 0},
		"a warning that counts": {checks: []*checks.Check{broke("a.one", checks.TMP001, checks.Warning)}, args: []string{"--fail-on", "warning"}, want: 1},
		"unknown":               {checks: []*checks.Check{passing("a.one"), failing("a.two", errors.New("no answer"))}, want: 3},
		"an error and unknown":  {checks: []*checks.Check{broke("a.one", checks.TMP001, checks.Error), failing("a.two", errors.New("no answer"))}, want: 1},
		"all skipped":           {checks: []*checks.Check{failing("a.one", checks.Skip("nothing at localhost:1"))}, want: 0},
		"deselected":            {checks: []*checks.Check{failing("a.one", errors.New("no answer")), passing("a.two")}, args: []string{"--skip", "a.one"}, want: 0},
	} {
		for _, format := range []string{"text", "json"} {
			got := call(t, c.checks, append(c.args, "--format", format)...)
			if got.exit != c.want || got.stderr != "" || got.stdout == "" {
				t.Errorf("%s as %s: %+v, want exit code %d", name, format, got, c.want)
			}
		}
	}
}

func document(t *testing.T, s said) report.Document {
	t.Helper()
	var d report.Document
	if err := json.Unmarshal([]byte(s.stdout), &d); err != nil {
		t.Fatalf("%v: %s", err, s.stdout)
	}
	return d
}

func TestInterruptedRunShowsWhatIsKnown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	quick := broke("a.quick", checks.TMP001, checks.Error)
	slow := looking("a.slow", nil, func(ctx context.Context, _ *checks.Pass) (any, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	slow.After = []*checks.Check{quick}
	got := callWith(t, ctx, []*checks.Check{quick, slow}, nil)
	if got.exit != exitInterrupted || !strings.Contains(got.stdout, "a.quick is broken") || !strings.Contains(got.stdout, "interrupted") {
		t.Errorf("%+v", got)
	}
	if strings.Count(got.stdout, "a.slow unknown") != 1 {
		t.Errorf("the check that was cut off is not named: %s", got.stdout)
	}
}

func TestTimeoutIsNoInterruption(t *testing.T) {
	stuck := looking("a.stuck", nil, func(ctx context.Context, _ *checks.Pass) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	got := call(t, []*checks.Check{stuck, passing("a.one")}, "--timeout", "20ms", "--format", "json")
	d := document(t, got)
	if got.exit != report.ExitIncomplete || d.Interrupted || d.Summary.Status != report.Incomplete || d.Summary.Checks[checks.Unknown] != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDocumentsFollowTheSchema(t *testing.T) {
	printed := call(t, nil, "checks", "--schema")
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(printed.stdout))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range worlds() {
		got := call(t, of, "--format", "json")
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(got.stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// worlds are lists of checks that end in all the ways that there are.
func worlds() map[string][]*checks.Check {
	root := broke("services.temporal", checks.SVC001, checks.Error)
	blocked := passing("workflows.histories")
	blocked.Requires = []*checks.Check{root}
	echo := looking("a.echo", []checks.Code{checks.TMP002}, func(_ context.Context, p *checks.Pass) (any, error) {
		p.Report(checks.TMP002, "w").Titlef("an echo").At(checks.Grouping).CausedBy(p.Findings(root)...).
			With(checks.Evidence{Source: "run 1", Excerpt: "\x1b[2J", Locator: checks.Locator{Workflow: "w", Run: "1", Event: 4}, Time: time.Now()})
		p.Report(checks.TMP002, "v").Titlef("over").Healed(checks.Evidence{Source: "run 2", Excerpt: "completed since"})
		p.Incomplete("2 of 3 histories read")
		return nil, nil
	})
	echo.After = []*checks.Check{root}
	return map[string][]*checks.Check{
		"none":    {},
		"healthy": {passing("a.one")},
		"broken":  {root, blocked, echo, failing("a.unknown", errors.New("no answer")), failing("a.skipped", checks.Skip("nothing there"))},
		"crashed": {looking("a.one", nil, func(context.Context, *checks.Pass) (any, error) { panic("oops") })},
	}
}
