package remedies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// deleteEmbeddings exports the live signals of some reports from an embedding table, and deletes them there.
type deleteEmbeddings struct {
	Signals pipeline.SignalsOfReports `json:"signals"`
	Because standing                  `json:"because,omitempty"` // what has to be true of the reports still
	Amount  pipeline.Amount           `json:"amount"`
	Folder  string                    `json:"folder,omitempty"` // of the export; "" for the treatment's own
	File    string                    `json:"file"`             // of the export

	text string // as it is shown, which nobody does once it is journaled
}

func (d *deleteEmbeddings) Kind() string   { return "delete-embeddings" }
func (d *deleteEmbeddings) Target() string { return d.Signals.Table.String() }
func (d *deleteEmbeddings) Final() string  { return "" }

// Essence has no instant, for the same rows are meant whenever it is planned, and no number of rows, for ClickHouse merges
// versions whenever it likes.
func (d *deleteEmbeddings) Essence() string {
	return fmt.Sprintf("%s %d %q %d %q %q", d.Signals.Table, d.Signals.Team, d.Signals.Reports, d.Amount.Documents, d.Because, d.Folder)
}

func (d *deleteEmbeddings) Show() Shown {
	size := ""
	if d.Amount.Bytes > 0 {
		size = ", about " + bytesIn(d.Amount.Bytes)
	}
	return Shown{
		Summary: fmt.Sprintf("delete %s (%s%s) of %s from %s, after an export", checks.Count(int(d.Amount.Documents), "embedding"),
			checks.Count(int(d.Amount.Rows), "row"), size, checks.Count(len(d.Signals.Reports), "report"), d.Signals.Table),
		Form: "sql", Text: d.text,
	}
}

// Look counts what is there. A complete export tells that the deletion may have begun, until what it holds was put back.
func (d *deleteEmbeddings) Look(ctx context.Context, tools *Tools) (State, string, error) {
	_, hands, err := d.hands(tools)
	if err != nil {
		return Elsewhere, "", err
	}
	there, err := hands.Count(ctx, d.Signals)
	if err != nil {
		return Elsewhere, "", err
	}
	kept, err := readExport(d.export(tools))
	if err != nil {
		return Elsewhere, "", err
	}
	seen := fmt.Sprintf("%s has %s of %s", d.Signals.Table, checks.Count(int(there.Rows), "row"), checks.Count(int(there.Documents), "embedding"))
	switch {
	case kept != nil && there.Rows == 0:
		return After, seen, nil
	case kept != nil && there.Documents <= kept.Documents && there.Rows <= kept.Rows:
		return Between, fmt.Sprintf("%s, of %d exported", seen, kept.Rows), nil
	case kept != nil:
		return Elsewhere, fmt.Sprintf("%s, and only %d were exported", seen, kept.Rows), nil
	// There may be fewer rows than planned: ClickHouse merges versions.
	case there.Documents != d.Amount.Documents || there.Rows > d.Amount.Rows:
		return Elsewhere, fmt.Sprintf("%s, and had %d of %d", seen, d.Amount.Rows, d.Amount.Documents), nil
	}
	return Before, seen, nil
}

// heldUp fails when an earlier mutation of the table fails at each attempt: ClickHouse does them in order, so that the deletion
// would wait without end.
func (d *deleteEmbeddings) heldUp(ctx context.Context, w *pipeline.World) error {
	unfinished, err := w.ClickHouse.Mutations(ctx)
	if err != nil {
		return fmt.Errorf("whether another mutation holds it up is not known: %w", err)
	}
	for _, m := range unfinished {
		if m.Database == d.Signals.Table.Database && m.Table == d.Signals.Table.Name && m.Failure != "" {
			return fmt.Errorf("%s of %s fails at each attempt, and holds up all that come after it: end it first, as CLK003 says", m.ID, d.Signals.Table)
		}
	}
	return nil
}

// unjustified asks Postgres whether the reports are as they were when this was planned, and returns why they are not.
func (d *deleteEmbeddings) unjustified(ctx context.Context, w *pipeline.World) (why string, err error) {
	if d.Because == unknown {
		return "", nil
	}
	states, err := w.Postgres.ReportStates(ctx, d.Signals.Team, d.Signals.Reports)
	if err != nil {
		return "", fmt.Errorf("whether the reports are still %s is not known: %w", d.Because, err)
	}
	for _, s := range states {
		if d.Because == missing || s.Status != pipeline.ReportDeleted {
			return fmt.Sprintf("report %s is not %s any more", pipeline.Short(s.ID), d.Because), nil
		}
	}
	return "", nil
}

