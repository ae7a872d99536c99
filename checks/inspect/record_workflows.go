package inspect

import (
	"context"

	"golang.org/x/sync/errgroup"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// recordedEach is how many runs of a kind a capture holds the histories of, beside those that a diagnosis reads.
const recordedEach = 5

// RecordWorkflows asks for what the inspections of workflows show and no check asks for, so that a capture has it: the workflows
// of the team's agents, and the histories of some of the newest of them, of the completed summaries, and of the grouping runs
// that went well, of which a diagnosis reads the end only.
func RecordWorkflows(ctx context.Context, l *Look) {
	agents, _ := l.agents(ctx) // what cannot be asked for is recorded as that
	listing, _ := l.World.Temporal.Executions(ctx, l.Team, l.Since)
	var runs []pipeline.Execution
	runs = append(runs, agents[:min(len(agents), recordedEach)]...)
	left := map[string]int{journey.SummaryWorkflow: recordedEach, journey.GroupingWorkflow: recordedEach}
	for _, e := range listing.Executions {
		if left[e.Type] > 0 {
			left[e.Type]--
			runs = append(runs, e)
		}
	}
	var group errgroup.Group
	group.SetLimit(8)
	for _, run := range runs {
		group.Go(func() error {
			_, _ = l.World.Temporal.History(ctx, run.Run)
			if run.Status == pipeline.Running {
				_, _ = l.World.Temporal.Detail(ctx, run.Run)
			}
			return nil
		})
	}
	_ = group.Wait()
}
