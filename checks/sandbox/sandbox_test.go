package sandbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
)

// event is what agentsh wrote of an attempt, five minutes ago.
func event(decision, host, port, rule, kind string) pipeline.NetworkEvent {
	return pipeline.NetworkEvent{Time: minutesAgo(5), Decision: decision, Host: host, Port: port, Rule: rule, Type: kind}
}

// denied is what a denied CONNECT leaves, as the store has it: the name is looked up all the same.
func denied(host, port string) []pipeline.NetworkEvent {
	return []pipeline.NetworkEvent{
		event("deny", host, port, "default-deny-network", "net_connect"),
		event("allow", host, "", "dns-monitor-only", "dns_query"),
	}
}

// deniedPlain is what a denied plain http request leaves.
func deniedPlain(host string) []pipeline.NetworkEvent {
	return []pipeline.NetworkEvent{
		event("deny", host, "", "default-deny-network", "net_connect"),
		event("", host, "", "", "net_http_request"),
		event("allow", host, "", "dns-monitor-only", "dns_query"),
	}
}

func network(events ...[]pipeline.NetworkEvent) pipeline.AgentLog {
	return pipeline.AgentLog{Size: 1000, Read: 1000, Lines: 12, Network: []pipeline.NetworkEvents{
		{Spot: pipeline.Spot{Line: 9, Time: minutesAgo(5)}, Events: slices.Concat(events...)},
	}}
}

func silentLog() pipeline.AgentLog {
	return pipeline.AgentLog{Size: 1000, Read: 1000, Lines: 12, Last: pipeline.LogActivity{
		Spot: pipeline.Spot{Line: 8, Time: minutesAgo(40)}, Kind: "tool_call", Tool: "grep -r checkout",
	}}
}

// boxed gives a run its container, which is gone.
func boxed(a *agent) { a.Container = "0123456789ab" }

func killed(at int) []pipeline.MemoryKill {
	return []pipeline.MemoryKill{{Container: "0123456789abcdef", At: minutesAgo(at)}}
}

func toolless(l pipeline.AgentLog) pipeline.AgentLog {
	l.NoTools = &pipeline.Spot{Line: 4, Time: minutesAgo(42)}
	return l
}

func failing(at int, message, category string) pipeline.AgentLog {
	return pipeline.AgentLog{Size: 1000, Read: 1000, Errors: []pipeline.LogError{{
		Spot: pipeline.Spot{Line: 5, Time: minutesAgo(at)}, Message: message, Category: category,
	}}}
}

