package inspect

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// recordedEach is how many runs of a kind a capture holds the histories of, beside those that a diagnosis reads.
const recordedEach = 5

// recordWorkflows asks for what the inspections of workflows show and no check asks for, so that a capture has it: the workflows
// of the team's agents, what open runs wait for, and the histories of some of the newest agents, of the completed summaries, and
// of the grouping runs that went well, of which a diagnosis reads the end only.
func recordWorkflows(ctx context.Context, l *Look) {
	agents, _ := l.agents(ctx) // what cannot be asked for is recorded as that
	listing, _ := l.World.Temporal.Executions(ctx, l.Team, l.Since)
	left := map[string]int{journey.SummaryWorkflow: recordedEach, journey.GroupingWorkflow: recordedEach, agentWorkflow: recordedEach}
	open := lookedInto
	var group errgroup.Group
	group.SetLimit(8)
	for _, run := range slices.Concat(agents, listing.Executions) {
		if run.Status == pipeline.Running && open > 0 {
			open--
			group.Go(func() error {
				_, err := l.World.Temporal.Detail(ctx, run.Run)
				return err
			})
		}
		if left[run.Type] > 0 {
			left[run.Type]--
			group.Go(func() error {
				_, err := l.World.Temporal.History(ctx, run.Run)
				return err
			})
		}
	}
	_ = group.Wait()
}
