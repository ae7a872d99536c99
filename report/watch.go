package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"doctor/checks"
)

// Transition is something that has changed between two looks at the pipeline, and has stayed so.
type Transition struct {
	At          time.Time       `json:"at" jsonschema:"of the look that made it certain"`
	Kind        TransitionKind  `json:"kind"`
	Check       string          `json:"check"`
	Code        checks.Code     `json:"code,omitempty" jsonschema:"absent where it is about a check"`
	Severity    checks.Severity `json:"severity,omitempty"`
	Title       string          `json:"title" jsonschema:"of the finding; of a check that cannot look, why; empty of one that can again"`
	Fingerprint string          `json:"fingerprint,omitempty"`
}

// TransitionKind is what has changed.
type TransitionKind string

// The kinds.
const (
	Begins     TransitionKind = "begins"      // a finding is there
	Ends       TransitionKind = "ends"        // a finding is there no more, and was looked for
	LosesSight TransitionKind = "loses_sight" // a check cannot look
	Regains    TransitionKind = "regains"     // it can again
)

// Watch tells what changes from one diagnosis to the next. What comes and goes is told when it has stayed for a while.
type Watch struct {
	steady int
	begun  bool
	told   map[string]Transition // findings that are said to be there, by fingerprint, and checks that cannot look, by id
	waits  map[string]int        // for how many diagnoses in a row each has been otherwise
}

// NewWatch makes a watch that tells a change once it has been there in so many diagnoses in a row.
func NewWatch(steady int) *Watch {
	return &Watch{steady: steady, told: map[string]Transition{}, waits: map[string]int{}}
}

// Next takes the next diagnosis. The first one is told whole.
func (w *Watch) Next(d *Document) []Transition {
	steady := w.steady
	if !w.begun {
		steady, w.begun = 1, true
	}
	there := w.there(d)
	var changes []Transition
	change := func(key string, t Transition) {
		if w.waits[key]++; w.waits[key] < steady {
			return
		}
		delete(w.waits, key)
		t.At = d.StartedAt
		changes = append(changes, t)
		if t.Kind == Begins || t.Kind == LosesSight {
			w.told[key] = t
		} else {
			delete(w.told, key)
		}
	}
	for key, t := range there {
		if _, told := w.told[key]; told {
			delete(w.waits, key)
		} else {
			change(key, t)
		}
	}
	for key, t := range w.told {
		if _, still := there[key]; still {
			continue
		}
		if over, sure := t.over(d); sure {
			change(key, over)
		}
	}
	for key := range w.waits { // what was there for a moment
		_, is := there[key]
		if _, told := w.told[key]; !is && !told {
			delete(w.waits, key)
		}
	}
	slices.SortFunc(changes, func(a, b Transition) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return changes
}

// there is what a diagnosis has: failing findings, and checks that could not look.
func (w *Watch) there(d *Document) map[string]Transition {
	there := map[string]Transition{}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Failing() {
			there[f.Fingerprint] = Transition{Kind: Begins, Check: f.Check, Code: f.Code, Severity: f.Severity, Title: f.Title, Fingerprint: f.Fingerprint}
		}
	}
	for _, c := range d.Checks {
		if c.Status == checks.Unknown {
			there[c.ID] = Transition{Kind: LosesSight, Check: c.ID, Title: c.why()}
		}
	}
	return there
}

// over is the transition back, where the diagnosis shows that it is one: a finding is gone only when its check has looked.
func (t Transition) over(d *Document) (back Transition, sure bool) {
	at := slices.IndexFunc(d.Checks, func(c Check) bool { return c.ID == t.Check })
	if t.Kind == LosesSight {
		t.Kind, t.Title = Regains, ""
		return t, at < 0 || d.Checks[at].Status != checks.Unknown
	}
	t.Kind = Ends
	return t, at >= 0 && decided(d.Checks[at].Status) && d.Checks[at].Coverage == ""
}

// TransitionsText writes a line for each change.
func TransitionsText(w io.Writer, changes []Transition, o TextOptions) error {
	var table Table
	for _, c := range changes {
		mark, what, tone := "✗", string(c.Code), Bad
		switch {
		case c.Kind == Begins && c.Severity != checks.Error:
			mark, tone = "!", Odd
		case c.Kind == Ends:
			mark, tone = "✓", Good
		case c.Kind == LosesSight:
			mark, what, tone = "?", "cannot look", Odd
		case c.Kind == Regains:
			mark, what, tone = "✓", "looks again", Good
		}
		title := c.Title
		if c.Code == "" {
			title = strings.TrimSuffix(fmt.Sprintf("%s: %s", c.Check, c.Title), ": ")
		}
		if c.Kind == Ends {
			title += " (is over)"
		}
		table.Records = append(table.Records, Record{Cells: []Cell{
			{mark, tone}, {c.At.Format(time.DateTime), Dim}, {what, Strong}, {title, Plain},
		}})
	}
	return table.Write(w, o)
}
