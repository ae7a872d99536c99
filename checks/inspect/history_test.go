package inspect

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// numbered numbers events, a second apart.
func numbered(events ...pipeline.Event) []pipeline.Event {
	for i := range events {
		events[i].ID, events[i].Time = int64(i+1), checkstest.Now.Add(time.Duration(i-100)*time.Second)
	}
	return events
}

var noReport = &pipeline.Failure{Message: "Activity task failed", Cause: &pipeline.Failure{Message: "SignalReport matching query does not exist.", Type: "DoesNotExist"}}

// grouped is a run that did something of each kind.
func grouped() []pipeline.Event {
	return numbered(
		pipeline.Event{Type: pipeline.WorkflowStarted, Previous: "g0", Parent: pipeline.Run{Workflow: "above", ID: "p"}},
		pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: "submit_batch"},
		pipeline.Event{Type: pipeline.WorkflowTaskScheduled},
		pipeline.Event{Type: pipeline.WorkflowTaskStarted, Scheduled: 3},
		pipeline.Event{Type: pipeline.WorkflowTaskCompleted, Scheduled: 3, Started: 4},
		pipeline.Event{Type: pipeline.TimerStarted, Timer: 30 * time.Second},
		pipeline.Event{Type: pipeline.TimerFired, Started: 6},
		pipeline.Event{Type: pipeline.ActivityScheduled, Activity: "get_embedding_activity"},
		pipeline.Event{Type: pipeline.ActivityScheduled, Activity: journey.AssignActivity},
		pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: 8, Attempt: 2, Failure: &pipeline.Failure{Message: "connection refused"}},
		pipeline.Event{Type: pipeline.ActivityCompleted, Scheduled: 8},
		pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: 9, Attempt: 3, Failure: noReport},
		pipeline.Event{Type: pipeline.ActivityFailed, Scheduled: 9, Failure: noReport},
		pipeline.Event{Type: pipeline.ChildInitiated, Child: pipeline.Run{Workflow: "signals-report:7:r"}},
		pipeline.Event{Type: pipeline.ChildStarted, Scheduled: 14, Child: pipeline.Run{Workflow: "signals-report:7:r", ID: "s1"}},
		pipeline.Event{Type: pipeline.WorkflowTaskFailed, Reason: "UNHANDLED_COMMAND"},
		pipeline.Event{Type: "MARKER_RECORDED"},
		pipeline.Event{Type: "WORKFLOW_EXECUTION_CANCEL_REQUESTED"},
		pipeline.Event{Type: pipeline.ActivityScheduled, Activity: "never_activity"},
		pipeline.Event{Type: pipeline.WorkflowContinuedAsNew, Next: "g2"},
	)
}

func historyWorld(answers ...pipeline.Answer) *pipeline.World {
	e := execution("team-signal-grouping-v2-7", "g1", journey.GroupingWorkflow, pipeline.ContinuedAsNew, 2)
	other := execution("team-signal-grouping-v2-7", "g0", journey.GroupingWorkflow, pipeline.ContinuedAsNew, 9)
	w := checkstest.World(
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "grouping", Limit: mostFound}, pipeline.Listing{}),
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "team-signal-grouping-v2-7", Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{e, other}}),
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "g1", Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
		pipeline.Histories.Is(e.Run, pipeline.History{Events: grouped()}),
		pipeline.Histories.Is(other.Run, pipeline.History{Events: numbered(pipeline.Event{Type: pipeline.WorkflowStarted})}),
	)
	w.Tell(answers...)
	return w
}

