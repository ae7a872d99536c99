package remedies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MovedError is why a treatment is not taken back: something else has changed what it is about, and would be lost.
// Nothing was touched.
type MovedError struct {
	Run   string
	Moved []string // what, a line each
}

func (e MovedError) Error() string {
	return fmt.Sprintf("cannot take %s back, the world has moved on: %s", e.Run, strings.Join(e.Moved, "; "))
}

// Undo takes a treatment back, its last operation first: the one with an id, or the last one that can be. What cannot be
// taken back stays, and it says so. It refuses where the world has moved on.
func (e *Engine) Undo(ctx context.Context, id string) (*Outcome, error) {
	if e.Journal == "" || !exists(e.Journal) {
		return nil, ErrNothingToUndo
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
	for _, run := range runs {
		if id == "" && slices.ContainsFunc(run.Steps, Step.isHalfUndone) {
			id = run.ID // and not the one before it, once this one is settled
		}
	}
	if id, err = e.giveUp(ctx, runs, id); err != nil {
		return nil, err
	}
	settled, _, err := e.recover(ctx)
	if err != nil {
		return nil, err
	}
	if runs, err = Runs(e.Journal); err != nil {
		return nil, err
	}
	run, err := find(runs, id)
	switch {
	case err != nil:
		return nil, err
	case !run.is(InEffect) && len(settled) == 0:
		return nil, fmt.Errorf("of the treatment %s nothing is in effect any more", run.ID)
	}
	j, all, err := e.reopen(run.ID)
	if err != nil {
		return nil, err
	}
	defer j.close()
	outcome := &Outcome{Run: run.ID, Folder: j.folder, Fixes: settled}
	all = slices.DeleteFunc(all, func(s Step) bool { return s.State != InEffect })
	slices.Reverse(all)
	if err := e.moved(ctx, j, run.ID, all); err != nil {
		return nil, err
	}
	for i := range all {
		fix := e.undoStep(ctx, j, &all[i])
		outcome.Fixes = append(outcome.Fixes, fix)
		if fix.Status == Failed {
			break
		}
	}
	return outcome, nil
}

func (s Step) isHalfUndone() bool { return s.State == Interrupted && s.wanted == Before }

// giveUp has what the treatment has left half done be taken back, when what was interrupted is settled, and not be brought to its
// end: that might never succeed. It returns the id of that treatment, or the one that was asked for.
func (e *Engine) giveUp(ctx context.Context, runs []Run, id string) (string, error) {
	last := slices.IndexFunc(runs, func(r Run) bool { return id != "" && strings.HasPrefix(r.ID, id) })
	for i := range runs {
		if id == "" && (runs[i].is(Interrupted) || runs[i].canUndo()) {
			last = i
		}
	}
	if last < 0 || !runs[last].is(Interrupted) {
		return id, nil
	}
	j, all, err := e.reopen(runs[last].ID)
	if err != nil {
		return id, err
	}
	defer j.close()
	for _, step := range all {
		if step.State != Interrupted || step.wanted != After || step.Final != "" {
			continue
		}
		var state State
		err := e.with(j, func(tools *Tools) (err error) {
			state, _, err = step.operation.Look(ctx, tools)
			return err
		})
		if err != nil || state != Between { // recover says what there is to say of it
			continue
		}
		if err := j.write(record{Event: undoing, Step: step.number}); err != nil {
			return id, err
		}
		id = runs[last].ID
	}
	return id, nil
}

// moved looks whether the world is where a treatment has left it. Of several operations on one target only the last has
// left it somewhere.
func (e *Engine) moved(ctx context.Context, j *journal, id string, lastFirst []Step) error {
	var moved []string
	seen := map[string]bool{}
	for _, step := range lastFirst {
		target := step.operation.Target()
		if step.Final != "" || seen[target] {
			continue
		}
		seen[target] = true
		if err := e.isAfter(ctx, j, step.operation); err != nil {
			moved = append(moved, err.Error())
		}
	}
	if len(moved) > 0 {
		return MovedError{id, moved}
	}
	return nil
}

func (e *Engine) isAfter(ctx context.Context, j *journal, operation Operation) error {
	return e.with(j, func(tools *Tools) error {
		state, seen, err := operation.Look(ctx, tools)
		if err == nil && state != After && state != Between {
			err = errors.New(seen)
		}
		return err
	})
}

func (e *Engine) undoStep(ctx context.Context, j *journal, step *Step) Fix {
	fix := Fix{Remedy: step.Remedy, Code: step.Code, Status: Verified, Detail: "taken back: " + step.Shown.Summary}
	if step.Final != "" {
		fix.Status, fix.Detail = Skipped, fmt.Sprintf("cannot be taken back: %s (%s)", step.Shown.Summary, step.Final)
		return fix
	}
	err := e.isAfter(ctx, j, step.operation)
	if err == nil {
		err = e.takeBack(ctx, j, step)
		fix.Detail += leaves(step.operation)
	}
	if err != nil {
		fix.Status, fix.Detail = Failed, fmt.Sprintf("cannot take back: %s: %v", step.Shown.Summary, err)
	}
	return fix
}
