package inspect

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// submitActivity is the one activity of an emitter (products/signals/backend/temporal/emitter.py).
const submitActivity = "submit_signal_to_buffer_activity"

// deliveryOf finds the signal that an emitter delivered, among those that the buffer received in its time.
func (t *tracer) deliveryOf(ctx context.Context, emitter *journey.Run) (its delivery, doubt string, err error) {
	var within []delivery
	for _, d := range t.deliveries() {
		if emitter.Spans(d.event.Time) {
			within = append(within, d)
		}
	}
	if len(within) == 0 {
		return delivery{}, "", nil
	}
	for _, d := range slices.Backward(within) { // one that has delivered twice is followed from the last
		brought, doubt, err := t.emitterOf(ctx, d.event)
		if err != nil || brought != nil && brought.Workflow == emitter.Workflow {
			return d, doubt, err
		}
	}
	if emitter.Open() {
		return delivery{}, "", nil
	}
	return within[len(within)-1], "which of the signals of that time it has brought", nil
}

// delivery is one signal that a run of the buffer received.
type delivery struct {
	link  *journey.Link
	event pipeline.Event
}

// deliveries are all that the buffer received, in order.
func (t *tracer) deliveries() (all []delivery) {
	for _, link := range t.runs.Buffer {
		for _, e := range link.Ledger.Signals {
			all = append(all, delivery{link, e})
		}
	}
	return all
}

// emitterOf finds the emitter that made a delivery: by what it was given, where a key opens that, else by the time at
// which it said that it had delivered. It is nil when none is known.
func (t *tracer) emitterOf(ctx context.Context, e pipeline.Event) (emitter *journey.Run, doubt string, err error) {
	of, opened := mentioned(t.World, e)
	if !opened {
		return t.emitterByOrder(ctx, e)
	}
	candidates, err := t.emittersAt(ctx, e.Time)
	for _, c := range candidates {
		if m, ok := journey.Mentioned(c.Events[0], t.World.Open); ok && m.Same(of) {
			return c, "", err
		}
	}
	return nil, "", err
}

// nearby is how long before a delivery others are looked at that its emitter may have made.
const nearby = 30 * time.Second

// emitterByOrder pairs the deliveries up to this one with the emitters that were delivering then: an emitter ends its
// activity as soon as it has delivered, so of several the one that ended first was the first to deliver. That is nearly
// always so, and said to be no certainty.
func (t *tracer) emitterByOrder(ctx context.Context, e pipeline.Event) (emitter *journey.Run, doubt string, err error) {
	taken := map[string]bool{}
	for _, d := range t.deliveries() {
		if d.event.Time.Before(e.Time.Add(-nearby)) {
			continue
		}
		candidates, err := t.emittersAt(ctx, d.event.Time)
		if err != nil {
			return nil, "", err
		}
		holding := slices.DeleteFunc(candidates, func(c *journey.Run) bool { return !delivering(c, d.event.Time) })
		free := slices.DeleteFunc(slices.Clone(holding), func(c *journey.Run) bool { return taken[c.Workflow] })
		slices.SortStableFunc(free, func(a, b *journey.Run) int { return delivered(a).Compare(delivered(b)) })
		if len(free) > 0 {
			taken[free[0].Workflow] = true
		}
		if d.event.ID != e.ID || !d.event.Time.Equal(e.Time) {
			continue
		}
		if len(holding) > 1 {
			doubt = fmt.Sprintf("%s were delivering at that moment; their order tells them apart", checks.Count(len(holding), "emitter"))
		}
		if len(free) == 0 {
			return nil, "", nil
		}
		return free[0], doubt, nil
	}
	return nil, "", nil
}

// emittersAt are the emitters that were open at an instant, with their histories.
func (t *tracer) emittersAt(ctx context.Context, instant time.Time) ([]*journey.Run, error) {
	listed, err := t.World.Temporal.Emitters(ctx, t.Team, instant)
	if pipeline.KindOf(err) == pipeline.NotRecorded {
		listed, err = nil, nil
		for _, run := range t.runs.OfType(journey.EmitterWorkflow) {
			listed = append(listed, run.Execution)
		}
	}
	if err != nil {
		return nil, err
	}
	runs := make([]*journey.Run, len(listed))
	const parallel = 8
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, execution := range listed {
		run := &journey.Run{Execution: execution}
		if !run.Spans(instant) {
			continue
		}
		group.Go(func() error {
			history, err := t.World.Temporal.History(ctx, run.Run)
			if kind := pipeline.KindOf(err); kind == pipeline.Missing || kind == pipeline.NotRecorded {
				return nil
			}
			if run.Events = history.Events; len(run.Events) > 0 {
				runs[i] = run
			}
			return err
		})
	}
	err = group.Wait()
	return slices.DeleteFunc(runs, func(r *journey.Run) bool { return r == nil }), err
}

// delivering reports whether an emitter's activity was under way at an instant. Its beginning is known once it has ended.
func delivering(emitter *journey.Run, instant time.Time) bool {
	for _, e := range emitter.Events {
		switch e.Type {
		case pipeline.ActivityStarted:
			if e.Time.After(instant) {
				return false
			}
		case pipeline.ActivityCompleted, pipeline.ActivityFailed, pipeline.ActivityTimedOut:
			return !e.Time.Before(instant)
		}
	}
	return true
}

// delivered is when an emitter said that it had delivered; the end of time when it has not.
func delivered(emitter *journey.Run) time.Time {
	for _, step := range journey.Steps(emitter.Events) {
		if step.Name() == submitActivity && step.Well() {
			return step.End.Time
		}
	}
	return time.Unix(1<<40, 0)
}

// rowOf is the row that a signal became: the one whose own time is that of its assignment.
func (t *tracer) rowOf(p *journey.Passage) (row *pipeline.SignalRow, doubt string) {
	assign := p.Step(journey.AssignActivity)
	if assign == nil || !assign.Well() {
		return nil, p.Doubt
	}
	var fitting []*pipeline.SignalRow
	for i := range t.rows {
		r := &t.rows[i]
		if p.Opened && (r.SourceID != p.Mention.ID || r.Product != p.Mention.Product || r.Type != p.Mention.Type) {
			continue
		}
		if t.assignedAt(assign, r.Signalled) {
			fitting = append(fitting, r)
		}
	}
	switch {
	case len(fitting) == 0:
		return nil, p.Doubt
	case len(fitting) == 1 || p.Opened:
		return fitting[0], p.Doubt
	}
	return fitting[0], fmt.Sprintf("which of %d rows of that moment is its own", len(fitting))
}

// assignedAt reports whether a row's time is within an assignment, as exactly as the server keeps times.
func (t *tracer) assignedAt(assign *journey.Step, at time.Time) bool {
	return !at.Before(assign.Scheduled.Time.Truncate(t.tick)) && !at.After(assign.End.Time)
}
