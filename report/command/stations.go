package command

import (
	"slices"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/report"
)

// open says which stages a code may concern whose findings say themselves where they are.
var open = map[checks.Code][]checks.Stage{
	checks.ENV005: {checks.Sandbox},
	checks.ENV006: {checks.Emitter, checks.Buffer, checks.Grouping, checks.Report},
	checks.TMP002: checks.Stages,
	checks.TMP003: {checks.Emitter, checks.Buffer, checks.Grouping, checks.Report},
	checks.TMP015: checks.Stages,
	checks.TMP011: {checks.Emitter, checks.Buffer, checks.Grouping, checks.Report},
}

// ground are the stages that cannot work without a service.
var ground = map[checks.Code][]checks.Stage{
	checks.SVC001: {checks.Emitter, checks.Buffer, checks.Batch, checks.Grouping, checks.Report, checks.Sandbox, checks.Inbox},
	checks.SVC002: {checks.Embeddings},
	checks.SVC003: {checks.Batch, checks.Sandbox},
	checks.SVC004: {checks.Sandbox},
	checks.SVC005: {checks.Report, checks.Inbox},
	checks.SEE001: {checks.Embeddings},
	checks.SEE002: {checks.Batch, checks.Sandbox},
	checks.SEE003: {checks.Sandbox},
	checks.SEE006: {checks.Report, checks.Inbox},
}

// carriers are the workflows in which the work of a stage is done: when none of them ran, nothing came that way.
// Sandbox and inbox are reached from within the summary of a report (products/signals/backend/temporal/summary.py).
var carriers = map[checks.Stage]string{
	checks.Emitter:  journey.EmitterWorkflow,
	checks.Buffer:   journey.BufferWorkflow,
	checks.Batch:    journey.BufferWorkflow,
	checks.Grouping: journey.GroupingWorkflow,
	checks.Report:   journey.SummaryWorkflow,
	checks.Sandbox:  journey.SummaryWorkflow,
	checks.Inbox:    journey.SummaryWorkflow,
}

// stations tells how each stage of a signal's way does.
func stations(d *checks.Diagnosis) []report.Station {
	var all []report.Station
	for _, stage := range checks.Stages {
		s := broken(d, stage)
		if len(s.Codes) == 0 {
			s = unbroken(d, stage)
		}
		all = append(all, s)
	}
	return all
}

// broken is a stage with the codes of its failing findings; it has none when nothing is known to be wrong.
func broken(d *checks.Diagnosis, stage checks.Stage) report.Station {
	s := report.Station{Stage: stage, State: report.StationDegraded, Codes: []checks.Code{}}
	for _, f := range d.Findings() {
		if f.Stage != stage || !f.Failing() {
			continue
		}
		s.Codes = with(s.Codes, f.Code)
		if f.Severity == checks.Error {
			s.State = report.StationBroken
		}
	}
	return s
}

// unbroken says of a stage without a failing finding whether that is because all is well. It is only when a check that
// would tell has looked, none that would tell was kept from looking, and the stage has its ground. A skipped check says
// nothing either way.
func unbroken(d *checks.Diagnosis, stage checks.Stage) report.Station {
	s := report.Station{Stage: stage, State: report.StationUnknown, Codes: []checks.Code{}}
	looked, kept := false, false
	for _, f := range d.Findings() {
		if f.Failing() && slices.Contains(ground[f.Code], stage) {
			kept = true
			s.Codes = with(s.Codes, f.Code)
		}
	}
	for _, o := range d.Outcomes {
		if !tells(o.Check, stage) {
			continue
		}
		switch {
		case o.Status == checks.Skipped:
		case o.Status == checks.Blocked, o.Status == checks.Unknown, o.Reason != "":
			kept = true
		case o.Check.Static: // that settings are right does not show that what they are for works
		default:
			looked = true
		}
	}
	switch {
	case !looked || kept:
	case idle(d, stage):
		s.State = report.StationIdle
	default:
		s.State = report.StationOK
	}
	return s
}

// tells reports whether a check would report what is wrong with a stage. One of a team's own does not vouch for a stage.
func tells(c *checks.Check, stage checks.Stage) bool {
	return slices.ContainsFunc(c.Codes, func(code checks.Code) bool {
		return code.Info().Stage == stage || slices.Contains(open[code], stage)
	})
}

// idle reports whether it is known that no workflow of the stage has run.
func idle(d *checks.Diagnosis, stage checks.Stage) bool {
	for _, o := range d.Outcomes {
		if runs, ok := o.Result.(*journey.Runs); ok && carriers[stage] != "" {
			return runs.Coverage == "" && len(runs.OfType(carriers[stage])) == 0
		}
	}
	return false
}

func with(codes []checks.Code, code checks.Code) []checks.Code {
	if slices.Contains(codes, code) {
		return codes
	}
	return append(codes, code)
}
