package workflows

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// reportBatches reports the batches that a run has read, could not prepare, and did not hand on. Newer code gives each
// batch three rounds (MAX_BATCH_ATTEMPTS in products/signals/backend/temporal/grouping_v2.py), older code hands them on
// without end, and the oldest drops each at once: what counts is what the next run was given.
func (g *grouping) reportBatches(r *round, place int) {
	if r.Failed == nil || r.run.Status != pipeline.ContinuedAsNew || r.run.Err != nil {
		return
	}
	if left, known := r.Left(g.World.Open); known {
		if len(left) > 0 {
			g.describeBatches(r, left, len(left))
		}
		return
	}
	owed, known := r.Owed(g.carriedInto(place))
	switch {
	case !known:
		g.undecided(r, "the events do not tell how many batches it had")
	case r.next == nil || r.next.run.Err != nil:
		g.undecided(r, "the history of the run that it continued as is not there")
	default:
		least, most := r.next.Given()
		switch {
		case most < owed:
			g.describeBatches(r, r.Batches, min(owed-most, len(r.Batches)))
		case least < owed:
			g.undecided(r, "the events do not tell how many batches the next run was given")
		}
	}
}

// undecided says that it is not known what became of the batches of a run.
func (g *grouping) undecided(r *round, why string) {
	g.Incomplete("run %s of %s could not prepare %s: %s", pipeline.Short(r.run.ID), r.run.Workflow, batches(len(r.Batches)), why)
}

// carriedInto is how many batches a run was given, by its own events or by what the runs before it had; below 0 when that
// is not known.
func (g *grouping) carriedInto(place int) int {
	r := g.rounds[place]
	least, most := r.Given()
	if least == most {
		return least
	}
	if place == 0 || g.rounds[place-1].next != r {
		return -1
	}
	before := g.rounds[place-1]
	owed, known := before.Owed(g.carriedInto(place - 1))
	if !known || before.Failed != nil && least < owed { // some of it may have been dropped
		return -1
	}
	return owed
}

func (g *grouping) describeBatches(r *round, read []pipeline.Event, count int) {
	what := batches(count)
	if count == len(r.Batches) && r.Signals > 0 {
		what = checks.Count(r.Signals, "signal")
	}
	verb := "were"
	if strings.HasPrefix(what, "1 ") {
		verb = "was"
	}
	f := g.Report(checks.TMP006, subject(r.run.ID, read)...).
		Titlef("%s %s dropped by grouping: %s failed for good", what, verb, r.Failed.Activity).
		Detailf("Nothing of a batch is matched before all of it is prepared. Grouping gave it up, and nothing brings it back.").
		With(evidence(g.Pass, r.run.Run, r.Failed.Event, checks.Clip(messageOf(r.Failed.Event.Failure.Innermost()), 300)))
	const shown = 3
	for _, e := range read[:min(shown, len(read))] {
		told := evidence(g.Pass, r.run.Run, e, "the batch was read")
		told.Locator.Object = g.objectOf(e)
		f.With(told)
	}
	if len(read) > count {
		f.Detailf("It is certain that %d of these %d batches are dropped, not which.", count, len(read))
	}
	if r.next != nil && len(r.next.run.Events) > 0 {
		f.With(evidence(g.Pass, r.next.run.Run, r.next.run.Events[0], "went on without it"))
	}
	signals := g.prepared(r)
	if count < len(r.Batches) || len(signals) != r.Signals {
		signals = nil // not known which
	}
	g.explain(f, r.Failed, signals, max(r.Signals, 1))
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return fmt.Sprintf("%d batches", n)
}

// objectOf is the name of a batch in object storage, where a key opens it.
func (g *grouping) objectOf(read pipeline.Event) string {
	const folder = "signals/signal_batches/"
	content, _ := journey.Content(read, g.World.Open)
	_, name, found := strings.Cut(string(content), folder)
	if !found {
		return ""
	}
	name, _, _ = strings.Cut(name, `"`)
	return folder + checks.Clip(name, 40)
}

// prepared tells which signals a run was preparing, as far as a key opens what the preparation was given.
func (g *grouping) prepared(r *round) []journey.Mention {
	var signals []journey.Mention
	for _, e := range r.run.Events {
		if e.Type != pipeline.ActivityScheduled || e.Activity != journey.QueriesActivity {
			continue
		}
		if signal, ok := journey.Mentioned(e, g.World.Open); ok {
			signals = append(signals, signal)
		}
	}
	return signals
}

// reportDeleted reports the signals that were given to a report which had been deleted already: nobody sees them there.
// That a signal was is told by its time, which is not before the report's last change.
func (g *grouping) reportDeleted(ctx context.Context) {
	deleted, _ := checks.ResultOf[[]embeddings.DeletedReport](g.Pass, embeddings.Deleted)
	for _, report := range deleted {
		if !report.Table.Searched() || !report.Given(report.Newest) || report.Newest.Before(g.Since) {
			continue
		}
		documents, err := g.World.ClickHouse.ReportDocuments(ctx, report.Table, g.Team, report.Report)
		if err != nil {
			g.Incomplete("%v", err)
			continue
		}
		documents = slices.DeleteFunc(slices.Clone(documents), func(d pipeline.Document) bool { return !report.Given(d.Signalled) })
		if len(documents) > 0 {
			g.describeDeleted(ctx, report, documents)
		}
	}
}

func (g *grouping) describeDeleted(ctx context.Context, report embeddings.DeletedReport, documents []pipeline.Document) {
	f := g.Report(checks.TMP006, report.Report).
		Titlef("at least %s given to a report that had been deleted", wereSignals(len(documents))).
		Detailf("Each signal changes the report, so that older ones look like those from before it was deleted.")
	full := g.runs.InFull(ctx, g.World).OfType(journey.GroupingWorkflow)
	const shown = 3
	for _, d := range documents[:min(shown, len(documents))] {
		told := g.givenIn(full, d)
		told.Time = d.Signalled
		told.Excerpt = checks.Clip(fmt.Sprintf("%s/%s %s is in report %s", d.Product, d.Type, d.SourceID, pipeline.Short(report.Report)), 300)
		f.With(told)
	}
	for _, cause := range g.Findings(embeddings.Deleted) {
		if cause.Subject[0] == report.Table.String() {
			f.CausedBy(cause)
		}
	}
}

// givenIn is where a document was given its report, as far as a key opens what the activity was given; else the document.
func (g *grouping) givenIn(runs []*journey.Run, d pipeline.Document) checks.Evidence {
	for _, run := range runs {
		for _, e := range run.Events {
			if e.Type != pipeline.ActivityScheduled || e.Activity != journey.AssignActivity {
				continue
			}
			if content, ok := journey.Content(e, g.World.Open); ok && d.ID != "" && strings.Contains(string(content), d.ID) {
				return evidence(g.Pass, run.Run, e, "")
			}
		}
	}
	return checks.Evidence{Source: string(pipeline.SourceClickHouse)}
}
