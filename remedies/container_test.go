package remedies

import (
	"strings"
	"testing"

	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

// Of a container that Docker is removing nothing can be copied any more: who was killed after having asked for that has done it.
func TestHowFarTheRemovalOfAContainerIs(t *testing.T) {
	for state, want := range map[string]State{"running": Before, "exited": Before, "removing": After, "dead": After, "": After} {
		var there []pipeline.Sandbox
		if state != "" {
			there = append(there, pipeline.Sandbox{ID: "4f0c", Name: "task-sandbox-1-a", State: state})
		}
		tools := &Tools{world: checkstest.World(pipeline.Sandboxes.Is(pipeline.Nothing{}, there))}
		got, seen, err := (&removal{"4f0c", "task-sandbox-1-a"}).Look(t.Context(), tools)
		if got != want || err != nil || !strings.HasPrefix(seen, "task-sandbox-1-a is ") {
			t.Errorf("%q: %d, %q, %v", state, got, seen, err)
		}
	}
}