func TestHistoryIsFolded(t *testing.T) {
	for _, id := range []string{"grouping", "team-signal-grouping-v2-7", "g1"} {
		d, err := ShowHistory(t.Context(), looking(historyWorld()), HistoryQuery{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range d.Steps {
			line := fmt.Sprintf("%d %s %s %s", s.Event, s.Kind, s.Name, s.State)
			if s.Ended != nil {
				line += fmt.Sprintf(" in %s", s.Ended.Sub(s.Time))
			}
			if s.Attempts > 0 {
				line += fmt.Sprintf(" at %d", s.Attempts)
			}
			if s.Run != nil {
				line += " run " + s.Run.RunID
			}
			if s.Error != nil {
				line += ": " + s.Error.Type + " " + s.Error.Message
			}
			got = append(got, line)
		}
		want := []string{
			"2 signal submit_batch received",
			"6 timer  fired in 1s",
			"8 activity get_embedding_activity completed in 3s at 2:  connection refused",
			"9 activity assign_and_emit_signal_activity failed in 4s at 3: DoesNotExist SignalReport matching query does not exist.",
			"14 child_workflow signals-report:7:r started run s1",
			"16 workflow_task  failed:  UNHANDLED_COMMAND",
			"18 event workflow_execution_cancel_requested ",
			"19 activity never_activity unfinished",
			"20 end  continued_as_new run g2",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
		if d.Previous != "g0" || d.Next != "g2" || d.Parent.WorkflowID != "above" || d.Run.Status != "continued_as_new" || len(d.Events) != 0 || d.ExitCode() != Seen {
			t.Errorf("%+v", d)
		}
	}
}

func TestHistoryAsItIs(t *testing.T) {
	d, err := ShowHistory(t.Context(), looking(historyWorld()), HistoryQuery{ID: "g1", Raw: true})
	if err != nil {
		t.Fatal(err)
	}
	details := map[int64]string{
		1: "previous run: g0", 2: "signal: submit_batch", 6: "timer: 30s", 8: "get_embedding_activity", 12: "failed before: DoesNotExist: SignalReport matching query does not exist.",
		13: "FAILED: DoesNotExist: SignalReport matching query does not exist.", 15: "signals-report:7:r", 16: "UNHANDLED_COMMAND", 17: "", 20: "next run: g2",
	}
	if len(d.Events) != len(grouped()) || len(d.Steps) != 0 {
		t.Fatalf("%d events, %d steps", len(d.Events), len(d.Steps))
	}
	for _, e := range d.Events {
		if want, ok := details[e.ID]; ok && e.Detail != want {
			t.Errorf("event %d: %q, not %q", e.ID, e.Detail, want)
		}
	}
}

func TestHistoryOfAnOpenRun(t *testing.T) {
	e := execution("buffer-signals-7", "b1", journey.BufferWorkflow, pipeline.Running, 2)
	w := checkstest.World(
		pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "b1", Limit: mostFound}, pipeline.Listing{Executions: []pipeline.Execution{e}}),
		pipeline.Histories.Is(e.Run, pipeline.History{Events: numbered(
			pipeline.Event{Type: pipeline.WorkflowStarted}, pipeline.Event{Type: pipeline.ActivityScheduled, Activity: "safety_filter_activity"},
		)}),
		pipeline.Details.Is(e.Run, pipeline.Detail{Pending: []pipeline.PendingActivity{{
			Activity: "safety_filter_activity", State: "STARTED", Attempt: 2, LastStarted: checkstest.Now, LastFailure: &pipeline.Failure{Message: "no key"},
		}}}),
	)
	d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: "b1"})
	if err != nil || len(d.Steps) != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	if s := d.Steps[0]; s.State != "running" || s.Attempts != 2 || s.Error.Message != "no key" || s.Ended != nil {
		t.Errorf("%+v", s)
	}
}

