package journey_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

func run(id, kind string, minutes int) pipeline.Execution {
	return pipeline.Execution{Run: pipeline.Run{Workflow: kind, ID: id}, Type: kind, Status: pipeline.ContinuedAsNew, Start: checkstest.Now.Add(time.Duration(minutes) * time.Minute)}
}

// step is an activity that ended in a way.
func step(at int64, activity string, end pipeline.EventType) []pipeline.Event {
	return []pipeline.Event{{ID: at, Type: pipeline.ActivityScheduled, Activity: activity}, {ID: at + 1, Type: pipeline.ActivityStarted, Scheduled: at}, {ID: at + 2, Type: end, Scheduled: at}}
}

func histories(executions []pipeline.Execution, answers ...pipeline.Answer) checkstest.Outcome {
	w := checkstest.World(answers...)
	w.Tell(pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: executions}))
	return checkstest.Run(w, journey.Histories)
}

// TestOnlyTheEndOfAGoodRunIsRead tells the world either the end of a history or all of it: what is not told is not read.
func TestOnlyTheEndOfAGoodRunIsRead(t *testing.T) {
	grouping := run("g", journey.GroupingWorkflow, 0)
	tail := func(events ...pipeline.Event) pipeline.Answer {
		return pipeline.Tails.Is(pipeline.RunTail{Run: grouping.Run, Events: 12}, pipeline.History{Events: events, Truncated: true})
	}
	well := step(90, journey.WaitActivity, pipeline.ActivityCompleted)
	for name, test := range map[string]struct {
		end  pipeline.Answer
		full bool
	}{
		"it waited well":            {tail(well...), false},
		"something failed before":   {tail(append(step(80, "assign_and_emit_signal_activity", pipeline.ActivityFailed), well...)...), true},
		"the wait failed":           {tail(step(90, journey.WaitActivity, pipeline.ActivityTimedOut)...), true},
		"it never came to wait":     {tail(step(90, "get_embedding_activity", pipeline.ActivityCompleted)...), true},
		"the end could not be read": {pipeline.Tails.Fails(pipeline.RunTail{Run: grouping.Run, Events: 12}, pipeline.Failed, nil), true},
	} {
		t.Run(name, func(t *testing.T) {
			whole := pipeline.Histories.Is(grouping.Run, pipeline.History{Events: []pipeline.Event{{ID: 1, Type: pipeline.WorkflowStarted}}})
			o := histories([]pipeline.Execution{grouping}, test.end, whole)
			got := o.Result.(*journey.Runs).All[0]
			if o.Status != checks.Passed || got.Tail == test.full || (got.Events[0].Type == pipeline.WorkflowStarted) != test.full {
				t.Errorf("%s (%s), tail %t: %+v", o.Status, o.Reason, got.Tail, got.Events)
			}
		})
	}
}

func TestTheRestIsReadOnDemand(t *testing.T) {
	grouping, buffer := run("g", journey.GroupingWorkflow, 0), run("b", journey.BufferWorkflow, 1)
	well := step(90, journey.WaitActivity, pipeline.ActivityCompleted)
	whole := []pipeline.Event{{ID: 1, Type: pipeline.WorkflowStarted}}
	answers := []pipeline.Answer{
		pipeline.Tails.Is(pipeline.RunTail{Run: grouping.Run, Events: 12}, pipeline.History{Events: well, Truncated: true}),
		pipeline.Histories.Is(grouping.Run, pipeline.History{Events: whole}),
		pipeline.Histories.Is(buffer.Run, pipeline.History{Events: whole}),
	}
	o := histories([]pipeline.Execution{buffer, grouping}, answers...)
	runs := o.Result.(*journey.Runs)
	full := runs.InFull(context.Background(), checkstest.World(answers...))
	before, after := runs.OfType(journey.GroupingWorkflow)[0], full.OfType(journey.GroupingWorkflow)[0]
	if len(after.Events) != 1 || after.Tail || len(before.Events) != len(well) || !before.Tail {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if full.OfType(journey.BufferWorkflow)[0] != runs.OfType(journey.BufferWorkflow)[0] {
		t.Error("a run that had been read in full was read again")
	}
}

func TestCoverageNamesWhatWasNotRead(t *testing.T) {
	newest, middle, oldest := run("3", journey.BufferWorkflow, 2), run("2", journey.BufferWorkflow, 1), run("1", journey.BufferWorkflow, 0)
	read := func(e pipeline.Execution) pipeline.Answer { return pipeline.Histories.Is(e.Run, pipeline.History{}) }
	broken := func(e pipeline.Execution, kind pipeline.Kind) pipeline.Answer {
		return pipeline.Histories.Fails(e.Run, kind, errors.New("no"))
	}
	executions := []pipeline.Execution{newest, middle, oldest}
	for name, test := range map[string]struct {
		answers []pipeline.Answer
		status  checks.Status
		reason  string
		bounded bool
	}{
		"all was":                      {[]pipeline.Answer{read(newest), read(middle), read(oldest)}, checks.Passed, "", false},
		"the oldest was not":           {[]pipeline.Answer{read(newest), read(middle), broken(oldest, pipeline.TimedOut)}, checks.Unknown, "2 of 3 histories read, back to 12:01: timed out", false},
		"none was":                     {[]pipeline.Answer{broken(newest, pipeline.Failed), broken(middle, pipeline.Failed), broken(oldest, pipeline.Failed)}, checks.Unknown, "none of 3 histories read", false},
		"one is gone, which is no gap": {[]pipeline.Answer{read(newest), broken(middle, pipeline.Missing), read(oldest)}, checks.Passed, "", false},
		"there was no more time":       {[]pipeline.Answer{read(newest), read(middle), broken(oldest, pipeline.RunOver)}, checks.Unknown, "2 of 3 histories read, back to 12:01", true},
	} {
		t.Run(name, func(t *testing.T) {
			o := histories(executions, test.answers...)
			if o.Status != test.status || !strings.HasPrefix(o.Reason, test.reason) {
				t.Errorf("%s: %s", o.Status, o.Reason)
			}
			if bounded := len(o.Cut) > 0; bounded != test.bounded {
				t.Errorf("cut off by the doctor itself: %v, want %v", bounded, test.bounded)
			}
			if o.Result == nil {
				t.Error("what was read is lost")
			}
		})
	}
}
