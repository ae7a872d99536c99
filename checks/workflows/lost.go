// Package workflows holds the checks of the Temporal workflows that carry signals.
package workflows

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// CarriedSignals finds signals that a buffer run had received when it continued as new, and that the next run started
// without. Decided from the events alone: what was left after the last drain, against what the next run shows to have
// carried in. See [journey.Ledger].
var CarriedSignals = &checks.Check{
	ID:       "workflows.carried-signals",
	Title:    "every buffer run hands on the signals that it has not flushed",
	Codes:    []checks.Code{checks.TMP001},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		b := buffer{p, runs.Buffer}
		var losses []Loss
		for i, link := range b.chain {
			if link.Status != pipeline.ContinuedAsNew || !b.judges(link) {
				continue
			}
			loss, why := b.missing(link)
			switch {
			case why != "":
				b.undecided(link, why)
			case loss.Count > 0:
				if left := b.report(loss, i); left.Count > 0 {
					losses = append(losses, left)
				}
			}
		}
		return losses, nil
	},
}

// Loss is what a buffer run had in hand and is lost since, and was not delivered again.
type Loss struct {
	Link    *journey.Link
	Count   int
	Carried int // what the next run was given of what this one had left
	// Events are the deliveries of the lost signals. When there are more of them than Count it is not known which of
	// them are the lost ones; when there are fewer, the others were delivered to an earlier run.
	Events []pipeline.Event
	Unsure bool // there may be more of them, or some may have arrived
}

// Exact reports whether each lost signal is identified.
func (l Loss) Exact() bool { return len(l.Events) == l.Count && !l.Unsure }

type buffer struct {
	*checks.Pass
	chain journey.Chain
}

// unlike is what is said of the batches of a run that does not do what the buffer is known to do: nothing is decided of it.
const unlike = "do not add up as those of the known buffer do"

// judges reports whether a run can be judged by its events, and says why it cannot. Of histories that were not read the check that
// reads them has told.
func (b buffer) judges(link *journey.Link) bool {
	switch {
	case journey.Unread(link.Err):
	case link.Err != nil:
		b.undecided(link, link.Err.Error())
	case !link.Ledger.Consistent():
		b.undecided(link, "its batches "+unlike)
	default:
		return true
	}
	return false
}

// undecided says that a run could not be judged.
func (b buffer) undecided(link *journey.Link, why string) {
	b.Incomplete("run %s of %s: %s", pipeline.Short(link.ID), link.Workflow, why)
}

// missing compares what a run had left with what the next one carried in. why says that it cannot be decided.
func (b buffer) missing(link *journey.Link) (loss Loss, why string) {
	tail := link.Ledger.Tail
	if len(tail) == 0 {
		return loss, ""
	}
	if out := link.Ledger.CarriedOut; out.Known {
		lost := b.without(tail, out.Signals)
		if len(lost) != len(tail)-len(out.Signals) {
			return loss, fmt.Sprintf("it had %s left and handed on %d others", checks.Count(len(tail), "signal"), len(out.Signals))
		}
		return Loss{Link: link, Count: len(lost), Carried: len(out.Signals), Events: lost}, ""
	}
	next := link.Next
	switch {
	case next == nil:
		return loss, fmt.Sprintf("%s after its last batch, and the history of the run that it continued as is not there", checks.Count(len(tail), "signal"))
	case journey.Unread(next.Err):
		return loss, ""
	case next.Err != nil:
		return loss, "the run that it continued as: " + next.Err.Error()
	case next.Ledger.Start == journey.NotStarted:
		return loss, fmt.Sprintf("%s after its last batch, and the run that it continued as has not worked yet", checks.Count(len(tail), "signal"))
	case !next.Ledger.Consistent():
		return loss, "the batches of the run that it continued as " + unlike
	}
	carried, ok := next.Ledger.FromBefore(len(tail))
	if !ok || carried > len(tail) {
		return loss, fmt.Sprintf("%s after its last batch, and the events do not tell how many the next run carried in", checks.Count(len(tail), "signal"))
	}
	return Loss{Link: link, Count: len(tail) - carried, Carried: carried, Events: tail}, ""
}

// without returns the events whose signals are not among the carried ones. A signal that was delivered twice is carried twice.
func (b buffer) without(tail []pipeline.Event, carried [][]byte) []pipeline.Event {
	rest := slices.Clone(carried)
	var lost []pipeline.Event
	for _, e := range tail {
		content, ok := journey.Content(e, b.World.Open)
		at := slices.IndexFunc(rest, func(other []byte) bool { return ok && journey.SameJSON(content, other) })
		if at < 0 {
			lost = append(lost, e)
			continue
		}
		rest = slices.Delete(rest, at, at+1)
	}
	return lost
}

