package pipeline

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"golang.org/x/sync/errgroup"
)

// ClickHouse is a ClickHouse server, over its native protocol or over HTTP, as the address says. The statements run on
// servers from 18.16 on: values are bound by the driver, for the old ones know no query parameters.
type ClickHouse struct {
	world  *World
	writes bool // as [Hands] does, and no observation

	once sync.Once
	conn clickhouse.Conn
	err  error
}

// Reach greets the server.
func (c *ClickHouse) Reach(ctx context.Context) (Reached, error) {
	return ask(ctx, c.world, ClickHouseReached, Nothing{}, func(ctx context.Context) (Reached, error) {
		type greeting struct {
			version string
			now     uint32
		}
		asked := time.Now()
		greetings, err := query(ctx, c, func(row scanner, g *greeting) error {
			return row.Scan(&g.version, &g.now)
		}, "SELECT version(), toUnixTimestamp(now())")
		if err != nil {
			return Reached{}, err
		}
		if len(greetings) != 1 {
			return Reached{}, fmt.Errorf("%d rows came for its version", len(greetings))
		}
		reached := c.world.reached(SourceClickHouse, greetings[0].version)
		reached.Clock = Clock{time.Unix(int64(greetings[0].now), 0), asked, time.Now()}
		return reached, nil
	})
}

// embeddings is what the names of all tables of the embeddings' family have in common
// (products/error_tracking/backend/embedding.py and indexed_embedding.py).
const embeddings = "%document_embeddings%"

// EmbeddingTables lists the tables of the embeddings' family in all databases, those that hold rows and those that only
// pass them on. A server does not show tables that its user may not see: where it hides those of the embeddings' own database
// the error is of kind [Forbidden]. Where it does not show its clusters, it counts as being alone.
func (c *ClickHouse) EmbeddingTables(ctx context.Context) ([]Table, error) {
	return ask(ctx, c.world, EmbeddingTables, Nothing{}, func(ctx context.Context) ([]Table, error) {
		type column struct{ database, table, name string }
		var tables []Table
		var columns []column
		var fronts []front
		var clusters []cluster
		outer := ctx
		all, ctx := errgroup.WithContext(ctx)
		all.Go(func() (err error) {
			tables, err = query(ctx, c, func(row scanner, t *Table) error {
				var engine string
				err := row.Scan(&t.Database, &t.Name, &t.Engine, &engine)
				if f, ok := frontOf(*t, engine); ok {
					fronts = append(fronts, f)
				}
				return err
			}, "SELECT database, name, engine, engine_full FROM system.tables WHERE name LIKE ? ORDER BY database, name", embeddings)
			return err
		})
		all.Go(func() (err error) {
			clusters, err = c.clusters(ctx)
			if refusedByServer(err) {
				return nil
			}
			return err
		})
		all.Go(func() (err error) {
			columns, err = query(ctx, c, func(row scanner, c *column) error {
				return row.Scan(&c.database, &c.table, &c.name)
			}, "SELECT database, table, name FROM system.columns WHERE table LIKE ? ORDER BY database, table, name", embeddings)
			return err
		})
		if err := all.Wait(); err != nil {
			return nil, err
		}
		if err := c.shows(outer, tables); err != nil {
			return nil, err
		}
		for i := range tables {
			if of, _ := spanning(tables[i], fronts, clusters); len(of) > 0 {
				tables[i].Front = of[0].Name
			}
			for _, column := range columns {
				if column.database == tables[i].Database && column.table == tables[i].Name {
					tables[i].Columns = append(tables[i].Columns, column.name)
				}
			}
		}
		return tables, nil
	})
}

