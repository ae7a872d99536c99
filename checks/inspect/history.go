package inspect

import (
	"context"
	"fmt"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// History is what a run of a workflow did, or what the runs of a workflow did one after another.
type History struct {
	Head
	Run      Workflow `json:"run"`
	Previous string   `json:"previous_run_id" jsonschema:"the run that this one goes on from; empty where there is none"`
	Next     string   `json:"next_run_id" jsonschema:"the run that goes on from this one; empty where there is none"`
	Parent   *RunName `json:"parent,omitempty" jsonschema:"the run whose child this one is"`
	Steps    []Step   `json:"steps" jsonschema:"what the run did, in order; empty with --events and with --chain"`
	Events   []Event  `json:"events" jsonschema:"its history as it is, in order; empty but with --events"`
	Chain    *Chain   `json:"chain,omitempty" jsonschema:"the workflow's runs, with --chain"`
}

// RunName names a run.
type RunName struct {
	WorkflowID string `json:"workflow_id"`
	RunID      string `json:"run_id" jsonschema:"empty where that is not known"`
}

// HistoryQuery says what of which workflow is shown.
type HistoryQuery struct {
	ID    string // of a workflow or of a run, or the beginning of one; see [Look.find]
	Run   string // the run, or the beginning of its id; the newest, when it is empty
	Raw   bool   // the events as they are
	Chain bool   // the runs one after another
	Limit int    // of a chain, the newest so many runs
}

// ShowHistory tells what a run did.
func ShowHistory(ctx context.Context, l *Look, query HistoryQuery) (*History, error) {
	if _, err := resultOf[pipeline.Reached](l.diagnose(ctx, services.Temporal), services.Temporal); err != nil {
		return nil, err
	}
	run, err := l.find(ctx, query.ID, query.Run)
	if err != nil {
		return nil, err
	}
	h := &History{Head: l.head(), Steps: []Step{}, Events: []Event{}}
	if query.Chain {
		if err := h.follow(ctx, l, run, query.Limit); err != nil {
			return nil, err
		}
		return h, nil
	}
	events, err := h.read(ctx, l, run.Run)
	if err != nil {
		return nil, err
	}
	h.describe(ctx, l, run, events)
	if query.Raw {
		for _, e := range events {
			h.Events = append(h.Events, raw(e))
		}
		return h, nil
	}
	h.Steps = fold(events, h.Run.Pending)
	return h, nil
}

// recordedTail is how much of the end of a run's history a capture holds at least.
const recordedTail = 12

// read reads a run's history; where a capture has its end only, that.
func (h *History) read(ctx context.Context, l *Look, run pipeline.Run) ([]pipeline.Event, error) {
	history, err := l.World.Temporal.History(ctx, run)
	if pipeline.KindOf(err) == pipeline.NotRecorded {
		if tail, tailErr := l.World.Temporal.Tail(ctx, run, recordedTail); tailErr == nil {
			h.note("all but the end of its history, which was not recorded")
			return tail.Events, nil
		}
	}
	if err == nil && history.Truncated {
		h.note(leftOut(history.Events))
	}
	return history.Events, err
}

// leftOut says which events of a history were not read: those in its middle, or what came last.
func leftOut(events []pipeline.Event) string {
	for i, e := range events[min(1, len(events)):] {
		if before := events[i].ID; e.ID != before+1 {
			return fmt.Sprintf("events %d to %d of its history", before+1, e.ID-1)
		}
	}
	return "the newest of its events, for want of time"
}

// note adds to what was not seen.
func (h *Head) note(what string) { h.Missed = append(h.Missed, what) }

// describe says of a run which one it is, and how it stands.
func (h *History) describe(ctx context.Context, l *Look, run pipeline.Execution, events []pipeline.Event) {
	var detail pipeline.Detail
	if n := len(events); n > 0 {
		if first := events[0]; first.Type == pipeline.WorkflowStarted {
			h.Previous, run.Start = first.Previous, first.Time
			if first.Parent.Workflow != "" {
				h.Parent = &RunName{first.Parent.Workflow, first.Parent.ID}
			}
		}
		if last := events[n-1]; last.Type.Ends() {
			h.Next, run.Status, run.Close = last.Next, ending[last.Type], last.Time
		}
	}
	if run.Status == pipeline.Running {
		var err error
		detail, err = l.World.Temporal.Detail(ctx, run.Run)
		h.miss(err)
	}
	h.Run = workflow(run, detail)
}

// ending is the status that an event leaves a run with.
var ending = map[pipeline.EventType]pipeline.Status{
	pipeline.WorkflowCompleted: pipeline.Completed, pipeline.WorkflowFailed: pipeline.RunFailed, pipeline.WorkflowTimedOut: pipeline.RunTimedOut,
	pipeline.WorkflowTerminated: pipeline.Terminated, pipeline.WorkflowCanceled: pipeline.Canceled, pipeline.WorkflowContinuedAsNew: pipeline.ContinuedAsNew,
}

// Event is one event of a run's history.
type Event struct {
	ID     int64     `json:"id"`
	Time   time.Time `json:"time"`
	Type   string    `json:"type" jsonschema:"in Temporal's words, without EVENT_TYPE_"`
	Detail string    `json:"detail" jsonschema:"the activity, signal, timer, failure or run that it is about"`
}

// raw is an event with the detail that tells most.
func raw(e pipeline.Event) Event {
	return Event{ID: e.ID, Time: e.Time, Type: string(e.Type), Detail: checks.Clip(checks.OneLine(detail(e)), mostSaid)}
}

func detail(e pipeline.Event) string {
	failed := func() string {
		inner := failure(e.Failure)
		if inner == nil {
			return ""
		}
		if inner.Type == "" {
			return inner.Message
		}
		return inner.Type + ": " + inner.Message
	}
	switch {
	case e.Activity != "":
		return e.Activity
	case e.Signal != "":
		return "signal: " + e.Signal
	case e.Timer > 0:
		return "timer: " + e.Timer.String()
	case e.Child.Workflow != "" && e.Failure == nil:
		return e.Child.Workflow
	case e.Type == pipeline.ActivityStarted && e.Failure != nil:
		return "failed before: " + failed()
	case e.Failure != nil:
		return "FAILED: " + failed()
	case e.Next != "":
		return "next run: " + e.Next
	case e.Previous != "":
		return "previous run: " + e.Previous
	}
	return e.Reason
}
