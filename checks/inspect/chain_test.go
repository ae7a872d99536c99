package inspect

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// chained is a world whose grouping had these runs, oldest first: w went well, W did, of which only the end is read at first, f
// failed, i had nothing to do, t was terminated, u cannot be read. The first one goes on from a run that is named, if any.
func chained(runs, before string) *pipeline.World {
	w := checkstest.World()
	var listed []pipeline.Execution
	for i, kind := range runs {
		status := pipeline.ContinuedAsNew
		if kind == 't' {
			status = pipeline.Terminated
		}
		e := execution("team-signal-grouping-v2-7", fmt.Sprintf("r%d", i), journey.GroupingWorkflow, status, 1000-i)
		listed = append([]pipeline.Execution{e}, listed...)
		next := ""
		if i < len(runs)-1 {
			next = fmt.Sprintf("r%d", i+1)
		}
		full := chainEvents(kind, before, next)
		if kind == 'u' {
			w.Tell(pipeline.Histories.Fails(e.Run, pipeline.TimedOut, errors.New("late")), pipeline.Tails.Fails(pipeline.RunTail{Run: e.Run, Events: 12}, pipeline.TimedOut, errors.New("late")))
		} else {
			w.Tell(pipeline.Histories.Is(e.Run, pipeline.History{Events: full}))
			w.Tell(pipeline.Tails.Is(pipeline.RunTail{Run: e.Run, Events: 12}, pipeline.History{Events: full[max(0, len(full)-4):]}))
		}
		before = e.ID
	}
	w.Tell(pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "team-signal-grouping-v2-7", Limit: mostFound}, pipeline.Listing{Executions: listed}))
	w.Tell(pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "team-signal-grouping-v2-7", Limit: 101}, pipeline.Listing{Executions: listed}))
	w.Tell(pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "team-signal-grouping-v2-7", Limit: 4}, pipeline.Listing{Executions: listed[:min(4, len(listed))]}))
	return w
}

func chainEvents(kind rune, before, next string) []pipeline.Event {
	events := []pipeline.Event{{Type: pipeline.WorkflowStarted, Previous: before}, {Type: pipeline.WorkflowSignaled, Signal: journey.SubmitBatch}}
	step := func(activity string, end pipeline.EventType) {
		scheduled := int64(len(events) + 1)
		failed := noReport
		if end == pipeline.ActivityCompleted {
			failed = nil
		}
		events = append(events, pipeline.Event{Type: pipeline.ActivityScheduled, Activity: activity}, pipeline.Event{Type: end, Scheduled: scheduled, Failure: failed})
	}
	switch kind {
	case 'f':
		step(journey.ReadBatchActivity, pipeline.ActivityCompleted)
		step(journey.AssignActivity, pipeline.ActivityFailed)
	case 'F': // one of its signals was dropped, and the others went well
		step(journey.AssignActivity, pipeline.ActivityFailed)
		step(journey.ReadBatchActivity, pipeline.ActivityCompleted)
		step(journey.WaitActivity, pipeline.ActivityCompleted)
	case 'w':
		step(journey.ReadBatchActivity, pipeline.ActivityCompleted)
		step(journey.WaitActivity, pipeline.ActivityCompleted)
	}
	end := pipeline.Event{Type: pipeline.WorkflowContinuedAsNew, Next: next}
	if kind == 't' {
		end = pipeline.Event{Type: pipeline.WorkflowTerminated, Reason: "by hand"}
	}
	return numbered(append(events, end)...)
}

