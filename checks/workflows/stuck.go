package workflows

import (
	"fmt"
	"slices"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Stuck is an open run that does not get past a failure, however often it tries.
type Stuck struct {
	pipeline.Execution
	Subject []string // of the finding
	// Loops says that grouping goes from run to run with a batch that it cannot prepare. Else the code of the workflow does not
	// fit the run's history any more.
	Loops bool
}

// Why says what it does not get past.
func (s Stuck) Why() string {
	if s.Loops {
		return "it hands the same batch on without end"
	}
	return "its code was changed while it was open"
}

// Still reports whether an open run, whose whole history that is, is stuck yet.
func (s Stuck) Still(events []pipeline.Event) bool {
	if s.Loops {
		return !journey.Matches(events)
	}
	e := failingTask(events)
	return e != nil && e.Reason == codeChanged
}

// The causes for which a workflow task fails and is tried again without end (temporal.api.enums.v1.WorkflowTaskFailedCause).
// Others are signs of load.
const (
	codeChanged = "NON_DETERMINISTIC_ERROR"
	codeFails   = "WORKFLOW_WORKER_UNHANDLED_FAILURE"
)

// failingTask is the newest failure of a run's workflow task, if no task has been completed since; nil when there is none.
// Temporal tries it again without end, and writes down only the first of the failures.
func failingTask(events []pipeline.Event) *pipeline.Event {
	for _, e := range slices.Backward(events) {
		switch e.Type {
		case pipeline.WorkflowTaskCompleted:
			return nil
		case pipeline.WorkflowTaskFailed:
			if e.Reason == codeChanged || e.Reason == codeFails {
				return &e
			}
		}
	}
	return nil
}

// stuck says what keeps a run where it is, and returns it if it will stay there.
func (f *fault) stuck(finding *checks.Finding, newest pipeline.Event, runs *journey.Runs) *Stuck {
	switch {
	case f.task != nil && newest.Reason == codeChanged:
		finding.Detailf("The code was changed while this run was open, and does not fit what the run has done so far. Temporal tries it again without end%s.", f.tried())
		return &Stuck{Execution: f.task.Execution, Subject: finding.Subject}
	case f.task != nil:
		finding.Detailf("The workflow's own code fails. Temporal tries it again without end%s: it goes on once the code is mended.", f.tried())
	case f.rounds > 0:
		finding.Detailf("Grouping has handed the same batch on %d times, and has no limit for that: newer code gives it up in the third round.", f.rounds)
		return &Stuck{Execution: runs.OfType(f.workflowType)[0].Execution, Subject: finding.Subject, Loops: true}
	}
	return nil
}

// tried is how often Temporal has tried a workflow task.
func (f *fault) tried() string {
	if task := f.task.Detail.Task; task != nil && task.Attempt > 1 {
		return fmt.Sprintf(", %d times so far", task.Attempt)
	}
	return ""
}

// loopingRounds is in how many runs grouping must have handed on all that it could not prepare, one after another. Newer code
// does so twice, and drops the batch in its third round (MAX_BATCH_ATTEMPTS in
// products/signals/backend/temporal/grouping_v2.py); older code has no such limit.
const loopingRounds = 3

// countRounds finds the fault that grouping goes round with. Where nothing of it has failed there is no need to keep its account.
func countRounds(p *checks.Pass, runs *journey.Runs, all []*fault) {
	all = slices.DeleteFunc(slices.Clone(all), func(f *fault) bool { return f.workflowType != journey.GroupingWorkflow })
	if len(all) == 0 {
		return
	}
	activity, times := newGrouping(p, runs).looping()
	for _, f := range all {
		if f.activity == activity {
			f.rounds = times
		}
	}
}

// looping is the activity in which grouping fails without end, and in how many runs it has; "" when it does not.
func (g *grouping) looping() (activity string, times int) {
	last := len(g.rounds) - 1
	if last < 0 || !g.rounds[last].run.Open() {
		return "", 0
	}
	for i := last - 1; i >= 0; i-- {
		r := g.rounds[i]
		if r.next != g.rounds[i+1] || r.Failed == nil || activity != "" && r.Failed.Activity != activity || !g.handsOn(i) {
			break
		}
		activity, times = r.Failed.Activity, times+1
	}
	if times < loopingRounds {
		return "", 0
	}
	return activity, times
}

// handsOn reports whether a run that could not prepare its batches has certainly handed all of them on.
func (g *grouping) handsOn(place int) bool {
	r := g.rounds[place]
	if len(r.Batches) == 0 || r.run.Err != nil {
		return false
	}
	if left, known := r.Left(g.World.Open); known {
		return len(left) == 0
	}
	owed, known := r.Owed(g.carriedInto(place))
	if !known || r.next == nil || r.next.run.Err != nil {
		return false
	}
	least, _ := r.next.Given()
	return least >= owed
}
