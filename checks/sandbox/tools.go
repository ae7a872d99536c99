package sandbox

import (
	"context"

	"doctor/checks"
	"doctor/checks/environment"
)

// mcpSetting names the MCP server that agents are given (products/tasks/backend/temporal/process_task/utils.py).
const mcpSetting = "SANDBOX_MCP_URL"

// Tools finds agents that were started without PostHog's tools. The backend warns of it in the run's log, and starts them
// all the same. Of the runs that did not end well only.
var Tools = &checks.Check{
	ID:       "sandbox.tools",
	Title:    "every agent is given PostHog's tools",
	Codes:    []checks.Code{checks.SBX012},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{Network, environment.Workers},
	Reads:    []checks.Source{checks.Settings, checks.Optional(checks.ObjectStorage), checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		var without []*Run
		for _, run := range runs.All {
			if run.Log != nil && run.Log.NoTools != nil && !run.EndedWell() {
				without = append(without, run)
			}
		}
		for _, part := range runs.parted(without) {
			reportNoTools(p, runs, part)
		}
		return nil, nil
	},
}

func reportNoTools(p *checks.Pass, runs *Runs, without []*Run) {
	newest := without[0]
	finding := p.Report(checks.SBX012, newest.ID).
		Titlef("the %s was started without PostHog's tools", newest.Name()).
		Detailf("It cannot ask which repositories there are, nor look into PostHog's data.").
		CausedBy(environment.Unread(p, mcpSetting)...)
	const shown = 3
	for _, run := range without[:min(shown, len(without))] {
		finding.With(checks.Evidence{Source: "agent log", Locator: run.At(*run.Log.NoTools), Excerpt: "No MCP configs were resolved for " + run.Name(), Time: run.Log.NoTools.Time})
	}
	if value, origin := p.World.Settings.Worker(mcpSetting); value == "" {
		finding.With(checks.Evidence{Source: "settings", Excerpt: mcpSetting + " is not set; this machine's MCP server is " + behind["8787"].value})
	} else {
		finding.With(environment.SeenAt(p.World.Settings, origin, mcpSetting+" is "+withoutUser(value)))
	}
	if len(About(p.Findings(Network), newest)) > 0 {
		// What was denied is told already, and names the same setting.
		finding.Causes = nil
		finding.As(checks.Info)
	}
	if proof, ok := endedWellSince(runs, newest); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}
