package checks_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doctor/checks"
)

// behavior is what a made-up check does.
type behavior string

const (
	passes     behavior = "passes"
	informs    behavior = "reports info"
	warns      behavior = "reports a warning"
	fails      behavior = "reports an error"
	recovers   behavior = "reports something recovered"
	seesAPart  behavior = "sees a part"
	cannotLook behavior = "cannot look"
	crashes    behavior = "crashes"
	steps      behavior = "skips itself"
	misreports behavior = "reports, then cannot look"
)

var behaviors = []behavior{passes, informs, warns, fails, recovers, seesAPart, cannotLook, crashes, steps, misreports}

// graph is a made-up list of checks, with what each does.
type graph struct {
	all    []*checks.Check
	does   map[*checks.Check]behavior
	yields map[*checks.Check]int // how often it lets others go first: the timing

	mu  sync.Mutex
	log []string // "+id" and "-id"
}

// drawGraph makes a random graph. The declared order has nothing to do with that of the edges.
func drawGraph(t *rapid.T) *graph {
	g := &graph{does: map[*checks.Check]behavior{}, yields: map[*checks.Check]int{}}
	n := rapid.IntRange(1, 12).Draw(t, "checks")
	for i := range n {
		c := &checks.Check{ID: fmt.Sprintf("part%c.check-%c", 'a'+i%3, 'a'+i), Title: "all is well", Codes: []checks.Code{checks.TMP002}, Reads: []checks.Source{checks.Settings}}
		c.Run = g.run(c)
		for _, earlier := range g.all {
			switch rapid.IntRange(0, 5).Draw(t, "edge") {
			case 0:
				c.Requires = append(c.Requires, earlier)
			case 1:
				c.After = append(c.After, earlier)
			}
		}
		g.does[c] = rapid.SampledFrom(behaviors).Draw(t, "behavior")
		g.all = append(g.all, c)
	}
	g.all = rapid.Permutation(g.all).Draw(t, "declared order")
	return g
}

func (g *graph) run(c *checks.Check) func(context.Context, *checks.Pass) (any, error) {
	return func(_ context.Context, p *checks.Pass) (any, error) {
		g.note("+" + c.ID)
		defer g.note("-" + c.ID)
		for range g.yields[c] {
			runtime.Gosched()
		}
		var causes []*checks.Finding
		for _, before := range slices.Concat(c.Requires, c.After) {
			causes = append(causes, p.Findings(before)...)
		}
		report := func() *checks.Finding { return p.Report(checks.TMP002, c.ID).CausedBy(causes...) }
		switch g.does[c] {
		case informs:
			report().As(checks.Info)
		case warns:
			report().As(checks.Warning)
		case fails, misreports:
			report()
		case recovers:
			report().Healed()
		case seesAPart:
			p.Incomplete("half of it was out of sight")
		case crashes:
			panic("out of order")
		case steps:
			return nil, checks.Skip("nothing there")
		}
		if g.does[c] == cannotLook || g.does[c] == misreports {
			return nil, errors.New("could not look")
		}
		return c.ID, nil
	}
}

func (g *graph) note(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log = append(g.log, what)
}

func (g *graph) diagnose(t *rapid.T) *checks.Diagnosis {
	for _, c := range g.all {
		g.yields[c] = rapid.IntRange(0, 50).Draw(t, "yields")
	}
	g.log = nil
	selection, err := checks.Select(g.all, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return checks.Run(context.Background(), selection, checks.Options{Team: 1})
}

func TestOrderRespectsBothKindsOfEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		g.diagnose(t)
		for _, c := range g.all {
			begun := slices.Index(g.log, "+"+c.ID)
			for _, before := range slices.Concat(c.Requires, c.After) {
				if ended := slices.Index(g.log, "-"+before.ID); begun >= 0 && slices.Contains(g.log, "+"+before.ID) && ended > begun {
					t.Fatalf("%s began before %s had ended: %v", c.ID, before.ID, g.log)
				}
			}
		}
	})
}

