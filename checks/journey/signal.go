package journey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"doctor/checks/pipeline"
)

// Signal is what of a signal may be shown: which one it is, not what it says. The names are those of EmitSignalInputs
// (products/signals/backend/temporal/types.py).
type Signal struct {
	Product string `json:"source_product"`
	Type    string `json:"source_type"`
	ID      string `json:"source_id"`
}

func (s Signal) String() string { return fmt.Sprintf("%s/%s %s", s.Product, s.Type, s.ID) }

// Identify tells which signal a submit_signal event delivered, where a key opens it.
func Identify(e pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) (Signal, bool) {
	var s Signal
	content, ok := Content(e, open)
	return s, ok && json.Unmarshal(content, &s) == nil && s.ID != ""
}

// Content is the signal that an event delivered, as JSON, where a key opens it.
func Content(e pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) ([]byte, bool) {
	if len(e.Input) == 0 {
		return nil, false
	}
	return open(e.Input[0])
}

// carried reads the signals that wait in a BufferSignalsInput.
func carried(e pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) Carried {
	content, ok := Content(e, open)
	if !ok {
		return Carried{}
	}
	var input struct {
		Pending []json.RawMessage `json:"pending_signals"`
	}
	if json.Unmarshal(content, &input) != nil {
		return Carried{}
	}
	c := Carried{Known: true}
	for _, signal := range input.Pending {
		c.Signals = append(c.Signals, signal)
	}
	return c
}

// Mention is what an activity's input says of the signal that it is about: which one, and as much of what it says as tells
// it from others. It is compared, and only its ids are shown.
type Mention struct {
	Signal
	Description string `json:"description"`
}

// String names the signal as well as the mention does: some activities are not told the signal's own id.
func (m Mention) String() string {
	if m.ID == "" {
		return fmt.Sprintf("a %s/%s", m.Product, m.Type)
	}
	return m.Signal.String()
}

// Mentioned reads which signal an event's input is about, where a key opens it. The signal's fields are the input's own
// (products/signals/backend/temporal/grouping.py), or those of a signal within it (emitter.py).
func Mentioned(e pipeline.Event, open func(pipeline.Payload) ([]byte, bool)) (Mention, bool) {
	content, ok := Content(e, open)
	if !ok {
		return Mention{}, false
	}
	var input struct {
		Mention
		Within *Mention `json:"signal"`
	}
	if json.Unmarshal(content, &input) != nil {
		return Mention{}, false
	}
	m := input.Mention
	if input.Within != nil {
		m = *input.Within
	}
	return m, m.Product != "" && (m.ID != "" || m.Description != "")
}

// Same reports whether two mentions are of the same signal. What one of them does not say, or says in short, is not held
// against it; a signal is emitted again with the same id and the same text.
func (m Mention) Same(other Mention) bool {
	agree := func(a, b string) bool { return a == "" || b == "" || a == b }
	told := m.ID != "" && other.ID != "" || m.Description != "" && other.Description != ""
	return told && m.Product == other.Product && m.Type == other.Type && agree(m.ID, other.ID) && agree(m.Description, other.Description)
}

// SameJSON compares what two documents say: a signal that is carried on is written anew.
func SameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}
