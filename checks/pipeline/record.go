package pipeline

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"doctor/checks/pipeline/settings"
)

// Observation is one question that a world was asked, and what came of it, as plain data: an answer or an error.
type Observation struct {
	Source Source          `json:"source"`
	Fact   string          `json:"fact"`
	Asked  json.RawMessage `json:"asked"`
	Answer json.RawMessage `json:"answer,omitempty"`
	Error  *Failing        `json:"error,omitempty"`
}

// Failing is an [Error] as plain data.
type Failing struct {
	Kind   Kind          `json:"kind"`
	Asking string        `json:"asking"`
	At     string        `json:"at,omitempty"`
	Note   string        `json:"note,omitempty"`
	After  time.Duration `json:"after_ns,omitempty"`
	Cause  string        `json:"cause,omitempty"`
	Known  string        `json:"known,omitempty"` // the name of the cause among those that more depends on than their text
}

// known are the causes that more depends on than their text.
var known = map[string]error{
	"no such file": syscall.ENOENT,
	"unsupported":  errors.ErrUnsupported,
}

// Record returns all that the world was asked and has an answer to, in an order that depends on nothing but the questions.
// Texts that no check needs are left out, see [Outline], unless content says that they are to be kept; what was encrypted
// is kept encrypted, and its outline beside it.
func (w *World) Record(content bool) ([]Observation, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Observation
	for asked, answer := range w.answers {
		if !answer.known() {
			continue // the run was over before
		}
		o := Observation{Source: asked.source, Fact: asked.fact, Asked: json.RawMessage(asked.asked)}
		if answer.err != nil {
			o.Error = failing(answer.err)
		} else {
			var err error
			if o.Answer, err = json.Marshal(sparing(answer.value, content)); err != nil {
				return nil, fmt.Errorf("the answer to %s is not plain data: %w", asked.fact, err)
			}
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Fact, b.Fact), cmp.Compare(string(a.Asked), string(b.Asked)))
	})
	return all, nil
}

func failing(err error) *Failing {
	var e *Error
	if !errors.As(err, &e) {
		return &Failing{Kind: Failed, Cause: plain(err)}
	}
	f := &Failing{Kind: e.Kind, Asking: e.Asking, At: e.At, Note: e.Note, After: e.After}
	if e.Err != nil {
		f.Cause = plain(e.Err)
	}
	for name, cause := range known {
		if errors.Is(e.Err, cause) {
			f.Known = name
		}
	}
	return f
}

// recalled is a cause of which the text was recorded, and maybe what it is.
type recalled struct {
	text string
	is   error
}

func (r recalled) Error() string { return r.text }
func (r recalled) Unwrap() error { return r.is }

// Replayed is the world that was observed at the instant now. It reaches out to nothing: what is not among the
// observations is answered with an error of kind [NotRecorded].
func Replayed(s *settings.Settings, now time.Time, observations []Observation) *World {
	w := Told(s, now)
	for _, o := range observations {
		told := Answer{question: question{o.Source, o.Fact, string(o.Asked)}, value: undecoded(o.Answer)}
		if f := o.Error; f != nil {
			e := &Error{Kind: f.Kind, Source: o.Source, Asking: f.Asking, At: f.At, Note: f.Note, After: f.After}
			if f.Cause != "" {
				e.Err = recalled{f.Cause, known[f.Known]}
			}
			told.err = e
		}
		w.Tell(told)
	}
	return w
}

// undecoded is an answer that is not decoded yet: only who asks knows its type.
type undecoded json.RawMessage

// MarshalJSON writes what was recorded as it is.
func (r undecoded) MarshalJSON() ([]byte, error) { return json.RawMessage(r).MarshalJSON() }

// Versions are those of the services that have answered, by their names.
func (w *World) Versions() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	versions := map[string]string{}
	for asked, answer := range w.answers {
		if !answer.known() {
			continue
		}
		if reached, ok := answer.value.(Reached); ok && reached.Version != "" {
			versions[string(asked.source)] = reached.Version
		}
	}
	return versions
}
