package pipeline

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// SignalsOfReports names the live signals of some reports in one embedding table: the documents whose newest version belongs
// to one of them, is not deleted, and was inserted before an instant. All their versions are meant, whatever those say.
type SignalsOfReports struct {
	Table   Table
	Team    int64
	Reports []string
	Before  time.Time
}

// String is what is meant, for people.
func (s SignalsOfReports) String() string {
	return fmt.Sprintf("the signals of %d reports of team %d in %s", len(s.Reports), s.Team, s.Table)
}

// Amount is how much some signals are.
type Amount struct {
	Documents int64
	Rows      int64 // each document has one a version
	Bytes     int64 // about, uncompressed: so many rows of the table's usual size
}

// Count counts signals, in ClickHouse as it is now.
func (h *Hands) Count(ctx context.Context, signals SignalsOfReports) (amount Amount, err error) {
	err = h.work(ctx, SourceClickHouse, "the number of "+signals.String(), func(ctx context.Context) error {
		at, err := h.place(ctx, signals.Table)
		if err != nil {
			return err
		}
		amount, err = h.count(ctx, at, signals)
		if err != nil || amount.Rows == 0 {
			return err
		}
		type table struct{ bytes, rows uint64 }
		sizes, err := query(ctx, h.clickhouse, func(row scanner, t *table) error { return row.Scan(&t.bytes, &t.rows) },
			"SELECT sum(data_uncompressed_bytes), sum(rows) FROM system.parts WHERE database = ? AND table = ? AND active",
			signals.Table.Database, signals.Table.Name)
		if err == nil && len(sizes) == 1 && sizes[0].rows > 0 {
			amount.Bytes = int64(float64(sizes[0].bytes) / float64(sizes[0].rows) * float64(amount.Rows))
		}
		return err
	})
	return amount, err
}

func (h *Hands) count(ctx context.Context, at place, signals SignalsOfReports) (Amount, error) {
	rows, err := h.rowsOf(ctx, signals)
	if err != nil {
		return Amount{}, err
	}
	s := statement{text: "SELECT uniqExact(document_id), count() FROM " + at.read}.with(rows)
	counted, err := query(unbounded(ctx, s), h.clickhouse, func(row scanner, a *Amount) error {
		var documents, rows uint64
		err := row.Scan(&documents, &rows)
		a.Documents, a.Rows = int64(documents), int64(rows)
		return err
	}, s.text, s.bound()...)
	if err == nil && len(counted) != 1 {
		err = fmt.Errorf("%d rows came for a count", len(counted))
	}
	if err != nil {
		return Amount{}, err
	}
	return counted[0], nil
}

// signalRows is the condition that every statement of this file begins with: the rows of a team's signals.
func signalRows(team int64) statement {
	return statement{" WHERE team_id = ? AND product = 'signals' AND document_type = 'signal'", []any{team}}
}

// rowsOf is the condition for all versions of the signals. The subquery has no subquery of its own: in a mutation, a server of
// version 18 does not take that.
func (h *Hands) rowsOf(ctx context.Context, signals SignalsOfReports) (statement, error) {
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return statement{}, err
	}
	text, deleted := metadataFields(server.Version)
	return signalRows(signals.Team).add(" AND document_id IN (SELECT document_id FROM "+quoted(signals.Table)).with(signalRows(signals.Team)).
		add(" GROUP BY document_id HAVING (argMax(metadata, inserted_at) AS said) != '' AND "+text("report_id")+" IN ? AND NOT "+deleted+
			" AND toFloat64(max(inserted_at)) < ?)", signals.Reports, signals.Before), nil
}

// newestOnly is the condition for the newest versions of all signals of a team.
func newestOnly(signals SignalsOfReports) statement {
	return statement{text: "(document_id, inserted_at) IN (SELECT document_id, max(inserted_at) FROM " + quoted(signals.Table)}.
		with(signalRows(signals.Team)).add(" GROUP BY document_id)")
}

// quoted is a table's name in a statement.
func quoted(t Table) string { return identifier(t.Database) + "." + identifier(t.Name) }

// place is where the rows of a table are. Mostly that is the table. Where a cluster of several servers holds them, the rows are
// reached through a Distributed table in front of it, and each server changes its own (posthog/clickhouse/table_engines.py).
type place struct {
	table   Table
	read    string // where to read from
	write   string // where to insert into
	cluster string // "" where the server is alone
}

// distributed finds the cluster, the database and the table behind a Distributed table, and whether it may be written to.
var distributed = regexp.MustCompile(`^Distributed\('?([^',)]+)'?, '?([^',)]*)'?, '?([^',)]+)'?(, )?`)

func (h *Hands) place(ctx context.Context, table Table) (place, error) {
	alone := place{table: table, read: quoted(table), write: quoted(table)}
	type front struct{ name, engine string }
	fronts, err := query(ctx, h.clickhouse, func(row scanner, f *front) error { return row.Scan(&f.name, &f.engine) },
		"SELECT name, engine_full FROM system.tables WHERE database = ? AND engine = 'Distributed' ORDER BY name", table.Database)
	if err != nil {
		return alone, err
	}
	spread := alone
	for _, f := range fronts {
		engine := distributed.FindStringSubmatch(f.engine)
		if engine == nil || engine[2] != table.Database || engine[3] != table.Name {
			continue
		}
		spread.cluster, spread.read = engine[1], quoted(Table{Database: table.Database, Name: f.name})
		if engine[4] != "" { // it knows which row belongs where
			spread.write = spread.read
		}
	}
	if spread.cluster == "" {
		return alone, nil
	}
	servers, err := query(ctx, h.clickhouse, func(row scanner, n *uint64) error { return row.Scan(n) },
		"SELECT count() FROM system.clusters WHERE cluster = ?", spread.cluster)
	if err != nil {
		return alone, err
	}
	if len(servers) == 1 && servers[0] > 1 {
		return spread, nil
	}
	return alone, nil
}

// onCluster is what makes a statement one for all servers of a cluster.
func (p place) onCluster() string {
	if p.cluster == "" {
		return ""
	}
	return " ON CLUSTER " + identifier(p.cluster)
}

// mutations is where the mutations of all the servers are listed.
func (p place) mutations() string {
	if p.cluster == "" {
		return "system.mutations"
	}
	return "cluster(" + identifier(p.cluster) + ", system, mutations)"
}

// Column is a column of a table.
type Column struct {
	Name string
	Type string
}

func (h *Hands) columns(ctx context.Context, table Table) ([]Column, error) {
	columns, err := query(ctx, h.clickhouse, func(row scanner, c *Column) error { return row.Scan(&c.Name, &c.Type) },
		"SELECT name, type FROM system.columns WHERE database = ? AND table = ? AND default_kind IN ('', 'DEFAULT')", table.Database, table.Name)
	if err == nil && len(columns) == 0 {
		err = kinded{Missing, fmt.Errorf("there is no table %s", table)}
	}
	return columns, err
}

func list(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = identifier(c.Name)
	}
	return strings.Join(names, ", ")
}
