package pipeline

import (
	"context"
	"fmt"
)

// Mutations lists the changes of the embedding tables, in all databases, that are not completed.
func (c *ClickHouse) Mutations(ctx context.Context) ([]Mutation, error) {
	return ask(ctx, c.world, Mutations, Nothing{}, func(ctx context.Context) ([]Mutation, error) {
		server, err := c.Reach(ctx)
		if err != nil {
			return nil, err
		}
		failure := "latest_fail_reason"
		if old(server.Version) {
			failure = "''"
		}
		statement := fmt.Sprintf(`SELECT database, table, mutation_id, command, create_time, toInt64(parts_to_do), %s
FROM system.mutations WHERE table LIKE ? AND NOT is_done ORDER BY create_time, database, table, mutation_id`, failure)
		return query(ctx, c, func(row scanner, m *Mutation) error {
			var parts int64
			err := row.Scan(&m.Database, &m.Table, &m.ID, &m.Command, &m.Created, &parts, &m.Failure)
			m.Parts = int(parts)
			return err
		}, statement, embeddings)
	})
}