// report makes a finding of a loss, and one more of what has been delivered since. It returns what has not.
func (b buffer) report(loss Loss, place int) Loss {
	lost, delivered := loss, loss
	if loss.Exact() {
		var proof []checks.Evidence
		delivered.Events, lost.Events, proof = b.since(loss.Events, place)
		lost.Count, delivered.Count = len(lost.Events), len(delivered.Events)
		if delivered.Count > 0 {
			b.describe(delivered).Healed(proof...)
		}
	}
	if lost.Count > 0 {
		b.describe(lost)
	}
	return lost
}

func (b buffer) describe(loss Loss) *checks.Finding {
	f := b.Report(checks.TMP001, subject(loss.Link.ID, loss.Events)...).
		Titlef("%s lost when %s continued as new", wereSignals(loss.Count), loss.Link.Workflow)
	if !loss.Exact() {
		f.Detailf("It is certain that %d of these %d are lost, not which.", loss.Count, len(loss.Events))
	}
	received := b.deliveries(loss.Link, loss.Events, "received after its last batch")
	// Of many signals the first few are enough to see before what the next run began with.
	first := min(3, len(received))
	return f.With(received[:first]...).With(b.beginning(loss)...).With(received[first:]...)
}

// beginning is the evidence of what the next run carried in.
func (b buffer) beginning(loss Loss) []checks.Evidence {
	next := loss.Link.Next
	if next == nil || len(next.Events) == 0 {
		return nil
	}
	text := "started without it"
	switch tail := len(loss.Link.Ledger.Tail); {
	case loss.Carried > 0:
		text = fmt.Sprintf("started with %d of %d", loss.Carried, tail)
	case tail > 1:
		text = "started without them"
	}
	return []checks.Evidence{evidence(b.Pass, next.Run.Run, next.Events[0], text)}
}

// deliveries is the evidence of signals that a run had in hand: each event, and where a key tells it, which signal it was.
func (b buffer) deliveries(link *journey.Link, events []pipeline.Event, when string) []checks.Evidence {
	var all []checks.Evidence
	for _, e := range events {
		what := journey.SubmitSignal
		if s, ok := journey.Identify(e, b.World.Open); ok {
			what = s.String()
		}
		all = append(all, evidence(b.Pass, link.Run.Run, e, what+", "+when))
	}
	return all
}

// since parts lost signals into those that a run after the given place has received again, with the proof of that, and those
// that none has.
func (b buffer) since(events []pipeline.Event, place int) (delivered, lost []pipeline.Event, proof []checks.Evidence) {
	for _, e := range events {
		if again, ok := b.deliveredAgain(e, place); ok {
			delivered, proof = append(delivered, e), append(proof, again)
		} else {
			lost = append(lost, e)
		}
	}
	return delivered, lost, proof
}

// deliveredAgain looks through the runs after the given place for the same signal.
func (b buffer) deliveredAgain(lost pipeline.Event, place int) (checks.Evidence, bool) {
	sent := SentBy(b.chain[place].Run.Run, lost)
	for _, later := range b.chain[place+1:] {
		for _, e := range later.Ledger.Signals {
			if Redelivers(e, sent, b.World.Open) {
				return evidence(b.Pass, later.Run.Run, e, "delivered again"), true
			}
		}
	}
	return checks.Evidence{}, false
}

// SentBy is the signal that an event of a run delivered.
func SentBy(run pipeline.Run, e pipeline.Event) pipeline.Sent {
	return pipeline.Sent{Run: run, Event: e.ID, Name: e.Signal, Input: e.Input}
}

// Redelivers reports whether an event of a later run delivers a lost signal again. Without a key only the same bytes, or the
// doctor's own mark, are proof: the pipeline encrypts anew on each attempt.
func Redelivers(e pipeline.Event, lost pipeline.Sent, open func(pipeline.Payload) ([]byte, bool)) bool {
	if e.Signal != lost.Name {
		return false
	}
	if e.Identity == lost.Identity() || samePayload(e.Input, lost.Input) {
		return true
	}
	now, opened := journey.Content(e, open)
	then, ok := journey.Content(pipeline.Event{Input: lost.Input}, open)
	return opened && ok && bytes.Equal(now, then)
}
