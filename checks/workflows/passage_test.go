package workflows_test

import (
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// passages follows all signals that a buffer received, without a key.
func passages(t *testing.T, w *pipeline.World) []*journey.Passage {
	t.Helper()
	runs, ok := checkstest.Run(w, journey.Histories).Result.(*journey.Runs)
	if !ok {
		t.Fatal("the histories could not be read")
	}
	var all []*journey.Passage
	for _, link := range runs.Buffer {
		for _, e := range link.Ledger.Signals {
			p, err := runs.Follow(t.Context(), w, link, e)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
	}
	return all
}

// What was carried on stands before what a run received itself; where not all was carried on, no order tells which.
func TestPlaceInBatch(t *testing.T) {
	carried := buffers()
	first := carried.begin().signal(1).wait().batch(1, 2, 0, 1) // three come in while the first is being sent
	next := first.goOn().wait().signal(2).batch(5, 0, 0, 0)
	next.goOn().idle()
	some := buffers()
	some.begin().signal(1).wait().batch(1, 3, 0, 0).goOn().wait().batch(2, 0, 0, 0).goOn().idle()
	for name, c := range map[string]struct {
		story *story
		want  []int
	}{
		"all are carried on":  {carried, []int{1, 1, 2, 3, 4, 5}},
		"one of three is not": {some, []int{1, 0, 0, 0}},
	} {
		var got []int
		for _, p := range passages(t, world(c.story)) {
			got = append(got, p.Number)
			if p.Place != journey.HandedOver || (p.Number > 0) != (p.Filter != nil) {
				t.Errorf("%s: place %d, filter %v", name, p.Place, p.Filter)
			}
		}
		if len(got) != len(c.want) {
			t.Fatalf("%s: %v, want %v", name, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", name, got, c.want)
				break
			}
		}
	}
}

// told by the buffer of two batches, a grouping run reads both, and matches their signals in that order; of batches that it
// could not prepare it says which only by how many it hands on.
func TestPlaceInRound(t *testing.T) {
	for name, c := range map[string]struct {
		handedOn int // of the two batches that could not be prepared; -1: they could
		indexes  []int
		doubt    bool
	}{
		"prepared":       {-1, []int{0, 1, 2}, false},
		"both again":     {2, []int{0, 1, 2}, false},
		"neither again":  {0, []int{-1, -1, -1}, false},
		"one of the two": {1, []int{-1, -1, -1}, true},
	} {
		buffer := buffers()
		buffer.begin().signal(2).wait().batch(2, 0, 0, 0).goOn().signal(1).wait().batch(1, 0, 0, 0).goOn().idle()
		grouping := &story{workflow: "team-signal-grouping-v2-7", kind: journey.GroupingWorkflow}
		run := grouping.begin()
		run.run.Start = day
		for _, r := range buffer.runs[:2] {
			run.toldWhile(r)
		}
		run.round(c.handedOn < 0, 3)
		if c.handedOn >= 0 {
			run.goOn()
			again := grouping.runs[1]
			run.run.Close = day.Add(10 * time.Minute)
			again.run.Start = run.run.Close
			if c.handedOn > 0 {
				again.rereads(c.handedOn, map[int]int{1: 1, 2: 3}[c.handedOn])
			} else {
				again.idle()
			}
		}
		for i, p := range passages(t, world(buffer, grouping)) {
			if p.Index != c.indexes[i] || (p.Doubt != "") != c.doubt {
				t.Errorf("%s, signal %d: index %d in run %v, doubt %q; want %d", name, i, p.Index, p.Grouping, p.Doubt, c.indexes[i])
			}
		}
	}
}

// toldWhile tells grouping of a batch while a run of the buffer hands it over.
func (t *told) toldWhile(buffer *told) {
	var at time.Time
	for _, e := range buffer.events {
		if e.Activity == journey.HandOverActivity {
			at = e.Time
		}
	}
	id := t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitBatch})
	t.events[id-1].Time = at
}

// round reads both batches, and prepares their signals, or fails to.
func (t *told) round(well bool, signals int) {
	t.complete(t.ask(journey.ReadBatchActivity, journey.ReadBatchActivity)...)
	t.wait()
	t.prepareAll(well, signals)
}

// rereads reads what was handed on, and goes on well.
func (t *told) rereads(batches, signals int) {
	reads := make([]string, batches)
	for i := range reads {
		reads[i] = journey.ReadBatchActivity
	}
	t.complete(t.ask(reads...)...)
	t.wait()
	t.prepareAll(true, signals)
}

func (t *told) prepareAll(well bool, signals int) {
	queries := make([]string, signals)
	for i := range queries {
		queries[i] = journey.QueriesActivity
	}
	asked := t.ask(queries...)
	if !well {
		t.fail(asked[0], "RuntimeError", "LLM call failed after 3 attempts")
		return
	}
	t.complete(asked...)
	for range signals {
		t.complete(t.ask(journey.MatchActivity)...)
		t.complete(t.ask(journey.AssignActivity)...)
	}
}
