package journey

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Held is what a workflow that never completes has in hand.
type Held struct {
	Signals int  // of the buffer: that wait, and that are in the batch which it works on
	Batch   bool // it works on a batch
	Certain bool // the events tell that this is all; false where there may be more
}

// Nothing reports whether it is certain that there is nothing in hand.
func (h Held) Nothing() bool { return h.Certain && !h.Batch && h.Signals == 0 }

// Held is what the buffer has in hand: what its newest run was given and has received, and not handed over.
func (c Chain) Held() Held {
	if len(c) == 0 {
		return Held{Certain: true}
	}
	link := c[len(c)-1]
	if !link.Open() {
		return Held{Certain: link.Status != pipeline.ContinuedAsNew} // the run that it continued as is not listed yet
	}
	l := link.Ledger
	held := Held{Signals: len(l.Tail), Certain: link.Err == nil}
	if n := len(l.Drains); n > 0 {
		if last := l.Drains[n-1]; !last.HandedOver {
			held.Batch = true
			held.Signals += last.Filters
		}
		return held
	}
	switch {
	case l.CarriedIn.Known:
		held.Signals += len(l.CarriedIn.Signals)
	case l.Start == StartedBusy:
		held.Signals, held.Certain = held.Signals+1, false // it carried at least one in
	case l.Start != StartedIdle:
		held.Certain = false
	}
	return held
}

// DroppedBatch is a batch of which the buffer handed nothing on.
type DroppedBatch struct {
	Link    *Link
	Time    time.Time // when it was taken
	Signals int       // that were filtered; 0 where the quota came before that
}

func (b DroppedBatch) String() string {
	if b.Signals == 0 {
		return "a batch: the team is over its quota"
	}
	return fmt.Sprintf("a batch of %s: judged unsafe, or over the quota", checks.Count(b.Signals, "signal"))
}

// DroppedBatches are the batches that the buffer dropped, oldest first.
func (c Chain) DroppedBatches() []DroppedBatch {
	var all []DroppedBatch
	for _, link := range c {
		for i, drain := range link.Ledger.Drains {
			if link.outcome(i) != Dropped {
				continue
			}
			batch := DroppedBatch{Link: link, Time: link.Start, Signals: drain.Filters}
			for _, e := range link.Events {
				if e.ID == drain.Task {
					batch.Time = e.Time
				}
			}
			all = append(all, batch)
		}
	}
	return all
}

// Grouping is the newest run of grouping, and what it has in hand. The run is nil where there is none.
func (r *Runs) Grouping(open func(pipeline.Payload) ([]byte, bool)) (*Run, Held) {
	rounds := r.OfType(GroupingWorkflow)
	if len(rounds) == 0 {
		return nil, Held{Certain: true}
	}
	run := rounds[0]
	if !run.Open() {
		return run, Held{Certain: run.Status != pipeline.ContinuedAsNew}
	}
	round := KeepRound(run.Events, open)
	batch := round.Working() || len(run.Detail.Pending) > 0
	return run, Held{Batch: batch, Certain: run.Err == nil && run.DetailErr == nil && (batch || round.First || round.idle)}
}

const unpause = "clear_paused"

// PausedUntil is the instant until which a run of grouping was told to touch no batch: by its own input, or since. It is
// zero when it was told nothing of the kind; known says whether a key opens what it was told.
func (r *Run) PausedUntil(open func(pipeline.Payload) ([]byte, bool)) (until time.Time, known bool) {
	known = true
	for _, e := range r.Events {
		switch {
		case e.Type == pipeline.WorkflowStarted:
			var input struct {
				Until *time.Time `json:"paused_until"`
			}
			content, ok := Content(e, open)
			if known = ok && json.Unmarshal(content, &input) == nil; input.Until != nil {
				until = *input.Until
			}
			known = known || e.Previous == "" // nobody starts grouping paused
		case e.Type == pipeline.WorkflowSignaled && e.Signal == unpause:
			until, known = time.Time{}, true
		case e.Type == pipeline.WorkflowSignaled && e.Signal == pause:
			content, ok := Content(e, open)
			known = ok && json.Unmarshal(content, &until) == nil
		}
	}
	return until, known && slices.ContainsFunc(r.Events, func(e pipeline.Event) bool { return e.Type == pipeline.WorkflowStarted })
}

// PausedBy is the event that tells a run of grouping of its pause: the order to pause, or the run's own start. The zero event
// when there is none.
func (r *Run) PausedBy() (by pipeline.Event) {
	for _, e := range r.Events {
		if e.Type == pipeline.WorkflowStarted || e.Type == pipeline.WorkflowSignaled && (e.Signal == pause || e.Signal == unpause) {
			by = e
		}
	}
	return by
}

// HeldBack are the deliveries of batches that an open run of grouping has been told of and does not read, and whether there
// is one, which can also be one that was carried in. It reads what it is told of at once, unless it is paused: then it waits by
// a timer (products/signals/backend/temporal/grouping_v2.py). What came after its newest workflow task is not held back yet.
func (r *Run) HeldBack(open func(pipeline.Payload) ([]byte, bool)) (told []pipeline.Event, ok bool) {
	round := KeepRound(r.Events, open)
	var done pipeline.Event // the newest workflow task that is done
	timers := map[int64]bool{}
	for _, e := range r.Events {
		switch e.Type {
		case pipeline.WorkflowTaskCompleted:
			done = e
		case pipeline.TimerStarted:
			timers[e.ID] = true
		case pipeline.TimerFired, pipeline.TimerCanceled:
			delete(timers, e.Started)
		case pipeline.WorkflowSignaled:
			if e.Signal == SubmitBatch {
				told = append(told, e)
			}
		}
	}
	last := r.ended()
	current := last.ID == done.ID || last.TaskCompleted == done.ID || last.Type == pipeline.TimerStarted
	carried := !round.First && !round.idle && !round.begun
	return told, current && len(timers) > 0 && len(round.Batches) == 0 && (len(told) > 0 || carried)
}
