package pipeline

import (
	"context"
	"fmt"
	"io"
	"reflect"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/klauspost/compress/zstd"
)

// Export is what was exported, and what has to be known to put it back.
type Export struct {
	Table     Table
	Columns   []Column
	Documents int64
	Rows      int64
	Server    string // the version of the server that it comes from
}

const (
	exportBlock = 4 << 20 // bytes of rows that are written together
	readBlock   = 1024    // rows that a server sends together, at most: a real one has about 12 kB
)

// Export writes all versions of signals: ClickHouse's format Native, which names the columns and their types, as a Zstandard
// stream. What `zstd -dc` makes of it, clickhouse-client takes with INSERT … FORMAT Native.
//
// The newest version of each document comes before all older ones. So whatever part of it has been put back, no older version
// shows in the place of a newer one. It tells of its progress with the number of rows so far.
func (h *Hands) Export(ctx context.Context, signals SignalsOfReports, to io.Writer, progress func(rows int64)) (export Export, err error) {
	err = h.work(ctx, SourceClickHouse, "an export of "+signals.String(), func(ctx context.Context) error {
		export, err = h.export(ctx, signals, to, progress)
		return err
	})
	return export, err
}

func (h *Hands) export(ctx context.Context, signals SignalsOfReports, to io.Writer, progress func(int64)) (Export, error) {
	export := Export{Table: signals.Table}
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return export, err
	}
	at, err := h.place(ctx, signals.Table)
	if err != nil {
		return export, err
	}
	amount, err := h.count(ctx, at, signals)
	if err != nil {
		return export, err
	}
	export.Server, export.Documents = server.Version, amount.Documents
	if export.Columns, err = h.columns(ctx, signals.Table); err != nil {
		return export, err
	}
	rows, err := h.rowsOf(ctx, signals)
	if err != nil {
		return export, err
	}
	stream, err := zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return export, err
	}
	out := &nativeWriter{columns: export.Columns, to: stream, progress: progress}
	for _, versions := range []string{" AND ", " AND NOT "} {
		s := statement{text: "SELECT " + list(export.Columns) + " FROM " + at.read}.with(rows).add(versions).with(newestOnly(signals))
		if err := h.read(ctx, s, out); err != nil {
			stream.Close()
			return export, err
		}
	}
	export.Rows = out.rows
	return export, stream.Close()
}

// read hands the rows that a statement finds to a writer.
func (h *Hands) read(ctx context.Context, s statement, out *nativeWriter) error {
	conn, err := h.clickhouse.connection()
	if err != nil {
		return err
	}
	ctx = unbounded(ctx, s, clickhouse.Settings{"max_block_size": readBlock})
	rows, err := conn.Query(ctx, s.text, s.bound()...)
	if err != nil {
		return refusedBy(err)
	}
	defer rows.Close()
	into, err := out.scanned()
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := out.append(into); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return refusedBy(err)
	}
	return out.flush()
}

// nativeWriter writes rows in ClickHouse's format Native, in blocks of a bounded size.
type nativeWriter struct {
	columns  []Column
	to       io.Writer
	progress func(rows int64)

	block  *proto.Block
	buffer chproto.Buffer
	size   int
	rows   int64
}

// scanned is what a row's values are read into.
func (w *nativeWriter) scanned() (into []any, err error) {
	w.block = proto.NewBlock()
	for _, c := range w.columns {
		if err := w.block.AddColumn(c.Name, column.Type(c.Type)); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	for _, c := range w.block.Columns {
		into = append(into, reflect.New(c.ScanType()).Interface())
	}
	return into, nil
}

func (w *nativeWriter) append(row []any) error {
	values := make([]any, len(row))
	for i, at := range row {
		value := reflect.ValueOf(at).Elem()
		values[i] = value.Interface()
		w.size += size(value)
	}
	if err := w.block.Append(values...); err != nil {
		return err
	}
	if w.size < exportBlock {
		return nil
	}
	return w.flush()
}

// size is about how many bytes a value takes.
func size(value reflect.Value) int {
	const number = 8
	switch value.Kind() {
	case reflect.String:
		return value.Len() + 1
	case reflect.Slice, reflect.Map:
		return number * (value.Len() + 1)
	}
	return number
}

func (w *nativeWriter) flush() error {
	rows := w.block.Rows()
	if rows == 0 {
		return nil
	}
	w.buffer.Reset()
	// Revision 0 is the format as it stands in files.
	if err := w.block.Encode(&w.buffer, 0); err != nil {
		return err
	}
	if _, err := w.to.Write(w.buffer.Buf); err != nil {
		return fmt.Errorf("write the export: %w", err)
	}
	w.block.Reset()
	w.size = 0
	w.rows += int64(rows)
	if w.progress != nil {
		w.progress(w.rows)
	}
	return nil
}
