package workflows_test

import (
	"slices"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

const (
	assign  = "assign_and_emit_signal_activity"
	phantom = "SignalReport matching query does not exist."
)

func groupings() *story {
	return &story{workflow: "team-signal-grouping-v2-7", kind: journey.GroupingWorkflow}
}

func emitter() *story {
	return &story{workflow: "signal-emitter-7-abc", kind: journey.EmitterWorkflow}
}

func summary() *story {
	return &story{workflow: "signals-report:7:abc", kind: journey.SummaryWorkflow}
}

// failed is a run in which one activity failed, in the wrapping that a server gives it.
func failed(s *story, activity, kind, message string) *told {
	run := s.begin()
	asked := run.ask(activity)
	run.write(pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: asked[0], Attempt: 3})
	run.write(pipeline.Event{Type: pipeline.ActivityFailed, Scheduled: asked[0], Failure: wrapped(kind, message)})
	return run
}

func wrapped(kind, message string) *pipeline.Failure {
	return &pipeline.Failure{Message: "Activity task failed", Cause: &pipeline.Failure{Message: message, Type: kind}}
}

func (t *told) succeed(activity string) *told { return t.complete(t.ask(activity)...) }

func TestFailures(t *testing.T) {
	retrying := func() *told {
		run := groupings().begin()
		run.ask("get_embedding_activity")
		run.detail.Pending = []pipeline.PendingActivity{{
			Activity: "get_embedding_activity", State: "SCHEDULED", Attempt: 2, MaxAttempts: 3, LastStarted: noon,
			LastFailure: &pipeline.Failure{Message: "connection refused: localhost:3305", Type: "ConnectError"},
		}}
		return run
	}
	busy := func() *told {
		run := groupings().begin()
		run.ask("wait_for_signal_in_clickhouse_activity")
		run.detail.Pending = []pipeline.PendingActivity{{Activity: "wait_for_signal_in_clickhouse_activity", State: "STARTED", Attempt: 1}}
		return run
	}
	broken := wrapped("ValueError", "Signal batch not found in S3: signals/signal_batches/x")
	for name, test := range map[string]struct {
		run      *told
		want     string
		severity checks.Severity
		stage    checks.Stage
	}{
		"all well":                {groupings().begin().succeed(assign), "", "", ""},
		"the innermost is told":   {failed(groupings(), assign, "DoesNotExist", phantom), assign + " failed: " + phantom, checks.Error, checks.Grouping},
		"succeeded since":         {failed(groupings(), assign, "DoesNotExist", phantom).goOn().succeed(assign), "recovered: " + assign + " failed: " + phantom, checks.Info, checks.Grouping},
		"another has succeeded":   {failed(groupings(), assign, "DoesNotExist", phantom).goOn().succeed("get_embedding_activity"), assign + " failed: " + phantom, checks.Error, checks.Grouping},
		"being retried":           {retrying(), "get_embedding_activity is being retried: connection refused: localhost:3305", checks.Warning, checks.Grouping},
		"busy with a first try":   {busy(), "", "", ""},
		"the run fell with it":    {failed(groupings(), "read_signals_from_s3_activity", "ValueError", "Signal batch not found in S3: signals/signal_batches/x").end(pipeline.RunFailed, pipeline.Event{Failure: broken}), "read_signals_from_s3_activity failed: Signal batch not found in S3: signals/signal_batches/x", checks.Error, checks.Batch},
		"the workflow's own code": {summary().begin().end(pipeline.RunFailed, pipeline.Event{Failure: &pipeline.Failure{Message: "Cannot transition from ready to failed", Type: "InvalidStatusTransition"}}), "signal-report-summary failed: Cannot transition from ready to failed", checks.Error, checks.Report},
		"an idle buffer rests":    {buffers().begin().idle().end(pipeline.RunTimedOut, pipeline.Event{}), "", "", ""},
		"an idle grouping rests":  {groupings().begin().idle().end(pipeline.RunTimedOut, pipeline.Event{}), "", "", ""},
		"cut off in its work":     {busy().end(pipeline.RunTimedOut, pipeline.Event{}), "wait_for_signal_in_clickhouse_activity failed: the workflow timed out before it ended", checks.Error, checks.Embeddings},
		"an emitter that waited":  {emitter().begin().end(pipeline.RunTimedOut, pipeline.Event{}), "", "", ""}, // is told by Emitters
	} {
		t.Run(name, func(t *testing.T) {
			if test.run.run.Status != pipeline.Running {
				test.run.detail = pipeline.Detail{}
			}
			o := checkstest.Run(world(test.run.story), workflows.Failures)
			o.Says(t, test.want)
			if len(o.Findings) > 0 && (o.Findings[0].Severity != test.severity || o.Findings[0].Stage != test.stage) {
				t.Errorf("%s at %s, want %s at %s", o.Findings[0].Severity, o.Findings[0].Stage, test.severity, test.stage)
			}
		})
	}
}

