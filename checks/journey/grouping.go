package journey

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"doctor/checks/pipeline"
)

// Grouping's signal and activities (products/signals/backend/temporal/grouping_v2.py, grouping.py and drop_telemetry.py).
const (
	SubmitBatch          = "submit_batch"
	pause                = "set_paused_until"
	ReadBatchActivity    = "read_signals_from_s3_activity"
	QueriesActivity      = "generate_search_queries_activity"
	AssignActivity       = "assign_and_emit_signal_activity"
	TellDroppedActivity  = "capture_signal_dropped_activity" // newer code tells of each signal that it drops
	preparationDropStage = "grouping_prep"
)

// preparing are the activities that work on all signals of a batch, before the first of them is matched. When one fails,
// the whole batch has failed.
var preparing = []string{
	"fetch_signal_type_examples_activity", "get_embedding_activity", QueriesActivity,
	"run_signal_semantic_search_activity", "fetch_report_contexts_activity",
}

// perSignal are the activities that work on one signal. When one fails, grouping goes on without that signal.
var perSignal = []string{
	"match_signal_to_report_activity", "fetch_signals_for_report_activity", "verify_match_specificity_activity", AssignActivity,
}

// Matches reports whether a grouping run has come to match the first of its signals.
func Matches(events []pipeline.Event) bool {
	return slices.ContainsFunc(events, func(e pipeline.Event) bool {
		return e.Type == pipeline.ActivityScheduled && slices.Contains(perSignal, e.Activity)
	})
}

// Round is the account of one grouping run, kept from its events: what it had in hand, and what it went on without.
type Round struct {
	Batches []pipeline.Event  // the readings of its batches
	Signals int               // in these batches; 0 where the preparation did not come so far
	Failed  *FailedActivity   // why the preparation failed
	Drops   []*FailedActivity // one a signal that was dropped alone

	First   bool // no run before this one: it carried nothing in
	CarryOn Keys // from the input that it gave to the next run

	received []int64 // the events by which it was told of batches
	waited   int     // how many of these it had read when it waited for more in vain; -1 when it did not
	seen     int     // how many of these it can have read
	begun    bool    // its first workflow task read a batch without having been told of one in this run
	idle     bool    // its first workflow task found nothing to do
	paused   bool    // it was told to pause: it then puts back what it has read, and reads it again
}

// FailedActivity is an activity that used up its attempts.
type FailedActivity struct {
	Activity  string
	Scheduled pipeline.Event
	Event     pipeline.Event  // its failure
	Told      *pipeline.Event // where newer code tells which signal was dropped for it
}

// Keys is the names of batches in object storage, where a key opens the payload that holds them.
type Keys struct {
	Known bool
	Names []string
}

// KeepRound makes the account of a grouping run, of which the whole history is needed. open returns a payload's content,
// where a key opens it.
func KeepRound(events []pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) Round {
	k := &roundKeeper{Round: Round{waited: -1}, open: open, tasks: map[int64]int64{}, scheduled: map[int64]pipeline.Event{}}
	for _, e := range events {
		k.keep(e)
	}
	k.begin(events)
	k.pairTold()
	return k.Round
}

type roundKeeper struct {
	Round
	open      func(pipeline.Payload) ([]byte, bool)
	tasks     map[int64]int64          // a completed workflow task's event → the event that started it
	scheduled map[int64]pipeline.Event // activities
	prepared  bool                     // the preparation has begun
	told      []pipeline.Event
}

func (k *roundKeeper) keep(e pipeline.Event) {
	switch e.Type {
	case pipeline.WorkflowStarted:
		k.First = e.Previous == ""
	case pipeline.WorkflowContinuedAsNew:
		k.CarryOn = pendingKeys(e, k.open)
	case pipeline.WorkflowTaskCompleted:
		k.tasks[e.ID] = e.Started
	case pipeline.WorkflowSignaled:
		if e.Signal == SubmitBatch {
			k.received = append(k.received, e.ID)
		}
		k.paused = k.paused || e.Signal == pause
	case pipeline.TimerStarted:
		// It waits for more only when it has read all that it was told of.
		if !k.prepared && len(k.Batches) > 0 {
			k.waited = k.known(e)
		}
	case pipeline.ActivityScheduled:
		k.scheduled[e.ID] = e
		k.keepScheduled(e)
	case pipeline.ActivityFailed, pipeline.ActivityTimedOut:
		failed := &FailedActivity{k.scheduled[e.Scheduled].Activity, k.scheduled[e.Scheduled], e, nil}
		switch {
		case slices.Contains(perSignal, failed.Activity):
			k.Drops = append(k.Drops, failed)
		case slices.Contains(preparing, failed.Activity) && k.Failed == nil:
			k.Failed = failed
		}
	}
}

