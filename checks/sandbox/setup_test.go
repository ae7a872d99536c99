package sandbox_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
)

// failedWith is a run that failed, and what its own record says of why.
func failedWith(message string) agent {
	return run("a", 40, "failed").with(func(a *agent) { a.Error = message })
}

// printing adds a log with what a program printed before the set-up gave up on it.
func printing(program string, lines ...string) func(*agent) {
	return logged(pipeline.AgentLog{Size: 1000, Read: 1000, Trouble: []pipeline.LogTrouble{{Spot: pipeline.Spot{Line: 9}, Of: program, Lines: lines}}})
}

// afterFailure is the history of a workflow of which an activity failed, in older code's way: the reason is inside.
func afterFailure(message string) func(*agent) {
	return func(a *agent) {
		a.history = []pipeline.Event{
			{ID: 5, Type: pipeline.ActivityScheduled, Activity: "create_sandbox_for_repository"},
			{ID: 9, Type: pipeline.ActivityFailed, Scheduled: 5, Failure: &pipeline.Failure{Message: "Activity task failed", Cause: &pipeline.Failure{Message: message}}},
		}
	}
}

func TestSetupsThatFail(t *testing.T) {
	const (
		server  = "Failed to start agent server in sandbox"
		unmade  = "Failed to create Docker sandbox"
		missing = "Sandbox image 'posthog-sandbox-base-local' is not available locally and cannot be pulled"
		clone   = "Git clone failed with exit code 128"
	)
	well := run("b", 15, "completed").with(logged(pipeline.AgentLog{}))
	for name, test := range map[string]struct {
		world told
		want  []string
		says  []string
	}{
		"the agent server's port is taken": {
			told{agents: []agent{failedWith(server).with(printing("agent-server", "Error: listen EADDRINUSE"))}},
			[]string{"SBX007 error"},
			[]string{"Its port is taken", "Error: listen EADDRINUSE"},
		},
		"it ran out of memory": {
			told{agents: []agent{failedWith("Agent-server failed to start").with(printing("agent-server", "FATAL ERROR: JavaScript heap out of memory"))}},
			[]string{"SBX007 error"},
			[]string{"ran out of memory"},
		},
		"it printed nothing": {
			told{agents: []agent{failedWith(server)}},
			[]string{"SBX003 warning", "SBX007 error"},
			[]string{"printed nothing"},
		},
		"it knows an option no more": {
			told{agents: []agent{failedWith(server).with(printing("agent-server", "error: unknown option '--x'"))}},
			[]string{"SBX007 error < SBX014", "SBX014 warning"},
			[]string{"older than the code"},
		},
		"the Dockerfile has changed": {
			told{source: "f00", agents: []agent{failedWith(server).with(printing("agent-server", "Cannot find module"))}},
			[]string{"SBX007 error < SBX014", "SBX014 warning"},
			[]string{"Dockerfile has changed"},
		},
		"the Dockerfile is the same": {
			told{source: "5e7", agents: []agent{failedWith(server).with(printing("agent-server", "Cannot find module"))}},
			[]string{"SBX007 error"},
			nil,
		},
		"the image says nothing of its Dockerfile": {
			told{source: "f00", image: &pipeline.Image{Present: true}, agents: []agent{failedWith(server).with(printing("agent-server", "Cannot find module"))}},
			[]string{"SBX007 error"},
			nil,
		},
		"the image is old, and agents work": {
			world: told{source: "f00", agents: []agent{well}},
		},
		"agentsh does not start": {
			told{agents: []agent{failedWith("Failed to start agentsh daemon").with(printing("agentsh", "sh: agentsh: not found"))}},
			[]string{"SBX008 error"},
			[]string{"agentsh: not found"},
		},
		"agentsh does not start, and the failure names another": {
			told{agents: []agent{failedWith(server).with(printing("agentsh", "permission denied"))}},
			[]string{"SBX008 error"},
			nil,
		},
		"agentsh was well": {
			told{agents: []agent{failedWith(server).with(printing("agentsh"))}},
			[]string{"SBX007 error"},
			nil,
		},
		"the image is missing": {
			told{agents: []agent{failedWith(missing).with(logged(pipeline.AgentLog{}))}},
			[]string{"SBX009 error"},
			[]string{"there is no image posthog-sandbox-base-local"},
		},
		"Docker has no image": {
			told{image: &pipeline.Image{}, agents: []agent{failedWith(unmade).with(logged(pipeline.AgentLog{}))}},
			[]string{"SBX009 error"},
			nil,
		},
		"no sandbox is made": {
			told{env: []string{"SANDBOX_PROVIDER=docker"}, agents: []agent{failedWith(unmade).with(logged(pipeline.AgentLog{}))}},
			[]string{"SBX015 error"},
			[]string{"worker's output"},
		},
		"no clone": {
			told{agents: []agent{failedWith(clone).with(logged(pipeline.AgentLog{}))}},
			[]string{"SBX013 error"},
			[]string{clone},
		},
		"no clone, and it went on": {
			told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(pipeline.AgentLog{
				Failed: []pipeline.LogStep{{Step: "clone", Status: "failed", Label: "Repository clone failed; continuing without it"}},
			}))}},
			[]string{"SBX002 error < SBX013", "SBX013 warning"},
			nil,
		},
		"no clone, and it went on well": {
			world: told{agents: []agent{run("a", 40, "completed").with(logged(pipeline.AgentLog{Failed: []pipeline.LogStep{{Step: "clone", Status: "failed"}}}))}},
		},
		"the log's step says why": {
			told{agents: []agent{failedWith("").with(logged(pipeline.AgentLog{Failed: []pipeline.LogStep{{Step: "clone", Status: "failed", Detail: clone}}}))}},
			[]string{"SBX013 error"},
			nil,
		},
		"only the workflow says why": {
			told{agents: []agent{failedWith("Activity task failed").with(logged(pipeline.AgentLog{})).with(afterFailure(clone))}},
			[]string{"SBX013 error"},
			[]string{"event 9"},
		},
		"the workflow failed otherwise": {
			world: told{agents: []agent{failedWith("Activity task failed").with(logged(pipeline.AgentLog{})).with(afterFailure("No active users"))}},
		},
		"an agent that quotes a failure": {
			world: told{agents: []agent{failedWith("agent_error: " + clone).with(logged(pipeline.AgentLog{}))}},
		},
		"a later agent did its work": {
			told{agents: []agent{well, failedWith(server).with(printing("agent-server", "error: unknown option '--x'"))}},
			[]string{"SBX007 recovered", "SBX014 recovered"},
			nil,
		},
		"two of the same": {
			told{agents: []agent{run("b", 20, "failed").with(func(a *agent) { a.Error = clone }).with(logged(pipeline.AgentLog{})), failedWith(clone).with(logged(pipeline.AgentLog{}))}},
			[]string{"SBX013 error"},
			[]string{"2 agents"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := checkstest.Diagnose(test.world.world(), agentChecks...)
			got := found(d)
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			var text strings.Builder
			for _, f := range d.Findings() {
				text.WriteString(said(f) + "\n")
			}
			for _, part := range test.says {
				if !strings.Contains(text.String(), part) {
					t.Errorf("nothing is said of %q in\n%s", part, text.String())
				}
			}
			for _, o := range d.Outcomes {
				if slices.Contains(agentChecks, o.Check) && o.Status != checks.Passed && o.Status != checks.Failed {
					t.Errorf("%s is %s: %s", o.Check.ID, o.Status, o.Reason)
				}
			}
		})
	}
}

