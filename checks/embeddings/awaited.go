package embeddings

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Awaited finds a grouping that waits in vain for the rows of its signals. It does so after each round, for an hour at most,
// and starts the summaries of reports only then (products/signals/backend/temporal/grouping_v2.py). What has come since tells
// at which stage the rows are missing.
var Awaited = &checks.Check{
	ID:       "embeddings.awaited",
	Title:    "grouping does not wait in vain for the rows of its signals",
	Codes:    []checks.Code{checks.CLK009},
	Requires: []*checks.Check{journey.Histories},
	After:    []*checks.Check{Ingestion, Live, Tables, services.Support},
	Reads:    []checks.Source{checks.Temporal, checks.Optional(checks.ClickHouse)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		for _, run := range runs.OfType(journey.GroupingWorkflow) {
			if run.DetailErr != nil {
				p.Incomplete("%v", run.DetailErr)
			}
			for _, a := range run.Detail.Pending {
				waits := p.World.Now.Sub(cmp.Or(a.LastStarted, a.Scheduled))
				if a.Activity == journey.WaitActivity && waits >= p.Threshold(checks.SlowGrouping) {
					reportAwaited(p, run, a, waits)
				}
			}
		}
		return nil, nil
	},
}

func reportAwaited(p *checks.Pass, run *journey.Run, a pipeline.PendingActivity, waits time.Duration) {
	f := p.Report(checks.CLK009, run.Workflow).
		Titlef("grouping has waited for rows of its signals for %s", waits.Round(time.Second)).
		Detailf("No other signal of the team is grouped meanwhile. It gives up after an hour, and a report is then summarized without them.").
		With(checks.Evidence{
			Source:  "run " + pipeline.Short(run.ID),
			Locator: checks.Locator{Workflow: run.Workflow, Run: run.ID, URL: p.World.Temporal.Page(run.Run)},
			Excerpt: fmt.Sprintf("%s, attempt %d", a.Activity, a.Attempt),
			Time:    cmp.Or(a.LastStarted, a.Scheduled),
		})
	arrivals, _ := checks.ResultOf[*Arrivals](p, Ingestion)
	if arrivals == nil {
		return
	}
	told := func(format string, args ...any) {
		f.With(checks.Evidence{Source: string(pipeline.SourceClickHouse), Excerpt: fmt.Sprintf(format, args...), Time: p.World.Now})
	}
	switch behind := arrivals.InBuffer(p.Findings(Ingestion)); {
	case len(behind) > 0:
		told("the buffer has %s of the team that the table does not have", checks.Count(arrivals.Searched().Missing, "signal"))
		f.CausedBy(behind...)
	case stored(p, run.Start):
		told("rows of the team have come into the table since: the worker asks another database, or for others")
		f.CausedBy(p.Findings(Tables)...)
	default:
		told("no row of the team has come since")
		f.CausedBy(notBrought(p)...)
	}
}

// stored reports whether a row of the team has come since an instant into the table that is searched.
func stored(p *checks.Pass, instant time.Time) bool {
	signals, _ := checks.ResultOf[*Signals](p, Live)
	return signals != nil && slices.ContainsFunc(signals.Tables, func(t TableSignals) bool { return t.Table.Searched() && t.Newest().After(instant) })
}

// KeepsOut chooses the findings of [Ingestion] that keep what is in the buffer out of the table that new signals are matched
// against.
func KeepsOut(f *checks.Finding) bool {
	return f.Code == checks.CLK005 && pipeline.Table{Name: f.Subject[0]}.Searched()
}

// notBrought is what explains that no row comes into ClickHouse: the embedding worker makes them, and the consumer brings them
// from Kafka into the buffer.
func notBrought(p *checks.Pass) []*checks.Finding {
	consuming := slices.DeleteFunc(p.Findings(Ingestion), KeepsOut)
	consuming = slices.DeleteFunc(consuming, func(f *checks.Finding) bool { return f.Severity != checks.Error })
	down := slices.DeleteFunc(p.Findings(services.Support), func(f *checks.Finding) bool {
		return f.Stage != checks.Grouping && f.Stage != checks.Embeddings // the embedding worker, and Kafka
	})
	return slices.Concat(consuming, down)
}
