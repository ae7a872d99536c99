package pipeline

import (
	"context"
	"fmt"
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
	text, deleted := metadataFields(server.Version, "said")
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
// reached through a Distributed table in front of it, and each server changes its own.
type place struct {
	table   Table
	read    string // where to read from
	write   string // where to insert into; "" where nobody knows which row belongs on which server
	cluster string // "" where the server is alone
}

func (h *Hands) place(ctx context.Context, table Table) (place, error) {
	at := place{table: table, read: quoted(table), write: quoted(table)}
	type row struct{ name, engine string }
	rows, err := query(ctx, h.clickhouse, func(from scanner, r *row) error { return from.Scan(&r.name, &r.engine) },
		"SELECT name, engine_full FROM system.tables WHERE database = ? AND engine = 'Distributed'", table.Database)
	if err != nil {
		return at, err
	}
	var fronts []front
	for _, r := range rows {
		if f, ok := frontOf(Table{Database: table.Database, Name: r.name}, r.engine); ok {
			fronts = append(fronts, f)
		}
	}
	clusters, err := h.clickhouse.clusters(ctx)
	if err != nil {
		return at, err
	}
	fronts, of := spanning(table, fronts, clusters)
	if len(fronts) == 0 {
		return at, nil
	}
	at.cluster, at.read, at.write = of.name, quoted(fronts[0].Table), ""
	for _, f := range fronts {
		if f.keyed || of.shards == 1 {
			at.write = quoted(f.Table)
		}
	}
	return at, nil
}

// restorable fails where rows could not be put back on the servers that they came from.
func (p place) restorable() error {
	if p.write != "" {
		return nil
	}
	return fmt.Errorf("its rows are on several servers of cluster %s, and no Distributed table puts them there by document_id", p.cluster)
}

// onCluster is what makes a statement one for all servers of a cluster.
func (p place) onCluster() string {
	if p.cluster == "" {
		return ""
	}
	return " ON CLUSTER " + identifier(p.cluster)
}

// mutations is where the mutations of all the servers are listed. Those of version 18 tell of one server of each shard.
func (p place) mutations(version string) string {
	of := "clusterAllReplicas("
	switch {
	case p.cluster == "":
		return "system.mutations"
	case old(version):
		of = "cluster("
	}
	return of + identifier(p.cluster) + ", system, mutations)"
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
