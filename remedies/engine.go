package remedies

import (
	"context"
	"errors"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// Engine treats what a diagnosis has found, and takes treatments back. Team, Journal, Open and Diagnose have to be set.
type Engine struct {
	Team    int64
	Journal string // the folder of the journal, see [JournalFolder]; made by the first operation that is applied
	// Open opens the world anew, for the last one remembers what it was asked, and the settings may have changed. Diagnose
	// diagnoses it. Both are called after each operation.
	Open     func() (*pipeline.World, error)
	Diagnose func(context.Context, *pipeline.World) *checks.Diagnosis
	// Progress tells the user how far long work has come; nil where nobody wants to know.
	Progress func(text string)
	// ExportTo is the folder for exports of what is deleted; "" for that of the treatment in the journal.
	ExportTo string
	// Patience is how long to wait for another doctor that treats; zero means [DefaultPatience].
	Patience time.Duration

	remedies []Remedy     // nil means the table
	step     func(string) // where a test ends the process
}

// DefaultPatience is how long a doctor waits for another one unless [Engine.Patience] says otherwise.
const DefaultPatience = 10 * time.Second

// The errors that a caller may want to tell from others. Nothing was touched when one of them is returned.
var (
	ErrNoJournal     = errors.New("there is no folder for a journal, and nothing is treated without one: " + settings.NoEnvFile)
	ErrUnconfirmed   = errors.New("unsafe remedies want to be confirmed, on a terminal or with --yes")
	ErrPlanChanged   = errors.New("the plan is not the one that was agreed to any more: look at the new one first")
	ErrNothingToUndo = errors.New("the journal has no treatment that could be taken back")
)

// Fix is what has become of one remedy.
type Fix struct {
	Remedy string
	Code   checks.Code
	Status Status
	Detail string
	Final  string // why it cannot be taken back; "" where it can, or nothing was done
}

// Status is how far a remedy came.
type Status string

// The statuses.
const (
	Planned  Status = "planned"  // only looked at
	Applied  Status = "applied"  // done, and not proven to have helped
	Verified Status = "verified" // done, and proven
	Failed   Status = "failed"   // tried in vain; what it has changed, if anything, the detail says
	Skipped  Status = "skipped"  // not tried, for the reason in the detail
)

// hold locks the journal until release is called.
func (e *Engine) hold(ctx context.Context) (release func(), err error) {
	patience := e.Patience
	if patience <= 0 {
		patience = DefaultPatience
	}
	l, err := lock(ctx, e.Journal, patience, e.tell)
	if err != nil {
		return nil, err
	}
	return func() { unlock(l) }, nil
}

// with lends out the tools for one step of a treatment.
func (e *Engine) with(j *journal, do func(*Tools) error) error {
	tools := &Tools{Folder: j.folder, Progress: e.tell, open: e.Open, step: e.at}
	defer tools.close()
	return do(tools)
}

func (e *Engine) tell(text string) {
	if e.Progress != nil {
		e.Progress(text)
	}
}

func (e *Engine) at(point string) {
	if e.step != nil {
		e.step(point)
	}
}

func (e *Engine) table() []Remedy {
	if e.remedies != nil {
		return e.remedies
	}
	return table
}
