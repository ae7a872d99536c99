package sandbox_test

import (
	"slices"
	"testing"

	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

// An agent failed, another one ended well, and a third fails: what is over is told as such, and explains nothing of the third.
func TestWhatIsOverDoesNotGoOn(t *testing.T) {
	const (
		server  = "Failed to start agent server in sandbox"
		unmade  = "Failed to create Docker sandbox"
		missing = "Sandbox image 'posthog-sandbox-base-local' is not available locally and cannot be pulled"
		clone   = "Git clone failed with exit code 128"
	)
	failing := func(message string) func(*agent) {
		return func(a *agent) { a.Status, a.Error = "failed", message }
	}
	denial := logged(network(denied("host.docker.internal", "8787")))
	written := logged(pipeline.AgentLog{})
	for name, test := range map[string]struct {
		then, now []func(*agent)
		want      []string
	}{
		"denied, and silent for something else": {
			[]func(*agent){inactive, denial},
			[]func(*agent){inactive, logged(silentLog())},
			[]string{"SBX001 recovered", "SBX002 error", "SBX002 recovered"},
		},
		"refused, and silent for something else": {
			[]func(*agent){inactive, logged(refusing("host.docker.internal", "8787", false))},
			[]func(*agent){inactive, logged(silentLog())},
			[]string{"SBX002 error", "SBX002 recovered", "SBX010 recovered"},
		},
		"denied, and denied anew": {
			[]func(*agent){inactive, denial},
			[]func(*agent){inactive, denial},
			[]string{"SBX001 error", "SBX001 recovered", "SBX002 error < SBX001", "SBX002 recovered"},
		},
		"an option that was unknown, and a port that is taken": {
			[]func(*agent){failing(server), printing("agent-server", "error: unknown option '--x'")},
			[]func(*agent){failing(server), printing("agent-server", "Error: listen EADDRINUSE")},
			[]string{"SBX007 error", "SBX007 recovered"},
		},
		"an image that was missing, and a sandbox that is not made": {
			[]func(*agent){failing(missing), written},
			[]func(*agent){failing(unmade), written},
			[]string{"SBX015 error"},
		},
		"not cloned, and not cloned anew": {
			[]func(*agent){failing(clone), written},
			[]func(*agent){failing(clone), written},
			[]string{"SBX013 error", "SBX013 recovered"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			then, now := run("a", 60, "completed"), run("c", 20, "completed")
			for _, change := range test.then {
				change(&then)
			}
			for _, change := range test.now {
				change(&now)
			}
			world := told{agents: []agent{now, run("b", 40, "completed").with(written), then}}
			got := found(checkstest.Diagnose(world.world(), agentChecks...))
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
