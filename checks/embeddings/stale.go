package embeddings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// NoSuchReport is how assign_and_emit_signal_activity fails when a signal was matched to a report that Postgres does not
// have (products/signals/backend/temporal/grouping.py). Django words it.
const NoSuchReport = "SignalReport matching query does not exist"

// Stale finds live signal embeddings whose report is gone. New signals keep matching such phantoms, and are lost when they
// are assigned to them. The result is a [*Staleness].
var Stale = &checks.Check{
	ID:       "embeddings.stale",
	Title:    "every live signal embedding belongs to a report that exists",
	Codes:    []checks.Code{checks.CLK001},
	Requires: []*checks.Check{Live},
	After:    []*checks.Check{environment.ClickHouseDatabase, journey.Histories, Reappeared},
	Reads:    []checks.Source{checks.ClickHouse, checks.Settings, checks.Optional(checks.Postgres), checks.Optional(checks.Temporal)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		signals, _ := checks.ResultOf[*Signals](p, Live)
		if signals.unasked != "" {
			p.Incomplete("whether their reports exist is not known: %s", signals.unasked)
			return suspect(p, signals.Tables, phantomMatches(ctx, p)), nil
		}
		stale := &Staleness{Certain: true}
		for _, t := range signals.Tables {
			t.Reports = slices.DeleteFunc(slices.Clone(t.Reports), signals.exists)
			if len(t.Reports) > 0 {
				stale.Tables = append(stale.Tables, t)
				report(p, t)
			}
		}
		return stale, nil
	},
}

// Staleness is what [Stale] found: by table, the signals of reports that do not exist.
type Staleness struct {
	Tables []TableSignals
	// Certain says that Postgres has told so. Else these are all live signals, some of which may be stale.
	Certain bool
}

// report makes a finding of a table's stale signals.
func report(p *checks.Pass, t TableSignals) {
	p.Report(checks.CLK001, t.Table.String()).
		Titlef("%s at %s that %s", point(t.Documents()), checks.Count(len(t.Reports), "report"), doNotExist(len(t.Reports))).
		Detailf("New signals keep matching them, and are lost when they are assigned to a report that is not there.").
		With(counted(p, t), checks.Evidence{
			Source:  string(pipeline.SourcePostgres),
			Excerpt: fmt.Sprintf("signals_signalreport of team %d has no %s", p.Team, ids(t.Reports)),
			Time:    p.World.Now,
		}).
		With(survived(p, t)...).
		CausedBy(outOfReach(p, t.Table)...).CausedBy(behind(p, t)...)
}

// survived is the evidence that a cleanup has ended since the newest of the signals came in, and has left them: it prints what
// it could not delete, and ends as if all were well.
func survived(p *checks.Pass, t TableSignals) []checks.Evidence {
	runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
	if runs == nil {
		return nil
	}
	by, cleaned := runs.Cleanup()
	if by == nil || !t.Newest().Before(cleaned.Truncate(time.Second)) { // some tables keep whole seconds
		return nil
	}
	return []checks.Evidence{{
		Source:  "run " + pipeline.Short(by.ID),
		Locator: checks.Locator{Workflow: by.Workflow, Run: by.ID, Event: by.End().ID, URL: p.World.Temporal.Page(by.Run)},
		Excerpt: "terminated by cleanup_signals, which has left all of these",
		Time:    cleaned,
	}}
}

// suspect warns of each table with live signals when a signal is known to have been matched to a report that does not
// exist. Without such a failure there is nothing to warn of.
func suspect(p *checks.Pass, live []TableSignals, failures []checks.Evidence) *Staleness {
	if len(failures) == 0 {
		return &Staleness{}
	}
	for _, t := range live {
		p.Report(checks.CLK001, t.Table.String()).
			As(checks.Warning).
			Titlef("%s at %s that may not exist", point(t.Documents()), checks.Count(len(t.Reports), "report")).
			Detailf("Postgres cannot say which of them exist. But new signals were matched to one that does not.").
			With(counted(p, t)).With(failures...).
			CausedBy(outOfReach(p, t.Table)...)
	}
	return &Staleness{Tables: live}
}

// counted is the evidence of a table's signals. The query is for people: close enough, and short.
func counted(p *checks.Pass, t TableSignals) checks.Evidence {
	return checks.Evidence{
		Source:  t.Table.String(),
		Excerpt: perReport(t.Reports),
		Time:    t.Newest(),
		Locator: checks.Locator{Query: fmt.Sprintf("SELECT JSONExtractString(metadata, 'report_id') AS report, count() FROM %s FINAL"+
			" WHERE team_id = %d AND product = 'signals' AND document_type = 'signal' GROUP BY report", t.Table.Reader(), p.Team)},
	}
}

// Phantoms chooses, of the findings of [Stale], those that a match with a report that does not exist can come from.
func Phantoms(stale []*checks.Finding) []*checks.Finding {
	return slices.DeleteFunc(stale, func(f *checks.Finding) bool { return !pipeline.Table{Name: f.Subject[0]}.Searched() })
}

// phantomMatches is the evidence of signals that were matched to a report that does not exist: the same fault, seen from
// its other side. The newest runs come first.
func phantomMatches(ctx context.Context, p *checks.Pass) []checks.Evidence {
	runs, known := checks.ResultOf[*journey.Runs](p, journey.Histories)
	if !known {
		return nil
	}
	var failures []checks.Evidence
	for _, run := range runs.InFull(ctx, p.World).OfType(journey.GroupingWorkflow) {
		for _, e := range run.Events {
			inner := e.Failure.Innermost()
			if e.Type != pipeline.ActivityFailed || inner == nil || !strings.Contains(inner.Message, NoSuchReport) {
				continue
			}
			failures = append(failures, checks.Evidence{
				Source:  "run " + pipeline.Short(run.ID),
				Locator: checks.Locator{Workflow: run.Workflow, Run: run.ID, Event: e.ID, URL: p.World.Temporal.Page(run.Run)},
				Excerpt: inner.Message,
				Time:    e.Time,
			})
		}
	}
	return failures[:min(shown, len(failures))]
}