func TestOutputDoesNotDependOnTiming(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		first, second := describe(g.diagnose(t)), describe(g.diagnose(t))
		if first != second {
			t.Fatalf("first:\n%s\nsecond:\n%s", first, second)
		}
	})
}

// describe writes down all of a diagnosis but its durations.
func describe(d *checks.Diagnosis) string {
	var b strings.Builder
	for _, o := range d.Outcomes {
		fmt.Fprintf(&b, "%s %s %q", o.Check.ID, o.Status, o.Reason)
		if o.BlockedBy != nil {
			fmt.Fprintf(&b, " blocked by %s", o.BlockedBy.ID)
		}
		b.WriteString("\n")
	}
	for _, f := range d.Findings() {
		fmt.Fprintf(&b, "%s %s %s %s", f.Check.ID, f.Severity, f.State, f.Fingerprint())
		for _, cause := range f.Causes {
			fmt.Fprintf(&b, " < %s", cause.Check.ID)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestEachCheckEndsAsItDeserves(t *testing.T) {
	want := map[behavior]checks.Status{
		passes: checks.Passed, informs: checks.Passed, recovers: checks.Passed, warns: checks.Failed, fails: checks.Failed,
		seesAPart: checks.Unknown, cannotLook: checks.Unknown, crashes: checks.Unknown, misreports: checks.Unknown, steps: checks.Skipped,
	}
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		d := g.diagnose(t)
		outcomes := map[*checks.Check]*checks.Outcome{}
		for i, o := range d.Outcomes {
			if o.Check != g.all[i] {
				t.Fatalf("outcome %d is that of %s, declared is %s", i, o.Check.ID, g.all[i].ID)
			}
			outcomes[o.Check] = o
		}
		for _, o := range d.Outcomes {
			ran := slices.Contains(g.log, "+"+o.Check.ID)
			switch {
			case o.Status == checks.Blocked:
				if by := o.BlockedBy; by == nil || outcomes[by].Status != checks.Failed && outcomes[by].Status != checks.Unknown {
					t.Fatalf("%s is blocked by %v, which neither failed nor is unknown", o.Check.ID, by)
				}
				if ran {
					t.Fatalf("%s ran though it is blocked", o.Check.ID)
				}
			case !ran:
				if o.Status != checks.Skipped || !slices.ContainsFunc(o.Check.Requires, func(c *checks.Check) bool { return outcomes[c].Status == checks.Skipped }) {
					t.Fatalf("%s did not run and is %s", o.Check.ID, o.Status)
				}
			case g.does[o.Check] == passes || g.does[o.Check] == informs || g.does[o.Check] == recovers:
				// What it requires may have seen a part only, and then so has this one.
				partly := slices.ContainsFunc(o.Check.Requires, func(c *checks.Check) bool { return outcomes[c].Status == checks.Unknown })
				if o.Status != checks.Passed && (!partly || o.Status != checks.Unknown) {
					t.Fatalf("%s %s and is %s", o.Check.ID, g.does[o.Check], o.Status)
				}
			case o.Status != want[g.does[o.Check]]:
				t.Fatalf("%s %s and is %s", o.Check.ID, g.does[o.Check], o.Status)
			}
			if (o.Status == checks.Unknown || o.Status == checks.Blocked || o.Status == checks.Skipped) && o.Reason == "" {
				t.Fatalf("%s is %s and does not say why", o.Check.ID, o.Status)
			}
		}
	})
}

func TestCausesPointAtFailedChecksAndFormNoCircle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawGraph(t).diagnose(t)
		status := map[*checks.Check]checks.Status{}
		for _, o := range d.Outcomes {
			status[o.Check] = o.Status
		}
		findings := d.Findings()
		for i, f := range findings {
			if i > 0 && f.Root() && !findings[i-1].Root() {
				t.Fatal("a root stands behind an echo")
			}
			for _, cause := range f.Causes {
				if status[cause.Check] != checks.Failed {
					t.Fatalf("%s blames %s, which is %s", f.Check.ID, cause.Check.ID, status[cause.Check])
				}
			}
			if circle(f, f.Causes) {
				t.Fatalf("%s causes itself", f.Check.ID)
			}
		}
	})
}

