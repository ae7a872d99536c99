package sandbox_test

import (
	"fmt"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/sandbox"
)

const team = checkstest.Team

func minutesAgo(n int) time.Time { return checkstest.Now.Add(-time.Duration(n) * time.Minute) }

// agent is one run of an agent, and all that is left of it.
type agent struct {
	pipeline.TaskRun
	log     *pipeline.AgentLog // nil: there is none
	unread  error              // the log is there and cannot be read
	size    int64              // of the log; a log that is there has 1000 bytes unless it says otherwise
	sandbox string             // the state of its container; "" for none
	events  []pipeline.NetworkEvent
	history []pipeline.Event // of its workflow
	unheard error            // that cannot be read
	taken   bool             // a workflow has taken the run up, whatever its status says
}

// run is a run that began so many minutes ago.
func run(id string, began int, status string) agent {
	return agent{TaskRun: pipeline.TaskRun{
		ID: id, Task: "task-of-" + id, Purpose: "repo_selection", Status: status,
		Created: minutesAgo(began), Updated: minutesAgo(max(0, began-10)), Completed: minutesAgo(max(0, began-10)),
	}}
}

// with completes a run.
func (a agent) with(change func(*agent)) agent {
	change(&a)
	return a
}

func inactive(a *agent)                       { a.Inactive = true }
func logged(l pipeline.AgentLog) func(*agent) { return func(a *agent) { a.log = &l } }

// told is a pipeline whose services answer, unless it says otherwise.
type told struct {
	agents   []agent // newest first
	foreign  []pipeline.Sandbox
	past     []pipeline.TaskRun // of the foreign sandboxes' tasks
	postgres error              // it does not answer
	storage  error
	docker   error
	disabled bool // the object storage is switched off
	env      []string
	image    *pipeline.Image // posthog-sandbox-base; nil: as it should be
	source   string          // the sum of its Dockerfile in the checkout; "" where there is none
	kills    []pipeline.MemoryKill
	flag     []pipeline.Flag // tasks
	flagErr  error           // it cannot be looked up
}

func key(a agent) string {
	return fmt.Sprintf("tasks/logs/team_%d/task_%s/run_%s.jsonl", team, a.Task, a.ID)
}

func (d told) world() *pipeline.World {
	w := checkstest.World()
	s := w.Settings
	s.Process = map[string]string{}
	for _, pair := range d.env {
		name, value, _ := strings.Cut(pair, "=")
		s.Process[name] = value
	}
	s.ObjectStorage.Enabled, s.ObjectStorage.Tasks = !d.disabled, "tasks"
	s.Docker.Provider = "docker"
	for _, at := range []*settings.Address{&s.Postgres.Address, &s.ObjectStorage.Address, &s.Docker.Address} {
		*at = settings.Address{Setting: "SETTING", URL: "tcp://somewhere:1", Origin: settings.Origin{Process: true}}
	}
	refuse := func(service pipeline.Fact[pipeline.Nothing, pipeline.Reached], err error) {
		if err != nil {
			w.Tell(service.Fails(pipeline.Nothing{}, pipeline.Refused, err))
		}
	}
	refuse(pipeline.PostgresReached, d.postgres)
	refuse(pipeline.ObjectStorageReached, d.storage)
	refuse(pipeline.DockerReached, d.docker)
	var runs []pipeline.TaskRun
	var logs []pipeline.LogObject
	var boxes []pipeline.Sandbox
	for i, a := range d.agents {
		runs = append(runs, a.TaskRun)
		if a.log != nil || a.unread != nil || a.size > 0 {
			size := a.size
			if size == 0 && (a.log != nil || a.unread != nil) {
				size = 1000
			}
			if size < 0 {
				size = 0
			}
			logs = append(logs, pipeline.LogObject{Key: key(a), Task: a.Task, Run: a.ID, Size: size, Modified: a.Updated})
		}
		for _, bytes := range []int64{256 << 10, 64 << 20} {
			if a.unread != nil {
				w.Tell(pipeline.AgentLogEnds.Fails(pipeline.LogEnd{Key: key(a), Bytes: bytes}, pipeline.Failed, a.unread))
			} else if a.log != nil {
				w.Tell(pipeline.AgentLogEnds.Is(pipeline.LogEnd{Key: key(a), Bytes: bytes}, a.log))
			}
		}
		if a.sandbox != "" {
			id := fmt.Sprintf("%064d", i)
			boxes = append(boxes, pipeline.Sandbox{ID: id, Name: "task-sandbox-" + a.Task + "-0a1b2c", Task: a.Task, Image: "posthog-sandbox-base", State: a.sandbox, Created: a.Created})
			w.Tell(pipeline.EventStores.Is(id, a.events))
		}
	}
	d.tellStarted(w)
	d.tellKills(w)
	image := pipeline.Image{Present: true, Dockerfile: "5e7"}
	if d.image != nil {
		image = *d.image
	}
	w.Tell(pipeline.Images.Is("posthog-sandbox-base", image), pipeline.Images.Is("posthog-sandbox-base-local", pipeline.Image{}),
		pipeline.FileSums.Is("products/tasks/backend/sandbox/images/Dockerfile.sandbox-base", d.source))
	for _, a := range d.agents {
		workflow := pipeline.Run{Workflow: a.Workflow()}
		w.Tell(pipeline.Histories.Is(workflow, pipeline.History{Events: a.history}))
		if a.unheard != nil {
			w.Tell(pipeline.Histories.Fails(workflow, pipeline.Failed, a.unheard))
		}
	}
	var foreign []string
	for _, box := range d.foreign {
		boxes = append(boxes, box)
		foreign = append(foreign, box.Task)
	}
	w.Tell(
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{Runs: runs}),
		pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: team, Tasks: foreign}, pipeline.TaskRunListing{Runs: d.past}),
		pipeline.AgentLogs.Is(team, pipeline.LogListing{Logs: logs}),
		pipeline.Sandboxes.Is(pipeline.Nothing{}, boxes),
	)
	return w
}

