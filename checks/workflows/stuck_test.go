package workflows_test

import (
	"fmt"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// stuckIn is what the check says of a story to be stuck.
func stuckIn(o checkstest.Outcome) []workflows.Stuck {
	all, _ := o.Result.([]workflows.Stuck)
	return all
}

func TestGroupingThatGoesRoundWithABatch(t *testing.T) {
	// rounds have a batch fail and be handed on.
	rounds := func(s *story, n int) *told {
		run := s.begin().hand(1)
		for range n {
			run = run.collect(1).prepare(true, ticketOf("1")).handOn(1)
		}
		return run.collect(1)
	}
	for name, test := range map[string]struct {
		run  func(*story) *told
		want bool
	}{
		"it waits for the next round": {func(s *story) *told { return rounds(s, 3).prepare(true, ticketOf("1")).wait() }, true},
		"the next round has begun":    {func(s *story) *told { return rounds(s, 3) }, true},
		"newer code may give it up":   {func(s *story) *told { return rounds(s, 2).prepare(true, ticketOf("1")) }, false},
		"it is given up":              {func(s *story) *told { return rounds(s, 2).prepare(true, ticketOf("1")).handOn().idle() }, false},
		"another batch now":           {func(s *story) *told { return rounds(s, 2).prepare(true, ticketOf("1")).hand(2).handOn(2).collect(2) }, false},
		"it has come through":         {func(s *story) *told { return rounds(s, 3).prepare(false, ticketOf("1")).handOn().idle() }, false},
		"somebody has ended it":       {func(s *story) *told { return rounds(s, 3).end(pipeline.Terminated, pipeline.Event{}) }, false},
	} {
		for _, sealed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sealed=%t", name, sealed), func(t *testing.T) {
				run := test.run(groupingsSealed(sealed))
				o := checkstest.Run(world(run.story), workflows.Failures)
				stuck := stuckIn(o)
				if got := len(stuck) == 1 && stuck[0].Loops && stuck[0].ID == run.run.ID; got != test.want {
					t.Errorf("got %+v: %s", stuck, o.Said())
				}
				if test.want && !stuck[0].Still(run.events) {
					t.Error("it is not stuck any more")
				}
			})
		}
	}
}

// Who has brought the batch to its reports does not lose it.
func TestGroupingThatHasComeToMatchIsNotStuck(t *testing.T) {
	run := groupings().begin().hand(1).collect(1).prepare(false, ticketOf("1")).assign(false, ticketOf("1"))
	if (workflows.Stuck{Loops: true}).Still(run.events) {
		t.Error("it is stuck")
	}
}

func TestWorkflowTasksThatFail(t *testing.T) {
	fails := func(cause, kind, message string) *told {
		run := groupings().begin().idle().hand(1)
		scheduled := run.write(pipeline.Event{Type: pipeline.WorkflowTaskScheduled})
		run.write(pipeline.Event{Type: pipeline.WorkflowTaskFailed, Scheduled: scheduled, Reason: cause, Failure: &pipeline.Failure{Message: message, Type: kind}})
		run.detail.Task = &pipeline.PendingTask{State: "SCHEDULED", Attempt: 7}
		return run
	}
	const changed, other = "NON_DETERMINISTIC_ERROR", "WORKFLOW_WORKER_UNHANDLED_FAILURE"
	mismatch := func() *told { return fails(changed, "NondeterminismError", "[TMPRL1100] activity does not match") }
	for name, test := range map[string]struct {
		run   *told
		want  string
		stuck bool // for which it is told by TMP011, else by TMP002
	}{
		"the code was changed":     {mismatch(), "team-signal-grouping-v2 cannot go on: [TMPRL1100] activity does not match", true},
		"changed back":             {mismatch().idle(), "", false},
		"somebody has ended it":    {mismatch().end(pipeline.Terminated, pipeline.Event{}), "", false},
		"the code fails":           {fails(other, "InvalidToken", "no reason"), "team-signal-grouping-v2 cannot go on: no reason", false},
		"signals came during it":   {fails("UNHANDLED_COMMAND", "", ""), "", false},
		"somebody has reset a run": {fails("RESET_WORKFLOW", "", ""), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if test.run.run.Status != pipeline.Running {
				test.run.detail = pipeline.Detail{}
			}
			o := checkstest.Run(world(test.run.story), workflows.Failures)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if changed := f.Code == checks.TMP011; changed != test.stuck {
					t.Errorf("told by %s", f.Code)
				}
			}
			stuck := stuckIn(o)
			if got := len(stuck) == 1 && !stuck[0].Loops && stuck[0].Workflow == "team-signal-grouping-v2-7"; got != test.stuck {
				t.Errorf("got %+v", stuck)
			}
			if still := (workflows.Stuck{}).Still(test.run.events); test.stuck && !still {
				t.Error("it is not stuck any more")
			}
		})
	}
}

// What something else explains is not ended: it goes on when that is mended.
func TestWhatHasACauseIsNotStuck(t *testing.T) {
	run := groupings().begin().hand(1)
	for range 3 {
		run = run.collect(1)
		run = run.fail(run.ask(journey.QueriesActivity)[0], "ConnectError", "connection refused: db.example:5432").handOn(1)
	}
	w := world(run.collect(1).story)
	w.Settings.Postgres.URL = "postgres://db.example:5432/posthog"
	w.Settings.Postgres.Origin.Process = true
	w.Tell(pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, nil))
	o := checkstest.Run(w, workflows.Failures)
	o.Blames(t, "SVC005")
	if stuck := stuckIn(o); len(stuck) > 0 {
		t.Errorf("got %+v", stuck)
	}
	w.Tell(pipeline.PostgresReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "15"}))
	if o := checkstest.Run(w, workflows.Failures); len(stuckIn(o)) != 1 {
		t.Errorf("without a cause: %s", o.Said())
	}
}
