package report

import (
	"time"

	"doctor/checks/inspect"
)

// after is an instant so many seconds after another, as the end of something.
func after(at time.Time, seconds float64) *time.Time {
	at = at.Add(time.Duration(seconds * float64(time.Second)))
	return &at
}

func openRun(started time.Time) inspect.Workflow {
	return inspect.Workflow{
		WorkflowID: "team-signal-grouping-v2-1", RunID: "8f31c2aa-0000", Type: "team-signal-grouping-v2", Status: "running", TaskQueue: "development-task-queue",
		Started: started, Pending: []inspect.Pending{},
	}
}

var refused = &inspect.Failure{Type: "AuthenticationError", Message: "Error code: 401 - invalid x-api-key \x1b[2J"}

func workflows() *inspect.Workflows {
	at := lookedAt.Add(-time.Minute)
	pending := openRun(at)
	pending.Pending = append(pending.Pending, inspect.Pending{Activity: "generate_search_queries_activity", State: "started", Since: at, Attempt: 2, MaxAttempts: 5, Error: refused})
	waiting := openRun(at)
	waiting.WorkflowID, waiting.Pending = "buffer-signals-1", []inspect.Pending{{State: "scheduled", Since: at, Attempt: 1}}
	closed := func(id, kind, status string, started time.Time, seconds float64) inspect.Workflow {
		w := openRun(started)
		w.WorkflowID, w.Type, w.Status, w.Closed = id, kind, status, after(started, seconds)
		return w
	}
	failed := closed("signals-report:1:aa", "signal-report-summary", "failed", at, 3.21)
	failed.Error = refused
	far := closed("task-processing-a-b", "process-task", "timed_out", lookedAt.Add(-50*time.Hour), 7200)
	far.TaskQueue = "tasks-task-queue"
	return &inspect.Workflows{
		Head: head("asking Postgres took too long"), Since: lookedAt.Add(-24 * time.Hour), Total: 1234, LeftOut: 60,
		Workflows: []inspect.Workflow{
			pending, waiting, failed, closed("buffer-signals-1", "buffer-signals", "continued_as_new", at, 0.3), far,
		},
	}
}

func steps() *inspect.History {
	at := lookedAt.Add(-time.Minute)
	run := openRun(at)
	run.Status, run.Closed = "continued_as_new", after(at, 45)
	h := &inspect.History{
		Head: head("all but the end of its history, which was not recorded"), Run: run, Previous: "01a2c7bb-0000", Next: "4c9d03ff-0000",
		Parent: &inspect.RunName{WorkflowID: "above", RunID: "77ae9000-0000"}, Events: []inspect.Event{},
		Steps: []inspect.Step{
			{Event: 2, Kind: inspect.SignalStep, Name: "submit_batch", State: "received", Time: at},
			{Event: 6, Kind: inspect.TimerStep, State: "fired", Seconds: 30, Time: at, Ended: after(at, 30)},
		},
	}
	for i := range 5 {
		h.Steps = append(h.Steps, inspect.Step{Event: int64(10 + i), Kind: inspect.ActivityStep, Name: "get_embedding_activity", State: "completed", Attempts: 1, Time: at, Ended: after(at, float64(i))})
	}
	h.Steps = append(h.Steps, []inspect.Step{
		{Event: 20, Kind: inspect.ActivityStep, Name: "match_signal_to_report_activity", State: "completed", Attempts: 3, Time: at, Ended: after(at, 1), Error: &inspect.Failure{Type: "HEARTBEAT", Message: "activity timed out"}},
		{Event: 26, Kind: inspect.ActivityStep, Name: "assign_and_emit_signal_activity", State: "failed", Attempts: 3, Time: at, Ended: after(at, 2.345), Error: refused},
		{Event: 30, Kind: inspect.ActivityStep, Name: "wait_for_signal_in_clickhouse_activity", State: "scheduled", Attempts: 2, Time: at, Error: refused},
		{Event: 31, Kind: inspect.ChildStep, Name: "signals-report:1:aa", State: "started", Time: at, Run: &inspect.RunName{WorkflowID: "signals-report:1:aa", RunID: "5b0c2100-0000"}},
		{Event: 35, Kind: inspect.TaskStep, State: "failed", Time: at, Error: &inspect.Failure{Message: "UNHANDLED_COMMAND"}},
		{Event: 36, Kind: inspect.EventStep, Name: "workflow_execution_cancel_requested", Time: at},
		{Event: 40, Kind: inspect.EndStep, State: "continued_as_new", Time: *after(at, 45), Run: &inspect.RunName{RunID: "4c9d03ff-0000"}},
	}...)
	return h
}

func events() *inspect.History {
	at := lookedAt.Add(-time.Minute)
	return &inspect.History{Head: head(), Run: openRun(at), Steps: []inspect.Step{}, Events: []inspect.Event{
		{ID: 1, Time: at, Type: "WORKFLOW_EXECUTION_STARTED", Detail: "previous run: 01a2c7bb-0000"},
		{ID: 2, Time: at, Type: "ACTIVITY_TASK_SCHEDULED", Detail: "safety_filter_activity"},
		{ID: 3, Time: at, Type: "ACTIVITY_TASK_FAILED", Detail: "FAILED: AuthenticationError: \x1b[2J"},
	}}
}

func runChain() *inspect.History {
	at := lookedAt.Add(-25 * time.Hour)
	link := func(id, state, read string, failures ...inspect.RunFailure) inspect.ChainRun {
		return inspect.ChainRun{
			RunID: id, Previous: "77ae9000-0000", Status: "continued_as_new", Started: at, Closed: after(at, 1.5), Read: read,
			Signals: 3, Batches: 1, Activities: 12, State: state, Failures: append([]inspect.RunFailure{}, failures...),
		}
	}
	failed := inspect.RunFailure{Activity: "assign_and_emit_signal_activity", Event: 57, Time: at, Failure: inspect.Failure{Type: "DoesNotExist", Message: "SignalReport matching query does not exist."}}
	newest, anew := link("8f31c2aa-0000", inspect.Failing, "all", failed), link("4c9d03ff-0000", inspect.Ended, "all")
	newest.Status, newest.Closed = "running", nil
	anew.Status, anew.Previous = "terminated", ""
	return &inspect.History{
		Head: head("1 of 6 histories"), Run: openRun(at), Steps: []inspect.Step{}, Events: []inspect.Event{},
		Chain: &inspect.Chain{
			Older: "run 01a2c7bb is gone: Temporal keeps histories for a while only",
			Runs:  []inspect.ChainRun{newest, link("5b0c2100-0000", inspect.Failed, "all", failed, failed, failed), anew, link("77ae9000-0000", inspect.Unread, "none"), link("91d2f400-0000", inspect.Well, "end"), link("3a000000-0000", inspect.Idle, "all")},
			Wrong: &inspect.Wrong{RunID: "5b0c2100-0000", Started: at, First: failed, Runs: 2, WellBefore: 1},
		},
	}
}
