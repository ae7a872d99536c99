package inspect

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// execution is a run that began so many minutes ago, and took one.
func execution(workflow, run, kind string, status pipeline.Status, minutes int) pipeline.Execution {
	e := pipeline.Execution{
		Run: pipeline.Run{Workflow: workflow, ID: run}, Type: kind, Status: status, TaskQueue: "queue",
		Start: checkstest.Now.Add(-time.Duration(minutes) * time.Minute),
	}
	if status != pipeline.Running {
		e.Close = e.Start.Add(time.Minute)
	}
	return e
}

var (
	openBuffer = execution("buffer-signals-7", "b2", journey.BufferWorkflow, pipeline.Running, 10)
	agentOf    = execution("task-processing-task-run", "a1", agentWorkflow, pipeline.RunFailed, 5)
	brief      = pipeline.TeamQuery{Team: checkstest.Team, Since: checkstest.Since, Brief: true, Limit: 50}
	emitters   = pipeline.TeamQuery{
		Team: checkstest.Team, Since: checkstest.Since, Types: []string{journey.EmitterWorkflow}, Statuses: []pipeline.Status{pipeline.Completed},
	}
)

// workflowWorld has an open buffer, an older run of it, an agent and three completed emitters.
func workflowWorld(answers ...pipeline.Answer) *pipeline.World {
	w := checkstest.World(
		pipeline.TeamWorkflows.Is(brief, pipeline.TeamListing{Total: 2, Executions: []pipeline.Execution{
			openBuffer, execution("buffer-signals-7", "b1", journey.BufferWorkflow, pipeline.ContinuedAsNew, 20),
		}}),
		pipeline.TeamWorkflows.Is(emitters, pipeline.TeamListing{Total: 3}),
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{{ID: "run", Task: "task"}}}),
		pipeline.WorkflowsCalled.Is([]string{"task-processing-task-run"}, pipeline.Listing{Executions: []pipeline.Execution{agentOf}}),
		pipeline.Tails.Is(pipeline.RunTail{Run: agentOf.Run, Events: 1}, pipeline.History{Events: numbered(pipeline.Event{Type: pipeline.WorkflowFailed, Failure: noReport})}),
		pipeline.Details.Is(openBuffer.Run, pipeline.Detail{Pending: []pipeline.PendingActivity{
			{Activity: "safety_filter_activity", State: "SCHEDULED", Attempt: 2, MaxAttempts: 3, Scheduled: checkstest.Now, LastFailure: &pipeline.Failure{
				Message: "Activity task failed", Cause: &pipeline.Failure{Message: "no\nkey", Type: "AuthenticationError"},
			}},
		}}),
	)
	w.Tell(answers...)
	return w
}

func runIDs(d *Workflows) string {
	var ids []string
	for _, w := range d.Workflows {
		ids = append(ids, w.RunID)
	}
	return strings.Join(ids, " ")
}

