// Package embeddings holds the checks of the signal embeddings in ClickHouse, which new signals are matched against.
package embeddings

import (
	"context"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Tables finds out whether the embedding tables are where the pipeline's commands look for them. What cleanup_signals
// deletes from has no database in front: it is looked for in CLICKHOUSE_DATABASE. The result is the tables that store
// embeddings, as []pipeline.Table: those of the embeddings' database, or all where that one has none.
var Tables = &checks.Check{
	ID:       "embeddings.tables",
	Title:    "the embedding tables are in the database that the commands ask",
	Codes:    []checks.Code{checks.CLK002},
	Requires: []*checks.Check{services.ClickHouse},
	After:    []*checks.Check{environment.ClickHouseDatabase},
	Reads:    []checks.Source{checks.ClickHouse, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		family, err := p.World.ClickHouse.EmbeddingTables(ctx)
		if err != nil {
			return nil, err
		}
		stores := pipeline.Stores(family)
		asked, why := commandsAsk(p)
		switch {
		case len(stores) == 0:
			p.Report(checks.CLK002, asked).
				Titlef("there are no embedding tables in any database").
				Detailf("ClickHouse's migrations have not made them, or this user may not see them.").
				With(seen("none that stores embeddings, of %s of their family", checks.Count(len(family), "table")))
			return nil, nil
		case len(pipeline.Within(stores, asked)) == 0:
			p.Report(checks.CLK002, asked).
				Titlef("the embedding tables are in %s, not in %s", databases(stores), why).
				Detailf("cleanup_signals cannot delete from them there: it prints an error for each and ends as if all were well.").
				With(seen("%s in %s, none in %.60q", checks.Count(len(stores), "table"), databases(stores), asked)).
				CausedBy(p.Findings(environment.ClickHouseDatabase)...)
		}
		return pipeline.Home(stores, p.World.Settings.ClickHouse.Embeddings), nil
	},
}