func (d *deleteEmbeddings) hands(tools *Tools) (*pipeline.World, embeddingHands, error) {
	world, err := tools.World()
	if err != nil {
		return nil, nil, err
	}
	hands, err := handsForEmbeddings(world)
	return world, hands, err
}

// export is the path of the export.
func (d *deleteEmbeddings) export(tools *Tools) string {
	return filepath.Join(cmp.Or(d.Folder, tools.Folder), d.File)
}

// Apply exports and deletes. A complete export is not made twice: it would lack what was deleted already. What was begun is
// given up when the reports have come back in the meantime.
func (d *deleteEmbeddings) Apply(ctx context.Context, tools *Tools) error {
	world, hands, err := d.hands(tools)
	if err != nil {
		return err
	}
	path := d.export(tools)
	kept, err := readExport(path)
	if err != nil {
		return err
	}
	why, err := d.unjustified(ctx, world)
	switch {
	case err != nil:
		return err
	case why != "" && kept != nil:
		return both(errors.New(why), cmp.Or(d.Undo(ctx, tools), errors.New("what was begun is taken back"+d.Leaves())))
	case why != "":
		return errors.New(why)
	}
	if kept == nil {
		err = d.heldUp(ctx, world)
	}
	if kept == nil && err == nil {
		kept, err = writeExport(ctx, path, hands, d.Signals, tools)
	}
	if err == nil {
		err = kept.intact(path)
	}
	if err != nil {
		return err
	}
	tell, step := followed(tools, "deleting"), 0
	err = hands.Delete(ctx, d.Signals, pipeline.Amount{Documents: kept.Documents, Rows: kept.Rows}, func(p pipeline.Progress) {
		if p.Step > step {
			step = p.Step
			tools.step("deleting")
		}
		tell(p)
	})
	tools.step("deleted")
	return err
}

// proven wants none of the embeddings to be left.
func (d *deleteEmbeddings) proven(ctx context.Context, w *pipeline.World) (string, error) {
	hands, err := handsForEmbeddings(w)
	if err != nil {
		return "", err
	}
	left, err := hands.Count(ctx, d.Signals)
	switch {
	case err != nil:
		return "", fmt.Errorf("whether any is left is not known: %w", err)
	case left.Rows > 0:
		return "", fmt.Errorf("%s of them are left", checks.Count(int(left.Rows), "row"))
	}
	return "none of them is left", nil
}

// Undo puts back what was exported. Rows that are there are left alone, and what is still to be deleted of them is not any
// more: a mutation that is at work would go on with that.
func (d *deleteEmbeddings) Undo(ctx context.Context, tools *Tools) error {
	path := d.export(tools)
	kept, err := readExport(path)
	if err == nil && kept == nil {
		err = fmt.Errorf("there is no complete export %s", path)
	}
	if err == nil {
		err = kept.intact(path)
	}
	if err != nil {
		return err
	}
	_, hands, err := d.hands(tools)
	if err != nil {
		return err
	}
	tools.step("checked")
	if err := hands.CallOff(ctx, d.Signals, followed(tools, "waiting for the deletion")); err != nil {
		return err
	}
	tools.step("called off")
	if err := kept.restore(ctx, path, hands, d.Signals, tools); err != nil {
		return err
	}
	tools.step("restored")
	return kept.putBack(path)
}

// Tidy removes what a killed doctor has left of an export that did not come to its end: nobody will go on with it.
func (d *deleteEmbeddings) Tidy(tools *Tools) error {
	path := d.export(tools)
	leftovers := []string{path + unfinished}
	if !exists(path+described) && !exists(path+isBack) {
		leftovers = append(leftovers, path)
	}
	for _, leftover := range leftovers {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove what is left of the export: %w", err)
		}
	}
	return nil
}

// Leaves says that an export stays in the folder that was named for it, which is the user's. That of the journal is pruned.
func (d *deleteEmbeddings) Leaves() string {
	if d.Folder == "" {
		return ""
	}
	return fmt.Sprintf("; the export %s stays, and is not needed any more", filepath.Join(d.Folder, d.File))
}

// followed tells the user how far mutations have come.
func followed(tools *Tools, doing string) func(pipeline.Progress) {
	tell := seldom(tools)
	return func(p pipeline.Progress) {
		tell("%s: mutation %s, %d of %d; %d of %d parts to do", doing, p.Mutation, p.Step, p.Steps, p.Left, p.Parts)
	}
}

// seldom tells the user of progress once a second at most, and what is new only.
func seldom(tools *Tools) func(format string, args ...any) {
	var last time.Time
	var said string
	return func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if text == said || time.Since(last) < time.Second {
			return
		}
		last, said = time.Now(), text
		tools.Progress(text)
	}
}
