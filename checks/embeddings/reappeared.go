package embeddings

import (
	"context"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Reappeared finds embeddings that came in after the cleanup which has deleted their reports. cleanup_signals ends the workflows
// last, and does not empty Kafka (products/signals/backend/management/commands/cleanup_signals.py): what was on its way then
// comes in behind it. What was given its report later has lost it otherwise. The result is a []TableSignals of what came in so.
var Reappeared = &checks.Check{
	ID:       "embeddings.reappeared",
	Title:    "no embedding has come in behind the cleanup of its report",
	Codes:    []checks.Code{checks.CLK007},
	Requires: []*checks.Check{Live, journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.ClickHouse, checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		signals, _ := checks.ResultOf[*Signals](p, Live)
		by, cleaned := runs.Cleanup()
		if by == nil {
			return nil, nil
		}
		var behind []TableSignals
		for _, t := range signals.Tables {
			t.Reports = slices.DeleteFunc(slices.Clone(t.Reports), func(r pipeline.ReportSignals) bool {
				return !r.Inserted.After(cleaned) || r.Newest.After(cleaned)
			})
			if len(t.Reports) > 0 && signals.unasked != "" {
				p.Incomplete("whether the reports of what came in since the cleanup exist is not known: %s", signals.unasked)
				return nil, nil
			}
			t.Reports = slices.DeleteFunc(t.Reports, signals.exists)
			if len(t.Reports) > 0 {
				reportReappeared(p, t, by, cleaned)
				behind = append(behind, t)
			}
		}
		return behind, nil
	},
}

func reportReappeared(p *checks.Pass, t TableSignals, by *journey.Run, cleaned time.Time) {
	p.Report(checks.CLK007, t.Table.String()).
		Titlef("embeddings of %s came in after cleanup_signals had deleted %s", checks.Count(len(t.Reports), "report"), itOrThem(len(t.Reports))).
		Detailf("They were on their way then: in a workflow, which the cleanup ends last, or in Kafka, which it does not empty.").
		With(checks.Evidence{
			Source:  "run " + pipeline.Short(by.ID),
			Locator: checks.Locator{Workflow: by.Workflow, Run: by.ID, Event: by.End().ID, URL: p.World.Temporal.Page(by.Run)},
			Excerpt: "terminated by cleanup_signals",
			Time:    cleaned,
		}, counted(p, t))
}

func itOrThem(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// behind is what explains that a table has embeddings of reports that do not exist: all of these came in behind a cleanup.
func behind(p *checks.Pass, stale TableSignals) []*checks.Finding {
	tables, _ := checks.ResultOf[[]TableSignals](p, Reappeared)
	for _, t := range tables {
		if t.Table.String() == stale.Table.String() && len(t.Reports) == len(stale.Reports) {
			return slices.DeleteFunc(p.Findings(Reappeared), func(f *checks.Finding) bool { return f.Subject[0] != t.Table.String() })
		}
	}
	return nil
}
