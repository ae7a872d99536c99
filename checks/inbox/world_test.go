package inbox_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const team int64 = 7

var (
	now       = time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	since     = now.Add(-24 * time.Hour)
	teamSince = pipeline.TeamSince{Team: team, Since: since}
)

// postgres is a world in which Postgres answers, and knows this.
func postgres(answers ...pipeline.Answer) *pipeline.World {
	w := pipeline.Told(&settings.Settings{}, now, pipeline.PostgresReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "15.18"}))
	w.Tell(answers...)
	return w
}

// tellExecutions tells of the team's runs, of which the newest comes first.
func tellExecutions(w *pipeline.World, executions ...pipeline.Execution) {
	w.Tell(
		pipeline.TemporalReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "1.29.1"}),
		pipeline.Executions.Is(teamSince, pipeline.Listing{Executions: executions}),
	)
}

// examine runs a check with all that it names.
func examine(t *testing.T, c *checks.Check, w *pipeline.World) *checks.Outcome {
	t.Helper()
	selection, err := checks.Select(closure(c, nil), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := checks.Run(context.Background(), selection, checks.Options{World: w, Team: team, Since: since})
	return d.Outcomes[len(d.Outcomes)-1]
}

// closure is the check, after all that it waits for.
func closure(c *checks.Check, all []*checks.Check) []*checks.Check {
	for _, before := range slices.Concat(c.Requires, c.After) {
		all = closure(before, all)
	}
	if slices.Contains(all, c) {
		return all
	}
	return append(all, c)
}

func titles(o *checks.Outcome) string {
	var said []string
	for _, f := range o.Findings {
		said = append(said, f.Title)
	}
	return strings.Join(said, "; ")
}
