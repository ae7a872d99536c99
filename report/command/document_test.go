package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/report"
)

// diagnosed calls the doctor and reads its document.
func diagnosed(t *testing.T, of []*checks.Check, args ...string) report.Document {
	t.Helper()
	return document(t, call(t, of, append(args, "--format", "json")...))
}

func TestDocumentCountsAndOrders(t *testing.T) {
	d := diagnosed(t, worlds()["broken"])
	if d.Summary.Status != report.Unhealthy || d.Summary.Roots != 1 || d.Summary.Echoes != 1 || d.Summary.Errors != 2 || d.Summary.Recovered != 1 {
		t.Errorf("summary: %+v", d.Summary)
	}
	want := map[checks.Status]int{checks.Failed: 2, checks.Blocked: 1, checks.Unknown: 1, checks.Skipped: 1, checks.Passed: 0}
	for status, n := range want {
		if d.Summary.Checks[status] != n {
			t.Errorf("%d checks are %s, want %d", d.Summary.Checks[status], status, n)
		}
	}
	var titles []string
	for _, f := range d.Findings {
		titles = append(titles, f.Title)
	}
	if want := []string{"services.temporal is broken", "over", "an echo"}; !slices.Equal(titles, want) {
		t.Errorf("findings are %q, want roots first: %q", titles, want)
	}
	root, echo := d.Findings[0], d.Findings[2]
	if !root.Root || echo.Root || !slices.Equal(echo.CausedBy, []string{root.Fingerprint}) {
		t.Errorf("causes: %+v, %+v", root, echo)
	}
	if d.Checks[1].BlockedBy != "services.temporal" || d.Checks[2].Coverage != "2 of 3 histories read" || d.Checks[2].Reason != "" {
		t.Errorf("checks: %+v", d.Checks)
	}
}

func TestNothingLookedAtIsNotHealthy(t *testing.T) {
	for name, of := range map[string][]*checks.Check{
		"no check":    {},
		"all skipped": {failing("a.one", checks.Skip("nothing there"))},
	} {
		if d := diagnosed(t, of); d.Summary.Status != report.Incomplete {
			t.Errorf("%s: %s", name, d.Summary.Status)
		}
	}
}

func TestWhatOnlyRequiresIsShownWhenItFails(t *testing.T) {
	shown := func(d report.Document) map[string]checks.Status {
		statuses := map[string]checks.Status{}
		for _, c := range d.Checks {
			statuses[c.ID] = c.Status
		}
		return statuses
	}
	needing := func(required *checks.Check) []*checks.Check {
		c := passing("b.two")
		c.Requires = []*checks.Check{required}
		return []*checks.Check{required, c, passing("c.three")}
	}
	well := shown(diagnosed(t, needing(passing("a.one")), "--only", "b.two"))
	if _, there := well["a.one"]; there || well["b.two"] != checks.Passed || well["c.three"] != checks.Skipped {
		t.Errorf("%v", well)
	}
	ill := shown(diagnosed(t, needing(broke("a.one", checks.TMP001, checks.Error)), "--only", "b"))
	if ill["a.one"] != checks.Failed || ill["b.two"] != checks.Blocked {
		t.Errorf("%v", ill)
	}
}

