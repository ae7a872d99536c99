package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"doctor/checks/pipeline"
)

// State says whether a fault still is one.
type State string

// The states. Histories and logs keep yesterday's faults: one whose root is gone, and whose hop has succeeded since, is
// recovered; one that somebody has decided to live with is suppressed.
const (
	Active     State = "active"
	Recovered  State = "recovered"
	Suppressed State = "suppressed"
)

// Finding is something that is broken. A check makes it with [Pass.Report] and completes it with the methods below; once
// the check has ended it is never changed.
type Finding struct {
	Code     Code
	Check    *Check
	Severity Severity
	State    State
	Title    string // one line: what is broken, with the numbers
	Detail   string // what follows from it, or what to know before touching it; may be empty
	Subject  []string
	Stage    Stage // where on the signal's way; "" when it is no station's fault alone
	Evidence []Evidence
	Causes   []*Finding // findings of other checks that explain this one

	Suppression *Suppression // why it is suppressed; nil when it is not
}

// Evidence is one observation that a finding rests on.
type Evidence struct {
	Source  string // who says so, in a word or two: ".env", "ClickHouse", "run 8f31c2"
	Locator Locator
	Excerpt string // what was seen there. Hostile: it may be any text at all
	Time    time.Time
}

// Locator is what to open to see a piece of evidence. Only the fields that lead there are set.
type Locator struct {
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Workflow  string `json:"workflow,omitempty"`
	Run       string `json:"run,omitempty"`
	Event     int64  `json:"event,omitempty"`
	URL       string `json:"url,omitempty"` // the Temporal UI's page, or the address that was asked
	Query     string `json:"query,omitempty"`
	Object    string `json:"object,omitempty"`
	Container string `json:"container,omitempty"`
}

// String is the locator in one line, the web address left out.
func (l Locator) String() string {
	var parts []string
	add := func(text string, present bool) {
		if present {
			parts = append(parts, text)
		}
	}
	line := ""
	if l.Line > 0 {
		line = ":" + strconv.Itoa(l.Line)
	}
	add(l.File+line, l.File != "")
	add(l.Workflow, l.Workflow != "")
	add("run "+pipeline.Short(l.Run), l.Run != "")
	add("event "+strconv.FormatInt(l.Event, 10), l.Event > 0)
	add(l.Object+line, l.Object != "")
	add(l.Container, l.Container != "")
	return strings.Join(parts, " · ")
}

// Titlef says in one line what is broken.
func (f *Finding) Titlef(format string, args ...any) *Finding {
	f.Title = fmt.Sprintf(format, args...)
	return f
}

// Detailf says what follows from it.
func (f *Finding) Detailf(format string, args ...any) *Finding {
	f.Detail = fmt.Sprintf(format, args...)
	return f
}

// With adds evidence.
func (f *Finding) With(evidence ...Evidence) *Finding {
	f.Evidence = append(f.Evidence, evidence...)
	return f
}

// CausedBy names the findings that explain this one. They come from [Pass.Findings]; a finding that is explained twice
// by the same one is explained once.
func (f *Finding) CausedBy(causes ...*Finding) *Finding {
	for _, cause := range causes {
		if !slices.Contains(f.Causes, cause) {
			f.Causes = append(f.Causes, cause)
		}
	}
	return f
}

// As sets a severity other than the code's own.
func (f *Finding) As(s Severity) *Finding {
	f.Severity = s
	return f
}

// At sets the stage where the code leaves it open.
func (f *Finding) At(s Stage) *Finding {
	f.Stage = s
	return f
}

// Healed marks the fault as over, on the evidence that it is. A healed finding is information.
func (f *Finding) Healed(evidence ...Evidence) *Finding {
	f.State, f.Severity = Recovered, Info
	return f.With(evidence...)
}

// Root reports whether nothing explains the finding.
func (f *Finding) Root() bool { return len(f.Causes) == 0 }

// Failing reports whether the finding makes its check fail: active, and above information.
func (f *Finding) Failing() bool {
	return f.State == Active && f.Severity.Weight() > Info.Weight()
}

// Fingerprint tells the same finding from run to run: it is made of the code and the subject only.
func (f *Finding) Fingerprint() string {
	sum := sha256.New()
	for _, part := range append([]string{string(f.Code)}, f.Subject...) {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Count is a number with its noun, which takes an s: 1 signal, 3 signals.
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// OneLine makes one line of a text, with single blanks.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Clip shortens a text to about n bytes, at the end of a rune.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
