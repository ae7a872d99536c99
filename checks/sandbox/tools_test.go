package sandbox_test

import (
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/sandbox"
)

func TestTools(t *testing.T) {
	without := pipeline.AgentLog{NoTools: &pipeline.Spot{Line: 8, Time: minutesAgo(5)}}
	for name, test := range map[string]struct {
		agents []agent
		env    []string
		want   bool
	}{
		"not set, and the log says so":   {[]agent{run("a", 5, "in_progress").with(logged(without))}, nil, true},
		"set since":                      {[]agent{run("a", 5, "in_progress").with(logged(without))}, []string{"SANDBOX_MCP_URL=http://host.docker.internal:8787/mcp"}, false},
		"not set, and the agent had it":  {[]agent{run("a", 5, "in_progress").with(logged(pipeline.AgentLog{}))}, nil, false},
		"the newest has it, an older no": {[]agent{run("b", 5, "in_progress").with(logged(pipeline.AgentLog{})), run("a", 50, "failed").with(logged(without))}, nil, false},
		"no agent has run":               {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{agents: test.agents, env: test.env}.world()
			o := checkstest.Run(w, sandbox.Tools)
			if !test.want {
				o.Silent(t)
				return
			}
			if f := o.Reports(t, checks.ENV010, "SANDBOX_MCP_URL"); f.Evidence[0].Locator.Line != 8 {
				t.Errorf("evidence %+v", f.Evidence)
			}
		})
	}
}

// An agent that does nothing after its start was sent to a gateway that does not know it; one that did something was not.
func TestSilenceForTheGateway(t *testing.T) {
	for kind, want := range map[string]string{"": "ENV009", "tool_call": ""} {
		log := pipeline.AgentLog{Last: pipeline.LogActivity{Kind: kind}}
		w := told{agents: []agent{run("a", 50, "completed").with(inactive).with(logged(log))}, env: []string{"SITE_URL=https://me.ngrok.app", "SANDBOX_PROVIDER=docker"}}.world()
		w.Settings.EnvFiles = []settings.EnvFile{{Path: "/posthog/.env"}}
		checkstest.Run(w, environment.Gateway).Reports(t, checks.ENV009)
		w.Tell(pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{}))
		checkstest.Run(w, sandbox.Inactivity).Blames(t, want)
	}
}
