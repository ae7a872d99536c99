package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Logs finds runs of agents that have left no log, or an empty one: their sandbox did not start. Where the object storage
// is switched off no run leaves one, and where no sandbox is needed there is no run.
var Logs = &checks.Check{
	ID:       "sandbox.logs",
	Title:    "every run of an agent has left a log",
	Codes:    []checks.Code{checks.SBX003},
	Requires: []*checks.Check{AgentRuns, services.ObjectStorage},
	After:    []*checks.Check{Started, services.Docker, environment.ObjectStorage},
	Reads:    []checks.Source{checks.ObjectStorage, checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		if !runs.Storage {
			return nil, errors.New("the logs could not be listed")
		}
		for _, run := range runs.All {
			if run.Size == 0 && due(run, p.World.Now) {
				reportEmpty(p, runs, run)
			}
		}
		return nil, nil
	},
}

const (
	// begun is how long after its start a run has written to its log: the first line comes before the sandbox does.
	begun = time.Minute
	// kept is how long logs are kept (the tag ttl_days of TaskRun.append_log).
	kept = 30 * 24 * time.Hour
)

// due reports whether a run should have a log.
func due(run *Run, now time.Time) bool {
	age := now.Sub(run.Created)
	return age < kept && run.Status != "cancelled" && (run.Ended() || age > begun)
}

func reportEmpty(p *checks.Pass, runs *Runs, run *Run) {
	found := "there is no such object"
	if run.Stored {
		found = "it is empty"
	}
	finding := p.Report(checks.SBX003, run.ID).
		Titlef("%s has left no log", run.Name()).
		Detailf("The set-up of its sandbox writes the first lines. So it never began, or the worker writes its logs to another place than OBJECT_STORAGE_ENDPOINT and OBJECT_STORAGE_BUCKET name here.").
		With(checks.Evidence{Source: "object storage", Locator: run.At(pipeline.Spot{}), Excerpt: found, Time: p.World.Now}).
		With(checks.Evidence{Source: "Postgres", Excerpt: "the run is " + stateOf(run), Time: run.Created})
	finding.CausedBy(p.Findings(environment.ObjectStorage)...).CausedBy(About(p.Findings(Started), run)...)
	if run.Sandbox == nil && finding.Root() {
		finding.CausedBy(p.Findings(services.Docker)...)
	}
	if run.EndedWell() {
		finding.As(checks.Info)
	} else if proof, ok := endedWellSince(runs, run); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}

func stateOf(run *Run) string {
	switch {
	case run.Inactive:
		return run.Status + ", for inactivity"
	case run.Error != "":
		return fmt.Sprintf("%s: %.200s", run.Status, run.Error)
	}
	return run.Status
}
