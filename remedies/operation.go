package remedies

import (
	"context"
	"encoding/json"
	"fmt"

	"doctor/checks/pipeline"
)

// Operation is one change of the world. It is data: the journal keeps its JSON before anything is touched, and a later
// doctor makes the same operation of that to find out how far it got, to go on with it, or to take it back.
type Operation interface {
	// Kind tells kinds of operations apart in the journal: its key in the table of kinds.
	Kind() string
	// Target is what it changes. Of several operations on one target only the last can be taken back.
	Target() string
	// Essence is what makes it this operation and no other. It is the same as long as the world is, whenever the operation
	// is planned: the hash of a plan is made of these.
	Essence() string
	// Show is how it is shown to people. No secret is in it.
	Show() Shown
	// Final says why it cannot be taken back; "" where it can.
	Final() string

	// Look finds out on which side of the change the world is, and says in words what it has seen.
	Look(context.Context, *Tools) (State, string, error)
	// Apply brings the world to the other side. It is called when Look has said Before, or Between, and refuses a world that
	// has changed since then.
	Apply(context.Context, *Tools) error
	// Undo brings the world back. It is called when Look has said After, or Between.
	Undo(context.Context, *Tools) error
}

// keeper is an operation that keeps large files.
type keeper interface {
	// Tidy removes those that it does not need, when it is known what has become of it.
	Tidy(*Tools) error
	// Leaves says what stays of them when it was taken back, as the end of a sentence; "" for nothing.
	Leaves() string
}

func leaves(operation Operation) string {
	if k, ok := operation.(keeper); ok {
		return k.Leaves()
	}
	return ""
}

// State is how the world stands to an operation.
type State int

// The states.
const (
	Elsewhere State = iota // neither before nor after it: something else has changed what it is about
	Before
	Between // it has begun and not ended; to apply it once more goes on with it, to undo it gives it up
	After
)

// Shown is how an operation is shown.
type Shown struct {
	Summary string `json:"summary"` // what it does, in one line
	Form    string `json:"form"`    // what Text is: diff, sql or request
	Text    string `json:"text"`    // exactly what it does, in lines
}

// kinds is all kinds of operations. A journal that names another one was written by another doctor.
var kinds = map[string]func() Operation{
	"file-edit":         func() Operation { return new(fileEdit) },
	"deliver-signal":    func() Operation { return new(delivery) },
	"terminate-run":     func() Operation { return new(termination) },
	"kill-mutation":     func() Operation { return new(killing) },
	"remove-container":  func() Operation { return new(removal) },
	"delete-embeddings": func() Operation { return new(deleteEmbeddings) },
}

// revive makes an operation of what the journal has kept.
func revive(kind string, data json.RawMessage) (Operation, error) {
	empty, known := kinds[kind]
	if !known {
		return nil, fmt.Errorf("it has an operation of the kind %.40q, which this doctor does not know", kind)
	}
	operation := empty()
	if err := json.Unmarshal(data, operation); err != nil {
		return nil, fmt.Errorf("its operation of the kind %s cannot be read: %w", kind, err)
	}
	return operation, nil
}

// Tools is what an operation works with.
type Tools struct {
	// Folder is the treatment's own in the journal, for what is too large for a line of it. It stays until it is pruned.
	Folder string
	// Progress tells the user how far long work has come.
	Progress func(text string)

	open  func() (*pipeline.World, error)
	world *pipeline.World
	step  func(point string) // where a test ends the process
}

// World is the world as it is now: it remembers nothing that was asked before the operation.
func (t *Tools) World() (*pipeline.World, error) {
	if t.world == nil {
		world, err := t.open()
		if err != nil {
			return nil, err
		}
		t.world = world
	}
	return t.world, nil
}

// hands are what changes that world.
func (t *Tools) hands() (*pipeline.Hands, error) {
	world, err := t.World()
	if err != nil {
		return nil, err
	}
	return pipeline.HandsOf(world)
}

func (t *Tools) close() {
	if t.world != nil {
		t.world.Close()
	}
}