func TestAgents(t *testing.T) {
	const mcp = "SANDBOX_MCP_URL=http://host.docker.internal:8787/mcp"
	for name, test := range map[string]struct {
		world told
		want  []string
	}{
		"nobody has worked":          {},
		"an agent that did its work": {world: told{agents: []agent{run("a", 30, "completed").with(logged(pipeline.AgentLog{}))}}},
		"an agent at work":           {world: told{agents: []agent{run("a", 1, "in_progress").with(logged(network()))}}},

		"denied and silent": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(network(denied("host.docker.internal", ""))))}},
			[]string{"SBX001 error", "SBX002 error < SBX001"},
		},
		"denied twice is one denial": {
			told{agents: []agent{
				run("b", 20, "completed").with(inactive).with(logged(network(denied("host.docker.internal", "8787")))),
				run("a", 60, "completed").with(inactive).with(logged(network(denied("host.docker.internal", "8787")))),
			}},
			[]string{"SBX001 error", "SBX002 error < SBX001"},
		},
		"what nobody needs was denied": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(network(denied("example.com", "443"))))}},
			[]string{"SBX001 info", "SBX002 error"},
		},
		"denied before, and let through since": {
			told{env: []string{mcp}, agents: []agent{
				run("b", 1, "in_progress").with(logged(network([]pipeline.NetworkEvent{{Time: minutesAgo(1), Decision: "allow", Host: "host.docker.internal", Rule: "allow-debug-domains", Type: "net_connect"}}))),
				run("a", 40, "failed").with(logged(network(denied("host.docker.internal", "8787")))),
			}},
			[]string{"SBX001 recovered"},
		},
		"a looked-up name was not let through": {
			told{agents: []agent{
				run("b", 1, "in_progress").with(logged(network([]pipeline.NetworkEvent{{Time: minutesAgo(1), Decision: "allow", Host: "github.com", Rule: "dns-monitor-only", Type: ""}}))),
				run("a", 40, "failed").with(logged(network(denied("github.com", "22443")))),
			}},
			[]string{"SBX001 error"},
		},
		"denied, and a later agent did its work": {
			told{agents: []agent{run("b", 15, "completed").with(logged(pipeline.AgentLog{})), run("a", 40, "completed").with(inactive).with(logged(network(denied("host.docker.internal", ""))))}},
			[]string{"SBX001 recovered", "SBX002 recovered"},
		},
		"a silent agent's sandbox knows of a denial": {
			told{agents: []agent{run("a", 10, "in_progress").with(func(a *agent) {
				a.log, a.sandbox, a.events = &pipeline.AgentLog{Last: pipeline.LogActivity{Spot: pipeline.Spot{Time: minutesAgo(8)}, Kind: "tool_call"}}, "running", denied("host.docker.internal", "8787")
			})}},
			[]string{"SBX001 error"},
		},
		"a busy agent's sandbox is left alone": {
			world: told{agents: []agent{run("a", 10, "in_progress").with(func(a *agent) {
				a.log, a.sandbox, a.events = &pipeline.AgentLog{Last: pipeline.LogActivity{Spot: pipeline.Spot{Time: minutesAgo(1)}, Kind: "tool_call"}}, "running", denied("host.docker.internal", "8787")
			})}},
		},
		"nothing guarded the sandbox": {
			told{agents: []agent{run("a", 40, "failed").with(logged(network([]pipeline.NetworkEvent{event("", "unknown", "", "", "net_proxy_failed")})))}},
			[]string{"SBX008 info"},
		},

		"silent, and out of memory": {
			told{kills: killed(30), agents: []agent{run("a", 40, "completed").with(inactive).with(boxed).with(logged(silentLog()))}},
			[]string{"SBX011 error", "SBX002 error < SBX011"},
		},
		"a tool ran out of memory, and the agent went on": {
			told{kills: killed(50), agents: []agent{run("a", 60, "completed").with(inactive).with(boxed).with(logged(silentLog()))}},
			[]string{"SBX011 info", "SBX002 error"},
		},
		"another's sandbox ran out of memory": {
			told{kills: []pipeline.MemoryKill{{Container: "feedfacecafe00", At: minutesAgo(30)}}, agents: []agent{run("a", 40, "completed").with(inactive).with(boxed).with(logged(silentLog()))}},
			[]string{"SBX002 error"},
		},
		"out of memory, and it did its work": {
			world: told{kills: killed(30), agents: []agent{run("a", 40, "completed").with(boxed).with(logged(pipeline.AgentLog{}))}},
		},
		"a server that ran out of memory": {
			told{kills: killed(35), agents: []agent{failedWith("Agent-server failed to start").with(boxed).with(printing("agent-server", "Killed"))}},
			[]string{"SBX011 error", "SBX007 error < SBX011"},
		},
		"silent, and without tools": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(toolless(silentLog())))}},
			[]string{"SBX012 warning", "SBX002 error < SBX012"},
		},
		"denied, and without tools": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(toolless(network(denied("host.docker.internal", "8787")))))}},
			[]string{"SBX001 error", "SBX012 info", "SBX002 error < SBX001"},
		},
		"without tools, and a later agent did its work": {
			told{agents: []agent{run("b", 15, "completed").with(logged(toolless(pipeline.AgentLog{}))), run("a", 40, "failed").with(logged(toolless(silentLog())))}},
			[]string{"SBX012 recovered"},
		},
		"silent for no reason": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(silentLog()))}},
			[]string{"SBX002 error"},
		},
		"silent twice for no reason": {
			told{agents: []agent{run("b", 20, "completed").with(inactive).with(logged(silentLog())), run("a", 40, "completed").with(inactive).with(logged(silentLog()))}},
			[]string{"SBX002 error"},
		},
		"silent, and its log is gone": {
			told{agents: []agent{run("a", 40, "completed").with(inactive)}},
			[]string{"SBX003 warning", "SBX002 error < SBX003"},
		},
		"an empty log": {
			told{agents: []agent{run("a", 40, "failed").with(func(a *agent) { a.size = -1 })}},
			[]string{"SBX003 warning"},
		},
		"a run that has just begun": {world: told{agents: []agent{run("a", 0, "queued")}}},
		"a run that nobody took up": {
			told{agents: []agent{run("a", 20, "queued")}},
			[]string{"SBX006 error", "SBX003 warning < SBX006"},
		},
		"two runs that nobody took up": {
			told{agents: []agent{run("b", 20, "queued"), run("a", 50, "not_started")}},
			[]string{"SBX006 error", "SBX003 warning < SBX006", "SBX003 warning < SBX006"},
		},
		"a run that waits for a worker": {
			told{agents: []agent{run("a", 20, "queued").with(func(a *agent) { a.taken = true })}},
			[]string{"SBX003 warning"},
		},
		"a run that was not taken up, and a later one was": {
			told{agents: []agent{run("b", 15, "completed").with(logged(pipeline.AgentLog{})), run("a", 40, "queued")}},
			[]string{"SBX006 recovered", "SBX003 recovered"},
		},
		"a run that the user's desktop works on": {
			told{agents: []agent{run("a", 20, "queued").with(logged(pipeline.AgentLog{})).with(func(a *agent) { a.Local = true })}},
			nil,
		},
		"a run from before the time that is looked at": {
			told{agents: []agent{run("a", 3*24*60, "queued")}},
			[]string{"SBX003 warning"},
		},
		"a run that was called off":  {world: told{agents: []agent{run("a", 20, "cancelled")}}},
		"logs are switched off":      {told{disabled: true, agents: []agent{run("a", 40, "completed").with(inactive)}}, []string{"SBX002 error"}},
		"a good run without its log": {told{agents: []agent{run("a", 40, "completed")}}, []string{"SBX003 info"}},

		"the model refused it": {
			told{agents: []agent{run("a", 40, "failed").with(logged(failing(35, "rate limited", "upstream_rate_limit")))}},
			[]string{"SBX004 warning"},
		},
		"the model refused it, and it fell silent": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(failing(35, "Overloaded", "upstream_provider_failure")))}},
			[]string{"SBX004 warning", "SBX002 error < SBX004"},
		},
		"the model came to itself": {
			told{agents: []agent{run("a", 40, "in_progress").with(func(a *agent) {
				log := failing(35, "Overloaded", "upstream_provider_failure")
				log.Last = pipeline.LogActivity{Spot: pipeline.Spot{Time: minutesAgo(1)}, Kind: "tool_call"}
				a.log = &log
			})}},
			[]string{"SBX004 recovered"},
		},

		"a sandbox of a run at work":           {world: told{agents: []agent{run("a", 1, "in_progress").with(logged(network())).with(func(a *agent) { a.sandbox = "running" })}}},
		"a sandbox that outlived its run":      {told{agents: []agent{run("a", 40, "completed").with(logged(pipeline.AgentLog{})).with(func(a *agent) { a.sandbox = "running" })}}, []string{"SBX005 warning"}},
		"a sandbox that is just being removed": {world: told{agents: []agent{run("a", 11, "completed").with(logged(pipeline.AgentLog{})).with(func(a *agent) { a.sandbox = "running" })}}},
		"what is left of a sandbox":            {told{agents: []agent{run("a", 40, "completed").with(logged(pipeline.AgentLog{})).with(func(a *agent) { a.sandbox = "exited" })}}, []string{"SBX005 info"}},
		"a sandbox of last week's run": {
			told{
				foreign: []pipeline.Sandbox{{ID: "x", Name: "task-sandbox-old-0a1b2c", Task: "old", State: "running"}},
				past:    []pipeline.TaskRun{{ID: "p", Task: "old", Status: "failed", Updated: minutesAgo(7 * 24 * 60)}},
			},
			[]string{"SBX005 warning"},
		},
		"another team's sandbox": {world: told{foreign: []pipeline.Sandbox{{ID: "x", Name: "task-sandbox-theirs-0a1b2c", Task: "theirs", State: "running"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := checkstest.Diagnose(test.world.world(), agentChecks...)
			got := found(d)
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			for _, o := range d.Outcomes {
				looked := o.Status == checks.Passed || o.Status == checks.Failed || o.Status == checks.Skipped && test.world.disabled
				if slices.Contains(agentChecks, o.Check) && !looked {
					t.Errorf("%s is %s: %s", o.Check.ID, o.Status, o.Reason)
				}
			}
		})
	}
}

