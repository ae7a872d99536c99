package sandbox

import (
	"context"
	"fmt"
	"strings"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/services"
)

// Model finds errors of the model's API, or of the gateway before it, that an agent met and did not get over. They stand in
// its log as _posthog/error.
var Model = &checks.Check{
	ID:       "sandbox.model",
	Title:    "the model answers every agent",
	Codes:    []checks.Code{checks.SBX004},
	Requires: []*checks.Check{AgentRuns, services.ObjectStorage},
	After:    []*checks.Check{Network, Refusals, environment.APIKeys},
	Reads:    []checks.Source{checks.ObjectStorage, checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		for _, run := range runs.All {
			if run.Log != nil && len(run.Log.Errors) > 0 {
				reportErrors(p, runs, run)
			}
		}
		return nil, nil
	},
}

func reportErrors(p *checks.Pass, runs *Runs, run *Run) {
	errors := run.Log.Errors
	newest := errors[len(errors)-1]
	said := newest.Message
	if newest.Category != "" && !strings.HasPrefix(said, newest.Category) {
		said = newest.Category + ": " + said
	}
	finding := p.Report(checks.SBX004, run.ID).
		Titlef("the model's API failed the %s: %.200s", run.Name(), checks.OneLine(said)).
		CausedBy(About(p.Findings(Network), run)...).
		CausedBy(About(p.Findings(Refusals), run)...).
		CausedBy(environment.Explains(p.Findings(environment.APIKeys), said)...)
	const shown = 3
	for _, one := range errors[max(0, len(errors)-shown):] {
		finding.With(checks.Evidence{Source: "agent log", Locator: run.At(one.Spot), Excerpt: checks.OneLine(one.Message), Time: one.Time})
	}
	if len(errors) > shown {
		finding.Detailf("It failed %d times; the newest are shown.", len(errors))
	}
	switch last := run.Log.Last; {
	case last.Time.After(newest.Time) && !run.Ended() || last.Time.After(newest.Time) && run.Log.Answers > 0:
		finding.Causes = nil
		finding.Healed(checks.Evidence{Source: "agent log", Locator: run.At(last.Spot), Excerpt: fmt.Sprintf("the agent went on: %s", deed(last)), Time: last.Time})
	default:
		if proof, ok := endedWellSince(runs, run); ok {
			finding.Causes = nil
			finding.Healed(proof)
		}
	}
}
