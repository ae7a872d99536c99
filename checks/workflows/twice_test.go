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

// delivering is an emitter that was open from the first minute on, whose activity was begun for the last time in the given minute.
func delivering(id string, attempt, minute int) *told {
	s := emitter()
	s.workflow = "signal-emitter-7-" + id
	run := s.begin()
	run.run.ID = "emitter-run-" + id
	run.events[0].Input = plain(`{"team_id": 7, "signal": ` + ticket + `}`)
	asked := run.ask("submit_signal_to_buffer_activity")[0]
	run.write(pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: asked, Attempt: attempt, Failure: &pipeline.Failure{Message: "Timeout expired", Type: "RPCError"}})
	run.events[len(run.events)-1].Time = run.run.Start.Add(time.Duration(minute) * time.Minute)
	run.end(pipeline.Completed, pipeline.Event{})
	run.run.Close = run.run.Start.Add(9 * time.Minute)
	return run
}

// deliveries is a buffer that the same signal came to in the given minutes.
func deliveries(minutes ...int) *told {
	run := buffers().begin()
	for _, minute := range minutes {
		run.bring()
		run.events[len(run.events)-1].Time = run.run.Start.Add(time.Duration(minute) * time.Minute)
	}
	return run.wait()
}

func TestSignalsThatAreDeliveredTwice(t *testing.T) {
	const twice = "1 signal was delivered to the buffer twice by one emitter"
	sealed := func() *told { return buffers().begin().signal(2).wait() }
	byDoctor := deliveries(2, 4)
	byDoctor.events[2].Identity = "doctor/run-000/2"
	for name, test := range map[string]struct {
		buffer   *told
		emitters []*told
		want     string
	}{
		"once":                         {deliveries(2), nil, ""},
		"tried again and delivered":    {deliveries(2, 4), []*told{delivering("a", 2, 3)}, twice},
		"emitted twice":                {deliveries(2, 4), []*told{delivering("a", 1, 1), delivering("b", 1, 3)}, ""},
		"tried again before the first": {deliveries(2, 4), []*told{delivering("a", 2, 1), delivering("b", 1, 3)}, ""},
		"delivered by the doctor":      {byDoctor, []*told{delivering("a", 2, 3)}, ""},
		"no emitter is known":          {deliveries(2, 4), nil, ""},
		"without a key":                {sealed(), nil, "skipped: no key opens the payloads, which would tell whether two of 2 deliveries are of the same signal"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(test.buffer.story)
			var listed []pipeline.Execution
			for _, e := range test.emitters {
				listed = append(listed, e.run)
				w.Tell(pipeline.Histories.Is(e.run.Run, pipeline.History{Events: e.events}))
			}
			w.Tell(pipeline.Emitters.Is(pipeline.TeamAt{Team: team, At: day.Add(5 * time.Minute)}, listed))
			o := checkstest.Run(w, workflows.Twice)
			o.Says(t, test.want)
			if test.want == twice {
				f := o.Reports(t, checks.TMP012, bufferID)
				if len(f.Evidence) != 3 || f.Evidence[2].Excerpt != "attempt 2 of its delivery, after: Timeout expired" {
					t.Errorf("got %+v", f.Evidence)
				}
			}
		})
	}
}

func TestEmittersThatCannotBeListed(t *testing.T) {
	w := world(deliveries(2, 4).story)
	w.Tell(pipeline.Emitters.Fails(pipeline.TeamAt{Team: team, At: day.Add(5 * time.Minute)}, pipeline.Failed, errors.New("overloaded")))
	checkstest.Run(w, workflows.Twice).Is(t, checks.Unknown, "overloaded")
}
