package pipeline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/klauspost/compress/zstd"
)

// Restored is what became of the rows of an export.
type Restored struct {
	Rows    int64 // that were inserted
	Present int64 // that were there, and were left as they are
}

// Restore puts the rows of an export back as they were. Rows that are there are left alone, so that a restoration which was
// interrupted can be made again. It tells of its progress with the number of rows that it has been through.
//
// It fails when the table has lost a column since, or given it another type, when the export is not whole, and when
// ClickHouse does not have all its documents afterwards.
func (h *Hands) Restore(ctx context.Context, signals SignalsOfReports, export Export, from io.Reader, progress func(rows int64)) (restored Restored, err error) {
	err = h.work(ctx, SourceClickHouse, "the restoration of "+signals.String(), func(ctx context.Context) error {
		restored, err = h.restore(ctx, signals, export, from, progress)
		return err
	})
	return restored, err
}

func (h *Hands) restore(ctx context.Context, signals SignalsOfReports, export Export, from io.Reader, progress func(int64)) (Restored, error) {
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return Restored{}, err
	}
	columns, err := h.columns(ctx, signals.Table)
	if err != nil {
		return Restored{}, err
	}
	for _, c := range export.Columns {
		if !slices.Contains(columns, c) {
			return Restored{}, fmt.Errorf("%s has no column %s of the type %s any more", signals.Table, c.Name, c.Type)
		}
	}
	at, err := h.place(ctx, signals.Table)
	if err != nil {
		return Restored{}, err
	}
	if err := at.restorable(); err != nil {
		return Restored{}, err
	}
	present, err := h.present(ctx, at, signals)
	if err != nil {
		return Restored{}, err
	}
	stream, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return Restored{}, err
	}
	defer stream.Close()
	conn, err := h.clickhouse.connection()
	if err != nil {
		return Restored{}, err
	}
	in := &inserter{conn: conn, into: "INSERT INTO " + at.write + " (" + list(export.Columns) + ")", present: present}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(exactly(server.Version)))
	if err := in.all(ctx, chproto.NewReader(stream), progress); err != nil {
		return in.Restored, err
	}
	if rows := in.Rows + in.Present; rows != export.Rows {
		return in.Restored, fmt.Errorf("the export has %d rows, and should have %d", rows, export.Rows)
	}
	return in.Restored, h.expect(ctx, at, signals, export.Documents)
}

