package remedies

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

// largestExport is how many bytes an export may have unless a folder was named for it.
const largestExport = 2 << 30

// doomed is the embeddings that a finding is about, and why they may be deleted.
type doomed struct {
	table   pipeline.Table
	reports []pipeline.ReportSignals
	because standing
}

// standing is what Postgres has said of some reports.
type standing string

const (
	unknown standing = ""        // nothing: it could not be asked
	missing standing = "missing" // it has none of them
	deleted standing = "deleted" // it has them with that status
)

// doomedBy is what a finding says may be deleted; nil where its check has not told.
func doomedBy(c *Case) *doomed {
	var d doomed
	switch result := c.Result.(type) {
	case *embeddings.Staleness:
		if result.Certain {
			d.because = missing
		}
		for _, t := range result.Tables {
			if slices.Contains(c.Finding.Subject, t.Table.String()) {
				d.table, d.reports = t.Table, t.Reports
			}
		}
	case []embeddings.DeletedReport:
		d.because = deleted
		for _, r := range result {
			if slices.Contains(c.Finding.Subject, r.Table.String()) {
				d.table, d.reports = r.Table, append(d.reports, r.ReportSignals)
			}
		}
	}
	if len(d.reports) == 0 {
		return nil
	}
	return &d
}

// deleteKnown deletes what Postgres has told to belong to no report, or to a deleted one.
func deleteKnown(c *Case) string {
	d := doomedBy(c)
	if d == nil || d.because == unknown {
		return ""
	}
	return fmt.Sprintf("doctor --fix deletes %s of %s, and doctor undo puts them back", d.documents(), checks.Count(len(d.reports), "report"))
}

// deleteSuspects deletes all live signals: some of them belong to no report, and nobody can say which.
func deleteSuspects(c *Case) string {
	d := doomedBy(c)
	if d == nil || d.because != unknown {
		return ""
	}
	return fmt.Sprintf("doctor --fix --unsafe deletes all %s, also those of reports that may exist", d.documents())
}

func (d *doomed) documents() string {
	return checks.Count(embeddings.TableSignals{Reports: d.reports}.Documents(), "embedding")
}

// planDeletion plans to delete the embeddings that a finding is about, as they are at the instant of its diagnosis.
func planDeletion(ctx context.Context, c *Case) (*Plan, error) {
	hands, err := handsForEmbeddings(c.World)
	if err != nil {
		return nil, err
	}
	operation, err := newDeletion(ctx, hands, c)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Operations: []Operation{operation}}
	if operation.Because == unknown { // the check will not know of the other tables
		plan.Proof, plan.Prove = "none of them is left", operation.proven
	}
	return plan, nil
}

func newDeletion(ctx context.Context, hands embeddingHands, c *Case) (*deleteEmbeddings, error) {
	d := doomedBy(c)
	signals := pipeline.SignalsOfReports{Table: pipeline.Table{Database: d.table.Database, Name: d.table.Name}, Team: c.Team, Before: c.World.Now}
	for _, r := range d.reports {
		signals.Reports = append(signals.Reports, r.Report)
	}
	slices.Sort(signals.Reports)
	amount, err := hands.Count(ctx, signals)
	switch {
	case err != nil:
		return nil, err
	case amount.Documents == 0:
		return nil, errors.New("they are not there any more, or were inserted since: run doctor once more")
	}
	folder, room, err := exportFolder(c, amount)
	if err != nil {
		return nil, err
	}
	named := ""
	if c.ExportTo != "" {
		named = folder
	}
	statements, err := hands.Deletion(ctx, signals)
	if err != nil {
		return nil, err
	}
	if amount.Rows == amount.Documents && len(statements) > 1 { // no document has an older version
		statements = statements[1:]
	}
	return &deleteEmbeddings{
		Signals: signals, Because: d.because, Amount: amount, Folder: named, File: exportName(signals),
		text: fmt.Sprintf("-- exported first to %s: about %s, of %s that are free there\n%s\n", folder, bytesIn(amount.Bytes), bytesIn(room), strings.Join(statements, ";\n")),
	}, nil
}

// exportName is of the instant and of what is exported, so that no two exports share a file.
func exportName(s pipeline.SignalsOfReports) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d %q", s.Table, s.Team, s.Before.UnixNano(), s.Reports))
	return fmt.Sprintf("embeddings-%s-%x.native.zst", s.Before.UTC().Format("20060102-150405"), sum[:4])
}

// exportFolder is where an export of that size goes, and how many bytes are free there. It refuses a large one for which
// no folder was named, and one that does not fit.
func exportFolder(c *Case, amount pipeline.Amount) (folder string, room int64, err error) {
	if folder = c.Journal; c.ExportTo == "" {
		if amount.Bytes > largestExport {
			return "", 0, fmt.Errorf("the export would be about %s: name a folder for it with --export-to", bytesIn(amount.Bytes))
		}
	} else if folder, err = filepath.Abs(c.ExportTo); err != nil {
		return "", 0, err
	} else if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return "", 0, fmt.Errorf("there is no folder %s to export to", c.ExportTo)
	}
	room, err = free(folder)
	if err == nil && room < amount.Bytes {
		err = fmt.Errorf("the export would be about %s, and only %s are free in %s: name another folder with --export-to", bytesIn(amount.Bytes), bytesIn(room), folder)
	}
	return folder, room, err
}

// free is how many bytes this user may still write on the file system of a folder, which may be yet to be made.
func free(folder string) (int64, error) {
	for !exists(folder) && folder != filepath.Dir(folder) {
		folder = filepath.Dir(folder)
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return 0, fmt.Errorf("cannot find out how much is free in %s: %w", folder, err)
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil //nolint:unconvert // their types are others elsewhere
}

// bytesIn is a number of bytes for people.
func bytesIn(n int64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if float64(n) >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// embeddingHands is what of [pipeline.Hands] deletes embeddings and puts them back.
type embeddingHands interface {
	Count(context.Context, pipeline.SignalsOfReports) (pipeline.Amount, error)
	Deletion(context.Context, pipeline.SignalsOfReports) ([]string, error)
	Export(context.Context, pipeline.SignalsOfReports, io.Writer, func(rows int64)) (pipeline.Export, error)
	Delete(context.Context, pipeline.SignalsOfReports, pipeline.Amount, func(pipeline.Progress)) error
	CallOff(context.Context, pipeline.SignalsOfReports, func(pipeline.Progress)) error
	Restore(context.Context, pipeline.SignalsOfReports, pipeline.Export, io.Reader, func(rows int64)) (pipeline.Restored, error)
}

// handsForEmbeddings is what tests put fakes in the place of.
var handsForEmbeddings = func(w *pipeline.World) (embeddingHands, error) { return pipeline.HandsOf(w) }
