package embeddings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Mutations finds changes of the embedding tables that do not come to their end: a deletion that is not done leaves its
// rows to be matched.
var Mutations = &checks.Check{
	ID:       "embeddings.mutations",
	Title:    "every mutation of the embedding tables comes to its end",
	Codes:    []checks.Code{checks.CLK003},
	Requires: []*checks.Check{services.ClickHouse, Tables},
	Reads:    []checks.Source{checks.ClickHouse},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		mutations, err := p.World.ClickHouse.Mutations(ctx)
		if err != nil {
			return nil, err
		}
		stores, _ := checks.ResultOf[[]pipeline.Table](p, Tables)
		var stuck []pipeline.Mutation
		for _, m := range mutations {
			ours := slices.ContainsFunc(stores, func(t pipeline.Table) bool { return t.Database == m.Database && t.Name == m.Table })
			if ours && isStuck(m, p.World.Now, p.Threshold(checks.LongMutation)) {
				stuck = append(stuck, m)
				reportStuck(p, m)
			}
		}
		return stuck, nil
	},
}

// isStuck reports whether a mutation fails, or has had more than enough time. One that is at work is left in peace.
func isStuck(m pipeline.Mutation, now time.Time, long time.Duration) bool {
	return m.Failure != "" || m.Parts > 0 && now.Sub(m.Created) > long
}

func reportStuck(p *checks.Pass, m pipeline.Mutation) {
	age := p.World.Now.Sub(m.Created).Round(time.Second)
	told := checks.Evidence{
		Source: m.Database + "." + m.Table,
		Locator: checks.Locator{Query: fmt.Sprintf("SELECT * FROM system.mutations WHERE database = '%s' AND table = '%s' AND mutation_id = '%s'",
			quoted(m.Database), quoted(m.Table), quoted(m.ID))},
		Time: m.Created,
	}
	f := p.Report(checks.CLK003, m.Database, m.Table, m.ID).
		Detailf("It stands before all later changes of the table: what they are to delete is found by new signals until then.")
	if m.Failure != "" {
		f.Titlef("mutation %s of %s fails again and again", m.ID, m.Table)
		told.Excerpt = checks.Clip(checks.OneLine(m.Failure), 600)
		f.With(told)
	} else {
		f.Titlef("mutation %s of %s has not come to its end for %s", m.ID, m.Table, age)
	}
	told.Excerpt = fmt.Sprintf("%s left since %s ago: %s", checks.Count(m.Parts, "part"), age, checks.Clip(checks.OneLine(m.Command), 200))
	f.With(told)
}

// quoted is a text for between the quotes of a statement.
func quoted(s string) string { return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) }
