package inspect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

func looking(w *pipeline.World) *Look {
	return &Look{World: w, Team: checkstest.Team, Since: checkstest.Since}
}

// boxes are a sandbox of a run of the team that goes on, one of a run that has ended, and one of another team.
func boxes() []pipeline.Sandbox {
	at := checkstest.Now.Add(-time.Hour)
	return []pipeline.Sandbox{
		{ID: "aaaaaaaaaaaa0000", Name: "task-sandbox-one-1a2b3c", Task: "one", Image: "posthog-sandbox-base", State: "running", Created: at},
		{ID: "bbbbbbbbbbbb0000", Name: "task-sandbox-two-1a2b3c", Task: "two", Image: "posthog-sandbox-base", State: "running", Created: at},
		{ID: "cccccccccccc0000", Name: "task-sandbox-far-1a2b3c", Task: "far", Image: "posthog-sandbox-base", State: "exited", Created: at},
	}
}

// insides are the sandboxes, and what goes on in them.
func insides() []pipeline.Answer {
	return []pipeline.Answer{
		pipeline.Sandboxes.Is(pipeline.Nothing{}, boxes()),
		pipeline.Processes.Is("aaaaaaaaaaaa0000", []pipeline.Process{{PID: 7, Elapsed: time.Hour, Memory: 1 << 20, Name: "tail"}, {PID: 9, Elapsed: time.Minute, Memory: 2 << 20, Name: "node"}}),
		pipeline.Processes.Fails("bbbbbbbbbbbb0000", pipeline.Missing, errors.New("no such container")), // it has ended meanwhile
		pipeline.EventStores.Is("aaaaaaaaaaaa0000", []pipeline.NetworkEvent{{Time: checkstest.Now, Decision: "deny", Host: "host.docker.internal", Port: "8787"}}),
		pipeline.EventStores.Fails("bbbbbbbbbbbb0000", pipeline.Missing, errors.New("no store")),
		pipeline.ServerLogs.Is("aaaaaaaaaaaa0000", &pipeline.ServerLog{Size: 9000, Lines: []string{"listening"}}),
		pipeline.ServerLogs.Fails("bbbbbbbbbbbb0000", pipeline.Missing, errors.New("no such file")),
		pipeline.ServerLogs.Fails("cccccccccccc0000", pipeline.Failed, errors.New("the disk is broken")),
	}
}

func sandboxWorld(answers ...pipeline.Answer) *pipeline.World {
	w := checkstest.World(
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{
			{ID: "run-1", Task: "one", Status: "in_progress", Purpose: "repo_selection", Container: "aaaaaaaaaaaa", Created: checkstest.Now.Add(-time.Hour), Updated: checkstest.Now},
			{ID: "run-2", Task: "two", Status: "completed", Container: "bbbbbbbbbbbb", Created: checkstest.Now.Add(-time.Hour), Updated: checkstest.Now.Add(-time.Hour)},
		}}),
		pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: checkstest.Team, Tasks: []string{"far"}}, pipeline.TaskRunListing{}),
		pipeline.AgentLogs.Is(checkstest.Team, pipeline.LogListing{}),
	)
	w.Settings.Docker.Provider = "docker"
	w.Tell(insides()...)
	w.Tell(answers...)
	return w
}

func TestSandboxesAreToldApart(t *testing.T) {
	d, err := ListSandboxes(t.Context(), looking(sandboxWorld()), "")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range d.Sandboxes {
		run := "no run"
		if s.Run != nil {
			run = s.Run.ID + " " + s.Run.Status
		}
		if s.Orphan {
			run += ", orphan"
		}
		got[s.Task] = run
	}
	want := map[string]string{"one": "run-1 in_progress", "two": "run-2 completed, orphan", "far": "no run"}
	if diff := cmp.Diff(want, got); diff != "" || d.ExitCode() != Seen {
		t.Errorf("exit %d, missed %q, (-want +got):\n%s", d.ExitCode(), d.Missed, diff)
	}
}

func TestSandboxesWithoutPostgres(t *testing.T) {
	w := sandboxWorld(pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	d, err := ListSandboxes(t.Context(), looking(w), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Sandboxes) != 3 || d.ExitCode() != Unseen || !strings.Contains(strings.Join(d.Missed, "\n"), "Postgres") {
		t.Errorf("%+v", d)
	}
}

func TestSandboxesWithoutDocker(t *testing.T) {
	w := sandboxWorld(pipeline.DockerReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	if d, err := ListSandboxes(t.Context(), looking(w), ""); err == nil || !strings.Contains(err.Error(), "Docker") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheProcessesOfARunningSandbox(t *testing.T) {
	d, err := ListSandboxes(t.Context(), looking(sandboxWorld()), "")
	if err != nil {
		t.Fatal(err)
	}
	running, ended, exited := d.Sandboxes[0].Running, d.Sandboxes[1].Running, d.Sandboxes[2].Running
	if running == nil || running.MemoryBytes != 3<<20 || len(running.Processes) != 2 || running.Processes[1].Name != "node" || ended != nil || exited != nil {
		t.Errorf("%+v, %+v, %+v", running, ended, exited)
	}
	broken := sandboxWorld(pipeline.Processes.Fails("aaaaaaaaaaaa0000", pipeline.TimedOut, nil))
	if d, err := ListSandboxes(t.Context(), looking(broken), ""); err != nil || d.ExitCode() != Unseen {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestOneSandbox(t *testing.T) {
	for _, name := range []string{"task-sandbox-one", "aaaa", "one", "run-1"} {
		d, err := ListSandboxes(t.Context(), looking(sandboxWorld()), name)
		if err != nil || len(d.Sandboxes) != 1 || d.ExitCode() != Seen {
			t.Fatalf("%s: %+v, %v", name, d, err)
		}
		detail := d.Sandboxes[0].Detail
		if !*detail.Guarded || Denials(detail.Events) != 1 || detail.ServerLog.Bytes != 9000 || d.Sandboxes[0].Running == nil {
			t.Errorf("%s: %+v", name, detail)
		}
	}
	d, err := ListSandboxes(t.Context(), looking(sandboxWorld()), "two")
	if err != nil || d.ExitCode() != Seen || *d.Sandboxes[0].Detail.Guarded || d.Sandboxes[0].Detail.ServerLog != nil {
		t.Errorf("one without a store and a log: %+v, %v", d, err)
	}
	if d, err = ListSandboxes(t.Context(), looking(sandboxWorld()), "far"); err != nil || d.ExitCode() != Unseen || d.Sandboxes[0].Detail.Guarded != nil {
		t.Errorf("one that has exited: %+v, %v", d, err)
	}
	if _, err = ListSandboxes(t.Context(), looking(sandboxWorld()), "three"); !errors.As(err, new(UnknownError)) {
		t.Errorf("no such one: %v", err)
	}
}
