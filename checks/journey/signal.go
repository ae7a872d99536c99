package journey

import (
	"encoding/json"
	"fmt"

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
