package pipeline

import (
	"slices"
	"strings"
	"time"
)

// Table is one table of the embeddings' family, in any database.
type Table struct {
	Database string
	Name     string
	Engine   string
	Columns  []string
	// Front is the name of the Distributed table beside it that reads its rows from several servers; "" where this one has all.
	Front string `json:",omitempty"`
}

func (t Table) String() string { return t.Database + "." + t.Name }

// Reader is the table that all its rows are read from.
func (t Table) Reader() Table {
	if t.Front == "" {
		return t
	}
	return Table{Database: t.Database, Name: t.Front}
}

// Stores reports whether the table keeps embeddings, as those do that cleanup_signals deletes from
// (products/signals/backend/management/commands/cleanup_signals.py). The others of the family pass rows on, or buffer
// them for a day.
func (t Table) Stores() bool {
	return strings.HasSuffix(t.Engine, "MergeTree") && strings.Contains(t.Name, "sharded_posthog_document_embeddings")
}

// Stores are the tables of a family that store embeddings, in all databases.
func Stores(family []Table) []Table {
	return slices.DeleteFunc(slices.Clone(family), func(t Table) bool { return !t.Stores() })
}

// Home picks the tables that the checks ask: those of the embeddings' own database, or all where that one has none.
func Home(stores []Table, database string) []Table {
	if there := Within(stores, database); len(there) > 0 {
		return there
	}
	return stores
}

// Within picks the tables of one database.
func Within(tables []Table, database string) []Table {
	return slices.DeleteFunc(slices.Clone(tables), func(t Table) bool { return t.Database != database })
}

// TellsReports reports whether the table's rows say which report a signal belongs to. The older table for all models
// has no metadata.
func (t Table) TellsReports() bool { return slices.Contains(t.Columns, "metadata") }

// Searched reports whether new signals are matched against this table: the pipeline searches the embeddings of one of its
// models only (products/signals/backend/temporal/grouping.py).
func (t Table) Searched() bool { return strings.HasSuffix(t.Name, "text_embedding_3_small_1536") }

// TeamSignals is the signals of a team in one embedding table.
type TeamSignals struct {
	Reports []ReportSignals // those that have live signals, the report with the most first
	Recent  int             // signals whose own time is not before the instant that was asked about, also deleted ones
}

// ReportSignals is the live signals of one report in one embedding table: documents whose newest version is not
// marked as deleted.
type ReportSignals struct {
	Report    string // the report's id as it stands in the metadata: any text at all
	Documents int
	Recent    int       `json:",omitempty"` // of these, whose own time is not before the instant that was asked about
	Newest    time.Time // the newest of the signals' own times
	Inserted  time.Time // when the newest row was inserted
}

// Document is one signal in an embedding table. What its metadata says may be any text at all.
type Document struct {
	ID                      string
	Product, Type, SourceID string    // of the signal's source
	Signalled               time.Time // the signal's own time: when it was given its report
	Weight                  float64   // 0 where it is not known
}

// SignalRow is a signal in an embedding table, as its newest version has it.
type SignalRow struct {
	Document
	Report   string // the id of its report, as it stands in the metadata: any text at all
	Deleted  bool
	Inserted time.Time // when the newest version was
}

// Mutation is a change of a table's rows that ClickHouse has taken on and not completed.
type Mutation struct {
	Database, Table string
	ID              string
	Command         string // what is to be done: any text at all
	Created         time.Time
	Parts           int    // what is left to do
	Failure         string // why the newest attempt failed; servers from before 2020 do not say
}
