package inspect

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
	"doctor/checks/services"
)

// Sandboxes are the containers that agents work in, those of other teams, too.
type Sandboxes struct {
	Head
	Sandboxes []Sandbox `json:"sandboxes" jsonschema:"newest first; the one that was asked for"`
}

// Sandbox is one container.
type Sandbox struct {
	Name    string         `json:"name"`
	ID      string         `json:"id"`
	State   string         `json:"state" jsonschema:"as Docker calls it: running, exited and others"`
	Created time.Time      `json:"created"`
	Image   string         `json:"image"`
	Task    string         `json:"task"`
	Run     *AgentRun      `json:"run,omitempty" jsonschema:"of an agent of the team"`
	Orphan  bool           `json:"orphan" jsonschema:"its run has ended, and it is still there"`
	Running *Running       `json:"running,omitempty" jsonschema:"what goes on in one that runs; absent where that is not known"`
	Detail  *SandboxDetail `json:"detail,omitempty" jsonschema:"of the one that was asked for"`
}

// Running is what goes on in a sandbox.
type Running struct {
	MemoryBytes int64     `json:"memory_bytes" jsonschema:"that its processes hold; what they share is counted for each"`
	Processes   []Process `json:"processes" jsonschema:"oldest first, without their arguments: secrets are among them"`
}

// Process is a process of a sandbox.
type Process struct {
	PID         int     `json:"pid" jsonschema:"as the machine that Docker runs on counts"`
	AgeSeconds  float64 `json:"age_seconds,omitempty" jsonschema:"absent where ps does not tell"`
	MemoryBytes int64   `json:"memory_bytes"`
	Name        string  `json:"name"`
}

// SandboxDetail is what a sandbox knows itself of the agent in it.
type SandboxDetail struct {
	Guarded   *bool          `json:"guarded,omitempty" jsonschema:"agentsh keeps a store of network events there; absent where that could not be seen"`
	Events    []NetworkEvent `json:"network_events" jsonschema:"newest first, the last 500"`
	ServerLog *ServerLog     `json:"agent_server_log,omitempty" jsonschema:"absent where there is none"`
}

// ServerLog is the end of what the agent's server has printed.
type ServerLog struct {
	Bytes    int64    `json:"bytes" jsonschema:"of the whole file"`
	Whole    bool     `json:"whole" jsonschema:"the lines are all of it"`
	Withheld bool     `json:"withheld" jsonschema:"its lines were left out of the capture"`
	Lines    []string `json:"lines"`
}

// AgentRun is the run of an agent.
type AgentRun struct {
	ID      string `json:"id"`
	Purpose string `json:"purpose" jsonschema:"such as repo_selection; empty where that is not known"`
	Status  string `json:"status" jsonschema:"as Postgres has it; empty where only a log is known"`
}

// ListSandboxes lists the sandboxes that Docker has: all, or the one of a name, an id, a task or a run, and then more of it.
func ListSandboxes(ctx context.Context, l *Look, name string) (*Sandboxes, error) {
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
	if name != "" {
		one, err := choose(listed.Sandboxes, Sandbox.names, "sandbox", name, "doctor sandboxes")
		if err != nil {
			return nil, err
		}
		one.Detail = l.sandboxDetail(ctx, one, &listed.Head)
		listed.Sandboxes = []Sandbox{one}
	}
	l.lookInto(ctx, listed)
	return listed, nil
}

// names are what a sandbox is called where it is met.
func (s Sandbox) names() []string {
	names := []string{s.Name, s.ID, s.Task}
	if s.Run != nil {
		names = append(names, s.Run.ID)
	}
	return names
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

// parallel is how many sandboxes are looked into at a time.
const parallel = 8

// lookInto asks for the processes of the sandboxes that run. One that has ended meanwhile has none, and of a recording
// without them no more is told.
func (l *Look) lookInto(ctx context.Context, d *Sandboxes) {
	errs := make([]error, len(d.Sandboxes))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i := range d.Sandboxes {
		box := &d.Sandboxes[i]
		if box.State != "running" {
			continue
		}
		group.Go(func() error {
			processes, err := l.World.Docker.Processes(ctx, box.ID)
			if err == nil {
				box.Running = running(processes)
			}
			errs[i] = err
			return nil
		})
	}
	_ = group.Wait()
	for _, err := range errs {
		if !slices.Contains([]pipeline.Kind{pipeline.Missing, pipeline.NotRecorded}, pipeline.KindOf(err)) {
			d.miss(err)
		}
	}
}

func running(processes []pipeline.Process) *Running {
	r := &Running{Processes: []Process{}}
	for _, p := range processes {
		r.MemoryBytes += p.Memory
		r.Processes = append(r.Processes, Process{p.PID, p.Elapsed.Seconds(), p.Memory, p.Name})
	}
	return r
}

// detail asks a sandbox itself what its agent did. Only one that runs can be asked for network events.
func (l *Look) sandboxDetail(ctx context.Context, box Sandbox, head *Head) *SandboxDetail {
	d := &SandboxDetail{Events: []NetworkEvent{}}
	if box.State == "running" {
		events, err := l.World.Docker.EventStore(ctx, box.ID)
		guarded := err == nil
		if guarded || pipeline.KindOf(err) == pipeline.Missing {
			d.Guarded, err = &guarded, nil
		}
		head.miss(err)
		d.Events = networkEvents(events)
	}
	log, err := l.World.Docker.ServerLog(ctx, box.ID)
	if pipeline.KindOf(err) == pipeline.Missing {
		return d
	}
	if head.miss(err); err == nil {
		d.ServerLog = &ServerLog{Bytes: log.Size, Whole: log.Whole, Withheld: log.Withheld, Lines: append([]string{}, log.Lines...)}
	}
	return d
}
