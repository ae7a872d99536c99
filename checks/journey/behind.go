package journey

import (
	"context"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Behind is what a history tells, and Temporal's list of workflows does not yet know: that list is kept apart from the
// histories, and follows them.
type Behind struct {
	Of    *Run           // whose history tells it
	Event pipeline.Event // that tells it
	Lacks pipeline.Run   // the run that the list lacks; the zero one where it takes one that has ended for open
}

// behind compares the list with the histories: a run that has ended is not open, the run that one continued as is listed, and
// so is the summary that grouping has started. What happened so shortly before the list was asked for that it may still have
// been on its way proves nothing, nor does a run that Temporal does not have any more.
func (r *Runs) behind(ctx context.Context, p *checks.Pass, listing pipeline.Listing) []Behind {
	if listing.Listed.IsZero() {
		return nil
	}
	r.Listed = listing.Listed
	before := listing.Listed.Add(-p.Threshold(checks.LaggingVisibility))
	var all []Behind
	for _, run := range r.All {
		for _, e := range run.Events {
			if e.Time.After(before) || e.Time.Before(p.Since) {
				continue
			}
			switch lacks := led(run, e); {
			case e.Type.Ends() && run.Open():
				all = append(all, Behind{Of: run, Event: e})
			case lacks.ID == "" || listing.Truncated || r.lists(lacks):
			default:
				if _, err := p.World.Temporal.Detail(ctx, lacks); err == nil {
					all = append(all, Behind{run, e, lacks})
				}
			}
		}
	}
	return all
}

// led is the run that an event says has begun: one of those that the list is asked for.
func led(run *Run, e pipeline.Event) pipeline.Run {
	switch {
	case e.Type == pipeline.WorkflowContinuedAsNew && e.Next != "":
		return pipeline.Run{Workflow: run.Workflow, ID: e.Next}
	case e.Type == pipeline.ChildStarted && e.ChildType == SummaryWorkflow:
		return e.Child
	}
	return pipeline.Run{}
}

func (r *Runs) lists(run pipeline.Run) bool {
	return slices.ContainsFunc(r.All, func(listed *Run) bool { return listed.Run == run })
}

// Ago is how long the list had had to learn of it.
func (b Behind) Ago(listed time.Time) time.Duration { return listed.Sub(b.Event.Time) }
