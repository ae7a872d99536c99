package journey

import (
	"slices"
	"time"

	"doctor/checks/pipeline"
)

// Untaken is a task that no worker has taken.
type Untaken struct {
	*Run
	What  string
	Since time.Time
	Until time.Time // when the run's time was over; zero while the task waits
}

// Untaken tells what has waited too long for a worker, by the queue, oldest first: tasks of open runs, and of runs whose time was over
// before a worker had taken the first one. Of these the worker may have come since: so they count where none is known to have.
func (r *Runs) Untaken(now time.Time, patience time.Duration) map[pipeline.TaskQueue][]Untaken {
	found := map[pipeline.TaskQueue][]Untaken{}
	add := func(run *Run, activity bool, what string, since, until time.Time) {
		queue := pipeline.TaskQueue{Name: run.TaskQueue, Activity: activity}
		found[queue] = append(found[queue], Untaken{run, what, since, until})
	}
	for _, run := range r.All {
		if t := run.Detail.Task; t != nil && t.State == "SCHEDULED" && now.Sub(t.Scheduled) > patience {
			add(run, false, "a workflow task waits", t.Scheduled, time.Time{})
		}
		// One activity is enough to show of a run.
		waits := func(a pipeline.PendingActivity) bool {
			return a.State == "SCHEDULED" && a.Attempt <= 1 && now.Sub(a.Scheduled) > patience
		}
		if at := slices.IndexFunc(run.Detail.Pending, waits); at >= 0 {
			a := run.Detail.Pending[at]
			add(run, true, a.Activity+" waits", a.Scheduled, time.Time{})
		}
		if run.Status == pipeline.RunTimedOut && run.Err == nil && !run.Taken() && !r.served(run) {
			add(run, false, "its first workflow task waited until its time was over", run.Start, run.Close)
		}
	}
	for _, tasks := range found {
		slices.SortStableFunc(tasks, func(a, b Untaken) int { return a.Since.Compare(b.Since) })
	}
	return found
}

// Taken reports whether a worker had taken the run's first task.
func (r *Run) Taken() bool {
	return slices.ContainsFunc(r.Events, func(e pipeline.Event) bool { return e.Type == pipeline.WorkflowTaskCompleted })
}

// served reports whether a worker has come since a run has ended: to its queue, or, where the queue was the wrong one, to a run
// of its type.
func (r *Runs) served(run *Run) bool {
	return slices.ContainsFunc(r.All, func(other *Run) bool {
		return (other.TaskQueue == run.TaskQueue || other.Type == run.Type) && other.workedAfter(run.Close)
	})
}

// workedAfter reports whether a worker is known to have worked on the run after an instant.
func (r *Run) workedAfter(instant time.Time) bool {
	switch r.Status {
	case pipeline.Completed, pipeline.RunFailed, pipeline.ContinuedAsNew:
		return r.Close.After(instant)
	}
	return slices.ContainsFunc(r.Events, func(e pipeline.Event) bool {
		return e.Type == pipeline.WorkflowTaskCompleted && e.Time.After(instant)
	})
}
