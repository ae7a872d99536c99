package inspect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// Chain is the runs of one workflow, which mostly continued as new from one to the next, and what came of each.
type Chain struct {
	Runs  []ChainRun `json:"runs" jsonschema:"newest first"`
	Older string     `json:"older" jsonschema:"why older runs are not in it; empty when there are none that are known"`
	Wrong *Wrong     `json:"went_wrong,omitempty" jsonschema:"absent when no run that was read has a failure"`
}

// ChainRun is one run of a chain.
type ChainRun struct {
	RunID    string     `json:"run_id"`
	Previous string     `json:"previous_run_id" jsonschema:"the run that it goes on from; empty where there is none, or it is not known"`
	Status   string     `json:"status"`
	Started  time.Time  `json:"started"`
	Closed   *time.Time `json:"closed,omitempty"`
	Read     string     `json:"read" jsonschema:"how much of its history was read: all, end or none; of an end the numbers are those of the end"`

	Signals    int          `json:"signals" jsonschema:"that it received"`
	Batches    int          `json:"batches" jsonschema:"that a buffer took of its signals, or grouping read"`
	Activities int          `json:"activities" jsonschema:"that have completed"`
	State      string       `json:"state" jsonschema:"well, idle (nothing to do), failed, failing (now), ended (from outside) or unread"`
	Failures   []RunFailure `json:"failures" jsonschema:"oldest first; a loss of signals, which no event tells of, has the type TMP001"`
}

// The states of a run in a chain.
const (
	Well    = "well"
	Idle    = "idle"
	Failed  = "failed"
	Failing = "failing"
	Ended   = "ended"
	Unread  = "unread"
)

// RunFailure is one failure in a run.
type RunFailure struct {
	Activity string    `json:"activity" jsonschema:"empty when no activity had a part in it"`
	Event    int64     `json:"event" jsonschema:"0 of an attempt that failed just now"`
	Time     time.Time `json:"time"`
	Failure
}

// Wrong tells when it started to go wrong: of the newest series of runs with a failure, the oldest. Runs that had nothing to do,
// or were ended from outside, neither begin a series nor break it.
type Wrong struct {
	RunID      string     `json:"run_id" jsonschema:"the first run of the series"`
	Started    time.Time  `json:"started" jsonschema:"when that run did"`
	First      RunFailure `json:"first_failure"`
	Runs       int        `json:"runs" jsonschema:"with a failure, in the series"`
	WellBefore int        `json:"well_before" jsonschema:"runs before it, up to the next with a failure"`
	WellSince  int        `json:"well_since" jsonschema:"runs after the series"`
	Certain    bool       `json:"certain" jsonschema:"the runs between the series and the last that was well before it were all read"`
}

// follow tells of the chain that a run is in.
func (h *History) follow(ctx context.Context, l *Look, of pipeline.Execution, limit int) error {
	runs, older, err := l.chain(ctx, of, limit)
	if err != nil {
		return err
	}
	h.Chain, h.Run = &Chain{Runs: []ChainRun{}, Older: older}, workflow(of, pipeline.Detail{})
	unread := 0
	for _, run := range runs {
		h.Chain.Runs = append(h.Chain.Runs, link(run, l))
		if run.ID == of.ID {
			h.Run = workflow(run.Execution, run.Detail)
			h.Previous, h.Next = run.First().Previous, run.Last().Next
		}
	}
	h.Chain.connect(runs)
	if own, ok := l.own(of.Workflow); ok && own == of.Workflow && of.Type == journey.BufferWorkflow {
		h.miss(h.Chain.lose(ctx, l))
	}
	h.Chain.judge(ctx, l, runs)
	for _, run := range h.Chain.Runs {
		if run.State == Unread {
			unread++
		}
	}
	if unread > 0 {
		h.note(fmt.Sprintf("%d of %d histories", unread, len(runs)))
	}
	return nil
}

// link is what came of a run.
func link(run *journey.Run, l *Look) ChainRun {
	of := workflow(run.Execution, run.Detail)
	c := ChainRun{RunID: of.RunID, Previous: run.First().Previous, Status: of.Status, Started: of.Started, Closed: of.Closed, Read: "all", Failures: []RunFailure{}}
	switch {
	case len(run.Events) == 0:
		c.Read = "none"
	case run.First().ID == 0:
		c.Read = "end"
	}
	for _, e := range run.Events {
		switch e.Type {
		case pipeline.WorkflowSignaled:
			c.Signals++
		case pipeline.ActivityCompleted:
			c.Activities++
		}
	}
	for _, f := range workflows.FailuresOf(run) {
		said := Failure{f.Kind, checks.Clip(f.Message, mostSaid)}
		c.Failures = append(c.Failures, RunFailure{f.Activity, f.Event.ID, f.Event.Time, said})
	}
	c.keep(run, l)
	c.State = c.state(run)
	return c
}

