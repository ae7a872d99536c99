package workflows_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// A run that received signals, took `taken` of them as a batch while others came, and continued as new.
func flushed(duringFilters, duringFlush, duringHandOver int) *told {
	return buffers().begin().signal(2).wait().batch(2, duringFilters, duringFlush, duringHandOver).goOn()
}

func TestCarriedSignals(t *testing.T) {
	for name, test := range map[string]struct {
		story *told
		want  string // the findings' titles, or the reason for which it is unknown
	}{
		"nothing left":                                  {flushed(0, 0, 0).idle(), ""},
		"lost during the safety filter":                 {flushed(1, 0, 0).idle(), "1 signal was lost when buffer-signals-7 continued as new"},
		"lost during the flush":                         {flushed(0, 1, 0).idle(), "1 signal was lost when buffer-signals-7 continued as new"},
		"lost during the hand-over":                     {flushed(0, 0, 1).idle(), "1 signal was lost when buffer-signals-7 continued as new"},
		"all lost, successor with a batch of its own":   {flushed(1, 1, 1).idle().signal(2).wait().batch(2, 0, 0, 0).goOn(), "3 signals were lost when buffer-signals-7 continued as new"},
		"carried into an idle run":                      {flushed(0, 1, 0).wait(), ""},
		"carried, and flushed":                          {flushed(0, 1, 0).wait().batch(1, 0, 0, 0).goOn().idle(), ""},
		"three carried with two of its own":             {flushed(1, 1, 1).wait().signal(2).batch(5, 0, 0, 0).goOn().idle(), ""},
		"two of three lost":                             {flushed(1, 1, 1).wait().signal(2).batch(3, 0, 0, 0).goOn().idle(), "2 signals were lost when buffer-signals-7 continued as new"},
		"arrived while it continued as new, carried":    {refusedThenCarried(), ""},
		"a burst of 25, drained twice":                  {burst(), ""},
		"all-unsafe batch with a tail, carried":         {unsafe(1).wait(), ""},
		"all-unsafe batch with a tail, lost":            {unsafe(1).idle(), "1 signal was lost when buffer-signals-7 continued as new"},
		"quota-dropped batch with a tail, carried":      {quotaDropped(1).wait(), ""},
		"quota-dropped batch with a tail, lost":         {quotaDropped(1).idle(), "1 signal was lost when buffer-signals-7 continued as new"},
		"still running":                                 {buffers().begin().signal(2).wait().batch(2, 1, 1, 0), ""},
		"two left, one timer":                           {flushed(0, 2, 0).wait(), "unknown: run run-000 of buffer-signals-7: 2 signals after its last batch, and the events do not tell how many the next run carried in"},
		"the successor's first batch fell to the quota": {quotaSuccessor(), "unknown: run run-000 of buffer-signals-7: 2 signals after its last batch, and the events do not tell how many the next run carried in"},
		"successor without a worker":                    {flushed(0, 1, 0), "unknown: run run-000 of buffer-signals-7: 1 signal after its last batch, and the run that it continued as has not worked yet"},
		"another buffer than the known one":             {buffers().begin().signal(3).wait().batch(2, 0, 0, 0).goOn().idle(), "unknown: run run-000 of buffer-signals-7: its batches do not add up as those of the known buffer do"},
		"the successor is beyond retention":             {gone(flushed(0, 1, 0).idle()), "unknown: run run-000 of buffer-signals-7: the run that it continued as: asking Temporal for the history of buffer-signals-7 run run-001: missing"},
		"the successor was not read in time":            {slow(flushed(0, 1, 0).idle()), "unknown: none of 2 histories read: timed out asking Temporal for the history of buffer-signals-7 run run-001"},
		"it was not read in time itself":                {beforeAnother(), "unknown: 1 of 2 histories read, back to 12:02: timed out asking Temporal for the history of buffer-signals-7 run run-000"},
		"rewound: only the surviving run counts":        {rewound(), ""},
		"delivered again":                               {deliveredAgain(), "recovered: 1 signal was lost when buffer-signals-7 continued as new"},
	} {
		t.Run(name, func(t *testing.T) {
			checkstest.Run(world(test.story.story), workflows.CarriedSignals).Says(t, test.want)
		})
	}
}

func lastSignal(t *told) int {
	last := 0
	for i, e := range t.events {
		if e.Type == pipeline.WorkflowSignaled {
			last = i + 1
		}
	}
	return last
}

func refusedThenCarried() *told {
	return buffers().begin().signal(2).wait().batch(2, 0, 0, 0).refused(1).goOn().wait()
}

// burst: with 20 or more waiting the buffer drains again before it continues as new.
func burst() *told {
	return buffers().begin().signal(5).wait().batch(5, 20, 0, 0).batch(20, 0, 0, 0).goOn().idle()
}

func unsafe(tail int) *told {
	run := buffers().begin().signal(2).wait()
	filters := run.ask(journey.SafetyFilterActivity, journey.SafetyFilterActivity)
	return run.signal(tail).complete(filters...).goOn()
}

func quotaDropped(tail int) *told {
	run := buffers().begin().signal(2).wait()
	quota := run.ask(journey.QuotaActivity)
	return run.signal(tail).complete(quota...).goOn()
}

func quotaSuccessor() *told {
	run := flushed(0, 2, 0).wait()
	return run.complete(run.ask(journey.QuotaActivity)...).goOn().idle()
}

// carriedBatch is a run in whose first batch are one carried signal and one of its own.
func carriedBatch() *told {
	run := flushed(0, 1, 0).wait().signal(1)
	run.ask(journey.SafetyFilterActivity, journey.SafetyFilterActivity)
	return run
}

func deliveredAgain() *told {
	run := flushed(0, 1, 0).idle()
	first := run.story.runs[0]
	return run.redeliver(first, lastSignal(first)).wait()
}