func TestWhenItWentWrong(t *testing.T) {
	old := strings.Repeat("w", 30)
	for runs, want := range map[string]string{
		"www":                       "",
		"iii":                       "",
		"wwffi":                     "r2, 2 runs, 2 before, 0 since, certain true",
		"fwwfifwi":                  "r3, 2 runs, 2 before, 1 since, certain true",
		"wftfw":                     "r1, 2 runs, 1 before, 1 since, certain true",
		"ff":                        "r0, 2 runs, 0 before, 0 since, certain true",
		"wuf":                       "r2, 1 runs, 1 before, 0 since, certain false",
		old + "Ff" + old[:10]:       "r30, 2 runs, 30 before, 10 since, certain true",
		old + "FF" + "f" + old[:19]: "r30, 3 runs, 30 before, 19 since, certain true",
	} {
		d, err := ShowHistory(t.Context(), looking(chained(runs, "")), HistoryQuery{ID: "team-signal-grouping-v2-7", Chain: true, Limit: 100})
		if err != nil {
			t.Fatal(runs, err)
		}
		got := ""
		if w := d.Chain.Wrong; w != nil {
			got = fmt.Sprintf("%s, %d runs, %d before, %d since, certain %t", w.RunID, w.Runs, w.WellBefore, w.WellSince, w.Certain)
			if w.First.Activity != journey.AssignActivity || w.First.Type != "DoesNotExist" {
				t.Errorf("%s: first %+v", runs, w.First)
			}
		}
		if got != want || len(d.Chain.Runs) != len(runs) || d.Chain.Older != "" || (d.ExitCode() == Seen) == strings.Contains(runs, "u") {
			t.Errorf("%s: %q, not %q; older %q, missed %q", runs, got, want, d.Chain.Older, d.Missed)
		}
		for i, r := range d.Chain.Runs {
			if i < len(runs)-1 && r.Previous != fmt.Sprintf("r%d", len(runs)-i-2) && !strings.ContainsAny(runs, "ut") {
				t.Errorf("%s: %s goes on from %q", runs, r.RunID, r.Previous)
			}
		}
	}
}

func TestChainsAreFollowed(t *testing.T) {
	query := HistoryQuery{ID: "team-signal-grouping-v2-7", Chain: true, Limit: 100}
	run := func(id string) pipeline.Run { return pipeline.Run{Workflow: query.ID, ID: id} }
	// The one before is not listed, and the one before that is gone.
	w := chained("fw", "older")
	w.Tell(pipeline.Histories.Is(run("older"), pipeline.History{Events: chainEvents('f', "oldest", "r0")}))
	w.Tell(pipeline.Histories.Fails(run("oldest"), pipeline.Missing, errors.New("gone")))
	d, err := ShowHistory(t.Context(), looking(w), query)
	if err != nil || len(d.Chain.Runs) != 3 || d.Chain.Runs[2].RunID != "older" || !strings.Contains(d.Chain.Older, "run oldest is gone") || d.Chain.Wrong.Certain || d.Chain.Wrong.RunID != "older" {
		t.Errorf("%+v, %v", d.Chain, err)
	}
	// No more than was asked for.
	query.Limit = 3
	d, err = ShowHistory(t.Context(), looking(chained("wwwwff", "")), query)
	if err != nil || len(d.Chain.Runs) != 3 || !strings.Contains(d.Chain.Older, "only the newest 3") || d.Chain.Wrong.WellBefore != 1 || !d.Chain.Wrong.Certain {
		t.Errorf("%+v, %v", d.Chain, err)
	}
}

func TestABufferThatTimesOut(t *testing.T) {
	for name, test := range map[string]struct {
		events []pipeline.Event
		want   string
	}{
		"idle":           {numbered(pipeline.Event{Type: pipeline.WorkflowStarted}, pipeline.Event{Type: pipeline.WorkflowTimedOut}), Idle},
		"with something": {numbered(pipeline.Event{Type: pipeline.WorkflowStarted}, pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal}, pipeline.Event{Type: pipeline.WorkflowTimedOut}), Failed},
	} {
		e := execution("buffer-signals-7", "b1", journey.BufferWorkflow, pipeline.RunTimedOut, 90)
		w := checkstest.World(
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: e.Workflow, Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: e.Workflow, Limit: 6}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
			pipeline.Histories.Is(e.Run, pipeline.History{Events: test.events}),
		)
		d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: e.Workflow, Chain: true, Limit: 5})
		if err != nil || d.Chain.Runs[0].State != test.want {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestAChainThatFailsJustNow(t *testing.T) {
	e := execution("team-signal-grouping-v2-7", "g1", journey.GroupingWorkflow, pipeline.Running, 2)
	w := checkstest.World(
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: e.Workflow, Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: e.Workflow, Limit: 6}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
		pipeline.Histories.Is(e.Run, pipeline.History{Events: numbered(pipeline.Event{Type: pipeline.WorkflowStarted}, pipeline.Event{Type: pipeline.ActivityScheduled, Activity: "get_embedding_activity"})}),
		pipeline.Details.Is(e.Run, pipeline.Detail{Pending: []pipeline.PendingActivity{{
			Activity: "get_embedding_activity", Attempt: 3, LastStarted: checkstest.Now.Add(-time.Second), LastFailure: &pipeline.Failure{Message: "connection refused", Type: "ConnectError"},
		}}}),
	)
	d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: e.Workflow, Chain: true, Limit: 5})
	if err != nil || d.Chain.Runs[0].State != Failing || d.Chain.Wrong.First.Message != "connection refused" || d.Run.Status != "running" {
		t.Errorf("%+v, %v", d, err)
	}
}

