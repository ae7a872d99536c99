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

// Live reads what [Stale] and [Deleted] judge, while the histories are still being read. The result is a [*Signals].
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
		if len(live.Tables) > 0 {
			live.states, live.unasked = reportStates(ctx, p, live.Tables)
		}
		return live, nil
	},
}

// Signals is the live signals of a team in ClickHouse, and what Postgres says of their reports.
type Signals struct {
	Tables []TableSignals // those that have any

	// Recent is how many signals have been given a report since the time that is looked at, also those that were deleted
	// then. Counted says that it is known.
	Recent  int
	Counted bool

	states  map[string]pipeline.ReportState // of the reports that exist
	unasked string                          // why Postgres could not say which those are
}

// Of is the live signals of a report in the table that new signals are matched against; nil where there are none.
func (s *Signals) Of(report string) (pipeline.Table, *pipeline.ReportSignals) {
	for _, t := range s.Tables {
		for i, r := range t.Reports {
			if t.Table.Searched() && r.Report == report {
				return t.Table, &t.Reports[i]
			}
		}
	}
	return pipeline.Table{}, nil
}

// Since is how many of the recent signals may have been given their report since an instant: at most all of those reports
// that have got one since.
func (s *Signals) Since(instant time.Time) int {
	n := 0
	for _, t := range s.Tables {
		for _, r := range t.Reports {
			if t.Table.Searched() && !r.Newest.Before(instant) {
				n += r.Recent
			}
		}
	}
	return n
}

// exists reports whether a report is in Postgres.
func (s *Signals) exists(r pipeline.ReportSignals) bool {
	_, ok := s.states[r.Report]
	return ok
}

// deleted reports whether a report is in Postgres, and marked as deleted there.
func (s *Signals) deleted(r pipeline.ReportSignals) bool {
	return s.states[r.Report].Status == pipeline.ReportDeleted
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
func liveSignals(ctx context.Context, p *checks.Pass, stores []pipeline.Table) (*Signals, error) {
	telling := slices.DeleteFunc(slices.Clone(stores), func(t pipeline.Table) bool { return !t.TellsReports() })
	if len(telling) == 0 {
		return nil, fmt.Errorf("no table in %s has the column metadata", databases(stores))
	}
	slices.SortStableFunc(telling, func(a, b pipeline.Table) int { return rank(a) - rank(b) })
	found, errs := make([]pipeline.TeamSignals, len(telling)), make([]error, len(telling))
	var all sync.WaitGroup
	for i, t := range telling {
		all.Go(func() { found[i], errs[i] = p.World.ClickHouse.LiveSignals(ctx, t, p.Team, p.Since) })
	}
	all.Wait()
	if !slices.Contains(errs, nil) {
		return nil, errs[0]
	}
	live := &Signals{}
	for i, t := range telling {
		if errs[i] != nil {
			p.Incomplete("%v", errs[i])
			continue
		}
		if t.Searched() {
			live.Recent, live.Counted = live.Recent+found[i].Recent, true
		}
		if len(found[i].Reports) > 0 {
			live.Tables = append(live.Tables, TableSignals{t, found[i].Reports})
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

// reportStates asks Postgres for the reports; why says that it could not say.
func reportStates(ctx context.Context, p *checks.Pass, live []TableSignals) (states map[string]pipeline.ReportState, why string) {
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
	known, err := p.World.Postgres.ReportStates(ctx, p.Team, slices.Compact(asked))
	if err != nil {
		return nil, err.Error()
	}
	states = map[string]pipeline.ReportState{}
	for _, state := range known {
		states[state.ID] = state
	}
	return states, ""
}
