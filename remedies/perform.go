package remedies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// perform does one operation: it looks whether the world is as it was when that was planned, writes down what it is about
// to do, does it, and writes down what has come of it.
func (e *Engine) perform(ctx context.Context, j *journal, t *Treatment, operation Operation) error {
	err := e.with(j, func(tools *Tools) error {
		state, seen, err := operation.Look(ctx, tools)
		if err == nil && state != Before {
			err = fmt.Errorf("not as it was planned: %s", seen)
		}
		return err
	})
	if err != nil {
		return err
	}
	data, err := json.Marshal(operation)
	if err != nil {
		return fmt.Errorf("cannot write to the journal: %w", err)
	}
	e.at("planned")
	err = j.write(record{Event: intended, Remedy: t.Remedy, Code: t.Code, Finding: t.Finding, Kind: operation.Kind(), Data: data})
	if err != nil {
		return err
	}
	step := &Step{number: j.last, operation: operation}
	e.at("intended")
	failure := e.with(j, func(tools *Tools) error { return operation.Apply(ctx, tools) })
	e.at("done")
	return e.settle(ctx, j, step, After, failure)
}

// takeBack undoes one operation that is in effect.
func (e *Engine) takeBack(ctx context.Context, j *journal, step *Step) error {
	if err := j.write(record{Event: undoing, Step: step.number}); err != nil {
		return err
	}
	e.at("undoing")
	failure := e.with(j, func(tools *Tools) error { return step.operation.Undo(ctx, tools) })
	e.at("taken back")
	return e.settle(ctx, j, step, Before, failure)
}

// settle looks what has become of an operation and writes that down: the world decides, not what the operation says of
// itself. What cannot be seen stays open, for a later doctor to settle. It returns nil when the world is where it is wanted.
func (e *Engine) settle(ctx context.Context, j *journal, step *Step, wanted State, failure error) error {
	var state State
	var seen string
	err := e.with(j, func(tools *Tools) (err error) {
		// Who interrupts a treatment wants to know all the more how far it has come.
		state, seen, err = step.operation.Look(context.WithoutCancel(ctx), tools)
		return err
	})
	switch {
	case err != nil:
		return both(failure, fmt.Errorf("how far it came is not known, the next treatment looks again: %w", err))
	case state == Between:
		return both(failure, fmt.Errorf("it is half done, the next treatment goes on with it: %s", seen))
	}
	became := record{Event: map[State]event{Before: unchanged, After: applied, Elsewhere: strayed}[state], Step: step.number}
	if wanted == Before && state == Before {
		became.Event = undone
	}
	if state != wanted && failure == nil {
		failure = errors.New(seen)
	}
	if state != wanted {
		became.Detail = failure.Error()
	}
	if err := j.write(became); err != nil {
		return err
	}
	e.at("settled")
	if state != wanted {
		return failure
	}
	return nil
}

// both is two errors in one line, of which the first may be nil.
func both(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w; %w", first, second)
}

// recover settles what an earlier doctor has begun and not ended: the world tells how far it came, and what is half done is
// done. It returns what became of each, and the targets of those that cannot be settled yet.
func (e *Engine) recover(ctx context.Context) (fixes []Fix, open map[string]bool, err error) {
	runs, err := Runs(e.Journal)
	if err != nil {
		return nil, nil, err
	}
	open = map[string]bool{}
	for _, run := range runs {
		if !run.is(Interrupted) {
			continue
		}
		some, err := e.resume(ctx, run.ID, open)
		if err != nil {
			return nil, nil, err
		}
		fixes = append(fixes, some...)
	}
	return fixes, open, nil
}

// resume settles the operations of one treatment.
func (e *Engine) resume(ctx context.Context, id string, open map[string]bool) ([]Fix, error) {
	j, all, err := e.reopen(id)
	if err != nil {
		return nil, err
	}
	defer j.close()
	var fixes []Fix
	for i := range all {
		step := &all[i]
		if step.State != Interrupted {
			continue
		}
		status, err := e.goOn(ctx, j, step)
		if k, ok := step.operation.(keeper); ok && err == nil {
			err = e.with(j, k.Tidy)
		}
		said := becameOf[status]
		if status == Verified && step.wanted == Before {
			said = "taken back" + leaves(step.operation)
		}
		if err != nil {
			status, said = Failed, err.Error()
			open[step.operation.Target()] = true
		}
		detail := fmt.Sprintf("%s, of the interrupted treatment %s: %s", step.Shown.Summary, id, said)
		fixes = append(fixes, Fix{Remedy: step.Remedy, Code: step.Code, Status: status, Detail: detail, Final: step.Final})
	}
	return fixes, nil
}

var becameOf = map[Status]string{Verified: "brought to its end", Skipped: "had changed nothing"}

// goOn settles one operation that was interrupted.
func (e *Engine) goOn(ctx context.Context, j *journal, step *Step) (Status, error) {
	var failure error
	var untouched bool
	err := e.with(j, func(tools *Tools) error {
		state, _, err := step.operation.Look(ctx, tools)
		switch {
		case err != nil:
			return fmt.Errorf("how far it came is not known, the next treatment looks again: %w", err)
		case step.wanted == After && state == Between:
			failure = step.operation.Apply(ctx, tools)
		case step.wanted == Before && (state == Between || state == After):
			failure = step.operation.Undo(ctx, tools)
		}
		untouched = step.wanted == After && state == Before
		return nil
	})
	if err != nil {
		return Failed, err
	}
	e.at("resumed")
	if untouched {
		return Skipped, j.write(record{Event: unchanged, Step: step.number, Detail: "it was interrupted before it changed anything"})
	}
	return Verified, e.settle(ctx, j, step, step.wanted, failure)
}

// reopen opens the journal of an earlier treatment.
func (e *Engine) reopen(id string) (*journal, []Step, error) {
	j, records, err := openJournal(filepath.Join(e.Journal, id))
	if err != nil {
		return nil, nil, err
	}
	all, err := steps(records)
	if err != nil {
		j.close()
		return nil, nil, fmt.Errorf("cannot read the journal %s: %w", j.folder, err)
	}
	return j, all, nil
}
