package workflows_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// plain is a payload as it is when a key has opened it.
func plain(text string) []pipeline.Payload { return []pipeline.Payload{{Data: []byte(text)}} }

// sealed is a payload that no key opens.
func sealed() []pipeline.Payload {
	return []pipeline.Payload{{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: []byte("token")}}
}

const ticket = `{"source_product": "zendesk", "source_type": "ticket", "source_id": "4711", "description": "Checkout fails"}`

// late is an emitter that timed out ten minutes after it had begun, in the task queue of all.
func late(input []pipeline.Payload, steps func(*told)) *story {
	s := emitter()
	run := s.begin()
	run.events[0].Input = input
	if steps != nil {
		steps(run)
	}
	run.end(pipeline.RunTimedOut, pipeline.Event{})
	run.run.Close = run.run.Start.Add(10 * time.Minute)
	return s
}

func waiting(t *told) { t.ask("submit_signal_to_buffer_activity") }

// delivered is a buffer that a signal came to, some minutes after the emitter had begun.
func delivered(minutes int, input []pipeline.Payload) *story {
	s := buffers()
	run := s.begin()
	run.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal, Input: input})
	run.events[1].Time = run.run.Start.Add(time.Duration(minutes) * time.Minute)
	run.wait()
	return s
}

func TestEmitters(t *testing.T) {
	const lost = "zendesk/ticket 4711 did not get into the buffer within 10m0s"
	input := plain(`{"team_id": 7, "signal": ` + ticket + `}`)
	for name, test := range map[string]struct {
		stories []*story
		want    string
	}{
		"it completed": {[]*story{emitter().begin().end(pipeline.Completed, pipeline.Event{}).story}, ""},
		"it waits":     {[]*story{emitter().begin().idle().story}, ""},

		"it timed out":            {[]*story{late(input, waiting)}, lost},
		"without a key":           {[]*story{late(sealed(), waiting)}, "a signal did not get into the buffer within 10m0s"},
		"of an input of no sense": {[]*story{late(plain(`[1]`), waiting)}, "a signal did not get into the buffer within 10m0s"},
		"delivered afterwards":    {[]*story{late(input, waiting), delivered(12, plain(ticket))}, "recovered: " + lost},
		"delivered long before":   {[]*story{late(input, waiting), delivered(-12, plain(ticket))}, lost},
		"another one delivered":   {[]*story{late(input, waiting), delivered(12, plain(strings.ReplaceAll(ticket, "4711", "4712")))}, lost},
		"who knows which":         {[]*story{late(sealed(), waiting), delivered(12, sealed())}, "a signal did not get into the buffer within 10m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(world(test.stories...), workflows.Emitters)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if f.Stage != checks.Emitter || !slices.Equal(f.Subject, []string{"signal-emitter-7-abc"}) {
					t.Errorf("%v at %s", f.Subject, f.Stage)
				}
			}
		})
	}
}

func TestAnEmitterTellsWhatItWaitedFor(t *testing.T) {
	for want, steps := range map[string]func(*told){
		"timed out before a worker had taken its first task":        nil,
		"timed out while it waited for room in the buffer":          waiting,
		"submit_signal_to_buffer_activity was given to the workers": waiting,
		"Workflow query failed": func(t *told) {
			t.fail(t.ask("submit_signal_to_buffer_activity")[0], "RPCError", "Workflow\nquery failed")
		},
	} {
		o := checkstest.Run(world(late(sealed(), steps)), workflows.Emitters)
		if !slices.ContainsFunc(o.Findings[0].Evidence, func(e checks.Evidence) bool { return e.Excerpt == want && e.Locator.Run == "run-000" }) {
			t.Errorf("nothing says %q: %+v", want, o.Findings[0].Evidence)
		}
	}
}

func TestAnEmitterWithoutHistory(t *testing.T) {
	s := late(sealed(), waiting)
	s.runs[0].lacks = pipeline.Missing
	o := checkstest.Run(world(s), workflows.Emitters)
	if f := o.Reports(t, checks.TMP004); len(f.Evidence) != 1 || !strings.Contains(o.Reason, "run-000") {
		t.Errorf("evidence %+v (%s)", f.Evidence, o.Reason)
	}
}