func TestWhichRunIsMeant(t *testing.T) {
	own := execution("signals-report:7:r", "s1", journey.SummaryWorkflow, pipeline.Completed, 2)
	far := execution("signals-report:70:r", "s2", journey.SummaryWorkflow, pipeline.Completed, 1)
	begins := func(name string, found ...pipeline.Execution) []pipeline.Answer {
		return []pipeline.Answer{
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: name, Limit: mostFound}, pipeline.Listing{}),
			pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: name, Begins: true, Limit: mostFound}, pipeline.Listing{Executions: found}),
			pipeline.Histories.Fails(pipeline.Run{Workflow: name}, pipeline.Missing, errors.New("workflow not found")),
		}
	}
	w := historyWorld(begins("s", own, far)...)
	w.Tell(begins("signals-report:7:", own)...)
	w.Tell(begins("signals-report:7", own, far)...)
	w.Tell(begins("signal-emitter-7-")...)
	w.Tell(begins("g", execution("team-signal-grouping-v2-7", "g0", journey.GroupingWorkflow, pipeline.ContinuedAsNew, 9))...)
	w.Tell(begins("nothing")...)
	w.Tell(begins("g0")...)
	for _, e := range []pipeline.Execution{own, far} {
		w.Tell(pipeline.Histories.Is(e.Run, pipeline.History{Events: numbered(pipeline.Event{Type: pipeline.WorkflowStarted})}))
	}
	for _, test := range []struct{ id, run, want string }{
		{"signals-report:7", "", "s1"}, // of the team, though others begin so, too
		{"s", "", "s1"},
		{"team-signal-grouping-v2-7", "", "g1"}, // the newest
		{"team-signal-grouping-v2-7", "g", ""},  // both
		{"grouping", "g0", "g0"},
		{"nothing", "", ""},
	} {
		d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: test.id, Run: test.run})
		if test.want == "" {
			if !errors.As(err, new(UnknownError)) && !errors.As(err, new(AmbiguousError)) {
				t.Errorf("%q --run %q: %+v, %v", test.id, test.run, d, err)
			}
		} else if err != nil || d.Run.RunID != test.want {
			t.Errorf("%q --run %q: %+v, %v", test.id, test.run, d, err)
		}
	}
}

// Temporal lists a run a moment after it has begun.
func TestARunThatIsNotListedYet(t *testing.T) {
	none := pipeline.NamedRuns.Is(pipeline.RunsQuery{Name: "buffer-signals-7", Limit: mostFound}, pipeline.Listing{})
	newest, run := pipeline.Run{Workflow: "buffer-signals-7"}, pipeline.Run{Workflow: "buffer-signals-7", ID: "b9"}
	events := numbered(pipeline.Event{Type: pipeline.WorkflowStarted, Original: "b9"})
	begun := checkstest.World(none, pipeline.Histories.Is(newest, pipeline.History{Events: events}), pipeline.Histories.Is(run, pipeline.History{Events: events}), pipeline.Details.Is(run, pipeline.Detail{}))
	d, err := ShowHistory(t.Context(), looking(begun), HistoryQuery{ID: "buffer-signals-7"})
	if err != nil || d.Run.RunID != "b9" || d.Run.Type != journey.BufferWorkflow || d.Run.Status != "running" {
		t.Errorf("%+v, %v", d, err)
	}
	never := checkstest.World(none, pipeline.Histories.Fails(newest, pipeline.Missing, errors.New("not found")))
	if d, err := ShowHistory(t.Context(), looking(never), HistoryQuery{ID: "buffer-signals-7"}); !errors.As(err, new(UnknownError)) {
		t.Errorf("%+v, %v", d, err)
	}
}

// Of a history that was read in part only it is said which part.
func TestHistoryInPart(t *testing.T) {
	e := execution("team-signal-grouping-v2-7", "g1", journey.GroupingWorkflow, pipeline.Running, 2)
	all := grouped()
	for want, events := range map[string][]pipeline.Event{
		"events 4 to 5 of its history":               slices.Concat(all[:3], all[5:]),
		"the newest of its events, for want of time": all[:3],
	} {
		w := checkstest.World(
			pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{e}}),
			pipeline.Histories.Is(e.Run, pipeline.History{Truncated: true, Events: events}), pipeline.Details.Is(e.Run, pipeline.Detail{}),
		)
		d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: "grou"})
		if err != nil || d.ExitCode() != Unseen || !slices.Equal(d.Missed, []string{want}) {
			t.Errorf("%q: %+v, %v", want, d, err)
		}
	}
}

// A capture holds only the end of a grouping run that went well.
func TestHistoryOfACapture(t *testing.T) {
	e := execution("team-signal-grouping-v2-7", "g1", journey.GroupingWorkflow, pipeline.ContinuedAsNew, 2)
	w := checkstest.World(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{e}}),
		pipeline.Tails.Is(pipeline.RunTail{Run: e.Run, Events: recordedTail}, pipeline.History{Truncated: true, Events: grouped()[10:]}),
	)
	d, err := ShowHistory(t.Context(), looking(w), HistoryQuery{ID: "grou"})
	if err != nil || d.ExitCode() != Unseen || !strings.Contains(strings.Join(d.Missed, ""), "all but the end") || d.Next != "g2" {
		t.Errorf("%+v, %v", d, err)
	}
}
