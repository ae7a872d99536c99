package remedies

import (
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

func TestARunIsEndedOnlyWhileItIsStuck(t *testing.T) {
	run := pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "run-1"}
	failed := pipeline.Event{ID: 2, Type: pipeline.WorkflowTaskFailed, Reason: "NON_DETERMINISTIC_ERROR"}
	for name, test := range map[string]struct {
		loops bool
		since []pipeline.Event
		state State
		seen  string
	}{
		"the code does not fit":  {false, nil, Before, "is stuck"},
		"it does again":          {false, []pipeline.Event{{Type: pipeline.WorkflowTaskCompleted}}, Elsewhere, "goes on again"},
		"it has ended by itself": {false, []pipeline.Event{{Type: pipeline.WorkflowTimedOut}}, Elsewhere, "has ended by itself"},
		"it was ended":           {false, []pipeline.Event{{ID: 9, Type: pipeline.WorkflowTerminated}}, After, "was terminated, event 9"},
		"it goes round":          {true, nil, Before, "is stuck"},
		"it has gone round":      {true, []pipeline.Event{{Type: pipeline.WorkflowContinuedAsNew}}, Elsewhere, "run doctor once more"},
		"it has come to match": {
			true, []pipeline.Event{{Type: pipeline.ActivityScheduled, Activity: "match_signal_to_report_activity"}}, Elsewhere, "goes on again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stuck := workflows.Stuck{Execution: pipeline.Execution{Run: run}, Loops: test.loops}
			events := append([]pipeline.Event{{ID: 1, Type: pipeline.WorkflowStarted}, failed}, test.since...)
			w := checkstest.World(pipeline.Histories.Is(run, pipeline.History{Events: events}))
			state, seen, err := (&termination{Stuck: stuck}).stands(t.Context(), w)
			if state != test.state || !strings.Contains(seen, test.seen) || err != nil {
				t.Errorf("%d, %q, %v", state, seen, err)
			}
		})
	}
	for name, history := range map[string]pipeline.Answer{
		"gone":    pipeline.Histories.Fails(run, pipeline.Missing, nil),
		"in part": pipeline.Histories.Is(run, pipeline.History{Events: []pipeline.Event{failed}, Truncated: true}),
	} {
		stuck := &termination{Stuck: workflows.Stuck{Execution: pipeline.Execution{Run: run}}}
		if state, _, err := stuck.stands(t.Context(), checkstest.World(history)); state != Elsewhere || err == nil {
			t.Errorf("%s: %d, %v", name, state, err)
		}
	}
}

func TestWhatIsSaidOfARunThatIsStuck(t *testing.T) {
	subject := []string{"team-signal-grouping-v2-7", "", "NondeterminismError"}
	finding := &checks.Finding{Code: checks.TMP002, State: checks.Active, Severity: checks.Error, Subject: subject}
	stuck := []workflows.Stuck{{Execution: pipeline.Execution{Run: pipeline.Run{Workflow: subject[0], ID: "run-1"}}, Subject: subject}}
	for result, want := range map[string]string{"stuck": "terminate-run unsafe", "": "emit-after-failure manual"} {
		of := Case{}
		if result != "" {
			of.Result = stuck
		}
		advice := For(finding, of)
		if len(advice) != 1 || advice[0].ID+" "+string(advice[0].Safety) != want {
			t.Errorf("%q: %+v", result, advice)
		}
	}
}