// tellStarted tells which of the waiting runs have a workflow, and how the flag stands.
func (d told) tellStarted(w *pipeline.World) {
	var ids []string
	var taken []pipeline.Execution
	for _, a := range d.agents {
		if !a.Waits() || a.Local || a.Created.After(minutesAgo(1)) {
			continue
		}
		ids = append(ids, a.Workflow())
		if a.taken {
			taken = append(taken, pipeline.Execution{Run: pipeline.Run{Workflow: a.Workflow(), ID: "w"}, Status: pipeline.Running})
		}
	}
	flag := pipeline.TeamFlag{Team: team, Key: "tasks"}
	w.Tell(pipeline.WorkflowsCalled.Is(ids, pipeline.Listing{Executions: taken}), pipeline.Flags.Is(flag, d.flag))
	if d.flagErr != nil {
		w.Tell(pipeline.Flags.Fails(flag, pipeline.Failed, d.flagErr))
	}
}

// tellKills tells which sandboxes ran out of memory.
func (d told) tellKills(w *pipeline.World) {
	asked := pipeline.KillsOf{Since: checkstest.Since}
	for i, a := range d.agents {
		if a.sandbox != "" && (a.Status != "completed" || a.Inactive) {
			asked.Containers = append(asked.Containers, fmt.Sprintf("%064d", i))
		}
	}
	w.Tell(pipeline.MemoryKills.Is(asked, d.kills))
}

var agentChecks = []*checks.Check{sandbox.AgentRuns, sandbox.Started, sandbox.Image, sandbox.Memory, sandbox.Setup, sandbox.Network, sandbox.Refusals, sandbox.Tools, sandbox.Logs, sandbox.Model, sandbox.Inactivity, sandbox.Containers}

// found lists the findings of this part as "SBX001 error" or "SBX002 error < SBX001", those that have recovered or only
// inform as such.
func found(d *checks.Diagnosis) []string {
	var all []string
	for _, f := range d.Findings() {
		if f.Stage != checks.Sandbox || !strings.HasPrefix(string(f.Code), "SBX") {
			continue
		}
		line := fmt.Sprintf("%s %s", f.Code, f.Severity)
		if f.State == checks.Recovered {
			line = fmt.Sprintf("%s recovered", f.Code)
		}
		if causes := checkstest.Causes(f); causes != "" {
			line += " < " + causes
		}
		all = append(all, line)
	}
	return all
}

// said is all that is said of a finding.
func said(f *checks.Finding) string {
	lines := []string{f.Title, f.Detail}
	for _, e := range f.Evidence {
		lines = append(lines, e.Source+" | "+e.Locator.String()+" | "+e.Excerpt)
	}
	return strings.Join(lines, "\n")
}