// The chain is that of the workflow, also where the run that was asked for is older than what is read of it.
func TestAChainOfAnOldRun(t *testing.T) {
	w := chained("wwwwww", "")
	old := execution("team-signal-grouping-v2-7", "r0", journey.GroupingWorkflow, pipeline.ContinuedAsNew, 1000)
	w.Tell(pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "r0", Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{old}}))
	d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: "r0", Chain: true, Limit: 3})
	if err != nil || len(d.Chain.Runs) != 3 || d.Run.RunID != "r0" || d.Run.WorkflowID != "team-signal-grouping-v2-7" {
		t.Errorf("%+v, %v", d, err)
	}
}

// No event tells of a signal that was lost when its buffer continued as new.
func TestAChainThatLost(t *testing.T) {
	lost := execution("buffer-signals-7", "b1", journey.BufferWorkflow, pipeline.ContinuedAsNew, 9)
	next := execution("buffer-signals-7", "b2", journey.BufferWorkflow, pipeline.Running, 8)
	listing := pipeline.Listing{Executions: []pipeline.Execution{next, lost}}
	for name, test := range map[string]struct {
		after []pipeline.Event
		want  string
	}{
		"lost": {[]pipeline.Event{{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal}}, Failed},
		"well": {nil, Well},
	} {
		first := numbered(append(append([]pipeline.Event{
			{Type: pipeline.WorkflowStarted},
			{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal},
			{Type: pipeline.WorkflowTaskStarted},
			{Type: pipeline.WorkflowTaskCompleted, Started: 3},
			{Type: pipeline.ActivityScheduled, Activity: journey.SafetyFilterActivity, TaskCompleted: 4},
			{Type: pipeline.ActivityCompleted, Scheduled: 5},
			{Type: pipeline.ActivityScheduled, Activity: journey.HandOverActivity, TaskCompleted: 4},
			{Type: pipeline.ActivityCompleted, Scheduled: 7},
		}, test.after...), pipeline.Event{Type: pipeline.WorkflowContinuedAsNew, Next: "b2"})...)
		second := numbered(
			pipeline.Event{Type: pipeline.WorkflowStarted, Previous: "b1"}, pipeline.Event{Type: pipeline.WorkflowTaskStarted}, pipeline.Event{Type: pipeline.WorkflowTaskCompleted, Started: 2},
		)
		w := checkstest.World(
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: lost.Workflow, Limit: mostFound}, listing),
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: lost.Workflow, Limit: 6}, listing),
			pipeline.Executions.Is(checkstest.TeamSince, listing),
			pipeline.Histories.Is(lost.Run, pipeline.History{Events: first}),
			pipeline.Histories.Is(next.Run, pipeline.History{Events: second}),
			pipeline.Details.Is(next.Run, pipeline.Detail{}),
		)
		d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: lost.Workflow, Chain: true, Limit: 5})
		if err != nil || d.Chain.Runs[1].State != test.want || d.ExitCode() != Seen || (d.Chain.Wrong != nil) != (test.want == Failed) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if test.want == Failed && (d.Chain.Wrong.First.Type != "TMP001" || d.Chain.Wrong.First.Message != "lost 1 signal when it continued as new") {
			t.Errorf("%+v", d.Chain.Wrong)
		}
	}
}