// What could not be looked at is unknown, and never a pass.
func TestWhatCannotBeLookedAt(t *testing.T) {
	down := errors.New("refused")
	silentOne := run("a", 40, "completed").with(inactive).with(logged(silentLog()))
	for name, test := range map[string]struct {
		world told
		check *checks.Check
		want  checks.Status
		says  string
	}{
		"neither Postgres nor logs": {told{postgres: down, storage: down}, sandbox.AgentRuns, checks.Unknown, "neither Postgres nor the object storage"},
		"no Postgres":               {told{postgres: down, agents: []agent{silentOne}}, sandbox.AgentRuns, checks.Unknown, "from their logs only"},
		"no Postgres, no orphans":   {told{postgres: down}, sandbox.Containers, checks.Blocked, "services.postgres"},
		"no Docker, no memory":      {told{docker: down}, sandbox.Memory, checks.Blocked, "services.docker"},
		"no Docker, no orphans":     {told{docker: down}, sandbox.Containers, checks.Blocked, "services.docker"},
		"no logs":                   {told{storage: down, agents: []agent{silentOne}}, sandbox.Logs, checks.Blocked, "services.object-storage"},
		"a log that cannot be read": {
			told{agents: []agent{run("a", 40, "failed").with(func(a *agent) { a.unread = errors.New("reset by peer") })}},
			sandbox.Network, checks.Unknown, "reset by peer",
		},
		"a log that was read in part": {
			told{agents: []agent{run("a", 40, "failed").with(logged(pipeline.AgentLog{Size: 100 << 20, Read: 64 << 20}))}},
			sandbox.Network, checks.Unknown, "the last 64 MB",
		},
	} {
		t.Run(name, func(t *testing.T) {
			checkstest.Run(test.world.world(), test.check).Is(t, test.want, test.says)
		})
	}
}

