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

// Containers finds sandboxes that outlive the run that they were made for. Only those of the team's runs are judged: of
// others it is not known whether somebody still needs them.
var Containers = &checks.Check{
	ID:       "sandbox.containers",
	Title:    "every sandbox is gone when its run has ended",
	Codes:    []checks.Code{checks.SBX005},
	Requires: []*checks.Check{AgentRuns, services.Docker, services.Postgres},
	Reads:    []checks.Source{checks.Docker, checks.Postgres},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		if !runs.Docker {
			return nil, checks.Skip("no sandbox of this pipeline runs in Docker here")
		}
		var orphans []pipeline.Sandbox
		for _, run := range slices.Concat(runs.All, runs.Past) {
			if run.Sandbox != nil && run.Ended() && p.World.Now.Sub(endOf(run)) > cleanedUp {
				orphans = append(orphans, *run.Sandbox)
				reportOrphan(p, run)
			}
		}
		return orphans, nil
	},
}

// cleanedUp is how long after a run's end its sandbox may still be there: docker stop waits for 30 seconds.
const cleanedUp = 2 * time.Minute

func endOf(run *Run) time.Time {
	if run.Completed.IsZero() {
		return run.Updated
	}
	return run.Completed
}

func reportOrphan(p *checks.Pass, run *Run) {
	box := run.Sandbox
	finding := p.Report(checks.SBX005, box.Name).
		Titlef("%s is still %s, and its run has ended", box.Name, box.State).
		With(checks.Evidence{Source: "Docker", Locator: checks.Locator{Container: box.Name}, Excerpt: box.State + ", made from " + box.Image, Time: box.Created}).
		With(checks.Evidence{Source: "Postgres", Excerpt: fmt.Sprintf("%s is %s", run.Name(), stateOf(run)), Time: endOf(run)})
	if box.Running() {
		finding.Detailf("It keeps up to 16 GB of memory. Its clean-up failed, or the worker was ended before it.")
		return
	}
	finding.As(checks.Info).Detailf("It takes room on the disk and nothing else.")
}