func TestWorkflows(t *testing.T) {
	d, err := ListWorkflows(t.Context(), looking(workflowWorld()), WorkflowFilter{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	if runIDs(d) != "a1 b2 b1" || d.Total != 3 || d.LeftOut != 3 || d.ExitCode() != Seen {
		t.Errorf("%+v", d)
	}
	if why := d.Workflows[0].Error; why == nil || why.Type != "DoesNotExist" {
		t.Errorf("the failed one: %+v", d.Workflows[0])
	}
	if p := d.Workflows[1].Pending; len(p) != 1 || *p[0].Error != (Failure{"AuthenticationError", "no key"}) || p[0].Attempt != 2 || d.Workflows[1].Closed != nil {
		t.Errorf("the open one: %+v", d.Workflows[1])
	}
}

func TestWorkflowsAreLimitedAndCounted(t *testing.T) {
	asked := brief
	asked.Limit = 1
	w := workflowWorld(pipeline.TeamWorkflows.Is(asked, pipeline.TeamListing{Total: 50_000, Executions: []pipeline.Execution{openBuffer}}))
	d, err := ListWorkflows(t.Context(), looking(w), WorkflowFilter{Limit: 1})
	if err != nil || runIDs(d) != "a1" || d.Total != 50_001 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWorkflowsWithoutPostgres(t *testing.T) {
	w := workflowWorld(pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	d, err := ListWorkflows(t.Context(), looking(w), WorkflowFilter{Limit: 50})
	if err != nil || runIDs(d) != "b2 b1" || d.ExitCode() != Unseen {
		t.Errorf("%+v, %v", d, err)
	}
	// Who asks for the buffer alone misses nothing.
	asked := brief
	asked.Types, asked.Brief = []string{journey.BufferWorkflow}, false
	w.Tell(pipeline.TeamWorkflows.Is(asked, pipeline.TeamListing{Total: 1, Executions: []pipeline.Execution{openBuffer}}))
	d, err = ListWorkflows(t.Context(), looking(w), WorkflowFilter{Types: []string{"Buf"}, Limit: 50})
	if err != nil || runIDs(d) != "b2" || d.ExitCode() != Seen {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWorkflowsWithoutTemporal(t *testing.T) {
	w := workflowWorld(pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	if d, err := ListWorkflows(t.Context(), looking(w), WorkflowFilter{Limit: 50}); err == nil || !strings.Contains(err.Error(), "Temporal") {
		t.Errorf("%+v, %v", d, err)
	}
}

// A capture has the team's workflows, not the answers to whatever may be asked for.
func TestWorkflowsOfACapture(t *testing.T) {
	recorded := []pipeline.Execution{
		execution("signal-emitter-7-a", "e1", journey.EmitterWorkflow, pipeline.Completed, 1),
		execution("signal-emitter-7-b", "e2", journey.EmitterWorkflow, pipeline.RunTimedOut, 2),
		execution("buffer-signals-7", "b1", journey.BufferWorkflow, pipeline.ContinuedAsNew, 3),
	}
	w := checkstest.World(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: recorded}),
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{}),
	)
	for _, test := range []struct {
		filter  WorkflowFilter
		want    string
		leftOut int
	}{
		{WorkflowFilter{Limit: 50}, "e2 b1", 1},
		{WorkflowFilter{Limit: 1}, "e2", 1},
		{WorkflowFilter{Types: []string{"emitter"}, Limit: 50}, "e1 e2", 0},
		{WorkflowFilter{Statuses: []string{"timed_out", "Continued-As-New"}, Limit: 50}, "e2 b1", 0},
		{WorkflowFilter{Statuses: []string{"failed"}, Limit: 50}, "", 0},
	} {
		d, err := ListWorkflows(t.Context(), looking(w), test.filter)
		if err != nil || runIDs(d) != test.want || d.LeftOut != test.leftOut || d.ExitCode() != Seen {
			t.Errorf("%+v: %s, %+v, %v", test.filter, runIDs(d), d, err)
		}
	}
}

func TestWordsOfAFilter(t *testing.T) {
	for word, want := range map[string]string{
		"buffer": journey.BufferWorkflow, "EMITTER": journey.EmitterWorkflow, "grouping": journey.GroupingWorkflow, "team_signal": journey.GroupingWorkflow,
		"summ": journey.SummaryWorkflow, "process-task": agentWorkflow, "agent": agentWorkflow,
	} {
		if got, err := (WorkflowFilter{Types: []string{word}}).query(looking(checkstest.World())); err != nil || !slices.Equal(got.Types, []string{want}) || got.Brief {
			t.Errorf("%s: %v, %v", word, got.Types, err)
		}
	}
	for word, want := range map[string]pipeline.Status{
		"open": pipeline.Running, "Timed out": "", "timed-out": pipeline.RunTimedOut, "CONTINUED_AS_NEW": pipeline.ContinuedAsNew, "cancelled": pipeline.Canceled, "c": "", "": "",
	} {
		got, err := (WorkflowFilter{Statuses: []string{word}}).query(looking(checkstest.World()))
		if want == "" && err == nil || want != "" && (err != nil || !slices.Equal(got.Statuses, []pipeline.Status{want})) {
			t.Errorf("%q: %v, %v", word, got.Statuses, err)
		}
	}
}