// Many agents may be at work; of those that ended badly only the newest logs are read, and that is said.
func TestManyAgents(t *testing.T) {
	many := func(n int, status string, end time.Time) (all []agent) {
		for i := range n {
			all = append(all, run(fmt.Sprint("run", i), 40, status).with(func(a *agent) { a.Completed = end }).with(logged(network())))
		}
		return all
	}
	checkstest.Run(told{agents: many(20, "in_progress", time.Time{})}.world(), sandbox.AgentRuns).Is(t, checks.Passed, "")
	checkstest.Run(told{agents: many(51, "in_progress", time.Time{})}.world(), sandbox.AgentRuns).Is(t, checks.Unknown, "that go on only the newest 50 logs")
	checkstest.Run(told{agents: many(10, "cancelled", minutesAgo(30))}.world(), sandbox.AgentRuns).Is(t, checks.Passed, "")
	checkstest.Run(told{agents: many(11, "cancelled", minutesAgo(30))}.world(), sandbox.AgentRuns).Is(t, checks.Unknown, "that have ended only the newest 10 logs")
}

// A denial says which rule denied, why, and which setting to change.
func TestWhyAHostWasDenied(t *testing.T) {
	const mcp = "SANDBOX_MCP_URL=http://user:hidden@host.docker.internal:8787/mcp"
	for name, test := range map[string]struct {
		env    []string
		events []pipeline.NetworkEvent
		says   []string
		not    []string
	}{
		"a port that nothing opens":       {nil, denied("host.docker.internal", "8787"), []string{"host.docker.internal:8787", "rule default-deny-network", "SANDBOX_MCP_URL opens it", "SANDBOX_MCP_URL is not set"}, nil},
		"the gateway's port":              {[]string{mcp}, denied("host.docker.internal", "3308"), []string{"SANDBOX_LLM_GATEWAY_URL opens it", "is not set"}, nil},
		"a port that is open":             {[]string{mcp}, denied("host.docker.internal", "8787"), []string{"DEBUG is off in the worker", "SANDBOX_MCP_URL is http://"}, []string{"hidden"}},
		"a port that the rule always has": {nil, denied("host.docker.internal", "8010"), []string{"8010 is one of them", "NO_PROXY"}, nil},
		"a port of nobody":                {nil, denied("host.docker.internal", "9999"), []string{"no setting is known"}, nil},
		"plain http":                      {[]string{mcp}, deniedPlain("host.docker.internal"), []string{"plain http", "port 80", "NO_PROXY was not in effect"}, []string{"hidden"}},
		"a log without a port":            {nil, denied("host.docker.internal", ""), []string{"does not keep which port", "SANDBOX_MCP_URL is not set"}, nil},
		"the model's API on another port": {nil, denied("api.anthropic.com", "8443"), []string{"443, 80, 22", "8443"}, nil},
		"GitHub":                          {nil, denied("objects.githubusercontent.com", "443"), []string{"Edits of the environment's row do not last"}, nil},
		"a host of a setting":             {[]string{"SANDBOX_API_URL=https://tunnel.example:8443"}, denied("tunnel.example", "8443"), []string{"443, 80, 22"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			world := told{env: test.env, agents: []agent{run("a", 40, "failed").with(logged(network(test.events)))}}
			f := checkstest.Run(world.world(), sandbox.Network).Reports(t, checks.SBX001)
			if f.Severity != checks.Error {
				t.Errorf("%s", f.Severity)
			}
			text := said(f)
			for _, part := range test.says {
				if !strings.Contains(text, part) {
					t.Errorf("nothing is said of %q in\n%s", part, text)
				}
			}
			for _, part := range test.not {
				if strings.Contains(text, part) {
					t.Errorf("%q is shown", part)
				}
			}
		})
	}
}