// LiveSignals counts a team's signals in one embedding table. As for the pipeline's own readers
// (products/signals/backend/temporal/grouping.py), of each document only the newest version by inserted_at counts, and it
// is not live when that is marked as deleted. Signals without a report are left out. Since counts in milliseconds, in a table that
// holds whole seconds in those.
func (c *ClickHouse) LiveSignals(ctx context.Context, table Table, team int64, since time.Time) (TeamSignals, error) {
	asked := SignalsOf{Table: table, Team: team, Since: since.UTC().Truncate(time.Millisecond)}
	return ask(ctx, c.world, LiveSignals, asked, func(ctx context.Context) (TeamSignals, error) {
		type group struct {
			ReportSignals
			recent int
		}
		var signals TeamSignals
		server, err := c.Reach(ctx)
		if err != nil {
			return signals, err
		}
		groups, err := query(ctx, c, func(row scanner, g *group) error {
			var documents, live, recent uint64
			var newest int64
			err := row.Scan(&g.Report, &documents, &live, &newest, &g.Inserted, &recent)
			g.Documents, g.Recent, g.Newest, g.recent = int(documents), int(live), time.UnixMilli(newest).UTC(), int(recent)
			return err
		}, `SELECT report, countIf(NOT deleted) AS documents, countIf(NOT deleted AND late) AS live,
	maxIf(signalled, NOT deleted) AS newest, maxIf(arrived, NOT deleted) AS inserted, countIf(late) AS recent
FROM (`+verdicts(server.Version, table)+`)
WHERE report != ''
GROUP BY report
ORDER BY documents DESC, report`, asked.Since.UnixMilli(), asked.Since.Unix()*1000, team)
		for _, g := range groups {
			signals.Recent += g.recent
			if g.Documents > 0 {
				signals.Reports = append(signals.Reports, g.ReportSignals)
			}
		}
		return signals, err
	})
}

// mostDocuments is how many of a report's signals are listed.
const mostDocuments = 100

// ReportDocuments lists the live signals of one report in one embedding table, the newest first.
func (c *ClickHouse) ReportDocuments(ctx context.Context, table Table, team int64, report string) ([]Document, error) {
	asked := SignalsOfReport{Table: table, Team: team, Report: report}
	return ask(ctx, c.world, ReportDocuments, asked, func(ctx context.Context) ([]Document, error) {
		server, err := c.Reach(ctx)
		if err != nil {
			return nil, err
		}
		weight := weightField(server.Version)
		reportOf, _ := metadataFields(server.Version, "metadata")
		newest, text := newestVersions(server.Version, table, reportOf("report_id")+" = ?")
		return query(ctx, c, func(row scanner, d *Document) error {
			return row.Scan(&d.ID, &d.Product, &d.Type, &d.SourceID, &d.Signalled, &d.Weight)
		}, `SELECT document_id, `+text("source_product")+`, `+text("source_type")+`, `+text("source_id")+`, signalled, `+weight+` AS weight
FROM (`+newest+`)
WHERE report = ? AND NOT deleted
ORDER BY signalled DESC, document_id LIMIT ?`, team, team, report, report, mostDocuments)
	})
}

// SignalRows lists the newest signals of a team in one embedding table, deleted ones, too.
func (c *ClickHouse) SignalRows(ctx context.Context, table Table, team int64, since time.Time, most int) ([]SignalRow, error) {
	asked := SignalsSince{Table: table, Team: team, Since: since.UTC().Truncate(time.Second), Most: most}
	return ask(ctx, c.world, SignalRows, asked, func(ctx context.Context) ([]SignalRow, error) {
		server, err := c.Reach(ctx)
		if err != nil {
			return nil, err
		}
		newest, text := newestVersions(server.Version, table, "toUnixTimestamp(timestamp) >= ?")
		return query(ctx, c, func(row scanner, r *SignalRow) error {
			var deleted uint8
			err := row.Scan(&r.ID, &r.Product, &r.Type, &r.SourceID, &r.Signalled, &r.Report, &deleted, &r.Inserted)
			r.Deleted = deleted != 0
			return err
		}, `SELECT document_id, `+text("source_product")+`, `+text("source_type")+`, `+text("source_id")+`, signalled, report, toUInt8(deleted), arrived
FROM (`+newest+`)
WHERE toUnixTimestamp(signalled) >= ?
ORDER BY signalled DESC, document_id LIMIT ?`, team, team, asked.Since.Unix(), asked.Since.Unix(), most)
	})
}

