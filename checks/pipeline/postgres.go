package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

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
	err := ask(db.conn)
	if db.conn.PgConn().Frontend().ReadBufferLen() > 0 {
		// What is said unasked would be taken for the answer to the next question.
		_ = db.conn.PgConn().Conn().Close()
		db.conn = nil
	}
	return err
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
	dial := db.world.dialer()
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &boundedLine{Conn: conn}, nil
	}
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
