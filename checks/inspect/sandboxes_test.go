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

func sandboxWorld(answers ...pipeline.Answer) *pipeline.World {
	w := checkstest.World(
		pipeline.Sandboxes.Is(pipeline.Nothing{}, boxes()),
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{
			{ID: "run-1", Task: "one", Status: "in_progress", Purpose: "repo_selection", Container: "aaaaaaaaaaaa", Created: checkstest.Now.Add(-time.Hour), Updated: checkstest.Now},
			{ID: "run-2", Task: "two", Status: "completed", Container: "bbbbbbbbbbbb", Created: checkstest.Now.Add(-time.Hour), Updated: checkstest.Now.Add(-time.Hour)},
		}}),
		pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: checkstest.Team, Tasks: []string{"far"}}, pipeline.TaskRunListing{}),
		pipeline.AgentLogs.Is(checkstest.Team, pipeline.LogListing{}),
	)
	w.Settings.Docker.Provider = "docker"
	w.Tell(answers...)
	return w
}

func TestSandboxesAreToldApart(t *testing.T) {
	d, err := ListSandboxes(t.Context(), looking(sandboxWorld()))
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
	d, err := ListSandboxes(t.Context(), looking(w))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Sandboxes) != 3 || d.ExitCode() != Unseen || !strings.Contains(strings.Join(d.Missed, "\n"), "Postgres") {
		t.Errorf("%+v", d)
	}
}

func TestSandboxesWithoutDocker(t *testing.T) {
	w := sandboxWorld(pipeline.DockerReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	if d, err := ListSandboxes(t.Context(), looking(w)); err == nil || !strings.Contains(err.Error(), "Docker") {
		t.Errorf("%+v, %v", d, err)
	}
}