// keep counts the batches of a run, and finds what the account of it tells of a failure that no event names.
func (c *ChainRun) keep(run *journey.Run, l *Look) {
	late := run.Status == pipeline.RunTimedOut
	switch run.Type {
	case journey.BufferWorkflow:
		ledger := journey.Keep(run.Events, l.World.Open)
		c.Batches = len(ledger.Drains)
		held := len(ledger.Tail) > 0 || c.Batches > 0 && !ledger.Drains[c.Batches-1].HandedOver
		late = late && held
	case journey.GroupingWorkflow:
		for _, e := range run.Events {
			if e.Type == pipeline.ActivityScheduled && e.Activity == journey.ReadBatchActivity {
				c.Batches++
			}
		}
		late = false // with nothing to do for three hours it times out, and what else may be told, its events tell
	}
	if late && len(c.Failures) == 0 {
		last := run.Last()
		c.Failures = append(c.Failures, RunFailure{"", last.ID, last.Time, Failure{"WorkflowTimedOut", "timed out before its work was done"}})
	}
}

func (c *ChainRun) state(run *journey.Run) string {
	switch {
	case len(c.Failures) > 0 && run.Open() && now(c.Failures[len(c.Failures)-1]):
		return Failing
	case len(c.Failures) > 0, run.Status == pipeline.RunFailed:
		return Failed
	case run.Status == pipeline.Terminated, run.Status == pipeline.Canceled:
		return Ended
	case c.Read == "none":
		return Unread
	case c.Activities == 0:
		return Idle
	}
	return Well
}

// now reports whether a failure is one that is tried again.
func now(f RunFailure) bool { return f.Event == 0 || f.Activity == "" }

// lose adds what a buffer's runs have lost when they continued as new: no event tells it, but what the check for it has found out.
// The check looks as far back as the chain goes; in a capture, as far back as that does.
func (c *Chain) lose(ctx context.Context, l *Look) error {
	here := *l
	here.Since = c.Runs[len(c.Runs)-1].Started
	losses, err := resultOf[[]workflows.Loss](here.diagnose(ctx, workflows.CarriedSignals), workflows.CarriedSignals)
	if err != nil && ctx.Err() == nil {
		losses, err = resultOf[[]workflows.Loss](l.diagnose(ctx, workflows.CarriedSignals), workflows.CarriedSignals)
	}
	if err != nil {
		return fmt.Errorf("what was lost between the runs: %w", err)
	}
	for _, loss := range losses {
		at := slices.IndexFunc(c.Runs, func(r ChainRun) bool { return r.RunID == loss.Link.ID })
		if at < 0 {
			continue
		}
		end, run := loss.Link.End(), &c.Runs[at]
		lost := Failure{string(checks.TMP001), "lost " + checks.Count(loss.Count, "signal") + " when it continued as new"}
		run.Failures, run.State = append(run.Failures, RunFailure{"", end.ID, end.Time, lost}), Failed
	}
	return nil
}

// connect fills in the runs that others go on from where only the earlier one tells it.
func (c *Chain) connect(runs []*journey.Run) {
	for _, earlier := range runs {
		for i := range c.Runs {
			if next := earlier.Last().Next; next != "" && c.Runs[i].RunID == next && c.Runs[i].Previous == "" {
				c.Runs[i].Previous = earlier.ID
			}
		}
	}
}

// judge finds out when it started to go wrong. Where that depends on a run of which no more than the end was read, the rest
// of it is read, too.
func (c *Chain) judge(ctx context.Context, l *Look, runs []*journey.Run) {
	for range c.Runs {
		wrong, boundary := c.wrong()
		c.Wrong = wrong
		if boundary < 0 || c.Runs[boundary].Read != "end" || ctx.Err() != nil {
			return
		}
		journey.ReadInFull(ctx, l.World, runs[boundary:boundary+1])
		previous := c.Runs[boundary].Previous
		c.Runs[boundary] = link(runs[boundary], l)
		if c.Runs[boundary].Read == "end" {
			c.Wrong.Certain = false
			return
		}
		c.Runs[boundary].Previous = previous
	}
}

// wrong finds the newest series of runs with a failure, and the newest run before it that was well; -1 where there is none.
func (c *Chain) wrong() (*Wrong, int) {
	bad := func(r ChainRun) bool { return r.State == Failed || r.State == Failing }
	newest := slices.IndexFunc(c.Runs, bad)
	if newest < 0 {
		return nil, -1
	}
	w := &Wrong{Certain: true}
	for _, r := range c.Runs[:newest] {
		if r.State == Well {
			w.WellSince++
		}
	}
	oldest, boundary, sure := newest, -1, true
	for i := newest; i < len(c.Runs) && boundary < 0; i++ {
		switch r := c.Runs[i]; {
		case bad(r):
			oldest, w.Runs = i, w.Runs+1
		case r.State == Well:
			boundary = i
		case r.State == Unread:
			sure = false
		}
	}
	w.Certain = sure && (boundary >= 0 || c.Older == "")
	for i := oldest + 1; i < len(c.Runs) && !bad(c.Runs[i]); i++ {
		if c.Runs[i].State == Well {
			w.WellBefore++
		}
	}
	w.RunID, w.Started = c.Runs[oldest].RunID, c.Runs[oldest].Started
	w.First = RunFailure{Time: c.Runs[oldest].Started, Failure: Failure{Message: "it failed"}}
	if failures := c.Runs[oldest].Failures; len(failures) > 0 {
		w.First = failures[0]
	}
	return w, boundary
}
