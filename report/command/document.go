package command

import (
	"math"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/remedies"
	"doctor/report"
)

// document makes of a diagnosis what every format shows. Nothing is decided after this.
func (p *program) document(d *checks.Diagnosis, started time.Time) *report.Document {
	document := &report.Document{
		SchemaVersion: report.SchemaVersion,
		StartedAt:     started,
		DurationMS:    milliseconds(d.Duration),
		TeamID:        p.options.team,
		Since:         started.Add(-p.options.since),
		Mode:          report.Live,
		Interrupted:   d.Interrupted,
		Pipeline:      stations(d),
		Checks:        []report.Check{},
		Findings:      []report.Finding{},
		Fixes:         []report.Fix{},
	}
	results := map[*checks.Check]any{}
	for _, o := range d.Outcomes {
		results[o.Check] = o.Result
		// What an --only requires is shown only when it has not passed.
		if !o.Needed || o.Status != checks.Passed {
			document.Checks = append(document.Checks, check(o))
		}
	}
	newest := newestSignal(d)
	if newest != nil {
		document.NewestSignal = whereabouts(newest)
	}
	for _, f := range ranked(d.Findings(), newest) {
		document.Findings = append(document.Findings, finding(f, remedies.Case{Team: p.options.team, Result: results[f.Check]}))
	}
	document.Summary = summary(document)
	document.Timeline = timeline(d, document.Findings)
	return document
}

// newestSignal is where the newest signal is; nil when that was not looked for, or there is none.
func newestSignal(d *checks.Diagnosis) *inbox.Position {
	for _, o := range d.Outcomes {
		if position, ok := o.Result.(*inbox.Position); ok {
			return position
		}
	}
	return nil
}

func whereabouts(at *inbox.Position) *report.Signal {
	s := &report.Signal{SentAt: at.SentAt, Stage: at.Stage, State: report.SignalState(at.State), Note: at.Note}
	if at.Finding != nil {
		s.Code = at.Finding.Code
	}
	return s
}

// ranked puts those roots first that stopped the newest signal: who asks, asks about that one.
func ranked(findings []*checks.Finding, newest *inbox.Position) []*checks.Finding {
	if newest == nil || newest.Finding == nil {
		return findings
	}
	way := map[*checks.Finding]bool{}
	var follow func(*checks.Finding)
	follow = func(f *checks.Finding) {
		if !way[f] {
			way[f] = true
			for _, cause := range f.Causes {
				follow(cause)
			}
		}
	}
	follow(newest.Finding)
	first := func(f *checks.Finding) int {
		if f.Root() && way[f] {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(findings, func(a, b *checks.Finding) int { return first(a) - first(b) })
	return findings
}

func check(o *checks.Outcome) report.Check {
	c := report.Check{
		ID:         o.Check.ID,
		Title:      o.Check.Title,
		Status:     o.Status,
		Reason:     o.Reason,
		Requires:   ids(o.Check.Requires),
		After:      ids(o.Check.After),
		DurationMS: milliseconds(o.Duration),
	}
	if o.Status == checks.Failed {
		c.Reason, c.Coverage = "", o.Reason
	}
	if o.BlockedBy != nil {
		c.BlockedBy = o.BlockedBy.ID
	}
	return c
}

func finding(f *checks.Finding, of remedies.Case) report.Finding {
	made := report.Finding{
		Code:        f.Code,
		Slug:        f.Check.Info(f.Code).Slug,
		Check:       f.Check.ID,
		Severity:    f.Severity,
		State:       f.State,
		Stage:       f.Stage,
		Title:       f.Title,
		Detail:      f.Detail,
		Subject:     append([]string{}, f.Subject...),
		Root:        f.Root(),
		CausedBy:    []string{},
		Evidence:    []report.Evidence{},
		Remedies:    []report.Remedy{},
		Fingerprint: f.Fingerprint(),
	}
	if s := f.Suppression; s != nil {
		made.Suppression = &report.Suppression{Reason: s.Reason, Owner: s.Owner, Until: s.LastDay(), Where: s.Where}
	}
	for _, cause := range f.Causes {
		made.CausedBy = append(made.CausedBy, cause.Fingerprint())
	}
	for _, e := range f.Evidence {
		made.Evidence = append(made.Evidence, report.Evidence(e))
	}
	for _, r := range remedies.For(f, of) {
		made.Remedies = append(made.Remedies, report.Remedy{ID: r.ID, Safety: string(r.Safety), Summary: r.Summary})
	}
	return made
}

func summary(d *report.Document) report.Summary {
	s := report.Summary{Checks: map[checks.Status]int{
		checks.Passed: 0, checks.Failed: 0, checks.Unknown: 0, checks.Blocked: 0, checks.Skipped: 0,
	}}
	for _, c := range d.Checks {
		s.Checks[c.Status]++
	}
	for _, f := range d.Findings {
		switch {
		case f.State == checks.Recovered:
			s.Recovered++
			continue
		case f.State == checks.Suppressed:
			s.Suppressed++
			continue
		case !f.Failing():
			continue
		case f.Root:
			s.Roots++
		default:
			s.Echoes++
		}
		if f.Severity == checks.Error {
			s.Errors++
		} else {
			s.Warnings++
		}
	}
	looked := s.Checks[checks.Passed] + s.Checks[checks.Failed]
	switch {
	case s.Errors+s.Warnings > 0:
		s.Status = report.Unhealthy
	case looked == 0 || d.Interrupted || s.Checks[checks.Unknown]+s.Checks[checks.Blocked] > 0:
		s.Status = report.Incomplete
	default:
		s.Status = report.Healthy
	}
	return s
}

func ids(of []*checks.Check) []string {
	named := []string{}
	for _, c := range of {
		named = append(named, c.ID)
	}
	return named
}

// milliseconds is a duration to a tenth of a millisecond.
func milliseconds(d time.Duration) float64 {
	return math.Round(d.Seconds()*1e4) / 10
}
