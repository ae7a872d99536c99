package workflows

import (
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
)

// agentActivities wait for an agent, and fail when its run ends without an answer (products/signals/backend/temporal/summary.py).
var agentActivities = []string{"select_repository_activity", "run_agentic_report_activity"}

// agentChecks are what can have kept an agent from answering. That it was silent is told first: what made it so is told there.
var agentChecks = []*checks.Check{sandbox.Inactivity, sandbox.Started, sandbox.Memory, sandbox.Setup, sandbox.Image, sandbox.Network, sandbox.Refusals, sandbox.Logs, sandbox.Model}

// agentCauses names what is known of the agents that the failed activity had waited for: those that began while it ran.
func (f *fault) agentCauses(p *checks.Pass) []*checks.Finding {
	agents, known := checks.ResultOf[*sandbox.Runs](p, sandbox.AgentRuns)
	if !known || !slices.Contains(agentActivities, f.activity) {
		return nil
	}
	var causes []*checks.Finding
	for _, one := range f.failures {
		from, to := one.span()
		for _, agent := range agents.All {
			began := agent.Created
			if began.Before(from) || began.After(to) {
				continue
			}
			for _, check := range agentChecks {
				if about := sandbox.About(p.Findings(check), agent); len(about) > 0 {
					causes = append(causes, about...)
					break
				}
			}
		}
	}
	return causes
}

// span is the time from when the failed activity was scheduled until it failed, all its attempts included.
func (f failure) span() (from, to time.Time) {
	at := slices.IndexFunc(f.run.Events, func(e pipeline.Event) bool {
		return e.Type == pipeline.ActivityScheduled && e.ID == f.event.Scheduled
	})
	if at < 0 {
		return f.run.Start, f.event.Time
	}
	return f.run.Events[at].Time, f.event.Time
}
