package eyesight_test

import (
	"errors"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/eyesight"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

func TestVisibility(t *testing.T) {
	next := pipeline.Run{Workflow: "buffer-signals-7", ID: "5be0c918"}
	for name, test := range map[string]struct {
		ago    time.Duration // how long before the list the run continued as new
		listed []pipeline.Run
		closed bool // the list knows that the first run has ended
		detail pipeline.Answer
		says   string
	}{
		"the list knows both":          {time.Minute, []pipeline.Run{next}, true, pipeline.Answer{}, ""},
		"the next one is not listed":   {time.Minute, nil, true, pipeline.Details.Is(next, pipeline.Detail{}), "Temporal's list of workflows is 1m0s behind its histories"},
		"it was deleted":               {time.Minute, nil, true, pipeline.Details.Fails(next, pipeline.Missing, errors.New("not found")), ""},
		"it has just begun":            {time.Second, nil, true, pipeline.Details.Is(next, pipeline.Detail{}), ""},
		"the list takes it for open":   {time.Minute, []pipeline.Run{next}, false, pipeline.Answer{}, "Temporal's list of workflows is 1m0s behind its histories"},
		"it has ended just now":        {time.Second, []pipeline.Run{next}, false, pipeline.Answer{}, ""},
		"it is gone, and nobody knows": {time.Minute, nil, true, pipeline.Answer{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			first := pipeline.Execution{
				Run: pipeline.Run{Workflow: next.Workflow, ID: "5be0c917"}, Type: journey.BufferWorkflow, Status: pipeline.Running,
			}
			if test.closed {
				first.Status, first.Close = pipeline.ContinuedAsNew, checkstest.Now.Add(-test.ago)
			}
			ended := pipeline.Event{ID: 9, Type: pipeline.WorkflowContinuedAsNew, Next: next.ID, Time: checkstest.Now.Add(-test.ago)}
			listing := pipeline.Listing{Executions: []pipeline.Execution{first}, Listed: checkstest.Now}
			w := checkstest.World(
				pipeline.Histories.Is(first.Run, pipeline.History{Events: []pipeline.Event{ended}}),
				pipeline.Details.Is(first.Run, pipeline.Detail{}),
				pipeline.Histories.Is(next, pipeline.History{}),
				pipeline.Details.Is(next, pipeline.Detail{}),
			)
			for _, run := range test.listed {
				listing.Executions = append(listing.Executions, pipeline.Execution{Run: run, Type: journey.BufferWorkflow, Status: pipeline.Running})
			}
			w.Tell(pipeline.Executions.Is(checkstest.TeamSince, listing))
			if len(test.listed) == 0 {
				w = checkstest.World(
					pipeline.Executions.Is(checkstest.TeamSince, listing),
					pipeline.Histories.Is(first.Run, pipeline.History{Events: []pipeline.Event{ended}}),
					test.detail,
				)
			}
			o := checkstest.Run(w, eyesight.Visibility)
			if test.says == "" {
				o.Silent(t)
				return
			}
			o.Says(t, test.says)
			o.Reports(t, checks.SEE004)
			if o := checkstest.Run(w, workflows.Failures); o.Status == checks.Passed {
				t.Error("what the list lacks passes")
			}
		})
	}
}

func TestVisibilityThatWasNotRecorded(t *testing.T) {
	w := checkstest.World(pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{}))
	checkstest.Run(w, eyesight.Visibility).Is(t, checks.Unknown, "not recorded")
}
