// Package journey follows signals through the stages of the pipeline: it reads the histories of the workflows that carry
// them, and tells from the events what each run did with what it had in hand.
package journey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// The workflows of the signals pipeline, by type (products/signals/backend/temporal).
const (
	EmitterWorkflow  = "signal-emitter"
	BufferWorkflow   = "buffer-signals"
	GroupingWorkflow = "team-signal-grouping-v2"
	SummaryWorkflow  = "signal-report-summary"
)

// WaitActivity is the last step of a grouping run (products/signals/backend/temporal/grouping.py).
const WaitActivity = "wait_for_signal_in_clickhouse_activity"

// parallel is how many histories are asked for at a time.
const parallel = 8

// Histories reads what the workflow checks judge: the team's runs, with the histories of those that can tell of a fault.
var Histories = &checks.Check{
	ID:       "workflows.histories",
	Title:    "the workflow histories of the team can be read",
	Requires: []*checks.Check{services.Temporal},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, err := read(ctx, p)
		if err != nil {
			return nil, err
		}
		switch {
		case runs.Coverage == "":
		case runs.bounded:
			p.Cut("%s", runs.Coverage)
		default:
			p.Incomplete("%s", runs.Coverage)
		}
		if n := len(runs.Behind); n > 0 {
			p.Incomplete("Temporal's list of workflows is behind its histories, in %s", checks.Count(n, "place"))
		}
		return runs, nil
	},
}

// Runs is the runs of a team's workflows within the time that is looked at.
type Runs struct {
	All      []*Run // newest start first
	Buffer   Chain  // the runs of the buffer among them, each with its account
	Coverage string // what part was read; "" when all was
	bounded  bool   // nothing but the doctor's own bounds left the rest out

	Listed time.Time // when Temporal was asked for them; zero in older recordings
	Behind []Behind  // what its list does not know yet
}

// Run is one run, with its history where that can tell of a fault.
type Run struct {
	pipeline.Execution
	Events []pipeline.Event // oldest first
	Tail   bool             // Events are the newest only, or none, for all went well then or since: see [Runs.InFull]
	Err    error            // why Events is missing or cut short; nil also when nothing there needs reading

	Detail    pipeline.Detail // of an open run
	DetailErr error           // why Detail is missing
}

// OfType returns the runs of one workflow type, newest start first.
func (r *Runs) OfType(workflowType string) []*Run {
	var runs []*Run
	for _, run := range r.All {
		if run.Type == workflowType {
			runs = append(runs, run)
		}
	}
	return runs
}

// SummaryID is the workflow id of a report's summary (products/signals/backend/temporal/summary.py).
func SummaryID(team int64, report string) string {
	return fmt.Sprintf("signals-report:%d:%s", team, report)
}

// Summary is the newest run of a report's summary, and whether one is open. Older code puts the number of the pass behind
// the id (products/signals/backend/management/commands/cleanup_signals.py).
func (r *Runs) Summary(team int64, report string) (newest *Run, open bool) {
	id := SummaryID(team, report)
	for _, run := range r.OfType(SummaryWorkflow) {
		if run.Workflow != id && !strings.HasPrefix(run.Workflow, id+":run-") {
			continue
		}
		if newest == nil {
			newest = run
		}
		open = open || run.Open()
	}
	return newest, open
}

// Open reports whether the run goes on.
func (r *Run) Open() bool { return r.Status == pipeline.Running }

// tells reports whether the run's history can tell of a fault. The completed emitters and summaries of a healthy day are
// many, and their end is all there is to know of them. Buffer and grouping never complete: they continue as new, and the
// events that explain a failure are usually in a run that has ended long since.
func (r *Run) tells() bool {
	switch r.Type {
	case BufferWorkflow, GroupingWorkflow:
		return true
	}
	return r.Status != pipeline.Completed
}

func read(ctx context.Context, p *checks.Pass) (*Runs, error) {
	listing, err := p.World.Temporal.Executions(ctx, p.Team, p.Since)
	if err != nil {
		return nil, err
	}
	runs := &Runs{}
	var telling []*Run
	for _, e := range listing.Executions {
		run := &Run{Execution: e}
		runs.All = append(runs.All, run)
		if run.tells() {
			telling = append(telling, run)
		}
	}
	newer, older := settled(telling)
	readHistories(ctx, p.World, newer)
	if slices.ContainsFunc(newer, func(r *Run) bool { return r.Tail }) {
		for _, run := range older {
			run.Tail = true
		}
	} else {
		readHistories(ctx, p.World, older)
	}
	runs.Buffer = runs.bufferChain(p.World.Open)
	runs.Coverage, runs.bounded = coverage(telling, listing.Truncated, p.World.Now.Location())
	runs.Behind = runs.behind(ctx, p, listing)
	return runs, nil
}

// recent is how many grouping runs that continued as new are looked at in any case.
const recent = 6