func TestAnEmitterThatNoWorkerServes(t *testing.T) {
	for name, test := range map[string]struct {
		queue  string
		waits  time.Time
		blames string
	}{
		"since before its end": {queue, day.Add(2 * time.Minute), "TMP003"},
		"only since then":      {queue, day.Add(30 * time.Minute), ""},
		"in another queue":     {"elsewhere", day.Add(2 * time.Minute), ""},
	} {
		t.Run(name, func(t *testing.T) {
			buffer := buffers().begin()
			buffer.run.TaskQueue = test.queue
			buffer.detail.Task = &pipeline.PendingTask{State: "SCHEDULED", Scheduled: test.waits, Attempt: 1}
			w := world(late(sealed(), waiting), buffer.story)
			w.Tell(pipeline.Pollers.Is(pipeline.TaskQueue{Name: test.queue}, nil))
			o := checkstest.Run(w, workflows.Emitters)
			o.Reports(t, checks.TMP004)
			o.Blames(t, test.blames)
		})
	}
}

// Where nothing waits any more, an emitter that no worker has taken tells of one that is missing, until one is known to have come.
func TestAnEmitterThatNoWorkerHasTaken(t *testing.T) {
	ended := day.Add(11 * time.Minute)
	again := func(ended time.Time) *story {
		other := emitter()
		other.workflow = "signal-emitter-7-def"
		run := other.begin()
		run.idle()
		run.end(pipeline.Completed, pipeline.Event{})
		run.run.Close = ended
		return other
	}
	asked := func(at time.Time) []pipeline.Poller {
		return []pipeline.Poller{{Identity: "4711@host", LastAccess: at}}
	}
	for name, test := range map[string]struct {
		world   []*story
		pollers []pipeline.Poller
		blames  string
	}{
		"no worker has come since":        {nil, nil, "TMP003"},
		"none but before":                 {[]*story{buffers().begin().idle().story}, asked(ended.Add(-time.Minute)), "TMP003"},
		"it works":                        {nil, asked(noon), ""},
		"it has asked since, and is gone": {nil, asked(ended.Add(time.Minute)), ""},
		"it has worked since":             {[]*story{again(ended.Add(time.Minute))}, nil, ""},
		"it has worked before":            {[]*story{again(ended.Add(-time.Minute))}, nil, "TMP003"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(append(test.world, late(sealed(), nil))...)
			w.Tell(pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, test.pollers))
			o := checkstest.Run(w, workflows.Emitters)
			o.Reports(t, checks.TMP004)
			o.Blames(t, test.blames)
		})
	}
}

func TestAnEmitterBehindABufferThatFails(t *testing.T) {
	failing := func(tried time.Duration) *told {
		run := buffers().begin()
		run.detail.Pending = []pipeline.PendingActivity{{
			Activity: journey.SafetyFilterActivity, State: "SCHEDULED", Attempt: 2, LastStarted: day.Add(tried),
			LastFailure: &pipeline.Failure{Message: "ANTHROPIC_API_KEY is not configured", Type: "ValueError"},
		}}
		return run
	}
	other := func() *told {
		run := failing(5 * time.Minute)
		run.story.workflow, run.story.kind = "team-signal-grouping-v2-7", journey.GroupingWorkflow
		run.run.Workflow, run.run.Type = run.story.workflow, run.story.kind
		return run
	}
	for name, test := range map[string]struct {
		run    *told
		blames string
	}{
		"since before it":  {failing(0), "TMP002"},
		"while it waited":  {failing(5 * time.Minute), "TMP002"},
		"only since then":  {failing(30 * time.Minute), ""},
		"grouping's fault": {other(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(world(late(sealed(), waiting), test.run.story), workflows.Emitters)
			o.Reports(t, checks.TMP004)
			o.Blames(t, test.blames)
		})
	}
}