// An engine or a workflow that cannot be asked leaves the check unknown, and what the words say is still told.
func TestSetupsThatCannotBeLookedInto(t *testing.T) {
	failed := failedWith("Activity task failed").with(logged(pipeline.AgentLog{})).with(func(a *agent) { a.unheard = errors.New("reset by peer") })
	checkstest.Run(told{agents: []agent{failed}}.world(), sandbox.Setup).Is(t, checks.Unknown, "reset by peer")

	w := told{agents: []agent{failedWith("Failed to create Docker sandbox").with(logged(pipeline.AgentLog{}))}}.world()
	w.Tell(pipeline.Images.Fails("posthog-sandbox-base", pipeline.Failed, errors.New("no answer")))
	checkstest.Run(w, sandbox.Image).Is(t, checks.Unknown, "no answer")
	checkstest.Run(w, sandbox.Setup).Reports(t, checks.SBX015)

	w = told{agents: []agent{failedWith("Agent-server failed to start").with(printing("agent-server"))}}.world()
	w.Tell(pipeline.FileSums.Fails("products/tasks/backend/sandbox/images/Dockerfile.sandbox-base", pipeline.Failed, errors.New("no permission")))
	checkstest.Run(w, sandbox.Image).Is(t, checks.Unknown, "no permission")
}
