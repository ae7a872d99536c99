package checkstest

import (
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
)

// TB is what is used of a [testing.T]. A rapid.T is one, too.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Outcome is how a check ended, and what a test can want of it.
type Outcome struct{ *checks.Outcome }

// Reports wants the check to have made one finding, of this code and about this subject, and returns it. Without a
// subject it may be about anything.
func (o Outcome) Reports(t TB, code checks.Code, subject ...string) *checks.Finding {
	t.Helper()
	if len(o.Findings) != 1 || o.Findings[0].Code != code {
		t.Fatalf("%s reports %q, not %s alone", o.Check.ID, o.Said(), code)
	}
	if f := o.Findings[0]; len(subject) > 0 && !slices.Equal(f.Subject, subject) {
		t.Errorf("%s is about %q, not %q", code, f.Subject, subject)
	}
	return o.Findings[0]
}

// Silent wants the check to have looked at everything, and to have found nothing, not even something to inform of.
func (o Outcome) Silent(t TB) {
	t.Helper()
	o.Says(t, "")
}

// Is wants the check to have ended in this way, for a reason with this part.
func (o Outcome) Is(t TB, status checks.Status, reason string) {
	t.Helper()
	if o.Status != status || !strings.Contains(o.Reason, reason) {
		t.Errorf("%s is %s (%s), want %s (%s)", o.Check.ID, o.Status, o.Reason, status, reason)
	}
}

// Says wants [Outcome.Said] to be this.
func (o Outcome) Says(t TB, want string) {
	t.Helper()
	if got := o.Said(); got != want {
		t.Errorf("%s\ngot  %s (%s)\nwant %s", o.Check.ID, got, o.Reason, want)
	}
}

// Said is what the check said, in one line: [Outcome.Titles], and the reason where it neither passed nor failed, as in
// "unknown: 2 of 3 histories read".
func (o Outcome) Said() string {
	said := o.Titles()
	if o.Status == checks.Passed || o.Status == checks.Failed {
		return said
	}
	if said != "" {
		said += "; "
	}
	return fmt.Sprintf("%s%s: %s", said, o.Status, o.Reason)
}

// Blames wants [Causes] of the check's only finding to be these.
func (o Outcome) Blames(t TB, causes string) {
	t.Helper()
	if len(o.Findings) != 1 {
		t.Fatalf("%s reports %q, not one finding", o.Check.ID, o.Said())
	}
	if got := Causes(o.Findings[0]); got != causes {
		t.Errorf("%s: %q is caused by %q, want %q", o.Check.ID, o.Said(), got, causes)
	}
}

// Causes is the codes of what explains a finding, in one line; "" for a root.
func Causes(f *checks.Finding) string {
	var codes []string
	for _, cause := range f.Causes {
		codes = append(codes, string(cause.Code))
	}
	return strings.Join(codes, " ")
}

// Titles is the titles of the findings in one line, with "recovered: " before those that are over.
func (o Outcome) Titles() string {
	var titles []string
	for _, f := range o.Findings {
		title := f.Title
		if f.State == checks.Recovered {
			title = "recovered: " + title
		}
		titles = append(titles, title)
	}
	return strings.Join(titles, "; ")
}
