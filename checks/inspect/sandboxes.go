package inspect

import (
	"context"
	"slices"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
	"doctor/checks/services"
)

// Sandboxes are the containers that agents work in, those of other teams, too.
type Sandboxes struct {
	Head
	Sandboxes []Sandbox `json:"sandboxes" jsonschema:"newest first"`
}

// Sandbox is one container.
type Sandbox struct {
	Name    string    `json:"name"`
	ID      string    `json:"id"`
	State   string    `json:"state" jsonschema:"as Docker calls it: running, exited and others"`
	Created time.Time `json:"created"`
	Image   string    `json:"image"`
	Task    string    `json:"task"`
	Run     *AgentRun `json:"run,omitempty" jsonschema:"of an agent of the team"`
	Orphan  bool      `json:"orphan" jsonschema:"its run has ended, and it is still there"`
}

// AgentRun is the run of an agent.
type AgentRun struct {
	ID      string `json:"id"`
	Purpose string `json:"purpose" jsonschema:"such as repo_selection; empty where that is not known"`
	Status  string `json:"status" jsonschema:"as Postgres has it; empty where only a log is known"`
}

// ListSandboxes lists the sandboxes that Docker has.
func ListSandboxes(ctx context.Context, l *Look) (*Sandboxes, error) {
	d := l.diagnose(ctx, sandbox.Containers)
	if _, err := resultOf[pipeline.Reached](d, services.Docker); err != nil {
		return nil, err
	}
	boxes, err := l.World.Docker.Sandboxes(ctx)
	if err != nil {
		return nil, err
	}
	listed := &Sandboxes{Head: l.head(), Sandboxes: []Sandbox{}}
	runs, err := resultOf[*sandbox.Runs](d, sandbox.AgentRuns)
	listed.miss(err)
	orphans, err := resultOf[[]pipeline.Sandbox](d, sandbox.Containers)
	listed.miss(err)
	for _, box := range boxes {
		s := Sandbox{Name: box.Name, ID: box.ID, State: box.State, Created: box.Created, Image: box.Image, Task: box.Task}
		if run := runOf(runs, box.ID); run != nil {
			s.Run = &AgentRun{run.ID, run.Purpose, run.Status}
		}
		s.Orphan = slices.ContainsFunc(orphans, func(o pipeline.Sandbox) bool { return o.ID == box.ID })
		listed.Sandboxes = append(listed.Sandboxes, s)
	}
	return listed, nil
}

func runOf(runs *sandbox.Runs, container string) *sandbox.Run {
	if runs == nil {
		return nil
	}
	for _, run := range slices.Concat(runs.All, runs.Past) {
		if run.Sandbox != nil && run.Sandbox.ID == container {
			return run
		}
	}
	return nil
}
