package configuration

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// faults is a check that finds two of one code, the second one because of the check before it.
func faults(run func(p *checks.Pass) error) *checks.Check {
	return &checks.Check{
		ID: "test.faults", Title: "there are no faults", Codes: []checks.Code{checks.ENV001}, Reads: []checks.Source{checks.Settings},
		Run: func(_ context.Context, p *checks.Pass) (any, error) { return nil, run(p) },
	}
}

func two(p *checks.Pass) error {
	p.Report(checks.ENV001, ".env", "CLICKHOUSE_DATABASE").Titlef("first")
	p.Report(checks.ENV001, "other.env", "CLICKHOUSE_DATABASE").Titlef("second")
	return nil
}

func until(s checks.Suppression, days int) *checks.Suppression {
	s.Until = now.AddDate(0, 0, days)
	s.Reason, s.Owner = "reason", "owner"
	return &s
}

func TestSuppressions(t *testing.T) {
	all, dot := checks.Suppression{Code: checks.ENV001}, checks.Suppression{Code: checks.ENV001, Subject: ".env"}
	for name, c := range map[string]struct {
		run        func(*checks.Pass) error
		suppressed []*checks.Suppression
		status     checks.Status // of the check that found the faults
		active     int
		judged     []checks.Code
	}{
		"none":                {two, nil, checks.Failed, 2, nil},
		"one by its subject":  {two, []*checks.Suppression{until(dot, 1)}, checks.Failed, 1, nil},
		"all of a code":       {two, []*checks.Suppression{until(all, 1)}, checks.Passed, 0, nil},
		"by a pattern":        {two, []*checks.Suppression{until(checks.Suppression{Code: checks.ENV001, Subject: "*.env"}, 1)}, checks.Passed, 0, nil},
		"expired":             {two, []*checks.Suppression{until(all, 0)}, checks.Failed, 2, []checks.Code{checks.CFG001}},
		"of another subject":  {two, []*checks.Suppression{until(checks.Suppression{Code: checks.ENV001, Subject: "env"}, 1)}, checks.Failed, 2, []checks.Code{checks.CFG002}},
		"twice the same":      {two, []*checks.Suppression{until(all, 1), until(dot, 1)}, checks.Passed, 0, nil},
		"nothing was found":   {func(*checks.Pass) error { return nil }, []*checks.Suppression{until(all, 1)}, checks.Passed, 0, []checks.Code{checks.CFG002}},
		"it could not look":   {func(*checks.Pass) error { return errors.New("no") }, []*checks.Suppression{until(all, 1)}, checks.Unknown, 0, nil},
		"it saw a part":       {func(p *checks.Pass) error { p.Incomplete("half"); return nil }, []*checks.Suppression{until(all, 1)}, checks.Unknown, 0, nil},
		"of a code elsewhere": {two, []*checks.Suppression{until(checks.Suppression{Code: checks.GIT001}, 1)}, checks.Failed, 2, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := faults(c.run)
			list := []*checks.Check{found, Suppressions([]*checks.Check{found})}
			d := checks.Run(t.Context(), checks.Selecting(list...), checks.Options{
				World: &pipeline.World{Now: now}, Team: 1, Policy: checks.Policy{Suppressions: c.suppressed},
			})
			if got := d.Outcomes[0].Status; got != c.status {
				t.Errorf("the check is %s, want %s", got, c.status)
			}
			var active int
			var judged []checks.Code
			for _, f := range d.Findings() {
				switch {
				case f.Check != found:
					judged = append(judged, f.Code)
				case f.State == checks.Active:
					active++
				case f.State != checks.Suppressed || f.Suppression == nil:
					t.Errorf("%s is %s by %v", f.Title, f.State, f.Suppression)
				}
			}
			if active != c.active || !slices.Equal(judged, c.judged) {
				t.Errorf("%d are active, want %d; judged are %v, want %v", active, c.active, judged, c.judged)
			}
		})
	}
}