// expect fails when documents are not there. A replica has them a moment after another one has taken them.
func (h *Hands) expect(ctx context.Context, at place, signals SignalsOfReports, documents int64) error {
	began := time.Now()
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		there, err := h.documents(ctx, at, signals)
		switch {
		case err != nil || there >= documents:
			return err
		case at.cluster == "" || time.Since(began) > stumbling:
			return fmt.Errorf("%d of %d documents are there", there, documents)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// exactly is how rows are inserted as they are: they may well be the same that were inserted before, and older versions of
// each other. A Distributed table hands them on before it answers.
func exactly(version string) clickhouse.Settings {
	settings := clickhouse.Settings{"insert_deduplicate": 0, "insert_distributed_sync": 1}
	if !old(version) {
		settings["optimize_on_insert"] = 0
	}
	return settings
}

// said is the condition for documents of which any version belongs to one of the reports.
func (h *Hands) said(ctx context.Context, signals SignalsOfReports) (statement, error) {
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return statement{}, err
	}
	text, _ := metadataFields(server.Version, "said")
	return signalRows(signals.Team).
		add(" AND document_id IN (SELECT document_id FROM (SELECT document_id, metadata AS said FROM "+quoted(signals.Table)).
		with(signalRows(signals.Team)).add(") WHERE "+text("report_id")+" IN ?)", signals.Reports), nil
}

// documents counts the documents that have any version which belongs to one of the reports.
func (h *Hands) documents(ctx context.Context, at place, signals SignalsOfReports) (int64, error) {
	said, err := h.said(ctx, signals)
	if err != nil {
		return 0, err
	}
	s := statement{text: "SELECT uniqExact(document_id) FROM " + at.read}.with(said)
	counted, err := query(unbounded(ctx, s), h.clickhouse, func(row scanner, n *uint64) error { return row.Scan(n) }, s.text, s.bound()...)
	if err != nil || len(counted) != 1 {
		return 0, err
	}
	return int64(counted[0]), nil
}

// rowKey tells rows of signals apart.
type rowKey [sha256.Size]byte

func keyOf(document string, timestamp, inserted time.Time, metadata string) rowKey {
	return sha256.Sum256(fmt.Appendf(nil, "%q %d %d %q", document, timestamp.UnixNano(), inserted.UnixNano(), metadata))
}

// present reads which rows of the signals are there, and how often. Mostly none is.
func (h *Hands) present(ctx context.Context, at place, signals SignalsOfReports) (map[rowKey]int, error) {
	said, err := h.said(ctx, signals)
	if err != nil {
		return nil, err
	}
	present := map[rowKey]int{}
	s := statement{text: "SELECT document_id, timestamp, inserted_at, metadata FROM " + at.read}.with(said)
	_, err = query(unbounded(ctx, s), h.clickhouse, func(row scanner, _ *struct{}) error {
		var document, metadata string
		var timestamp, inserted time.Time
		err := row.Scan(&document, &timestamp, &inserted, &metadata)
		present[keyOf(document, timestamp, inserted, metadata)]++
		return err
	}, s.text, s.bound()...)
	return present, err
}

// inserter inserts the rows of an export, but for those that are present.
type inserter struct {
	Restored
	conn    clickhouse.Conn
	into    string
	present map[rowKey]int
}

func (in *inserter) all(ctx context.Context, from *chproto.Reader, progress func(int64)) error {
	for {
		block := proto.NewBlock()
		err := block.Decode(from, 0)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if err := in.insert(ctx, block); err != nil {
			return err
		}
		if progress != nil {
			progress(in.Rows + in.Present)
		}
	}
}

func (in *inserter) insert(ctx context.Context, block *proto.Block) error {
	var absent []int
	for row := range block.Rows() {
		if !in.found(block, row) {
			absent = append(absent, row)
		}
	}
	in.Present += int64(block.Rows() - len(absent))
	if len(absent) == 0 {
		return nil
	}
	batch, err := in.conn.PrepareBatch(ctx, in.into)
	if err != nil {
		return refusedBy(err)
	}
	defer batch.Close()
	if len(absent) == block.Rows() {
		err = appendAll(batch, block)
	} else {
		err = appendRows(batch, block, absent)
	}
	if err != nil {
		return err
	}
	if err := batch.Send(); err != nil {
		return refusedBy(err)
	}
	in.Rows += int64(len(absent))
	return nil
}

// appendAll appends a block by columns: value by value, a vector would take a hundred times as long.
func appendAll(batch driver.Batch, block *proto.Block) error {
	var buffer chproto.Buffer
	for i, to := range batch.Columns() {
		buffer.Reset()
		from := block.Columns[i]
		if from, stateful := from.(column.CustomSerialization); stateful {
			if err := from.WriteStatePrefix(&buffer); err != nil {
				return err
			}
		}
		from.Encode(&buffer)
		reader := chproto.NewReader(&buffer)
		if to, stateful := to.(column.CustomSerialization); stateful {
			if err := to.ReadStatePrefix(reader); err != nil {
				return err
			}
		}
		if err := to.Decode(reader, block.Rows()); err != nil {
			return err
		}
	}
	return nil
}

func appendRows(batch driver.Batch, block *proto.Block, rows []int) error {
	values := make([]any, len(block.Columns))
	for _, row := range rows {
		for i, c := range block.Columns {
			values[i] = c.Row(row, false)
		}
		if err := batch.Append(values...); err != nil {
			return err
		}
	}
	return nil
}

// found reports whether a row is there, and counts it off.
func (in *inserter) found(block *proto.Block, row int) bool {
	if len(in.present) == 0 {
		return false
	}
	value := func(name string) any {
		return block.Columns[slices.Index(block.ColumnsNames(), name)].Row(row, false)
	}
	document, _ := value("document_id").(string)
	metadata, _ := value("metadata").(string)
	timestamp, _ := value("timestamp").(time.Time)
	inserted, _ := value("inserted_at").(time.Time)
	key := keyOf(document, timestamp, inserted, metadata)
	if in.present[key] == 0 {
		return false
	}
	in.present[key]--
	return true
}
