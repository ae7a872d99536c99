package journey

import (
	"time"

	"doctor/checks/pipeline"
)

// The buffer's signal and activities (products/signals/backend/temporal/buffer.py).
const (
	SubmitSignal         = "submit_signal"
	QuotaActivity        = "check_signals_quota_limited_activity"
	SafetyFilterActivity = "safety_filter_activity"
	FlushActivity        = "flush_signals_to_s3_activity"
	HandOverActivity     = "signal_with_start_grouping_v2_activity"
)

// Ledger is the account of one buffer run, kept from its events alone: what it received, what it took into batches, and
// what was left. In every run, carried in + signals = drained + tail. Times are of no use for it: buffered signals carry
// earlier times than what stands before them.
type Ledger struct {
	Signals []pipeline.Event // what the run received, in order
	Drains  []Drain
	Tail    []pipeline.Event // what the code had received after its last drain

	CarriedIn  Carried // from the run's own input
	CarriedOut Carried // from the input that it gave to the next run

	// Start is what the run's first workflow task tells of what it carried in.
	Start Start
}

// Drain is one taking of everything that the buffer holds, as a batch.
type Drain struct {
	Task       int64 // the start of the workflow task that took it: the code had received the signals before this event
	Received   int   // signals received by then, since the run's start
	Filters    int   // its safety filters: one a signal of the batch
	Quota      bool  // a quota check came first; when it drops the batch no filter follows
	Filtered   int   // safety filters that have completed
	Flushed    bool
	HandedOver bool // grouping was told: the batch is out of the buffer's hands
	HandedAt   time.Time
	Hand       Step // that told grouping
}

// Carried is what a run's input holds, where a key opens it.
type Carried struct {
	Known   bool
	Signals [][]byte // each signal as JSON
}

// Start is what can be said of a run after its first workflow task.
type Start int

// The starts.
const (
	NotStarted   Start = iota // no workflow task has completed yet
	StartedIdle               // it had received no signal, and gave neither a timer nor an activity: it carried nothing in
	StartedBusy               // it had received no signal, and gave a timer or an activity: it carried something in
	StartedMixed              // it had received signals of its own
)

// Keep makes the account of a buffer run. open returns a payload's content, where a key opens it.
func Keep(events []pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) Ledger {
	var l Ledger
	tasks := map[int64]int64{} // a completed workflow task's event → the event that started it
	for _, e := range events {
		switch e.Type {
		case pipeline.WorkflowStarted:
			l.CarriedIn = carried(e, open)
			if e.Previous == "" { // the emitter starts a buffer with nothing in it: products/signals/backend/facade/api.py
				l.CarriedIn = Carried{Known: true}
			}
		case pipeline.WorkflowContinuedAsNew:
			l.CarriedOut = carried(e, open)
		case pipeline.WorkflowTaskCompleted:
			tasks[e.ID] = e.Started
		case pipeline.WorkflowSignaled:
			if e.Signal == SubmitSignal {
				l.Signals = append(l.Signals, e)
			}
		}
	}
	l.keepDrains(events, tasks)
	l.Tail = l.Signals
	if n := len(l.Drains); n > 0 {
		l.Tail = l.Signals[l.Drains[n-1].Received:]
	}
	l.Start = l.start(events)
	return l
}

// keepDrains finds the drains. The task that scheduled an activity, not the place of the activity's event, tells what
// the code had received.
func (l *Ledger) keepDrains(events []pipeline.Event, tasks map[int64]int64) {
	scheduled := map[int64]pipeline.Event{}
	var filtersTask int64 // the task that gave the safety filters of the last drain
	last := func() *Drain { return &l.Drains[len(l.Drains)-1] }
	for _, e := range events {
		switch e.Type {
		case pipeline.ActivityScheduled:
			scheduled[e.ID] = e
			task := tasks[e.TaskCompleted]
			switch e.Activity {
			case QuotaActivity:
				l.Drains, filtersTask = append(l.Drains, Drain{Task: task, Received: l.received(task), Quota: true}), 0
			case SafetyFilterActivity:
				awaited := len(l.Drains) > 0 && last().Quota && last().Filters == 0
				if !awaited && (task != filtersTask || len(l.Drains) == 0) {
					l.Drains = append(l.Drains, Drain{Task: task, Received: l.received(task)})
				}
				filtersTask = task
				last().Filters++
			}
		case pipeline.ActivityCompleted:
			if len(l.Drains) == 0 {
				continue
			}
			switch scheduled[e.Scheduled].Activity {
			case SafetyFilterActivity:
				last().Filtered++
			case FlushActivity:
				last().Flushed = true
			case HandOverActivity:
				last().HandedOver, last().HandedAt = true, e.Time
				last().Hand = Step{Scheduled: scheduled[e.Scheduled], End: e}
			}
		}
	}
}

// received counts the signals that the code had received when the workflow task began that the given event started.
func (l *Ledger) received(task int64) int {
	n := 0
	for n < len(l.Signals) && l.Signals[n].ID < task {
		n++
	}
	return n
}

// Consistent reports whether the run did what the buffer is known to do: each batch holds all that had been received
// since the one before, and the first one also what was carried in.
func (l *Ledger) Consistent() bool {
	before := 0
	for k, drain := range l.Drains {
		fresh := drain.Received - before
		before = drain.Received
		switch {
		case drain.Filters == 0: // the quota dropped the batch, or the run ended first
		case k > 0 && drain.Filters != fresh:
			return false
		case k == 0 && drain.Filters < fresh:
			return false
		case k == 0 && l.CarriedIn.Known && drain.Filters != fresh+len(l.CarriedIn.Signals):
			return false
		}
	}
	return true
}

// FromBefore tells how many signals the run had carried in, by its own events. It is false when they do not tell.
// tail is how many there were to be carried.
func (l *Ledger) FromBefore(tail int) (carried int, ok bool) {
	switch {
	case len(l.Drains) > 0 && l.Drains[0].Filters > 0:
		carried = l.Drains[0].Filters - l.Drains[0].Received
		return carried, carried >= 0
	case l.Start == StartedIdle:
		return 0, true
	case l.Start == StartedBusy && tail == 1:
		return 1, true
	}
	return 0, false
}

// start looks at the first completed workflow task.
func (l *Ledger) start(events []pipeline.Event) Start {
	first := int64(0)
	for _, e := range events {
		switch {
		case first == 0 && e.Type == pipeline.WorkflowTaskCompleted:
			if l.received(e.Started) > 0 {
				return StartedMixed
			}
			first = e.ID
		case first != 0 && e.TaskCompleted == first && (e.Type == pipeline.TimerStarted || e.Type == pipeline.ActivityScheduled):
			return StartedBusy
		}
	}
	if first == 0 {
		return NotStarted
	}
	return StartedIdle
}
