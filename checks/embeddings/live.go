package embeddings

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Live reads what [Stale] judges, while the histories are still being read. The result is a [*Signals].
var Live = &checks.Check{
	ID:       "embeddings.live",
	Title:    "the live signal embeddings can be read",
	Requires: []*checks.Check{services.ClickHouse, Tables},
	After:    []*checks.Check{services.Postgres},
	Reads:    []checks.Source{checks.ClickHouse, checks.Optional(checks.Postgres)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		stores, _ := checks.ResultOf[[]pipeline.Table](p, Tables)
		live, err := liveSignals(ctx, p, stores)
		if err != nil {
			return nil, err
		}
		signals := &Signals{Tables: live}
		if len(live) > 0 {
			signals.missing, signals.unasked = missingReports(ctx, p, live)
		}
		return signals, nil
	},
}

// Signals is the live signals of a team in ClickHouse, and what Postgres says of their reports.
type Signals struct {
	Tables []TableSignals // those that have any

	missing map[string]bool // reports that do not exist
	unasked string          // why Postgres could not say which those are
}

// TableSignals is live signals of one table, by report, the report with the most first.
type TableSignals struct {
	Table   pipeline.Table
	Reports []pipeline.ReportSignals
}

// Documents counts the signals. Each is one document, which may have older versions, too.
func (t TableSignals) Documents() int {
	n := 0
	for _, r := range t.Reports {
		n += r.Documents
	}
	return n
}

// Newest is when the newest of them was inserted.
func (t TableSignals) Newest() time.Time {
	var newest time.Time
	for _, r := range t.Reports {
		if r.Inserted.After(newest) {
			newest = r.Inserted
		}
	}
	return newest
}

// liveSignals asks every table that tells reports. A table that cannot be asked leaves the others standing.
func liveSignals(ctx context.Context, p *checks.Pass, stores []pipeline.Table) ([]TableSignals, error) {
	telling := slices.DeleteFunc(slices.Clone(stores), func(t pipeline.Table) bool { return !t.TellsReports() })
	if len(telling) == 0 {
		return nil, fmt.Errorf("no table in %s has the column metadata", databases(stores))
	}
	slices.SortStableFunc(telling, func(a, b pipeline.Table) int { return rank(a) - rank(b) })
	reports, errs := make([][]pipeline.ReportSignals, len(telling)), make([]error, len(telling))
	var all sync.WaitGroup
	for i, t := range telling {
		all.Go(func() { reports[i], errs[i] = p.World.ClickHouse.LiveSignals(ctx, t, p.Team) })
	}
	all.Wait()
	if !slices.Contains(errs, nil) {
		return nil, errs[0]
	}
	var live []TableSignals
	for i, t := range telling {
		if errs[i] != nil {
			p.Incomplete("%v", errs[i])
		} else if len(reports[i]) > 0 {
			live = append(live, TableSignals{t, reports[i]})
		}
	}
	return live, nil
}

// rank puts first what new signals are matched against.
func rank(t pipeline.Table) int {
	if t.Searched() {
		return 0
	}
	return 1
}

// missingReports asks Postgres which of the reports are not there; why says that it could not say.
func missingReports(ctx context.Context, p *checks.Pass, live []TableSignals) (missing map[string]bool, why string) {
	switch status, reason := p.Why(services.Postgres); {
	case status == checks.Failed:
		return nil, "Postgres does not answer"
	case status != checks.Passed && !p.Deselected(services.Postgres):
		return nil, reason
	}
	var asked []string
	for _, t := range live {
		for _, r := range t.Reports {
			asked = append(asked, r.Report)
		}
	}
	slices.Sort(asked)
	gone, err := p.World.Postgres.MissingReports(ctx, p.Team, slices.Compact(asked))
	if err != nil {
		return nil, err.Error()
	}
	missing = map[string]bool{}
	for _, id := range gone {
		missing[id] = true
	}
	return missing, ""
}
