package checkstest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

// failures notes what a helper has to say, as a test would.
type failures []string

func (f *failures) Helper()                        {}
func (f *failures) Errorf(format string, a ...any) { *f = append(*f, fmt.Sprintf(format, a...)) }
func (f *failures) Fatalf(format string, a ...any) {
	f.Errorf(format, a...)
	panic(f)
}

// wrong reports whether a test would have failed.
func wrong(test func(checkstest.TB)) (failed bool) {
	var noted failures
	defer func() { failed = len(noted) > 0; _ = recover() }()
	test(&noted)
	return false
}

// queues reports each task queue that nobody asks, because of the first one.
var queues = &checks.Check{
	ID: "some.queues", Codes: []checks.Code{checks.TMP004}, Requires: []*checks.Check{first}, Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		for _, queue := range p.Files {
			pollers, err := p.World.Temporal.Pollers(ctx, pipeline.TaskQueue{Name: queue})
			if err != nil {
				return nil, err
			}
			if len(pollers) == 0 {
				p.Report(checks.TMP004, queue).Titlef("nobody asks %s", queue).CausedBy(p.Findings(first)...)
			}
		}
		return nil, nil
	},
}

var first = &checks.Check{ID: "some.first", Codes: []checks.Code{checks.TMP003}, Run: func(_ context.Context, p *checks.Pass) (any, error) {
	p.Report(checks.TMP003, "first").Titlef("the first")
	return true, nil
}}

func TestEachWishFailsWhenItIsNotMet(t *testing.T) {
	w := checkstest.World(
		pipeline.Pollers.Is(pipeline.TaskQueue{Name: "alive"}, []pipeline.Poller{{Identity: "1@vm"}}),
		pipeline.Pollers.Is(pipeline.TaskQueue{Name: "dead"}, nil),
		pipeline.Pollers.Fails(pipeline.TaskQueue{Name: "mute"}, pipeline.Failed, errors.New("no such queue")),
	)
	broken, well, unknown := checkstest.Run(w, queues, "dead"), checkstest.Run(w, queues, "alive"), checkstest.Run(w, queues, "mute")
	for name, test := range map[string]struct {
		met, unmet func(checkstest.TB)
	}{
		"reports": {
			func(t checkstest.TB) { broken.Reports(t, checks.TMP004, "dead"); broken.Reports(t, checks.TMP004) },
			func(t checkstest.TB) { broken.Reports(t, checks.TMP003) },
		},
		"reports on":      {func(checkstest.TB) {}, func(t checkstest.TB) { broken.Reports(t, checks.TMP004, "alive") }},
		"reports nothing": {func(checkstest.TB) {}, func(t checkstest.TB) { well.Reports(t, checks.TMP004) }},
		"silent":          {func(t checkstest.TB) { well.Silent(t) }, func(t checkstest.TB) { broken.Silent(t) }},
		"unknown":         {func(t checkstest.TB) { unknown.Is(t, checks.Unknown, "no such queue") }, func(t checkstest.TB) { unknown.Silent(t) }},
		"is":              {func(t checkstest.TB) { broken.Is(t, checks.Failed, "") }, func(t checkstest.TB) { unknown.Is(t, checks.Unknown, "another") }},
		"says":            {func(t checkstest.TB) { broken.Says(t, "nobody asks dead") }, func(t checkstest.TB) { well.Says(t, "nobody asks dead") }},
		"blames":          {func(t checkstest.TB) { broken.Blames(t, "TMP003") }, func(t checkstest.TB) { broken.Blames(t, "") }},
		"blames nothing":  {func(checkstest.TB) {}, func(t checkstest.TB) { well.Blames(t, "") }},
	} {
		if wrong(test.met) || !wrong(test.unmet) {
			t.Errorf("%s: fails where it is met: %t, where it is not: %t", name, wrong(test.met), wrong(test.unmet))
		}
	}
}