// The limit in force is told with where it comes from, and the last thing that the agent did.
func TestTheLimitInForce(t *testing.T) {
	for name, test := range map[string]struct {
		env   []string
		limit time.Duration
		says  []string
	}{
		"the run's own":       {[]string{"TASKS_INACTIVITY_TIMEOUT_SECONDS=30"}, 30 * time.Minute, []string{"may be silent for 30m0s", "tool call \"grep -r checkout\""}},
		"the one that is set": {[]string{"TASKS_INACTIVITY_TIMEOUT_SECONDS=30"}, 0, []string{"process environment", "30s", "ends healthy agents, too"}},
		"the default":         {nil, 0, []string{"30 minutes", "2 hours"}},
	} {
		t.Run(name, func(t *testing.T) {
			world := told{env: test.env, agents: []agent{run("a", 40, "completed").with(inactive).with(logged(silentLog())).with(func(a *agent) { a.InactivityLimit = test.limit })}}
			f := checkstest.Run(world.world(), sandbox.Inactivity).Reports(t, checks.SBX002)
			for _, part := range test.says {
				if text := said(f); !strings.Contains(text, part) {
					t.Errorf("nothing is said of %q in\n%s", part, text)
				}
			}
		})
	}
}

// Without Postgres the failure of the activity that waited tells of the silence, and the log that was written to while it
// waited of the agent.
func TestSilenceIsKnownWithoutPostgres(t *testing.T) {
	const message = "custom_prompt - drain_final_log: TaskRun reached terminal status=completed (cause: Run timed out due to inactivity) — no agent message"
	for name, test := range map[string]struct {
		message string
		heard   int // minutes ago
		want    []string
	}{
		"while the activity waited":     {message, 35, []string{"SBX002 error"}},
		"before the activity":           {message, 55, nil},
		"the activity failed otherwise": {"read failed", 35, nil},
	} {
		t.Run(name, func(t *testing.T) {
			silentOne := run("a", 60, "").with(logged(silentLog())).with(func(a *agent) { a.Updated = minutesAgo(test.heard) })
			w := told{postgres: errors.New("refused"), agents: []agent{silentOne}}.world()
			summary := pipeline.Execution{Run: pipeline.Run{Workflow: "signals-report:7:r", ID: "s"}, Type: journey.SummaryWorkflow, Status: pipeline.RunFailed, Start: minutesAgo(50), Close: minutesAgo(30)}
			w.Tell(
				pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{summary}}),
				pipeline.Histories.Is(summary.Run, pipeline.History{Events: []pipeline.Event{
					{ID: 5, Time: minutesAgo(45), Type: pipeline.ActivityScheduled, Activity: "select_repository_activity"},
					{ID: 7, Time: minutesAgo(30), Type: pipeline.ActivityFailed, Scheduled: 5, Failure: &pipeline.Failure{Message: test.message, Type: "RuntimeError"}},
				}}),
			)
			if got := found(checkstest.Diagnose(w, agentChecks...)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