func TestStations(t *testing.T) {
	states := func(d report.Document) string {
		var all []string
		for _, s := range d.Pipeline {
			state := string(s.State)
			for _, code := range s.Codes {
				state += " " + string(code)
			}
			all = append(all, string(s.Stage)+": "+state)
		}
		return strings.Join(all, ", ")
	}
	allOf := func(state string) string {
		var all []string
		for _, stage := range checks.Stages {
			all = append(all, string(stage)+": "+state)
		}
		return strings.Join(all, ", ")
	}
	reports := func(id string, code checks.Code, run func(context.Context, *checks.Pass) (any, error)) *checks.Check {
		return looking(id, []checks.Code{code}, run)
	}
	fine := func(context.Context, *checks.Pass) (any, error) { return nil, nil }
	failures := func(run func(context.Context, *checks.Pass) (any, error)) *checks.Check {
		return reports("workflows.failures", checks.TMP002, run)
	}
	histories := func(types ...string) *checks.Check {
		return looking("workflows.histories", nil, func(context.Context, *checks.Pass) (any, error) {
			runs := &journey.Runs{}
			for _, workflow := range types {
				runs.All = append(runs.All, &journey.Run{Execution: pipeline.Execution{Type: workflow}})
			}
			return runs, nil
		})
	}
	temporal := broke("services.temporal", checks.SVC001, checks.Error)
	blocked := failures(fine)
	blocked.Requires = []*checks.Check{temporal}
	busy := histories(journey.EmitterWorkflow, journey.BufferWorkflow, journey.GroupingWorkflow, journey.SummaryWorkflow)
	for name, c := range map[string]struct {
		checks []*checks.Check
		want   string
	}{
		"nothing that tells": {[]*checks.Check{passing("a.one")}, allOf("unknown")},
		"looked":             {[]*checks.Check{busy, failures(fine)}, allOf("ok")},
		"nothing ran": {
			[]*checks.Check{histories(), failures(fine)},
			strings.Replace(allOf("idle"), "embeddings: idle", "embeddings: ok", 1),
		},
		"no report yet": {
			[]*checks.Check{histories(journey.EmitterWorkflow, journey.BufferWorkflow, journey.GroupingWorkflow), failures(fine)},
			"emitter: ok, buffer: ok, batch: ok, grouping: ok, embeddings: ok, report: idle, sandbox: idle, inbox: idle",
		},
		"skipped": {[]*checks.Check{failures(func(context.Context, *checks.Pass) (any, error) { return nil, checks.Skip("nothing there") })}, allOf("unknown")},
		"skipped, and another looked": {
			[]*checks.Check{failures(fine), reports("embeddings.stale", checks.CLK001, func(context.Context, *checks.Pass) (any, error) { return nil, checks.Skip("nothing there") })},
			allOf("ok"),
		},
		"could not look": {
			[]*checks.Check{busy, failures(fine), reports("embeddings.stale", checks.CLK001, func(context.Context, *checks.Pass) (any, error) { return nil, errors.New("no answer") })},
			strings.Replace(allOf("ok"), "embeddings: ok", "embeddings: unknown", 1),
		},
		"blocked": {[]*checks.Check{temporal, blocked}, strings.Replace(allOf("unknown SVC001"), "embeddings: unknown SVC001", "embeddings: unknown", 1)},
		"without its ground": {
			[]*checks.Check{busy, failures(fine), broke("services.object-storage", checks.SVC003, checks.Error)},
			strings.NewReplacer("batch: ok", "batch: unknown SVC003", "sandbox: ok", "sandbox: unknown SVC003").Replace(allOf("ok")),
		},
		"broken where the finding says": {
			[]*checks.Check{busy, failures(func(_ context.Context, p *checks.Pass) (any, error) {
				p.Report(checks.TMP002, "w").Titlef("w failed").At(checks.Grouping)
				p.Report(checks.TMP002, "v").Titlef("v fails").At(checks.Sandbox).As(checks.Warning)
				p.Report(checks.TMP002, "u").Titlef("u failed").At(checks.Inbox).Healed()
				return nil, nil
			})},
			"emitter: ok, buffer: ok, batch: ok, grouping: broken TMP002, embeddings: ok, report: ok, sandbox: degraded TMP002, inbox: ok",
		},
		"broken in the part that was seen": {
			[]*checks.Check{busy, failures(func(_ context.Context, p *checks.Pass) (any, error) {
				p.Report(checks.TMP002, "w").Titlef("w failed").At(checks.Grouping)
				p.Incomplete("2 of 3 histories read")
				return nil, nil
			})},
			strings.Replace(allOf("unknown"), "grouping: unknown", "grouping: broken TMP002", 1),
		},
	} {
		if got := states(diagnosed(t, c.checks)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// Who asks, asks about the newest signal: what stopped that one comes before what is declared first.
func TestWhatStoppedTheNewestSignalComesFirst(t *testing.T) {
	first, second := broke("a.first", checks.CLK001, checks.Error), broke("a.second", checks.ENV001, checks.Error)
	echo := looking("a.echo", []checks.Code{checks.TMP002}, func(_ context.Context, p *checks.Pass) (any, error) {
		p.Report(checks.TMP002, "w").Titlef("w failed").CausedBy(p.Findings(second)...)
		return nil, nil
	})
	echo.After = []*checks.Check{second}
	sent := time.Date(2026, 11, 24, 14, 1, 58, 0, time.UTC)
	newest := looking("a.newest", nil, func(_ context.Context, p *checks.Pass) (any, error) {
		return &inbox.Position{SentAt: sent, Stage: checks.Grouping, State: inbox.Lost, Finding: p.Findings(echo)[0]}, nil
	})
	newest.After = []*checks.Check{echo}
	for name, c := range map[string]struct {
		checks []*checks.Check
		want   []checks.Code
	}{
		"it was stopped":       {[]*checks.Check{first, second, echo, newest}, []checks.Code{checks.ENV001, checks.CLK001, checks.TMP002}},
		"it was not looked at": {[]*checks.Check{first, second, echo}, []checks.Code{checks.CLK001, checks.ENV001, checks.TMP002}},
	} {
		d := diagnosed(t, c.checks)
		var got []checks.Code
		for _, f := range d.Findings {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if stopped := len(c.checks) == 4; stopped != (d.NewestSignal != nil) || stopped && *d.NewestSignal != (report.Signal{SentAt: sent, Stage: checks.Grouping, State: report.SignalLost, Code: checks.TMP002}) {
			t.Errorf("%s: %+v", name, d.NewestSignal)
		}
	}
}

// A code without a stage of its own says where it may be, unless it is about a service, what the doctor can see, or a setting
// that all stages share, no stage's fault alone; or about a commit or the doctor's own configuration, which no signal passes
// through.
func TestEachCodeConcernsSomeStage(t *testing.T) {
	for _, info := range checks.Codes {
		nowhere := slices.Contains([]string{"SVC", "SEE", "GIT", "CFG"}, string(info.Code)[:3]) || info.Code == checks.ENV007 || info.Code == checks.ENV011
		if info.Stage == "" && !nowhere && len(open[info.Code]) == 0 {
			t.Errorf("no stage would show %s", info.Code)
		}
	}
}
