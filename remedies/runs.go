package remedies

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"doctor/checks"
)

// Run is one treatment, as the journal tells of it. No secret is in it.
type Run struct {
	ID    string // an unambiguous prefix of it serves, too
	Began time.Time
	Steps []Step
}

// Step is one operation of a treatment.
type Step struct {
	Remedy string
	Code   checks.Code
	Shown  Shown
	State  StepState
	Detail string // why it came to that, of one that has not gone well
	Final  string // why it cannot be taken back; "" where it can

	number    int   // of the record that intended it
	wanted    State // where an interrupted one was to bring the world
	operation Operation
}

// StepState is what has become of an operation.
type StepState string

// The states of a step.
const (
	Interrupted StepState = "interrupted" // begun, or begun to be taken back, and it is not known how far it came
	InEffect    StepState = "in effect"
	NotDone     StepState = "not done" // it has changed nothing
	TakenBack   StepState = "taken back"
	Strayed     StepState = "strayed" // something else has changed what it is about
)

// stateAfter is what has become of an operation by an event.
var stateAfter = map[event]StepState{
	intended: Interrupted, undoing: Interrupted, applied: InEffect, unchanged: NotDone, undone: TakenBack, strayed: Strayed,
}

// steps makes of the records of a journal what has become of each operation.
func steps(records []record) ([]Step, error) {
	var all []Step
	at := map[int]int{}
	for _, r := range records {
		switch r.Event {
		case began:
			continue
		case intended:
			operation, err := revive(r.Kind, r.Data)
			if err != nil {
				return nil, err
			}
			at[r.Number] = len(all)
			all = append(all, Step{
				Remedy: r.Remedy, Code: r.Code, Shown: operation.Show(), Final: operation.Final(),
				number: r.Number, operation: operation,
			})
			r.Step = r.Number
		}
		i, known := at[r.Step]
		if !known {
			return nil, fmt.Errorf("its record %d is about an operation that it does not have", r.Number)
		}
		all[i].State, all[i].Detail, all[i].wanted = stateAfter[r.Event], r.Detail, After
		if r.Event == undoing {
			all[i].wanted = Before
		}
	}
	return all, nil
}

// Runs lists the treatments that a journal has kept, the oldest first. It writes nothing and waits for nobody.
func Runs(folder string) ([]Run, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	var all []Run
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if !entry.IsDir() || !exists(filepath.Join(path, journalFile)) {
			continue
		}
		records, _, _, err := readRecords(filepath.Join(path, journalFile))
		if err != nil {
			return nil, err
		}
		run := Run{ID: entry.Name()}
		if run.Steps, err = steps(records); err != nil {
			return nil, fmt.Errorf("cannot read the journal %s: %w", path, err)
		}
		if len(records) > 0 {
			run.Began = records[0].At
		}
		all = append(all, run)
	}
	slices.SortStableFunc(all, func(a, b Run) int { return a.Began.Compare(b.Began) })
	return all, nil
}

// is reports whether the run has a step in a state.
func (r *Run) is(state StepState) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == state })
}

// canUndo reports whether there is something of a run to take back.
func (r *Run) canUndo() bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == InEffect && s.Final == "" })
}

// find is the run with an id, or with an id that begins so; the last one that can be taken back when none is named.
func find(runs []Run, id string) (*Run, error) {
	var found []*Run
	for i := range runs {
		if id == "" && runs[i].canUndo() {
			found = []*Run{&runs[i]}
		}
		if id != "" && strings.HasPrefix(runs[i].ID, id) {
			found = append(found, &runs[i])
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case id == "":
		return nil, ErrNothingToUndo
	case len(found) == 0:
		return nil, fmt.Errorf("the journal has no treatment %q", id)
	}
	return nil, fmt.Errorf("the journal has %d treatments that begin with %q", len(found), id)
}

// Prune removes all but the last treatments from the journal, and returns which. One that was interrupted stays.
func (e *Engine) Prune(ctx context.Context, keep int) (removed []string, err error) {
	if !exists(e.Journal) {
		return nil, nil
	}
	release, err := e.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	runs, err := Runs(e.Journal)
	if err != nil {
		return nil, err
	}
	for _, run := range runs[:max(len(runs)-keep, 0)] {
		if run.is(Interrupted) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(e.Journal, run.ID)); err != nil {
			return removed, fmt.Errorf("cannot remove a treatment from the journal: %w", err)
		}
		removed = append(removed, run.ID)
	}
	return removed, nil
}
