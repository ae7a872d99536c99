package workflows

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Grouping finds signals that grouping has read and went on without, while the workflow lives: one whose own activity
// failed for good, a batch that could not be prepared and was not handed on, and one that was given to a deleted report.
//
// The histories of grouping are by far the largest, and a drop can be anywhere in them. What tells that there is one is a
// count: how many signals the buffer has handed to grouping, against how many have been given a report since, in
// ClickHouse. Only when some are missing, or that is not known, are the histories read in full.
var Grouping = &checks.Check{
	ID:       "workflows.grouping",
	Title:    "grouping gives every signal that it has read a report",
	Codes:    []checks.Code{checks.TMP006},
	Requires: []*checks.Check{journey.Histories},
	After:    []*checks.Check{Failures, embeddings.Live, embeddings.Stale, embeddings.Deleted},
	Reads:    []checks.Source{checks.Temporal, checks.Settings, checks.Optional(checks.ClickHouse)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		g := newGrouping(p, runs)
		if g.suspicious() || !g.complete() {
			g = newGrouping(p, runs.InFull(ctx, p.World))
		}
		if unread, why := g.unread(); unread > 0 {
			p.Incomplete("%d of %d histories of grouping were not read whole: %v", unread, len(g.rounds), why)
		}
		for i, round := range g.rounds {
			g.reportDrops(round)
			g.reportBatches(round, i)
		}
		g.reportDeleted(ctx)
		return nil, nil
	},
}

type grouping struct {
	*checks.Pass
	runs   *journey.Runs
	rounds []*round // oldest first; those that were read in full
	wiped  time.Time
}

// round is one run of grouping with its account.
type round struct {
	journey.Round
	run  *journey.Run
	next *round // that went on from there; nil when it is not among those that were read in full
}

func newGrouping(p *checks.Pass, runs *journey.Runs) *grouping {
	g := &grouping{Pass: p, runs: runs}
	byID := map[string]*round{}
	for _, run := range slices.Backward(runs.OfType(journey.GroupingWorkflow)) {
		if end := run.End(); end.Reason == cleanupReason {
			g.wiped = end.Time
		}
		if run.Tail {
			continue
		}
		r := &round{Round: journey.KeepRound(run.Events, p.World.Open), run: run}
		g.rounds, byID[run.ID] = append(g.rounds, r), r
		if len(run.Events) > 0 {
			if previous := byID[run.Events[0].Previous]; previous != nil {
				previous.next = r
			}
		}
	}
	for _, link := range runs.Buffer {
		if end := link.End(); end.Reason == cleanupReason && end.Time.After(g.wiped) {
			g.wiped = end.Time
		}
	}
	return g
}

// unread counts the histories that could not be read, or not to their end.
func (g *grouping) unread() (n int, why error) {
	for _, r := range g.rounds {
		if r.run.Err != nil {
			n, why = n+1, r.run.Err
		}
	}
	return n, why
}

// suspicious reports whether what was read of the histories tells of a fault.
func (g *grouping) suspicious() bool {
	return slices.ContainsFunc(g.rounds, func(r *round) bool { return r.Failed != nil || len(r.Drops) > 0 })
}

// complete reports whether ClickHouse has as many signals as grouping was given. A cleanup takes what came before it. What
// a cleanup did not reach would be counted in, but then [embeddings.Stale] has found it.
//
// What was handed over lately may still be on its way: it cannot be missed yet, and what of it has come through already must
// not stand for what was dropped before.
func (g *grouping) complete() bool {
	signals, known := checks.ResultOf[*embeddings.Signals](g.Pass, embeddings.Live)
	if !known || !signals.Counted || len(g.Findings(embeddings.Stale)) > 0 {
		return false
	}
	given, late, settled := 0, 0, g.settled()
	for _, link := range g.runs.Buffer {
		for _, drain := range link.Ledger.Drains {
			switch {
			case !drain.HandedOver || !drain.HandedAt.After(g.Since) || !drain.HandedAt.After(g.wiped):
			case drain.HandedAt.Before(settled):
				given += drain.Filters
			default:
				late += drain.Filters
			}
		}
	}
	return given+late <= signals.Recent || given <= signals.Recent-signals.Since(settled)
}

