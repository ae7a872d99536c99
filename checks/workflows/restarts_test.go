package workflows_test

import (
	"errors"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

const research = "run_agentic_report_activity"

// by has all that is written from an event on be done by a worker.
func (t *told) by(worker string, from int) *told {
	for i := from; i < len(t.events); i++ {
		switch t.events[i].Type {
		case pipeline.WorkflowTaskCompleted, pipeline.ActivityStarted:
			t.events[i].Identity = worker
		}
	}
	return t
}

// silent is a summary in which a worker's activity was not heard of any more, and is to be tried again.
func silent() *told {
	run := summary().begin()
	run.ask(research)
	run.by("1@vm", 0)
	run.detail.Pending = []pipeline.PendingActivity{{
		Activity: research, State: "SCHEDULED", Attempt: 2, MaxAttempts: 2, LastStarted: run.run.Start.Add(20 * time.Second),
		LastFailure: &pipeline.Failure{Message: "activity Heartbeat timeout", Timeout: "HEARTBEAT"},
	}}
	return run
}

func TestRestarts(t *testing.T) {
	const restarted = "the worker was restarted while run_agentic_report_activity ran in it"
	poller := func(identity string, ago time.Duration) pipeline.Poller {
		return pipeline.Poller{Identity: identity, LastAccess: noon.Add(-ago)}
	}
	// ended has the second attempt end in the hands of a worker, for good or not.
	ended := func(second, third string, well bool) *told {
		run := summary().begin()
		asked := run.ask(research)[0]
		run.by("1@vm", 0)
		n, late := len(run.events), &pipeline.Failure{Message: "activity Heartbeat timeout", Timeout: "HEARTBEAT"}
		run.write(pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: asked, Attempt: 2, Failure: late})
		if run.by(second, n); well {
			run.write(pipeline.Event{Type: pipeline.ActivityCompleted, Scheduled: asked})
		} else {
			run.write(pipeline.Event{Type: pipeline.ActivityTimedOut, Scheduled: asked, Failure: late})
		}
		n = len(run.events)
		return run.idle().by(third, n)
	}
	for name, test := range map[string]struct {
		run     *told
		pollers []pipeline.Poller
		want    string
	}{
		"another has its place":            {silent(), []pipeline.Poller{poller("1@vm", 3*time.Minute), poller("2@vm", time.Second)}, restarted},
		"it lives, and was slow":           {silent(), []pipeline.Poller{poller("1@vm", time.Second), poller("2@vm", time.Second)}, ""},
		"none has its place":               {silent(), []pipeline.Poller{poller("1@vm", 3*time.Minute)}, ""},
		"another took the next attempt":    {ended("2@vm", "2@vm", false), nil, restarted},
		"and ended it well":                {ended("2@vm", "2@vm", true), nil, "recovered: " + restarted},
		"it took the next attempt itself":  {ended("1@vm", "1@vm", false), nil, ""},
		"restarted in the next attempt":    {ended("1@vm", "2@vm", false), nil, restarted},
		"two workers that take turns":      {ended("2@vm", "1@vm", false), nil, ""},
		"nothing has missed its heartbeat": {summary().begin().succeed(research), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(test.run.story)
			w.Tell(pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, test.pollers))
			o := checkstest.Run(w, workflows.Restarts)
			o.Says(t, test.want)
			if test.want == restarted {
				o.Reports(t, checks.TMP015, "signals-report:7:abc", research)
				checkstest.Run(w, workflows.Failures).Blames(t, "TMP015")
			}
		})
	}
}

func TestWorkersThatCannotBeListed(t *testing.T) {
	w := world(silent().story)
	w.Tell(pipeline.Pollers.Fails(pipeline.TaskQueue{Name: queue}, pipeline.Failed, errors.New("overloaded")))
	checkstest.Run(w, workflows.Restarts).Is(t, checks.Unknown, "overloaded")
}
