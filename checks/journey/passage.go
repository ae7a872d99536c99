package journey

import (
	"context"
	"encoding/json"
	"slices"

	"doctor/checks/pipeline"
)

// Passage is the way of one signal through buffer and grouping, as far as the histories tell.
//
// What the payloads say decides where a key opens them. Otherwise order and counts do: buffer and grouping keep the order
// in which they were given something, and do the same for each signal of a batch.
type Passage struct {
	Delivery
	Opened  bool    // a key opens the payloads
	Mention Mention // of the signal, where a key opens it

	Number  int    // its place in the batch, from 1; 0 where that is not known
	Filter  *Step  // its safety filter; nil where that is not known
	Unsafe  bool   // the safety filter is known to have dropped it
	Key     string // of its batch in object storage; "" where no key opens the payloads
	Sorting        // what grouping did with it

	// Doubt is what keeps the way from being certain; "" when nothing does.
	Doubt string
}

// Sorting is what grouping did with a signal.
type Sorting struct {
	Grouping *Run  // the run that read its batch last, or was to; nil when none is known
	Read     *Step // by which it did
	Round    *Round
	Rounds   int     // how often its batch was read
	Index    int     // its place among the signals of the round, from 0; -1 where that is not known
	Queries  *Step   // the search queries for it
	Matching []*Step // from its match on to its assignment
}

// Follow tells what became of the signal that a run of the buffer received with an event.
func (r *Runs) Follow(ctx context.Context, w *pipeline.World, link *Link, e pipeline.Event) (*Passage, error) {
	p := &Passage{Delivery: Delivered(link, e)}
	p.Index = -1
	content, opened := Content(e, w.Open)
	if p.Opened = opened; opened {
		_ = json.Unmarshal(content, &p.Mention) // what is no signal has no name either
	}
	if p.Drain == nil {
		return p, nil
	}
	p.number(content)
	p.filter(w.Open)
	if p.Unsafe || p.Place != HandedOver {
		return p, nil
	}
	s := sorter{Passage: p, runs: r, world: w}
	return p, s.sort(ctx)
}

// number finds the signal's place in its batch: what was carried in stands before what the run received itself.
func (p *Passage) number(content []byte) {
	l := &p.At.Ledger
	received := slices.IndexFunc(l.Signals, func(e pipeline.Event) bool { return e.ID == p.Event.ID })
	if p.At != p.Link {
		p.Number = p.carriedNumber(content)
		return
	}
	k := slices.IndexFunc(l.Drains, func(d Drain) bool { return d.Task == p.Drain.Task })
	before := 0
	if k > 0 {
		before = l.Drains[k-1].Received
	}
	if carried := p.Drain.Filters - (p.Drain.Received - before); p.Drain.Filters > 0 && carried >= 0 {
		p.Number = carried + received - before + 1
	}
}

// carriedNumber is the place of a signal in a batch of a later run than the one that received it: certain where all was
// carried on, for then it is in order, or where a key opens what was.
func (p *Passage) carriedNumber(content []byte) int {
	if carried := p.At.Ledger.CarriedIn; carried.Known && p.Opened {
		return 1 + slices.IndexFunc(carried.Signals, func(signal []byte) bool { return SameJSON(signal, content) })
	}
	place := slices.IndexFunc(p.Link.Ledger.Tail, func(e pipeline.Event) bool { return e.ID == p.Event.ID })
	waiting := len(p.Link.Ledger.Tail)
	for link := p.Link; link != p.At; link = link.Next {
		carried, known := link.Next.Ledger.FromBefore(waiting)
		if place < 0 || !known || carried != waiting {
			return 0
		}
		if waiting += len(link.Next.Ledger.Signals); len(link.Next.Ledger.Drains) > 0 && link.Next != p.At {
			return 0
		}
	}
	return place + 1
}

// filters are the safety filters of the signal's batch, in the order of its signals.
func (p *Passage) filters() []*Step {
	all, before := p.At.filters(), 0
	for _, drain := range p.At.Ledger.Drains {
		if drain.Task == p.Drain.Task {
			break
		}
		before += drain.Filters
	}
	return all[min(before, len(all)):min(before+p.Drain.Filters, len(all))]
}

// filter finds what the safety filter said of the signal.
func (p *Passage) filter(open func(pipeline.Payload) ([]byte, bool)) {
	filters := p.filters()
	if p.Number > 0 && p.Number <= len(filters) {
		p.Filter = filters[p.Number-1]
		safe, known := verdict(p.Filter, open)
		p.Unsafe = known && !safe
	}
}

// verdict is what a safety filter said, where a key opens it (SafetyFilterOutput, products/signals/backend/temporal/buffer.py).
func verdict(filter *Step, open func(pipeline.Payload) ([]byte, bool)) (safe, known bool) {
	var said struct{ Safe *bool }
	if len(filter.End.Result) == 0 {
		return false, false
	}
	content, ok := open(filter.End.Result[0])
	if !ok || json.Unmarshal(content, &said) != nil || said.Safe == nil {
		return false, false
	}
	return *said.Safe, true
}

// kept is how many signals of a batch were written, and how many of those before the numbered one. It is false where that
// is not known: without a key no more than the size of the batch is.
func (p *Passage) kept(open func(pipeline.Payload) ([]byte, bool)) (all, before int, ok bool) {
	for i, filter := range p.filters() {
		safe, known := verdict(filter, open)
		switch {
		case !known:
			return 0, 0, false
		case safe && i+1 < p.Number:
			before++
		}
		if safe {
			all++
		}
	}
	return all, before, p.Number > 0
}
