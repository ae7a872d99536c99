package pipeline

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// TeamFlag names a feature flag of a project.
type TeamFlag struct {
	Team int64
	Key  string
}

// Flag is a feature flag as it stands.
type Flag struct {
	Active  bool
	Percent int // of the users, in its first release condition; -1 where that says nothing
}

// Flag looks a project's feature flag up. There is none where the answer is empty.
func (db *Postgres) Flag(ctx context.Context, team int64, key string) ([]Flag, error) {
	asked := TeamFlag{team, key}
	return ask(ctx, db.world, Flags, asked, func(ctx context.Context) (flags []Flag, err error) {
		err = db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT active, coalesce(substring(filters->'groups'->0->>'rollout_percentage' from '^\d{1,3}'), '-1')::int
FROM posthog_featureflag WHERE team_id = $1 AND key = $2 AND NOT deleted LIMIT 1`, team, key)
			if err != nil {
				return err
			}
			flags, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Flag])
			return err
		})
		return flags, err
	})
}