// gone is a run whose history is beyond retention.
func gone(t *told) *told {
	t.lacks = pipeline.Missing
	return t
}

// slow is a run whose history did not come in time.
func slow(t *told) *told {
	t.lacks = pipeline.TimedOut
	return t
}

func beforeAnother() *told {
	t := flushed(0, 1, 0).idle()
	slow(t.story.runs[0])
	return t
}

// rewound is a run that lost its tail's successor to an operator's reset: the run that survived carries all.
func rewound() *told {
	abandoned := flushed(0, 1, 0).idle()
	abandoned.end(pipeline.Terminated, pipeline.Event{Reason: "reset"})
	survivor := abandoned.story.begin()
	survivor.events[0].Original, survivor.events[0].Previous = abandoned.run.ID, abandoned.story.runs[0].run.ID
	return survivor.wait()
}

func TestRunsThatEndWithSignalsInHand(t *testing.T) {
	failing := func(run *told) *told {
		filters := run.ask(journey.SafetyFilterActivity, journey.SafetyFilterActivity)
		return run.fail(filters[0], "RuntimeError", "ANTHROPIC_API_KEY is not configured").signal(1)
	}
	waiting := func() *told { return buffers().begin().signal(2).wait() }
	for name, test := range map[string]struct {
		story    *told
		want     string
		severity checks.Severity
	}{
		"idle time-out":                {buffers().begin().idle().end(pipeline.RunTimedOut, pipeline.Event{}), "", ""},
		"timed out with signals":       {waiting().end(pipeline.RunTimedOut, pipeline.Event{}), "buffer-signals-7 timed out with 2 signals in hand", checks.Error},
		"failed in the safety filter":  {failing(waiting()).end(pipeline.RunFailed, pipeline.Event{Failure: &pipeline.Failure{Message: "Activity task failed"}}), "buffer-signals-7 failed with 3 signals in hand", checks.Error},
		"terminated after a hand-over": {waiting().batch(2, 0, 0, 0).end(pipeline.Terminated, pipeline.Event{Reason: "by hand"}), "", ""},
		"terminated with a tail":       {waiting().batch(2, 0, 1, 0).end(pipeline.Terminated, pipeline.Event{Reason: "by hand"}), "buffer-signals-7 was terminated with 1 signal in hand", checks.Error},
		"terminated by cleanup":        {waiting().end(pipeline.Terminated, pipeline.Event{Reason: "cleanup_signals management command"}), "buffer-signals-7 was terminated with 2 signals in hand", checks.Info},
		"carried in, never drained":    {flushed(0, 1, 0).wait().end(pipeline.RunTimedOut, pipeline.Event{}), "buffer-signals-7 timed out with at least 1 signal in hand", checks.Error},
		"carried in, in a lost batch":  {carriedBatch().end(pipeline.Terminated, pipeline.Event{Reason: "x"}), "buffer-signals-7 was terminated with 2 signals in hand", checks.Error},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(world(test.story.story), workflows.Batches)
			o.Says(t, test.want)
			if len(o.Findings) > 0 && o.Findings[0].Severity != test.severity {
				t.Errorf("severity %s, want %s", o.Findings[0].Severity, test.severity)
			}
		})
	}
}

// TestTheRuleIsNeverWrong tells random stories of a buffer that loses signals now and then, and compares.
func TestTheRuleIsNeverWrong(t *testing.T) {
	decided, total := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s, truth := drawStory(t)
		o := checkstest.Run(world(s), workflows.CarriedSignals)
		losses, _ := o.Result.([]workflows.Loss)
		found := map[string]int{}
		for _, l := range losses {
			found[l.Link.ID] = l.Count
		}
		for run, lost := range truth {
			total++
			if strings.Contains(o.Reason, run) {
				if found[run] != 0 {
					t.Fatalf("%s is both unknown and lost", run)
				}
				continue
			}
			decided++
			if found[run] != lost {
				t.Fatalf("%s lost %d, found %d: %s", run, lost, found[run], o.Reason)
			}
		}
	})
	t.Logf("%d of %d pairs decided, none wrong", decided, total)
}

// drawStory is a counting model of the buffer. It returns what each run truly lost.
func drawStory(t *rapid.T) (*story, map[string]int) {
	some := func(label string) int { return rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3}).Draw(t, label) }
	quotas := rapid.Bool().Draw(t, "new era")
	s, truth := buffers(), map[string]int{}
	run, held := s.begin(), 0
	for range rapid.IntRange(1, 5).Draw(t, "runs") {
		fresh := some("before the first task")
		run.signal(fresh)
		held += fresh
		if held == 0 {
			run.idle()
			fresh = 1 + some("after the first task")
			run.signal(fresh)
			held = fresh
		}
		late := some("during the window")
		run.wait().signal(late)
		held += late
		left := 0
		arrive := func(label string) int { n := some(label); left += n; return n }
		dropped := false
		if quotas {
			quota := run.ask(journey.QuotaActivity)
			run.signal(arrive("during the quota check")).complete(quota...)
			dropped = rapid.IntRange(0, 4).Draw(t, "quota") == 0
		}
		if !dropped {
			run.batch(held, arrive("filters"), arrive("flush"), arrive("hand-over"))
		}
		if rapid.IntRange(0, 3).Draw(t, "refused") == 0 {
			run.refused(arrive("during continue-as-new"))
		}
		lost := 0
		if left > 0 && rapid.Bool().Draw(t, "loses") {
			lost = rapid.IntRange(1, left).Draw(t, "lost")
		}
		truth[run.run.ID] = lost
		held = left - lost
		run = run.goOn()
	}
	if held > 0 {
		run.wait()
	} else {
		run.idle()
	}
	return s, truth
}