func (k *roundKeeper) keepScheduled(e pipeline.Event) {
	switch {
	case e.Activity == ReadBatchActivity:
		k.Batches, k.waited, k.seen = append(k.Batches, e), -1, k.known(e)
	case slices.Contains(preparing, e.Activity):
		k.prepared = true
		if e.Activity == QueriesActivity {
			k.Signals++
		}
	case e.Activity == TellDroppedActivity:
		k.told = append(k.told, e)
	}
}

// known counts the batches that the code had been told of when it gave a command.
func (k *roundKeeper) known(command pipeline.Event) int {
	n := 0
	for n < len(k.received) && k.received[n] < k.tasks[command.TaskCompleted] {
		n++
	}
	return n
}

// begin looks at the first completed workflow task.
func (k *roundKeeper) begin(events []pipeline.Event) {
	first := int64(0)
	for _, e := range events {
		switch {
		case first == 0 && e.Type == pipeline.WorkflowTaskCompleted:
			if len(k.received) > 0 && k.received[0] < e.Started {
				return
			}
			first, k.idle = e.ID, true
		case first != 0 && e.TaskCompleted == first && e.Type == pipeline.ActivityScheduled:
			k.idle, k.begun = false, e.Activity == ReadBatchActivity
		case first != 0 && e.TaskCompleted == first && e.Type == pipeline.TimerStarted: // it is paused
			k.idle = false
		}
	}
}

// pairTold finds, for each signal that was dropped alone, where the code tells of it. It tells in the order of the failures.
func (k *roundKeeper) pairTold() {
	told := slices.DeleteFunc(k.told, func(e pipeline.Event) bool {
		var of struct{ Stage string }
		content, ok := Content(e, k.open)
		return !ok || json.Unmarshal(content, &of) != nil || of.Stage == preparationDropStage
	})
	if len(told) == len(k.Drops) {
		for i := range told {
			k.Drops[i].Told = &told[i]
		}
	}
}

// Working reports whether the run has anything in hand, or had.
func (r *Round) Working() bool { return len(r.Batches)+len(r.received) > 0 || r.begun }

// Owed is how many batches the run has to hand on when it continues as new: those that it was told of and has not read, and
// all that it has read when their preparation failed. carriedIn is how many it was given; below 0 that is not known.
func (r *Round) Owed(carriedIn int) (owed int, ok bool) {
	failed := 0
	if r.Failed != nil {
		failed = len(r.Batches)
	}
	switch {
	case r.paused:
	case r.waited >= 0:
		return failed + len(r.received) - r.waited, true
	case carriedIn >= 0:
		return carriedIn + len(r.received) - len(r.Batches) + failed, true
	}
	return 0, false
}

// Given tells from the run's own events how many batches it was handed by the run before: at least, and at most.
func (r *Round) Given() (least, most int) {
	switch {
	case r.First, r.idle:
		return 0, 0
	case r.paused:
		return 0, math.MaxInt
	case r.waited >= 0:
		return len(r.Batches) - r.waited, len(r.Batches) - r.waited
	case r.begun:
		return max(1, len(r.Batches)-r.seen), math.MaxInt
	}
	return max(0, len(r.Batches)-r.seen), math.MaxInt
}

// Left are the batches that the run has read, could not prepare, and has not handed on either. It is false where the
// payloads cannot be opened.
func (r *Round) Left(open func(pipeline.Payload) ([]byte, bool)) (left []pipeline.Event, ok bool) {
	if !r.CarryOn.Known {
		return nil, false
	}
	for _, batch := range r.Batches {
		content, opened := Content(batch, open)
		if !opened {
			return nil, false
		}
		carried := func(key string) bool { return key != "" && strings.Contains(string(content), key) }
		if !slices.ContainsFunc(r.CarryOn.Names, carried) {
			left = append(left, batch)
		}
	}
	return left, true
}

// pendingKeys reads the batches that wait in a TeamSignalGroupingV2Input.
func pendingKeys(e pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) Keys {
	content, ok := Content(e, open)
	var input struct {
		Pending []string `json:"pending_batch_keys"`
	}
	if !ok || json.Unmarshal(content, &input) != nil {
		return Keys{}
	}
	return Keys{true, input.Pending}
}
