package workflows_test

import (
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// refusedByBuffer is an emitter whose buffer was gone when it had its signal for it, three minutes after the buffer began.
func refusedByBuffer(input []pipeline.Payload) *story {
	s := emitter()
	run := s.begin()
	run.run.Start = run.run.Start.Add(2 * time.Minute)
	run.events[0].Input = input
	run.fail(run.ask("submit_signal_to_buffer_activity")[0], "RPCError", "workflow execution already completed")
	run.end(pipeline.RunFailed, pipeline.Event{Failure: wrapped("RPCError", "workflow execution already completed")})
	return s
}

func TestEmittersThatFail(t *testing.T) {
	const lost = "did not get into the buffer: workflow execution already completed"
	input := plain(`{"team_id": 7, "signal": ` + ticket + `}`)
	idle := func() *told { return buffers().begin().idle() }
	busy := func() *told { return buffers().begin().signal(1).wait() }
	ends := func(run *told, status pipeline.Status) *story { return run.end(status, pipeline.Event{}).story }
	for name, test := range map[string]struct {
		stories      []*story
		want, blames string
	}{
		"the buffer had timed out idle": {[]*story{refusedByBuffer(input), ends(idle(), pipeline.RunTimedOut)}, "zendesk/ticket 4711 " + lost, ""},
		"without a key":                 {[]*story{refusedByBuffer(sealed()), ends(idle(), pipeline.RunTimedOut)}, "a signal " + lost, ""},
		"it was terminated":             {[]*story{refusedByBuffer(input), ends(busy(), pipeline.Terminated)}, "zendesk/ticket 4711 " + lost, "TMP005"},
		"it had failed": {[]*story{
			refusedByBuffer(input),
			failed(buffers(), journey.SafetyFilterActivity, "ValueError", unconfigured).end(pipeline.RunFailed, pipeline.Event{Failure: wrapped("ValueError", unconfigured)}).story,
		}, "zendesk/ticket 4711 " + lost, "TMP002"},
		"nothing is known of it": {[]*story{refusedByBuffer(input)}, "zendesk/ticket 4711 " + lost, ""},
		"emitted again":          {[]*story{refusedByBuffer(input), delivered(12, plain(ticket))}, "recovered: zendesk/ticket 4711 " + lost, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(test.stories...)
			o := checkstest.Run(w, workflows.Emitters)
			o.Says(t, test.want)
			o.Blames(t, test.blames)
			o.Reports(t, checks.TMP013, "signal-emitter-7-abc")
			for _, f := range checkstest.Run(w, workflows.Failures).Findings {
				if strings.HasPrefix(f.Subject[0], "signal-emitter") {
					t.Errorf("it is told twice: %s", f.Title)
				}
			}
		})
	}
}

func TestAFailedEmitterTellsWhatBecameOfTheBuffer(t *testing.T) {
	o := checkstest.Run(world(refusedByBuffer(sealed()), buffers().begin().idle().end(pipeline.RunTimedOut, pipeline.Event{}).story), workflows.Emitters)
	f := o.Reports(t, checks.TMP013)
	if len(f.Evidence) != 2 || f.Evidence[1].Excerpt != "the buffer timed out" || f.Evidence[1].Locator.Workflow != bufferID {
		t.Errorf("got %+v", f.Evidence)
	}
}
