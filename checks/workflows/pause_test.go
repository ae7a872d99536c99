package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// order tells grouping something by a signal.
func (t *told) order(signal, argument string) *told {
	t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: signal, Input: t.story.payload(argument), Identity: "4711@vm"})
	return t
}

// pauseUntil tells grouping to pause.
func (t *told) pauseUntil(instant time.Time) *told {
	return t.order("set_paused_until", fmt.Sprintf("%q", instant.Format(time.RFC3339)))
}

// beginWith goes on in a run that was given a pause.
func (t *told) beginWith(until time.Time) *told {
	next := t.goOn()
	next.events[0].Input = t.story.payload(fmt.Sprintf(`{"paused_until": %q}`, until.Format(time.RFC3339)))
	return next
}

func TestAPauseOfGrouping(t *testing.T) {
	later, before := noon.Add(time.Hour), noon.Add(-time.Hour)
	const until, reads = "grouping is paused until 2026-11-24 13:00:00", "grouping is paused: it does not read the batches that it was told of"
	for name, test := range map[string]struct {
		run           func(*story) *told
		want, without string // with a key, and without
	}{
		"it waits for work":            {func(s *story) *told { return s.begin().idle() }, "", ""},
		"it has work":                  {func(s *story) *told { return s.begin().hand(1).collect(1) }, "", ""},
		"a batch waits for the end":    {func(s *story) *told { return s.begin().pauseUntil(later).hand(1).wait() }, until, reads},
		"the batch has only just come": {func(s *story) *told { return s.begin().pauseUntil(later).idle().hand(1) }, until, ""},
		"nothing waits":                {func(s *story) *told { return s.begin().pauseUntil(later).idle() }, until, ""},
		"the pause is over":            {func(s *story) *told { return s.begin().pauseUntil(before).hand(1).collect(1) }, "", ""},
		"the pause was ended": {func(s *story) *told {
			return s.begin().pauseUntil(later).hand(1).wait().order("clear_paused", "null").collect(1)
		}, "", ""},
		"the end has only just come": {func(s *story) *told {
			return s.begin().pauseUntil(later).hand(1).wait().order("clear_paused", "null")
		}, "", ""},
		"it was carried on":           {func(s *story) *told { return s.begin().hand(1).wait().beginWith(later).wait() }, until, reads},
		"it was over when carried on": {func(s *story) *told { return s.begin().hand(1).wait().beginWith(before).collect(1) }, "", ""},
		"somebody has ended it":       {func(s *story) *told { return s.begin().pauseUntil(later).end(pipeline.Terminated, pipeline.Event{}) }, "", ""},
	} {
		for sealed, want := range map[bool]string{false: test.want, true: test.without} {
			t.Run(fmt.Sprintf("%s/sealed=%t", name, sealed), func(t *testing.T) {
				checkstest.Run(world(test.run(groupingsSealed(sealed)).story), workflows.Pause).Says(t, want)
			})
		}
	}
}

func TestAPauseNamesWhoOrderedIt(t *testing.T) {
	run := groupings().begin().pauseUntil(noon.Add(time.Hour)).hand(1).wait()
	f := checkstest.Run(world(run.story), workflows.Pause).Reports(t, checks.TMP009, "team-signal-grouping-v2-7")
	if len(f.Evidence) != 2 || f.Evidence[0].Excerpt != "told to pause by 4711@vm" || f.Evidence[1].Excerpt != "told of a batch" {
		t.Errorf("got %+v", f.Evidence)
	}
}

func TestAPauseThatCannotBeSeen(t *testing.T) {
	run := groupings().begin().hand(1).wait()
	run.lacks = pipeline.Missing
	checkstest.Run(world(run.story), workflows.Pause).Is(t, checks.Unknown, "run-000")
}
