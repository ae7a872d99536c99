package checks

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"doctor/checks/pipeline"
)

// Pass is one check's view of one run: the world that it may look at, what the checks before it found, and the place
// where it reports.
type Pass struct {
	World *pipeline.World
	Team  int64
	Since time.Time // how far back to look, in whole seconds: close time for closed runs, event time for events
	Files []string  // the files of a commit to look at, as its maker names them; all when there are none

	Policy Policy

	check    *Check
	before   map[*Check]*Outcome // of the checks that this one names in Requires and After
	findings []*Finding
	missed   []string
	cutOff   []string
	ended    bool
}

// Report begins a finding of one of the check's own codes. The subject is what the code's row in the table says; its
// parts make the fingerprint.
func (p *Pass) Report(code Code, subject ...string) *Finding {
	if p.ended {
		panic("a check reported after its end: " + p.check.ID)
	}
	if !slices.Contains(p.check.Codes, code) {
		panic(fmt.Sprintf("check %s reports %s, which is not among its codes", p.check.ID, code))
	}
	info := p.check.Info(code)
	f := &Finding{Code: code, Check: p.check, Severity: info.Severity, State: Active, Stage: info.Stage, Subject: subject}
	p.findings = append(p.findings, f)
	return f
}

// Incomplete says that a part was not looked at, and why. A check that found nothing is then unknown, not passed.
func (p *Pass) Incomplete(format string, args ...any) {
	p.missed = append(p.missed, fmt.Sprintf(format, args...))
}

// Cut is Incomplete for a part that the doctor's own bounds left out: how many rows it asks for, how long it looks.
func (p *Pass) Cut(format string, args ...any) {
	p.Incomplete(format, args...)
	p.cutOff = append(p.cutOff, p.missed[len(p.missed)-1])
}

// CutOff returns what the doctor's own bounds left out of what a check looked at, which this one names in Requires or After.
func (p *Pass) CutOff(c *Check) []string { return p.of(c).Cut }

// Findings returns the failing findings of a check that this one names in Requires or After: the only ones that may be
// named as causes. There are none of a check that did not fail.
func (p *Pass) Findings(c *Check) []*Finding {
	outcome := p.of(c)
	if outcome.Status != Failed {
		return nil
	}
	var failing []*Finding
	for _, f := range outcome.Findings {
		if f.Failing() {
			failing = append(failing, f)
		}
	}
	return failing
}

// Threshold is how long something may take.
func (p *Pass) Threshold(t *Threshold) time.Duration {
	if set, ok := p.Policy.Thresholds[t]; ok {
		return set
	}
	return t.Default
}

// Suppressed returns the findings of a check that this one names in Requires or After that somebody has decided to live with.
func (p *Pass) Suppressed(c *Check) []*Finding {
	return slices.DeleteFunc(slices.Clone(p.of(c).Findings), func(f *Finding) bool { return f.State != Suppressed })
}

// Passed reports whether a check that this one names in Requires or After looked and found all well.
func (p *Pass) Passed(c *Check) bool { return p.of(c).Status == Passed }

// Why returns the status of a check that this one names in Requires or After, with the reason.
func (p *Pass) Why(c *Check) (Status, string) {
	outcome := p.of(c)
	return outcome.Status, outcome.Reason
}

// Deselected reports whether a check that this one names in Requires or After takes no part in the run: nothing is known
// of what it looks at, good or bad.
func (p *Pass) Deselected(c *Check) bool { return p.of(c).Deselected }

func (p *Pass) of(c *Check) *Outcome {
	outcome, named := p.before[c]
	if !named {
		panic(fmt.Sprintf("check %s asks about %s, which it names neither in Requires nor in After", p.check.ID, c.ID))
	}
	return outcome
}

// ResultOf returns what a check that this one names in Requires or After returned. It is false when that check has no
// result, or one of another type.
func ResultOf[T any](p *Pass, c *Check) (T, bool) {
	result, ok := p.of(c).Result.(T)
	return result, ok
}

// Skip is the error with which a check says that its source is not there by design.
func Skip(format string, args ...any) error { return skip{fmt.Sprintf(format, args...)} }

type skip struct{ reason string }

func (s skip) Error() string { return s.reason }

func skipped(err error) (reason string, ok bool) {
	var s skip
	ok = errors.As(err, &s)
	return s.reason, ok
}
