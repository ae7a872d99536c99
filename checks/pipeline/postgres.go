package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Postgres is the product's database. One connection serves all questions, one at a time, and can only read.
type Postgres struct {
	world *World
	turn  chan struct{} // holds one token while the connection is in use
	conn  *pgx.Conn     // nil or closed: to be made
}

// Reach greets the server: it must have the database, and let the user in.
func (db *Postgres) Reach(ctx context.Context) (Reached, error) {
	return ask(ctx, db.world, PostgresReached, Nothing{}, func(ctx context.Context) (Reached, error) {
		var version string
		err := db.use(ctx, func(conn *pgx.Conn) error {
			version = conn.PgConn().ParameterStatus("server_version")
			return nil
		})
		if err != nil {
			return Reached{}, err
		}
		return db.world.reached(SourcePostgres, version), nil
	})
}

// idChunk is how many ids go into one question.
const idChunk = 10_000

// MissingReports returns those of the given ids, each once and in their order, that are no report of the team. An id that
// is no UUID is missing: products/signals/backend/models.py has no other ids.
func (db *Postgres) MissingReports(ctx context.Context, team int64, ids []string) ([]string, error) {
	asked := ReportsOf{Team: team, IDs: ids}
	return ask(ctx, db.world, MissingReports, asked, func(ctx context.Context) ([]string, error) {
		candidates := map[string]uuid.UUID{} // by the text that was asked for
		for _, id := range ids {
			if parsed, err := uuid.Parse(id); err == nil {
				candidates[id] = parsed
			}
		}
		var wanted []string
		for _, id := range candidates {
			wanted = append(wanted, id.String())
		}
		existing := map[uuid.UUID]bool{}
		err := db.use(ctx, func(conn *pgx.Conn) error {
			for chunk := range slices.Chunk(wanted, idChunk) {
				if err := existingReports(ctx, conn, team, chunk, existing); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		var missing []string
		seen := map[string]bool{}
		for _, id := range ids {
			// What is no UUID has the nil one here, which no report has.
			if !seen[id] && !existing[candidates[id]] {
				missing = append(missing, id)
			}
			seen[id] = true
		}
		return missing, nil
	})
}

func existingReports(ctx context.Context, conn *pgx.Conn, team int64, ids []string, existing map[uuid.UUID]bool) error {
	rows, err := conn.Query(ctx, `SELECT r.id::text FROM unnest($1::uuid[]) AS asked(id)
JOIN signals_signalreport r ON r.id = asked.id AND r.team_id = $2`, ids, team)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, text := range found {
		if id, err := uuid.Parse(text); err == nil {
			existing[id] = true
		}
	}
	return err
}

// use lends the connection, which is made when there is none.
func (db *Postgres) use(ctx context.Context, ask func(*pgx.Conn) error) error {
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if db.conn == nil || db.conn.IsClosed() {
		conn, err := db.connect(ctx)
		if err != nil {
			return refusedByPostgres(err)
		}
		db.conn = conn
	}
	return ask(db.conn)
}

func (db *Postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(string(db.world.Settings.Postgres.DSN))
	if err != nil {
		// The cause is not shown: it may hold a part of a password that made the address unreadable.
		return nil, fmt.Errorf("%s has no valid address", db.world.Settings.Postgres.Setting)
	}
	config.RuntimeParams["application_name"] = "doctor"
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing is asked often enough to be prepared
	config.DialFunc = db.world.dialer()
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // the dialer's task
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	// The polite way waits for the server, and is closed to others while a question is under way.
	db.world.onClose(func() { _ = conn.PgConn().Conn().Close() })
	return conn, nil
}

// refusedByPostgres tells refused credentials and a missing database from other errors. The codes are those of Postgres:
// class 28 is about who asks.
func refusedByPostgres(err error) error {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return err
	}
	said := errors.New(answer.Message)
	switch {
	case strings.HasPrefix(answer.Code, "28"):
		return kinded{Denied, said}
	case answer.Code == "3D000":
		return kinded{Missing, said}
	}
	return said
}
