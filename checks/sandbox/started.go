package sandbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Started finds runs that no workflow takes up. The pipeline starts a process-task workflow for each; it does not where
// the feature flag tasks is off for the user, or where there is no user, and says so in the worker's output only
// (products/tasks/backend/temporal/client.py). Temporal is asked only where a run has waited for long.
var Started = &checks.Check{
	ID:       "sandbox.started",
	Title:    "a workflow takes up every run of an agent",
	Codes:    []checks.Code{checks.SBX006},
	Requires: []*checks.Check{AgentRuns, services.Postgres, services.Temporal},
	Reads:    []checks.Source{checks.Postgres, checks.Temporal},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		waiting := waitingRuns(runs, p.Since, p.World.Now)
		if len(waiting) == 0 {
			return nil, nil
		}
		var ids []string
		for _, run := range waiting {
			ids = append(ids, run.Workflow())
		}
		listed, err := p.World.Temporal.WorkflowsCalled(ctx, ids)
		if err != nil {
			return nil, err
		}
		blocked := slices.DeleteFunc(waiting, func(run *Run) bool {
			return slices.ContainsFunc(listed.Executions, func(e pipeline.Execution) bool { return e.Workflow == run.Workflow() })
		})
		if len(blocked) > 0 {
			reportBlocked(ctx, p, runs, blocked)
		}
		return nil, nil
	},
}

// mostWaiting is how many runs that wait are looked into, the newest first.
const mostWaiting = 50

// waitingRuns are the runs that a workflow should have taken up. Those from before the time that is looked at are left
// alone: Temporal keeps no workflow for ever.
func waitingRuns(runs *Runs, since, now time.Time) []*Run {
	var waiting []*Run
	for _, run := range runs.All {
		if run.Waits() && !run.Local && run.Created.After(since) && now.Sub(run.Created) > begun && len(waiting) < mostWaiting {
			waiting = append(waiting, run)
		}
	}
	return waiting
}

// reportBlocked makes one finding of all runs that were blocked: it is the same gate that they did not pass.
func reportBlocked(ctx context.Context, p *checks.Pass, runs *Runs, blocked []*Run) {
	newest := blocked[0]
	finding := p.Report(checks.SBX006, newest.ID)
	switch n := len(blocked); n {
	case 1:
		finding.Titlef("no workflow was started for %s, which is still %s", newest.Name(), newest.Status)
	default:
		finding.Titlef("no workflow was started for %d runs of agents", n)
	}
	const shown = 3
	for _, run := range blocked[:min(shown, len(blocked))] {
		finding.With(
			checks.Evidence{Source: "Postgres", Excerpt: fmt.Sprintf("%s is %s", run.Name(), run.Status), Time: run.Created},
			checks.Evidence{Source: "Temporal", Locator: checks.Locator{Workflow: run.Workflow()}, Excerpt: "there is no such workflow", Time: p.World.Now},
		)
	}
	if later, ok := takenUpSince(runs, newest); ok {
		finding.Healed(later)
		return
	}
	flag, err := p.World.Postgres.Flag(ctx, p.Team, tasksFlag)
	if err != nil {
		p.Incomplete("why no workflow was started: %v", err)
		return
	}
	state, advice := gate(flag)
	finding.With(checks.Evidence{Source: "Postgres", Excerpt: fmt.Sprintf("project %d: %s", p.Team, state), Time: p.World.Now}).Detailf("%s", advice)
}

// takenUpSince finds a later run of the same purpose that was taken up: the gate is open again.
func takenUpSince(runs *Runs, run *Run) (checks.Evidence, bool) {
	for _, later := range runs.All {
		if !later.Waits() && later.Status != "cancelled" && later.Purpose == run.Purpose && later.Created.After(run.Created) {
			return checks.Evidence{Source: "Postgres", Excerpt: later.Name() + " was taken up since: it is " + later.Status, Time: later.Created}, true
		}
	}
	return checks.Evidence{}, false
}

// tasksFlag is the feature flag without which nothing is taken up.
const tasksFlag = "tasks"

// gate tells how the flag stands, and what follows from it.
func gate(flag []pipeline.Flag) (state, advice string) {
	const says = "The worker's output says so: Task workflow execution blocked."
	switch {
	case len(flag) == 0:
		return "there is no feature flag tasks", "Without the feature flag tasks no agent is started. " + says
	case !flag[0].Active, flag[0].Percent == 0:
		return "the feature flag tasks is off", "While the feature flag tasks is off no agent is started. " + says
	case flag[0].Percent > 0 && flag[0].Percent < 100:
		return fmt.Sprintf("the feature flag tasks is on for %d %% of the users", flag[0].Percent),
			"The user for whom the agent was to work may not be among them. " + says
	}
	return "the feature flag tasks is on", "So the flag has another condition, or the pipeline asks for that of another project, or the task has no user (No user_id provided), " +
		"or Temporal could not be reached from where the task was made. The worker's output tells which."
}