// settled parts the runs into those that have to be looked at and the older grouping runs. When a newer run went well,
// every step has succeeded since: what may have failed in the older ones is over.
func settled(runs []*Run) (newer, older []*Run) {
	seen := 0
	for _, run := range runs {
		if run.hasTail() {
			seen++
		}
		if run.hasTail() && seen > recent {
			older = append(older, run)
		} else {
			newer = append(newer, run)
		}
	}
	return newer, older
}

// hasTail reports whether the end of the run's history can tell that all went well.
func (r *Run) hasTail() bool {
	return r.Type == GroupingWorkflow && r.Status == pipeline.ContinuedAsNew
}

// readHistories reads the newest runs first, so that what is left out when the time is short is the oldest. A third of
// the time is kept for what the checks have to ask after this.
func readHistories(ctx context.Context, w *pipeline.World, runs []*Run) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)*2/3)
		defer cancel()
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, run := range runs {
		group.Go(func() error {
			run.read(ctx, w)
			return nil
		})
		if run.Open() {
			group.Go(func() error {
				run.Detail, run.DetailErr = w.Temporal.Detail(ctx, run.Run)
				return nil
			})
		}
	}
	_ = group.Wait()
}

// tailSize is how many events from its end tell whether a grouping run went well.
const tailSize = 12

// read reads a run's history: the end of it where that is all there is to know.
//
// A grouping run prepares its whole batch before it assigns the first signal, and waits for the rows of those that it has
// assigned at its end (products/signals/backend/temporal/grouping_v2.py). So when the wait was well, every step was, for
// some signal, and a failure further back is one that the same step has recovered from. Its history is by far the largest:
// each embedding is in it.
func (r *Run) read(ctx context.Context, w *pipeline.World) {
	if r.hasTail() {
		if tail, err := w.Temporal.Tail(ctx, r.Run, tailSize); err == nil && endedWell(tail.Events) {
			r.Events, r.Tail = tail.Events, true
			return
		}
	}
	r.readAll(ctx, w)
}

var errInPart = errors.New("its history was read in part only")

func (r *Run) readAll(ctx context.Context, w *pipeline.World) {
	history, err := w.Temporal.History(ctx, r.Run)
	if err == nil && history.Truncated {
		err = errInPart
	}
	r.Events, r.Tail, r.Err = history.Events, false, err
}

// endedWell reports whether the events at the end of a grouping run tell of a completed wait and of no failure.
func endedWell(events []pipeline.Event) bool {
	waits, well := map[int64]bool{}, false
	for _, e := range events {
		switch e.Type {
		case pipeline.ActivityScheduled:
			waits[e.ID] = e.Activity == WaitActivity
		case pipeline.ActivityCompleted:
			well = well || waits[e.Scheduled]
		case pipeline.ActivityFailed, pipeline.ActivityTimedOut:
			return false
		}
	}
	return well
}

// InFull reads the rest of the runs of which no more than the end was read: for the check that knows of a root which may
// keep an older failure alive.
func (r *Runs) InFull(ctx context.Context, w *pipeline.World) *Runs {
	full := &Runs{Buffer: r.Buffer, Coverage: r.Coverage}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, run := range r.All {
		if run.Tail {
			whole := *run // the other checks go on with what they were given
			run = &whole
			group.Go(func() error { run.readAll(ctx, w); return nil })
		}
		full.All = append(full.All, run)
	}
	_ = group.Wait()
	return full
}

// Unread reports whether a history could not be read, which [Histories] tells for all checks that rest on it, as against one
// that is gone.
func Unread(err error) bool { return err != nil && pipeline.KindOf(err) != pipeline.Missing }

// ownBound reports whether it was the doctor that ended the looking, and not Temporal that gave no answer.
func ownBound(err error) bool {
	return err == nil || errors.Is(err, errInPart) || pipeline.KindOf(err) == pipeline.RunOver
}

// coverage says which part of the runs was read, and whether nothing but the doctor's own bounds left the rest out. A history
// that is gone for good is no gap of the doctor's: the checks that meet it say what it hides from them.
func coverage(runs []*Run, truncated bool, zone *time.Location) (told string, bounded bool) {
	unread, why, back := 0, error(nil), time.Time{}
	bounded = true
	for _, run := range runs {
		switch {
		case Unread(run.Err) || Unread(run.DetailErr):
			unread, why = unread+1, cmp.Or(run.Err, run.DetailErr)
			bounded = bounded && ownBound(run.Err) && ownBound(run.DetailErr)
		case unread == 0:
			back = run.Start
		}
	}
	switch {
	case unread > 0 && !back.IsZero():
		return fmt.Sprintf("%d of %d histories read, back to %s: %v", len(runs)-unread, len(runs), back.In(zone).Format("15:04"), why), bounded
	case unread > 0:
		return fmt.Sprintf("none of %d histories read: %v", len(runs), why), bounded
	case truncated:
		return fmt.Sprintf("only the newest %d runs were listed in time", len(runs)), bounded
	}
	return "", false
}
