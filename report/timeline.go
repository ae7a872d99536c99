package report

import (
	"time"

	"doctor/checks"
)

// Timeline is what was seen to happen along the way of the signals: for formats that draw. JSON does not have it; there the
// commands history, workflows and trace tell more of it.
type Timeline struct {
	Lanes []Lane // those with something in them, in the order of the way
}

// Lane is the lives of one kind.
type Lane struct {
	Name string // "Buffer runs"
	Runs []Life // oldest start first
	More int    // how many older ones are left out
}

// Life is one run of a workflow or an agent, or one container.
type Life struct {
	ID    string // whole
	Name  string // short, as findings call it
	Of    string // the workflow that it is a run of; may be empty
	State string // how it ended, or that it goes on
	Ended EndState
	Start time.Time
	End   time.Time // zero while it goes on
	Next  string    // the id of the run that went on from it; "" when there is none
	Marks []Mark    // oldest first
}

// EndState is how a life ended, in one of few kinds.
type EndState string

// The kinds of ends.
const (
	EndOpen EndState = "open" // it goes on
	EndWell EndState = "well"
	EndBad  EndState = "bad"
)

// Mark is something that happened at an instant of a life.
type Mark struct {
	Kind    MarkKind
	Time    time.Time
	Text    string
	Code    checks.Code // of the finding that it belongs to; "" for what is in order
	Finding string      // the fingerprint of that
}

// MarkKind says what happened.
type MarkKind string

// The kinds of marks.
const (
	MarkReceived  MarkKind = "received"  // a signal, or a batch of them, came in
	MarkTaken     MarkKind = "taken"     // the buffer took all that it held as a batch
	MarkHanded    MarkKind = "handed"    // a batch was handed to grouping
	MarkLost      MarkKind = "lost"      // a signal that is lost
	MarkUnsure    MarkKind = "unsure"    // one of several signals of which it is not known which are lost
	MarkDropped   MarkKind = "dropped"   // a signal that grouping went on without
	MarkDelivered MarkKind = "delivered" // a signal that was lost, and has been delivered since
	MarkFault     MarkKind = "fault"     // other evidence of an active finding
	MarkNote      MarkKind = "note"      // other evidence of a finding that has recovered or only informs
)