// identifier quotes a name for a statement.
func identifier(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

type scanner interface{ Scan(into ...any) error }

// query reads all rows of a statement.
func query[Row any](ctx context.Context, c *ClickHouse, scan func(scanner, *Row) error, statement string, values ...any) ([]Row, error) {
	conn, err := c.connection()
	if err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, statement, values...)
	if err != nil {
		return nil, refusedBy(err)
	}
	defer rows.Close()
	var all []Row
	for rows.Next() {
		var row Row
		if err := scan(rows, &row); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, refusedBy(rows.Err())
}

func (c *ClickHouse) connection() (clickhouse.Conn, error) {
	c.once.Do(c.open)
	return c.conn, c.err
}

// readOnly forbids writing, and lets the driver say how long a statement may take.
var readOnly = clickhouse.Settings{"readonly": 2}

// open prepares the connections; the driver makes each when it is needed.
func (c *ClickHouse) open() {
	s := c.world.Settings.ClickHouse
	address, err := url.Parse(s.URL)
	if err != nil {
		c.err = fmt.Errorf("%s has no valid address", s.Setting)
		return
	}
	dial := c.world.dialer()
	overHTTP := address.Scheme == "http" || address.Scheme == "https"
	options := &clickhouse.Options{
		Addr:        []string{address.Host},
		Auth:        clickhouse.Auth{Username: s.User, Password: string(s.Password)},
		DialTimeout: c.world.observation,
	}
	if !c.writes {
		options.Settings = readOnly
	}
	if address.Scheme == "https" || s.Secure && !overHTTP {
		options.TLS = &tls.Config{ServerName: address.Hostname(), InsecureSkipVerify: !s.Verify} // as CLICKHOUSE_VERIFY says
	}
	if overHTTP {
		options.Protocol = clickhouse.HTTP
		options.DialContext = func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "tcp", address) }
		options.TransportFunc = func(t *http.Transport) (http.RoundTripper, error) {
			t.Proxy = nil
			if c.writes {
				return straight{Transport: t}, nil // what is exported may be long
			}
			return straight{t, mostAnswered}, nil
		}
	} else {
		options.DialContext = func(ctx context.Context, address string) (net.Conn, error) {
			conn, err := dial(ctx, "tcp", address)
			if err != nil {
				return nil, err
			}
			return greet(ctx, conn, options.TLS, !c.writes)
		}
	}
	if c.conn, c.err = clickhouse.Open(options); c.err == nil {
		c.world.onClose(func() { _ = c.conn.Close() })
	}
}

// greeted is a connection whose handshake in the native protocol ends with the context that it was dialled in. The
// driver bounds it by DialTimeout alone, and takes its deadline back when it is over.
type greeted struct {
	net.Conn
	dialled net.Conn
	over    func() bool
}

func greet(ctx context.Context, conn net.Conn, encryption *tls.Config, bound bool) (net.Conn, error) {
	dialled := conn
	if bound {
		conn = &boundedLine{Conn: conn}
	}
	if encryption != nil {
		encrypted := tls.Client(conn, encryption)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = encrypted
	}
	return &greeted{conn, dialled, context.AfterFunc(ctx, func() { conn.Close() })}, nil
}

// SyscallConn is for the driver, which looks there whether anything was said unasked: it would be taken for the answer to the
// next question.
func (g *greeted) SyscallConn() (syscall.RawConn, error) {
	if conn, ok := g.dialled.(syscall.Conn); ok {
		return conn.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

func (g *greeted) SetDeadline(t time.Time) error {
	if t.IsZero() {
		g.over()
	}
	return g.Conn.SetDeadline(t)
}

// refusedByServer reports whether a server has answered that it does not do what it was asked for.
func refusedByServer(err error) bool {
	var exception *clickhouse.Exception
	var answer *clickhouse.HTTPError
	return errors.As(err, &exception) || errors.As(err, &answer)
}

// refusedBy tells refused credentials, and what they do not open, from other errors of the server.
func refusedBy(err error) error {
	var exception *clickhouse.Exception
	var answer *clickhouse.HTTPError
	switch {
	case errors.As(err, &exception):
		switch exception.Code {
		case 192, 193, 194, 195, 516: // unknown user, wrong password, password required, address not allowed, authentication failed
			return kinded{Denied, err}
		case 291, 497: // database access denied (old servers), access denied
			return kinded{Forbidden, err}
		}
	case errors.As(err, &answer):
		if answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden {
			return kinded{Denied, err}
		}
	}
	return err
}