// settled is the time before which all that was handed to grouping has gone through it: while it is at work, the start of
// the run before the one that works.
func (g *grouping) settled() time.Time {
	runs := g.runs.OfType(journey.GroupingWorkflow)
	if len(g.rounds) == 0 || len(runs) == 0 {
		return g.World.Now
	}
	newest := g.rounds[len(g.rounds)-1]
	switch {
	case !newest.run.Open() || !newest.Working():
		return g.World.Now
	case len(runs) > 1 && !newest.First:
		return runs[1].Start
	}
	return newest.run.Start
}

// reportDrops reports the signals that were dropped alone in a run, by the failure that they were dropped for.
func (g *grouping) reportDrops(r *round) {
	kinds := map[string][]*journey.FailedActivity{}
	var order []string
	for _, drop := range r.Drops {
		kind := drop.Activity + "\n" + kindOf(drop.Event.Failure.Innermost())
		if kinds[kind] == nil {
			order = append(order, kind)
		}
		kinds[kind] = append(kinds[kind], drop)
	}
	for _, kind := range order {
		drops := kinds[kind]
		var signals []journey.Mention
		var told []checks.Evidence
		var events []pipeline.Event
		for _, drop := range drops {
			text := checks.Clip(messageOf(drop.Event.Failure.Innermost()), 300)
			if signal, ok := g.dropped(drop); ok {
				signals, text = append(signals, signal), signal.String()+": "+text
			}
			events, told = append(events, drop.Event), append(told, evidence(g.Pass, r.run.Run, drop.Event, text))
		}
		f := g.Report(checks.TMP006, subject(r.run.ID, events)...).
			Titlef("%s dropped by grouping: %s failed for good", wereSignals(len(drops)), drops[0].Activity).
			Detailf("Grouping goes on without, and nothing brings back what it has dropped.").
			With(told...)
		g.explain(f, drops[0], signals, len(drops))
	}
}

// dropped tells which signal an activity's failure has cost: from what it was given, or from what newer code tells of it.
func (g *grouping) dropped(drop *journey.FailedActivity) (journey.Mention, bool) {
	signal, ok := journey.Mentioned(drop.Scheduled, g.World.Open)
	if drop.Told == nil || ok && signal.ID != "" {
		return signal, ok
	}
	told, known := journey.Mentioned(*drop.Told, g.World.Open)
	if known && signal.Description != "" {
		told.Description = signal.Description
	}
	return told, known
}

// explain completes the finding of signals that were dropped for a failure.
func (g *grouping) explain(f *checks.Finding, failed *journey.FailedActivity, signals []journey.Mention, count int) {
	at := failed.Event.Time
	if proof := g.assignedSince(signals, at); len(signals) == count && len(proof) == count {
		f.Healed(proof...)
		return
	}
	if g.wiped.After(at) {
		f.As(checks.Info).Detailf("cleanup_signals has taken the team's signals away since.")
		return
	}
	subject := []string{f.Evidence[0].Locator.Workflow, failed.Activity, kindOf(failed.Event.Failure.Innermost())}
	for _, cause := range g.Findings(Failures) {
		if slices.Equal(cause.Subject, subject) {
			f.CausedBy(cause)
		}
	}
}

// assignedSince is the proof that signals have been given a report after an instant: they were emitted again.
func (g *grouping) assignedSince(signals []journey.Mention, instant time.Time) []checks.Evidence {
	var proof []checks.Evidence
	for _, signal := range signals {
		for _, r := range g.rounds {
			if e, ok := g.assigned(r, signal, instant); ok {
				proof = append(proof, evidence(g.Pass, r.run.Run, e, fmt.Sprintf("%s was given a report", signal)))
				break
			}
		}
	}
	return proof
}

func (g *grouping) assigned(r *round, signal journey.Mention, after time.Time) (pipeline.Event, bool) {
	given := map[int64]bool{}
	for _, e := range r.run.Events {
		switch {
		case !e.Time.After(after):
		case e.Type == pipeline.ActivityScheduled && e.Activity == journey.AssignActivity:
			other, ok := journey.Mentioned(e, g.World.Open)
			given[e.ID] = ok && signal.Same(other)
		case e.Type == pipeline.ActivityCompleted && given[e.Scheduled]:
			return e, true
		}
	}
	return pipeline.Event{}, false
}
