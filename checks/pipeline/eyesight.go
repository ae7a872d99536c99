package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Sight is what a service lets its user see.
type Sight struct {
	User   string
	Unseen []Unseen // of that which checks ask about
}

// Unseen is something that a service has and does not let its user read.
type Unseen struct {
	Name   string
	Reason string // in the service's words
}

// readSystemTables are the system tables that questions are asked of. Those that a server shows to everybody in part, such as
// system.tables, are judged by what they show: see [ClickHouse.EmbeddingTables].
var readSystemTables = []string{"system.clusters", "system.columns", "system.mutations", "system.tables"}

// Sight finds out what ClickHouse lets its user see. All is tried in one statement
// that reads no row; only where that is refused each is tried alone.
func (c *ClickHouse) Sight(ctx context.Context) (Sight, error) {
	return ask(ctx, c.world, ClickHouseSight, Nothing{}, func(ctx context.Context) (Sight, error) {
		sight := Sight{User: c.world.Settings.ClickHouse.User}
		tried := slices.Clone(readSystemTables)
		family, err := c.EmbeddingTables(ctx)
		switch {
		case KindOf(err) == Forbidden:
			sight.Unseen = append(sight.Unseen, Unseen{c.world.Settings.ClickHouse.Embeddings + ".*", plain(errors.Unwrap(err))})
		case err != nil:
			return sight, err
		}
		for _, t := range Home(Stores(family), c.world.Settings.ClickHouse.Embeddings) {
			tried = append(tried, quoted(t))
		}
		if err := c.try(ctx, tried...); !isForbidden(err) {
			return sight, err
		}
		for _, one := range tried {
			switch err := c.try(ctx, one); {
			case isForbidden(err):
				sight.Unseen = append(sight.Unseen, Unseen{strings.ReplaceAll(one, "`", ""), plain(err)})
			case err != nil:
				return sight, err
			}
		}
		return sight, nil
	})
}

// try reads no row of some tables, which needs the same permission as to read them all.
func (c *ClickHouse) try(ctx context.Context, tables ...string) error {
	var parts []string
	for _, table := range tables {
		parts = append(parts, "SELECT 1 FROM "+table+" LIMIT 0")
	}
	_, err := query(ctx, c, func(row scanner, _ *struct{}) error { return row.Scan(new(uint8)) }, strings.Join(parts, " UNION ALL "))
	return err
}

// shows returns an error where the database that the embeddings belong in is hidden from the user, so that it must not be
// taken for one without tables. A server answers the question for a table in it whether or not there is one.
func (c *ClickHouse) shows(ctx context.Context, tables []Table) error {
	home := c.world.Settings.ClickHouse.Embeddings
	for _, t := range tables {
		if t.Database == home {
			return nil
		}
	}
	table := Table{Database: home, Name: "sharded_posthog_document_embeddings_text_embedding_3_small_1536"}
	_, err := query(ctx, c, func(row scanner, there *uint8) error { return row.Scan(there) }, "EXISTS TABLE "+quoted(table))
	if isForbidden(err) {
		return fmt.Errorf("the tables of %s are hidden: %w", home, err)
	}
	return nil
}

// readPostgresTables are the tables that questions are asked of.
var readPostgresTables = []string{
	"posthog_organization", "posthog_task", "posthog_task_run", "posthog_team",
	"signals_signalreport", "signals_signalreportartefact", "signals_signalsourceconfig",
}

// Sight finds out which tables Postgres lets its user read, of those that checks ask. One that is not there is not hidden.
func (db *Postgres) Sight(ctx context.Context) (Sight, error) {
	return ask(ctx, db.world, PostgresSight, Nothing{}, func(ctx context.Context) (Sight, error) {
		var sight Sight
		var hidden []string
		err := db.use(ctx, func(conn *pgx.Conn) error {
			return conn.QueryRow(ctx, `SELECT current_user::text, array(SELECT name FROM unnest($1::text[]) AS name
WHERE NOT coalesce(has_table_privilege(to_regclass(name), 'SELECT'), true) ORDER BY name)`, readPostgresTables).Scan(&sight.User, &hidden)
		})
		for _, name := range hidden {
			sight.Unseen = append(sight.Unseen, Unseen{name, "no privilege SELECT"})
		}
		return sight, err
	})
}
