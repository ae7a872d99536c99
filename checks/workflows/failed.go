package workflows

import (
	"cmp"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Failed is one failure of a run, told by its innermost cause.
type Failed struct {
	Activity string         // "" when no activity had a part in it
	Kind     string         // the exception's class, or the time-out's
	Message  string         // in one line
	Event    pipeline.Event // that tells of it; of an attempt that failed just now, only its time
	Ended    bool           // it took the run with it
}

// FailuresOf reads what failed in a run for good, and what fails in it just now, oldest first.
func FailuresOf(run *journey.Run) []Failed {
	var all []Failed
	for _, f := range failuresOf(run) {
		all = append(all, Failed{f.activity, f.kind, f.message, f.event, f.ended})
	}
	for _, a := range run.Detail.Pending {
		if inner := a.LastFailure.Innermost(); inner != nil && a.Attempt > 1 {
			all = append(all, Failed{a.Activity, kindOf(inner), messageOf(inner), pipeline.Event{Time: a.LastStarted}, false})
		}
	}
	if e := failingTask(run.Events); e != nil && run.Open() {
		inner := e.Failure.Innermost()
		all = append(all, Failed{"", cmp.Or(kindOf(inner), e.Reason), messageOf(inner), *e, false})
	}
	return all
}