// Of a run that went well only the end is read, and every step of it did.
func TestAFailureIsOverWhenALaterRunWentWell(t *testing.T) {
	run := failed(groupings(), "generate_search_queries_activity", "Exception", "LLM call failed").goOn()
	run.succeed(journey.WaitActivity).goOn().idle()
	w := world(run.story)
	w.Tell(pipeline.Tails.Is(pipeline.RunTail{Run: run.run.Run, Events: 12}, pipeline.History{Events: run.events[1:], Truncated: true}))
	checkstest.Run(w, workflows.Failures).Says(t, "recovered: generate_search_queries_activity failed: LLM call failed")
}

func TestTheSameFailureIsOneFinding(t *testing.T) {
	run := failed(groupings(), assign, "DoesNotExist", phantom)
	run.fail(run.ask(assign)[0], "DoesNotExist", phantom)
	run.fail(run.ask(assign)[0], "IntegrityError", "duplicate key")
	o := checkstest.Run(world(run.story), workflows.Failures)
	if len(o.Findings) != 2 || len(o.Findings[0].Evidence) != 2 || o.Findings[0].Fingerprint() == o.Findings[1].Fingerprint() {
		t.Errorf("got %s", o.Said())
	}
}

func TestAFailureNamesTheServiceThatIsDown(t *testing.T) {
	run := failed(groupings(), "get_embedding_activity", "ConnectError", "connection refused: db.example:5432")
	refused := pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, nil)
	for address, want := range map[string]string{"db.example:5432": "SVC005", "elsewhere.example:5432": ""} {
		w := world(run.story)
		w.Tell(refused)
		w.Settings.Postgres.URL = "postgres://" + address + "/posthog"
		w.Settings.Postgres.Origin.Process = true
		o := checkstest.Run(w, workflows.Failures)
		o.Reports(t, checks.TMP002)
		o.Blames(t, want)
	}
}

func TestWorkers(t *testing.T) {
	waiting := func(seconds int) *told {
		run := buffers().begin()
		run.detail.Task = &pipeline.PendingTask{State: "SCHEDULED", Scheduled: noon.Add(-time.Duration(seconds) * time.Second), Attempt: 1}
		return run
	}
	seen := func(seconds int) []pipeline.Poller {
		return []pipeline.Poller{{Identity: "1@old", LastAccess: noon.Add(-time.Hour)}, {Identity: "4711@host", LastAccess: noon.Add(-time.Duration(seconds) * time.Second)}}
	}
	for name, test := range map[string]struct {
		run     *told
		pollers []pipeline.Poller
		want    bool
	}{
		"nobody ever asked":               {waiting(20), nil, true},
		"the worker is gone":              {waiting(20), seen(71), true},
		"the worker is there":             {waiting(20), seen(60), false},
		"it has only just been put there": {waiting(14), nil, false},
		"nothing waits":                   {buffers().begin().idle(), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(test.run.story)
			w.Tell(pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, test.pollers))
			o := checkstest.Run(w, workflows.Workers)
			if got := len(o.Findings) == 1; got != test.want || o.Status == checks.Unknown {
				t.Errorf("found %t, want %t: %s", got, test.want, o.Said())
			}
			if test.want && !slices.ContainsFunc(o.Findings[0].Evidence, func(e checks.Evidence) bool { return e.Locator.Workflow == bufferID }) {
				t.Errorf("the evidence does not say what waits: %+v", o.Findings[0].Evidence)
			}
		})
	}
}

func TestAFailureBlamesNoServiceThatIsOnlyUnknown(t *testing.T) {
	w := world(failed(groupings(), "get_embedding_activity", "ConnectError", "connection refused: db.example:5432").story)
	w.Settings.Postgres.URL = "postgres://db.example:5432/posthog"
	w.Tell(pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.RunOver, nil))
	checkstest.Run(w, services.Postgres).Is(t, checks.Unknown, "")
	checkstest.Run(w, workflows.Failures).Blames(t, "")
}
