package workflows

import (
	"context"
	"fmt"
	"slices"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const cleanupReason = journey.CleanupReason

// Batches finds buffer runs that ended otherwise than by continuing as new while they had signals in hand: those went
// with the run. A run that timed out idle had none and is no finding.
var Batches = &checks.Check{
	ID:       "workflows.buffer-batches",
	Title:    "no buffer run ended with signals in hand",
	Codes:    []checks.Code{checks.TMP005},
	Requires: []*checks.Check{journey.Histories},
	After:    []*checks.Check{Failures},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		b := buffer{p, runs.Buffer}
		var losses []Loss
		for i, link := range b.chain {
			switch link.Status {
			case pipeline.Running, pipeline.ContinuedAsNew, pipeline.Completed:
				continue
			}
			if !b.judges(link) {
				continue
			}
			if loss := b.reportInHand(link, i); loss.Count > 0 {
				losses = append(losses, loss)
			}
		}
		return losses, nil
	},
}

// inHand is what a run had when it ended.
type inHand struct {
	batch   []pipeline.Event // in a batch that grouping was never told of
	tail    []pipeline.Event // waiting for the next batch
	carried int              // handed on by the run before and not among the events; in a batch or waiting
	atLeast bool             // there may be more that were carried in: no key tells how many
	written bool             // the batch was in object storage: grouping may have been told of it all the same
}

func (h inHand) count() int { return len(h.batch) + len(h.tail) + h.carried }

func took(l journey.Ledger) inHand {
	h := inHand{tail: l.Tail}
	n := len(l.Drains)
	if n == 0 {
		h.carried = len(l.CarriedIn.Signals)
		if !l.CarriedIn.Known && l.Start == journey.StartedBusy {
			h.carried = 1
		}
		h.atLeast = !l.CarriedIn.Known && l.Start != journey.StartedIdle
		return h
	}
	last := l.Drains[n-1]
	if last.HandedOver {
		return h
	}
	before := 0
	if n > 1 {
		before = l.Drains[n-2].Received
	}
	h.batch, h.written = l.Signals[before:last.Received], last.Flushed
	if n == 1 {
		h.carried = max(last.Filters-len(h.batch), len(l.CarriedIn.Signals))
		h.atLeast = last.Filters == 0 && !l.CarriedIn.Known
	}
	return h
}

// reportInHand makes a finding of what a run had in hand, and returns what of it has not been delivered since.
func (b buffer) reportInHand(link *journey.Link, place int) Loss {
	h := took(link.Ledger)
	if h.count() == 0 {
		return Loss{}
	}
	events := slices.Concat(h.batch, h.tail)
	end := link.End()
	f := b.Report(checks.TMP005, link.ID).
		Titlef("%s %s with %s in hand", link.Workflow, ending(link.Status), atLeast(h)).
		With(evidence(b.Pass, link.Run.Run, end, endingOf(link.Status, end))).
		With(b.deliveries(link, h.batch, "in a batch that was not handed to grouping")...).
		With(b.deliveries(link, h.tail, "waiting for the next batch")...)
	if h.carried > 0 {
		f.With(evidence(b.Pass, link.Run.Run, link.Events[0], fmt.Sprintf("%s carried in from the run before", checks.Count(h.carried, "signal"))))
	}
	if end.Reason == cleanupReason {
		f.As(checks.Info).Detailf("cleanup_signals terminated it: it takes signals on their way with it.")
		return Loss{}
	}
	for _, cause := range b.Findings(Failures) {
		if tellsOf(cause, link.ID) {
			f.CausedBy(cause)
		}
	}
	loss := Loss{Link: link, Count: h.count(), Events: events, Unsure: h.atLeast || h.written}
	if h.carried == 0 && !h.atLeast {
		_, left, proof := b.since(events, place)
		if loss.Events, loss.Count = left, len(left); len(left) == 0 {
			f.Causes = nil
			f.Healed(proof...)
		}
	}
	return loss
}

func atLeast(h inHand) string {
	if h.atLeast {
		return "at least " + checks.Count(h.count(), "signal")
	}
	return checks.Count(h.count(), "signal")
}

func ending(s pipeline.Status) string {
	switch s {
	case pipeline.RunFailed:
		return "failed"
	case pipeline.RunTimedOut:
		return "timed out"
	case pipeline.Terminated:
		return "was terminated"
	case pipeline.Canceled:
		return "was canceled"
	}
	return "ended"
}

func endingOf(s pipeline.Status, end pipeline.Event) string {
	switch {
	case end.Reason != "":
		return ending(s) + ": " + end.Reason
	case end.Failure != nil:
		return ending(s) + ": " + end.Failure.Innermost().Message
	}
	return ending(s)
}
