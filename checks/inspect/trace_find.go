package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sources"
)

// find finds the signal of a name.
func (t *tracer) find(ctx context.Context, name string) error {
	switch {
	case name == "":
		return t.findNewest(ctx)
	case strings.HasPrefix(name, journey.EmitterWorkflow+"-"):
		return t.findEmitter(ctx, name)
	}
	if d, ok := t.delivery(name); ok {
		return t.found(ctx, d)
	}
	if ok, err := t.findByContent(ctx, name); ok || err != nil {
		return err
	}
	if ok, err := t.findByRow(ctx, name); ok || err != nil {
		return err
	}
	return UnknownError{Noun: "signal", Name: name, Known: t.names(), Listed: "doctor trace without a name takes the newest, doctor workflows --type signal-emitter"}
}

// names are the names of the signals that are known.
func (t *tracer) names() []string {
	var names []string
	for _, run := range t.runs.OfType(journey.EmitterWorkflow) {
		names = append(names, run.Workflow)
	}
	for _, row := range t.rows {
		names = append(names, row.SourceID, row.ID, row.Report)
	}
	return names
}

func (t *tracer) findNewest(ctx context.Context) error {
	if emitter := t.runs.Newest(); emitter != nil {
		return t.ofEmitter(ctx, emitter)
	}
	if all := t.deliveries(); len(all) > 0 {
		return t.found(ctx, all[len(all)-1])
	}
	if f := inbox.Stopper(t.diagnosis, sources.TakesNoneIn); f != nil {
		return nil
	}
	return NothingError{fmt.Sprintf("no signal of team %d was sent since %s; --since looks further back", t.Team, t.Since.In(t.World.Now.Location()).Format("2006-01-02 15:04"))}
}

// findEmitter finds the signal that an emitter has brought, or is to bring.
func (t *tracer) findEmitter(ctx context.Context, name string) error {
	listed := t.runs.OfType(journey.EmitterWorkflow)
	emitter, err := choose(listed, func(r *journey.Run) []string { return []string{r.Workflow} }, "emitter", name, "doctor workflows --type signal-emitter")
	if err == nil {
		return t.ofEmitter(ctx, emitter)
	}
	// Only some of the completed ones are listed: of one that is named whole Temporal is asked by that name.
	history, missing := t.World.Temporal.History(ctx, pipeline.Run{Workflow: name})
	if missing != nil || len(history.Events) == 0 {
		if pipeline.KindOf(missing) == pipeline.Missing || pipeline.KindOf(missing) == pipeline.NotRecorded {
			return err
		}
		return missing
	}
	first, last := history.Events[0], history.Events[len(history.Events)-1]
	run := &journey.Run{Execution: pipeline.Execution{
		Run: pipeline.Run{Workflow: name, ID: first.Original}, Type: journey.EmitterWorkflow, Status: pipeline.Running, Start: first.Time,
	}, Events: history.Events}
	if status, ended := strings.CutPrefix(string(last.Type), "WORKFLOW_EXECUTION_"); ended && last.Type.Ends() {
		run.Status, run.Close = pipeline.Status(status), last.Time
	}
	return t.ofEmitter(ctx, run)
}

// ofEmitter finds the delivery of an emitter.
func (t *tracer) ofEmitter(ctx context.Context, emitter *journey.Run) error {
	t.emitter = emitter
	its, doubt, err := t.deliveryOf(ctx, emitter)
	t.doubt = doubt
	if err != nil || its.link == nil {
		return err
	}
	t.pass(ctx, its)
	return nil
}

// pass follows a delivery as far as it can be seen.
func (t *tracer) pass(ctx context.Context, d delivery) {
	var err error
	if t.passage, err = t.runs.Follow(ctx, t.World, d.link, d.event); err != nil {
		t.trace.miss(err)
		t.passage.Doubt = "not all of its way could be seen"
	}
}

// delivery is the one that RUN/EVENT names.
func (t *tracer) delivery(name string) (delivery, bool) {
	run, number, ok := strings.Cut(name, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || run == "" {
		return delivery{}, false
	}
	all := t.deliveries()
	at := slices.IndexFunc(all, func(d delivery) bool { return d.link.Answers(run) && d.event.ID == id })
	if at < 0 {
		return delivery{}, false
	}
	return all[at], true
}

// found follows the signal of a delivery, and looks for the emitter that made it.
func (t *tracer) found(ctx context.Context, d delivery) (err error) {
	t.pass(ctx, d)
	t.emitter, t.doubt, err = t.emitterOf(ctx, d.event)
	return err
}

// findByContent looks for the name in what was delivered: as a source id, or the beginning of one, or in the text.
func (t *tracer) findByContent(ctx context.Context, name string) (bool, error) {
	const fewest = 4           // letters of a text or of the beginning of an id
	var whole, partly delivery // the newest
	for _, d := range t.deliveries() {
		m, ok := mentioned(t.World, d.event)
		switch {
		case !ok:
		case m.ID == name:
			whole = d
		case len(name) >= fewest && (strings.HasPrefix(m.ID, name) || strings.Contains(strings.ToLower(m.Description), strings.ToLower(name))):
			partly = d
		}
	}
	if whole.link == nil {
		whole = partly
	}
	if whole.link == nil {
		return false, nil
	}
	return true, t.found(ctx, whole)
}

func mentioned(w *pipeline.World, e pipeline.Event) (journey.Mention, bool) {
	return journey.Mentioned(e, w.Open)
}

// findByRow looks for the name among the signals in ClickHouse, and goes back from there.
func (t *tracer) findByRow(ctx context.Context, name string) (bool, error) {
	names := func(r pipeline.SignalRow) []string { return []string{r.ID, r.SourceID, r.Report} }
	at := slices.IndexFunc(t.rows, func(r pipeline.SignalRow) bool { return slices.Contains(names(r), name) })
	if at < 0 {
		row, err := choose(t.rows, names, "signal", name, "")
		if err != nil {
			if errors.As(err, new(UnknownError)) {
				return false, t.rowsErr
			}
			return false, err
		}
		at = slices.IndexFunc(t.rows, func(r pipeline.SignalRow) bool { return r.ID == row.ID })
	}
	t.row = &t.rows[at]
	return true, t.backFrom(ctx, t.row)
}

// nearest is how many of the signals before a row are followed to find the one that became it.
const nearest = 100

// backFrom finds the delivery of a row's signal: the one that leads to it, or to its moment.
func (t *tracer) backFrom(ctx context.Context, row *pipeline.SignalRow) error {
	tried := 0
	for _, d := range slices.Backward(t.deliveries()) {
		if d.event.Time.After(row.Signalled.Add(time.Second)) {
			continue
		}
		if m, ok := mentioned(t.World, d.event); ok && m.ID != row.SourceID {
			continue
		}
		if tried++; tried > nearest || ctx.Err() != nil {
			break
		}
		p, err := t.runs.Follow(ctx, t.World, d.link, d.event)
		t.trace.miss(err)
		its, doubt := t.rowOf(p)
		exact := its != nil && its.ID == row.ID
		if exact || its != nil && t.passage == nil && t.assignedAt(p.Step(journey.AssignActivity), row.Signalled) {
			t.passage, t.rowDoubt = p, doubt
			if t.emitter, t.doubt, err = t.emitterOf(ctx, d.event); err != nil || exact {
				return err
			}
		}
	}
	return nil
}
