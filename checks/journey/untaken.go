package journey

import (
	"time"

	"doctor/checks/pipeline"
)

// Untaken is a task that no worker has taken.
type Untaken struct {
	*Run
	What  string
	Since time.Time
}

// Waits tells what of an open run has waited too long for a worker, by the queue in which it waits.
func (r *Run) Waits(now time.Time, patience time.Duration) map[pipeline.TaskQueue]Untaken {
	found := map[pipeline.TaskQueue]Untaken{}
	if t := r.Detail.Task; t != nil && t.State == "SCHEDULED" && now.Sub(t.Scheduled) > patience {
		found[pipeline.TaskQueue{Name: r.TaskQueue}] = Untaken{r, "a workflow task", t.Scheduled}
	}
	for _, a := range r.Detail.Pending {
		if a.State == "SCHEDULED" && a.Attempt <= 1 && now.Sub(a.Scheduled) > patience {
			found[pipeline.TaskQueue{Name: r.TaskQueue, Activity: true}] = Untaken{r, a.Activity, a.Scheduled}
		}
	}
	return found
}
