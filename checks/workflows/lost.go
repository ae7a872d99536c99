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
			if link.Status != pipeline.ContinuedAsNew {
				continue
			}
			loss, why := b.missing(link)
			switch {
			case why != "":
				b.undecided(link, why)
			case loss.Count > 0:
				losses = append(losses, loss)
				b.report(loss, i)
			}
		}
		return losses, nil
	},
}

// Loss is what was lost between a buffer run and the next.
type Loss struct {
	Link    *journey.Link
	Count   int
	Carried int // what the next run was given of what this one had left
	// Events are the deliveries of the lost signals. When there are more of them than Count it is not known which of
	// them are the lost ones.
	Events []pipeline.Event
}

// Exact reports whether each lost signal is identified.
func (l Loss) Exact() bool { return len(l.Events) == l.Count }

type buffer struct {
	*checks.Pass
	chain journey.Chain
}

// unlike is what is said of the batches of a run that does not do what the buffer is known to do: nothing is decided of it.
const unlike = "do not add up as those of the known buffer do"

// undecided says that a run could not be judged.
func (b buffer) undecided(link *journey.Link, why string) {
	b.Incomplete("run %s of %s: %s", pipeline.Short(link.ID), link.Workflow, why)
}

// missing compares what a run had left with what the next one carried in. why says that it cannot be decided.
func (b buffer) missing(link *journey.Link) (loss Loss, why string) {
	switch {
	case link.Err != nil:
		return loss, link.Err.Error()
	case !link.Ledger.Consistent():
		return loss, "its batches " + unlike
	case len(link.Ledger.Tail) == 0:
		return loss, ""
	}
	tail := link.Ledger.Tail
	if out := link.Ledger.CarriedOut; out.Known {
		lost := b.without(tail, out.Signals)
		if len(lost) != len(tail)-len(out.Signals) {
			return loss, fmt.Sprintf("it had %s left and handed on %d others", checks.Count(len(tail), "signal"), len(out.Signals))
		}
		return Loss{link, len(lost), len(out.Signals), lost}, ""
	}
	next := link.Next
	switch {
	case next == nil:
		return loss, fmt.Sprintf("%s after its last batch, and the history of the run that it continued as is not there", checks.Count(len(tail), "signal"))
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
	return Loss{link, len(tail) - carried, carried, tail}, ""
}

// without returns the events whose signals are not among the carried ones. A signal that was delivered twice is carried twice.
func (b buffer) without(tail []pipeline.Event, carried [][]byte) []pipeline.Event {
	rest := slices.Clone(carried)
	var lost []pipeline.Event
	for _, e := range tail {
		content, ok := journey.Content(e, b.World.Open)
		at := slices.IndexFunc(rest, func(other []byte) bool { return ok && sameJSON(content, other) })
		if at < 0 {
			lost = append(lost, e)
			continue
		}
		rest = slices.Delete(rest, at, at+1)
	}
	return lost
}

// report makes a finding of a loss, and one more of what has been delivered since.
func (b buffer) report(loss Loss, place int) {
	lost, delivered := loss, loss
	if loss.Exact() {
		lost.Events, delivered.Events = nil, nil
		var proof []checks.Evidence
		for _, e := range loss.Events {
			if again, ok := b.deliveredAgain(e, place); ok {
				delivered.Events, proof = append(delivered.Events, e), append(proof, again)
			} else {
				lost.Events = append(lost.Events, e)
			}
		}
		lost.Count, delivered.Count = len(lost.Events), len(delivered.Events)
		if delivered.Count > 0 {
			b.describe(delivered).Healed(proof...)
		}
	}
	if lost.Count > 0 {
		b.describe(lost)
	}
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

// deliveredAgain looks through the runs after the given place for the same signal. Without a key only the same bytes, or
// the doctor's own mark, are proof: the pipeline encrypts anew on each attempt.
func (b buffer) deliveredAgain(lost pipeline.Event, place int) (checks.Evidence, bool) {
	run := b.chain[place].ID
	content, opened := journey.Content(lost, b.World.Open)
	for _, later := range b.chain[place+1:] {
		for _, e := range later.Ledger.Signals {
			same := samePayload(lost, e) || e.Identity == fmt.Sprintf("doctor/%s/%d", run, lost.ID)
			if other, ok := journey.Content(e, b.World.Open); !same && opened && ok {
				same = bytes.Equal(content, other)
			}
			if same {
				return evidence(b.Pass, later.Run.Run, e, "delivered again"), true
			}
		}
	}
	return checks.Evidence{}, false
}
