package workflows_test

import (
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// TestDelivery follows the last signal that a story's first run received.
func TestDelivery(t *testing.T) {
	refilled := func(during int) *told { return buffers().begin().signal(1).wait().batch(1, during, 0, 0) }
	for name, test := range map[string]struct {
		first *told
		place journey.Place
		in    string // the run that it is in, or was last in
	}{
		"it waits":                          {buffers().begin().signal(2).wait(), journey.Waiting, "run-000"},
		"its batch is being filtered":       {filtering(), journey.Taken, "run-000"},
		"its batch was handed over":         {refilled(0), journey.HandedOver, "run-000"},
		"it came during the batch":          {refilled(1), journey.Waiting, "run-000"},
		"it was carried on and waits":       {carriedOn(func(next *told) { next.wait() }), journey.Waiting, "run-001"},
		"it was carried on and handed over": {carriedOn(func(next *told) { next.wait().batch(1, 0, 0, 0) }), journey.HandedOver, "run-001"},
		"it was carried on twice":           {carriedOn(func(next *told) { next.goOn().batch(1, 0, 0, 0) }), journey.HandedOver, "run-002"},
		"the next run is not there":         {carriedOn(func(next *told) { next.story.runs = next.story.runs[:1] }), journey.Left, "run-000"},
		"its batch was unsafe":              {unsafeOnly(), journey.Dropped, "run-000"},
		"its batch went down with the run":  {ended(filtering()), journey.InHand, "run-000"},
		"it was waiting when the run ended": {ended(buffers().begin().signal(1).wait()), journey.InHand, "run-000"},
	} {
		t.Run(name, func(t *testing.T) {
			story := test.first.story
			o := checkstest.Run(world(story), journey.Histories)
			runs := o.Result.(*journey.Runs)
			sent := time.Time{}
			for _, e := range test.first.events {
				if e.Signal == journey.SubmitSignal {
					sent = e.Time
				}
			}
			emitter := &journey.Run{Execution: pipeline.Execution{Status: pipeline.Completed, Start: sent.Add(-time.Millisecond), Close: sent.Add(time.Millisecond)}}
			d := runs.Deliver(emitter)
			if d.Place != test.place || d.At == nil || d.At.ID != test.in || d.Link.ID != "run-000" || !d.Event.Time.Equal(sent) {
				t.Fatalf("place %d in %v, want %d in %s", d.Place, d.At, test.place, test.in)
			}
			if (d.Place == journey.HandedOver) == d.Handed.IsZero() {
				t.Errorf("handed over at %s", d.Handed)
			}
			emitter.Start, emitter.Close = sent.Add(time.Hour), sent.Add(time.Hour)
			if d := runs.Deliver(emitter); d.Place != journey.Nowhere {
				t.Errorf("a signal that nobody received is at place %d", d.Place)
			}
		})
	}
}

// filtering has just taken its batch.
func filtering() *told {
	t := buffers().begin().signal(1).wait()
	t.ask(journey.SafetyFilterActivity)
	return t
}

// carriedOn goes on with what came in during its only batch.
func carriedOn(then func(next *told)) *told {
	t := buffers().begin().signal(1).wait().batch(1, 0, 1, 0)
	then(t.goOn())
	return t
}

// unsafeOnly goes on after a batch of which nothing was safe.
func unsafeOnly() *told {
	t := buffers().begin().signal(1).wait()
	t.complete(t.ask(journey.SafetyFilterActivity)...)
	t.goOn().idle()
	return t
}

func ended(t *told) *told { return t.end(pipeline.Terminated, pipeline.Event{}) }
