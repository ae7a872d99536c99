package sandbox

import (
	"context"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
)

const mcpURL = "SANDBOX_MCP_URL"

// Tools finds agents that were started without PostHog's tools, because nothing says where those are. Where the network policy
// denied the same agent this machine, that finding tells of the setting.
var Tools = &checks.Check{
	ID:       "sandbox.tools",
	Title:    "agents in a sandbox are given PostHog's tools",
	Codes:    []checks.Code{checks.ENV010},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{Network},
	Reads:    []checks.Source{checks.Settings, checks.Optional(checks.ObjectStorage)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		for _, run := range runs.All {
			if run.Log == nil {
				continue
			}
			if run.Log.NoTools != nil && len(About(p.Findings(Network), run)) == 0 {
				reportNoTools(p, run)
			}
			return nil, nil // the newest is how it is now
		}
		return nil, nil
	},
}

// reportNoTools tells of the setting where it is not there now either. One that was added since is in force with the next run.
func reportNoTools(p *checks.Pass, run *Run) {
	how, places, missing := environment.Absence(p.World.Settings, mcpURL)
	if !missing {
		return
	}
	p.Report(checks.ENV010, mcpURL).
		Titlef("%s %s, and %s was started without PostHog's tools", mcpURL, how, run.Name()).
		Detailf("It cannot ask which repositories there are, nor look at the data that a report is about. http://host.docker.internal:8787/mcp is the server that bin/start starts.").
		With(checks.Evidence{Source: "agent log", Locator: run.At(*run.Log.NoTools), Excerpt: pipeline.NoTools + " for this run", Time: run.Log.NoTools.Time}).
		With(places...)
}
