package embeddings

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Deleted finds live signal embeddings whose report was deleted: it is in Postgres, with that status. New signals keep
// matching them. Newer pipeline code deletes such embeddings when it meets them (products/signals/backend/temporal/grouping.py);
// the older gives the new signal to the deleted report, where nobody sees it. The result is a [[]DeletedReport].
var Deleted = &checks.Check{
	ID:       "embeddings.deleted",
	Title:    "no live signal embedding belongs to a deleted report",
	Codes:    []checks.Code{checks.CLK004},
	Requires: []*checks.Check{Live},
	Reads:    []checks.Source{checks.ClickHouse, checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		signals, _ := checks.ResultOf[*Signals](p, Live)
		if signals.unasked != "" {
			p.Incomplete("whether their reports were deleted is not known: %s", signals.unasked)
			return nil, nil
		}
		var deleted []DeletedReport
		for _, t := range signals.Tables {
			t.Reports = slices.DeleteFunc(slices.Clone(t.Reports), func(r pipeline.ReportSignals) bool { return !signals.deleted(r) })
			if len(t.Reports) == 0 {
				continue
			}
			p.Report(checks.CLK004, t.Table.String()).
				Titlef("%s at %s that %s deleted", point(t.Documents()), checks.Count(len(t.Reports), "report"), wasOrWere(len(t.Reports))).
				Detailf("New signals keep matching them: older pipeline code then adds the signal to a report that nobody sees.").
				With(counted(p, t), checks.Evidence{
					Source:  string(pipeline.SourcePostgres),
					Excerpt: fmt.Sprintf("signals_signalreport of team %d has %s as deleted", p.Team, ids(t.Reports)),
					Time:    signals.states[t.Reports[0].Report].Updated,
				})
			for _, r := range t.Reports {
				deleted = append(deleted, DeletedReport{t.Table, r, signals.states[r.Report].Updated})
			}
		}
		return deleted, nil
	},
}

// DeletedReport is the live signals of a report that was deleted.
type DeletedReport struct {
	Table pipeline.Table
	pipeline.ReportSignals
	Changed time.Time // when the report last changed in Postgres: it was deleted by then
}

// Given reports whether a signal with that time of its own was given to the report when it last changed, or later: the
// report was deleted already, and only such a signal can have changed it since. The signal's time is taken right after that
// change (products/signals/backend/temporal/grouping.py), and ClickHouse keeps milliseconds of it.
func (r DeletedReport) Given(signalled time.Time) bool {
	return !signalled.Before(r.Changed.Truncate(time.Millisecond))
}

func wasOrWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}
