package checks

import (
	"path"
	"slices"
	"time"
)

// Policy is what a team has agreed on about its diagnoses: see package configuration for the file that it is written in.
type Policy struct {
	Sources      []string // product/type of the sources whose signals are wanted; all when there are none
	Thresholds   map[*Threshold]time.Duration
	Suppressions []*Suppression
}

// Threshold is how long something may take before a check finds it too long.
type Threshold struct {
	Name    string
	Default time.Duration
	Usage   string // what takes so long, and which code tells of it
}

// The thresholds.
var (
	// A busy worker takes a task within seconds.
	NoWorker = &Threshold{"no-worker", 15 * time.Second, "a task waits for a worker (TMP003)"}
	// Even the largest local tables are rewritten in less.
	LongMutation = &Threshold{"long-mutation", 10 * time.Minute, "a mutation of the embedding tables runs (CLK003)"}
	// From being told of a batch to the rows of its signals grouping takes 30 seconds to collect, and then a few for the models.
	SlowGrouping = &Threshold{"slow-grouping", 5 * time.Minute, "a signal that grouping was told of has no row"}
	// Whole seconds are compared; nothing that the pipeline does depends on less.
	ClockSkew = &Threshold{"clock-skew", 5 * time.Second, "a service's clock differs from this machine's (SVC007)"}
	// Elasticsearch shows what it was given after a second.
	LaggingVisibility = &Threshold{"lagging-visibility", 10 * time.Second, "Temporal's list of workflows lacks what a history tells (SEE004)"}
)

// Thresholds are all of them.
var Thresholds = []*Threshold{NoWorker, LongMutation, SlowGrouping, LaggingVisibility, ClockSkew}

// Suppression is a finding that a team has decided to live with, until a day.
type Suppression struct {
	Code    Code
	Subject string // a part of the finding's subject, or a pattern for one as of [path.Match]; "" is any
	Reason  string
	Owner   string
	Until   time.Time // the first instant at which it does not hold any more; midnight after the last day
	Where   Locator
}

// Covers reports whether the suppression is about a finding, expired or not.
func (s *Suppression) Covers(f *Finding) bool {
	return s.Code == f.Code && (s.Subject == "" || slices.ContainsFunc(f.Subject, func(part string) bool {
		matched, _ := path.Match(s.Subject, part)
		return matched || part == s.Subject
	}))
}

// LastDay is the last day on which the suppression holds.
func (s *Suppression) LastDay() string { return s.Until.AddDate(0, 0, -1).Format(time.DateOnly) }

// Expired reports whether the suppression holds no more.
func (s *Suppression) Expired(now time.Time) bool { return !now.Before(s.Until) }

// suppress marks the findings of a pass that somebody lives with.
func (p *Pass) suppress() {
	for _, f := range p.findings {
		for _, s := range p.Policy.Suppressions {
			if f.State == Active && s.Covers(f) && !s.Expired(p.World.Now) {
				f.State, f.Suppression = Suppressed, s
			}
		}
	}
}
