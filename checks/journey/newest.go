package journey

import (
	"time"

	"doctor/checks/pipeline"
)

// Newest is the run of the emitter that brought the newest signal; nil when none was sent in the time that is looked at.
func (r *Runs) Newest() *Run {
	emitters := r.OfType(EmitterWorkflow)
	if len(emitters) == 0 {
		return nil
	}
	return emitters[0]
}

// Place is how far the buffer has come with a signal.
type Place int

// The places.
const (
	Nowhere    Place = iota // no run of the buffer is known to have received it
	Waiting                 // for the next batch
	Left                    // what came in since the last batch of a run that has ended, and no next run is known
	Taken                   // in a batch that is being filtered or written
	Dropped                 // in a batch of which nothing was handed on: unsafe, or over the quota
	InHand                  // in a batch that went down with its run
	HandedOver              // to grouping
)

// Delivery is what became of a signal in the buffer.
type Delivery struct {
	Place  Place
	Link   *Link          // the run that received it
	Event  pipeline.Event // by which it did
	At     *Link          // the run that it is in, or was last in: signals are carried on
	Drain  *Drain         // its batch; nil while it is in none
	Handed time.Time      // when grouping was told of its batch
}

// Deliver finds out what became of an emitter's signal in the buffer. No key is needed: the delivery lies within the
// emitter's time. Of several signals in that time it is the newest.
func (r *Runs) Deliver(emitter *Run) Delivery {
	var d Delivery
	for _, link := range r.Buffer {
		for _, e := range link.Ledger.Signals {
			if emitter.Spans(e.Time) && !e.Time.Before(d.Event.Time) {
				d = Delivery{Link: link, Event: e}
			}
		}
	}
	if d.Link == nil {
		return d
	}
	return Delivered(d.Link, d.Event)
}

// Spans reports whether a run was open at an instant.
func (r *Run) Spans(instant time.Time) bool {
	return !instant.Before(r.Start) && (r.Open() || !instant.After(r.Close))
}

// Delivered finds out what became of the signal that a run of the buffer received with an event.
func Delivered(link *Link, e pipeline.Event) Delivery {
	d := Delivery{Link: link, At: link, Event: e}
	d.follow(link.Ledger.drainOf(e))
	return d
}

// drainOf is the batch that a received signal went into: an index into Drains, which is beyond them for the tail.
func (l *Ledger) drainOf(e pipeline.Event) int {
	for i, drain := range l.Drains {
		if drain.Received > 0 && l.Signals[drain.Received-1].ID >= e.ID {
			return i
		}
	}
	return len(l.Drains)
}

// follow goes from run to run until the signal is in a batch, or can go no further.
func (d *Delivery) follow(drain int) {
	for drain == len(d.At.Ledger.Drains) {
		switch {
		case d.At.Open():
			d.Place = Waiting
			return
		case d.At.Status != pipeline.ContinuedAsNew:
			d.Place = InHand
			return
		case d.At.Next == nil:
			d.Place = Left
			return
		}
		d.At, drain = d.At.Next, 0
	}
	d.Drain = &d.At.Ledger.Drains[drain]
	d.Place, d.Handed = d.At.outcome(drain), d.Drain.HandedAt
}

// outcome is what became of a batch.
func (l *Link) outcome(drain int) Place {
	last := drain == len(l.Ledger.Drains)-1
	switch {
	case l.Ledger.Drains[drain].HandedOver:
		return HandedOver
	case last && l.Open():
		return Taken
	case last && l.Status != pipeline.ContinuedAsNew:
		return InHand
	}
	return Dropped
}