func circle(f *checks.Finding, causes []*checks.Finding) bool {
	return slices.ContainsFunc(causes, func(c *checks.Finding) bool { return c == f || circle(f, c.Causes) })
}

func TestABlameWithoutAnEdgeIsACrash(t *testing.T) {
	guilty := check("part.guilty", func(_ context.Context, p *checks.Pass) (any, error) { return p.Report(checks.TMP002, "x"), nil })
	blames := check("part.blames", nil)
	blames.Requires = nil
	blames.Run = func(_ context.Context, p *checks.Pass) (any, error) {
		p.Report(checks.TMP002, "y").CausedBy(&checks.Finding{Check: guilty})
		return nil, nil
	}
	o := runAll(context.Background(), guilty, blames).Outcomes[1]
	if o.Status != checks.Unknown || !strings.HasPrefix(o.Reason, "crashed") {
		t.Fatalf("%s: %s", o.Status, o.Reason)
	}
}

func TestARunEndsWithWhatIsKnown(t *testing.T) {
	quick := check("part.quick", func(context.Context, *checks.Pass) (any, error) { return "seen", nil })
	release := make(chan struct{})
	defer close(release)
	deaf := check("part.deaf", func(context.Context, *checks.Pass) (any, error) { <-release; return nil, nil })
	waits := check("part.waits", func(context.Context, *checks.Pass) (any, error) { return nil, nil })
	waits.After = []*checks.Check{deaf}

	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		d := runAll(ctx, quick, deaf, waits)
		expect(t, d, checks.Passed, checks.Unknown, checks.Unknown)
		if d.Interrupted || d.Outcomes[1].Reason != "the time for the whole run was over" {
			t.Errorf("interrupted %t, reason %q", d.Interrupted, d.Outcomes[1].Reason)
		}
	})
	t.Run("interrupt", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		begun := check("part.begun", func(context.Context, *checks.Pass) (any, error) { cancel(); return nil, nil })
		begun.After = []*checks.Check{quick}
		d := runAll(ctx, quick, deaf, begun)
		expect(t, d, checks.Passed, checks.Unknown, checks.Passed)
		if !d.Interrupted {
			t.Error("the diagnosis does not say that it was interrupted")
		}
	})
}

func TestProgressNamesWhatRuns(t *testing.T) {
	var seen []string
	first := check("part.first", func(context.Context, *checks.Pass) (any, error) { return nil, nil })
	second := check("part.second", func(context.Context, *checks.Pass) (any, error) { return nil, nil })
	second.After = []*checks.Check{first}
	selection, _ := checks.Select([]*checks.Check{first, second}, nil, nil)
	checks.Run(context.Background(), selection, checks.Options{Progress: func(running []*checks.Check) {
		for _, c := range running {
			seen = append(seen, c.ID)
		}
	}})
	if !slices.Equal(seen, []string{"part.first", "part.second"}) {
		t.Errorf("seen %v", seen)
	}
}

func check(id string, run func(context.Context, *checks.Pass) (any, error)) *checks.Check {
	return &checks.Check{ID: id, Title: "all is well", Codes: []checks.Code{checks.TMP002}, Reads: []checks.Source{checks.Settings}, Run: run}
}

func runAll(ctx context.Context, all ...*checks.Check) *checks.Diagnosis {
	selection, _ := checks.Select(all, nil, nil)
	return checks.Run(ctx, selection, checks.Options{Team: 1})
}

func expect(t *testing.T, d *checks.Diagnosis, want ...checks.Status) {
	t.Helper()
	for i, o := range d.Outcomes {
		if o.Status != want[i] {
			t.Errorf("%s is %s (%s), want %s", o.Check.ID, o.Status, o.Reason, want[i])
		}
	}
}
