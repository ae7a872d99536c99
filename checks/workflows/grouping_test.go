package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

const match = "match_signal_to_report_activity"

// keyOf is the name of a batch in object storage.
func keyOf(n int) string {
	return fmt.Sprintf("signals/signal_batches/%08d-aaaa-4bbb-8ccc-dddddddddddd", n)
}

// hand tells grouping of a batch.
func (t *told) hand(key int) *told {
	t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitBatch, Input: t.story.payload(fmt.Sprintf("%q", keyOf(key)))})
	return t
}

// payload is a text as the story's payloads hold it.
func (s *story) payload(text string) []pipeline.Payload {
	if s.sealed {
		return sealed()
	}
	return plain(text)
}

// give schedules an activity with an input.
func (t *told) give(activity, input string) int64 {
	id := t.ask(activity)[0]
	t.events[id-1].Input = t.story.payload(input)
	return id
}

// collect reads batches, one after another, and waits for more in vain.
func (t *told) collect(keys ...int) *told {
	for _, key := range keys {
		t.complete(t.give(journey.ReadBatchActivity, fmt.Sprintf(`{"object_key": %q}`, keyOf(key))))
	}
	return t.wait()
}

// prepare works on all signals at once, and fails if told to.
func (t *told) prepare(fails bool, signals ...string) *told {
	t.succeed("fetch_signal_type_examples_activity")
	var asked []int64
	for _, signal := range signals {
		asked = append(asked, t.give(journey.QueriesActivity, signal))
	}
	if fails {
		return t.fail(asked[0], "Exception", "LLM call failed after 3 attempts")
	}
	return t.complete(asked...).succeed("fetch_report_contexts_activity")
}

// assign gives a signal its report, or fails to.
func (t *told) assign(fails bool, signal string) *told {
	t.complete(t.give(match, signal))
	id := t.give(assign, signal)
	if fails {
		return t.fail(id, "DoesNotExist", phantom)
	}
	return t.complete(id)
}

// handOn continues as new with some batches.
func (t *told) handOn(keys ...int) *told {
	var names []string
	for _, key := range keys {
		names = append(names, fmt.Sprintf("%q", keyOf(key)))
	}
	input := t.story.payload(`{"team_id": 7, "pending_batch_keys": [` + strings.Join(names, ", ") + `]}`)
	next := t.goOn()
	t.events[len(t.events)-1].Input, next.events[0].Input = input, input
	return next
}

func ticketOf(id string) string { return strings.ReplaceAll(ticket, "4711", id) }

func groupingsSealed(sealed bool) *story {
	s := groupings()
	s.sealed = sealed
	return s
}

func TestSignalsThatAreDroppedAlone(t *testing.T) {
	const lost = "1 signal was dropped by grouping: " + assign + " failed for good"
	batch := func(s *story) *told {
		return s.begin().hand(1).collect(1).prepare(false, ticketOf("1"), ticketOf("2"), ticketOf("3"))
	}
	for name, test := range map[string]struct {
		run  func(*story) *told
		key  string // what is said where a key opens the payloads
		none string // and where not
	}{
		"all well": {func(s *story) *told { return batch(s).assign(false, ticketOf("1")).handOn().idle() }, "", ""},
		"one of two": {func(s *story) *told {
			return batch(s).assign(true, ticketOf("1")).assign(false, ticketOf("2")).handOn().idle()
		}, lost, lost},
		"two of three": {func(s *story) *told {
			return batch(s).assign(true, ticketOf("1")).assign(true, ticketOf("2")).assign(false, ticketOf("3")).handOn().idle()
		}, strings.Replace(lost, "1 signal was", "2 signals were", 1), strings.Replace(lost, "1 signal was", "2 signals were", 1)},
		"in the run that goes on": {func(s *story) *told { return batch(s).assign(true, ticketOf("1")) }, lost, lost},
		"emitted again":           {func(s *story) *told { return emittedAgain(batch(s), ticketOf("1")) }, "recovered: " + lost, lost},
		"another one came after":  {func(s *story) *told { return emittedAgain(batch(s), ticketOf("9")) }, lost, lost},
		"the wait failed": {func(s *story) *told {
			run := batch(s).assign(false, ticketOf("1"))
			return run.fail(run.ask(journey.WaitActivity)[0], "TimeoutError", "heartbeat").handOn(1)
		}, "", ""},
		"a summary's failed fetch": {func(*story) *told {
			return failed(summary(), "fetch_signals_for_report_activity", "Exception", "no").handOn()
		}, "", ""},
	} {
		for _, sealed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sealed=%t", name, sealed), func(t *testing.T) {
				want := test.key
				if sealed {
					want = test.none
				}
				checkstest.Run(world(test.run(groupingsSealed(sealed)).story), workflows.Grouping).Says(t, want)
			})
		}
	}
}

// emittedAgain drops signal 1, and gives a signal a report in a later run.
func emittedAgain(run *told, signal string) *told {
	return run.assign(true, ticketOf("1")).handOn().hand(2).collect(2).prepare(false, signal).assign(false, signal).handOn().idle()
}

func TestADroppedSignalIsNamedAndExplained(t *testing.T) {
	run := groupings().begin().hand(1).collect(1).prepare(false, ticketOf("1"))
	// What works on the report's signals is not told which signal it is for. Newer code tells.
	run.fail(run.give("fetch_signals_for_report_activity", `{"report_id": "r"}`), "ServerException", "Memory limit exceeded")
	run.complete(run.give("capture_signal_dropped_activity", `{"source_product": "zendesk", "source_type": "ticket", "source_id": "1", "stage": "grouping_parallel"}`))
	o := checkstest.Run(world(run.story), workflows.Grouping)
	o.Blames(t, "TMP002")
	f := o.Findings[0]
	if got := f.Evidence[0].Excerpt; got != "zendesk/ticket 1: Memory limit exceeded" {
		t.Errorf("got %s", got)
	}
	if f.Causes[0].Subject[1] != "fetch_signals_for_report_activity" {
		t.Errorf("caused by %+v", f.Causes)
	}
	if f.Stage != checks.Grouping || f.Severity != checks.Error || f.Subject[0] != "run-000" || len(f.Subject) != 2 {
		t.Errorf("%s at %s: %v", f.Severity, f.Stage, f.Subject)
	}
}

func TestACleanupTakesWhatWasDropped(t *testing.T) {
	for name, buffer := range map[string]bool{"with the buffer": true, "with grouping": false} {
		t.Run(name, func(t *testing.T) {
			run := groupings().begin().hand(1).collect(1).prepare(false, ticketOf("1")).assign(true, ticketOf("1"))
			stories := []*story{run.story}
			ended := run
			if buffer {
				ended = buffers().begin().idle()
				ended.run.Start = run.run.Start.Add(time.Hour)
				stories = append(stories, ended.story)
			}
			ended.end(pipeline.Terminated, pipeline.Event{Reason: "cleanup_signals management command"})
			o := checkstest.Run(world(stories...), workflows.Grouping)
			if f := o.Reports(t, checks.TMP006); f.Severity != checks.Info || o.Status != checks.Passed {
				t.Errorf("%s: %+v", o.Status, f)
			}
		})
	}
}

// TestTheHistoriesAreReadWhenSignalsAreMissing hides a dropped signal in a run of which the end went well.
func TestTheHistoriesAreReadWhenSignalsAreMissing(t *testing.T) {
	const lost = "1 signal was dropped by grouping: " + assign + " failed for good"
	unknown := func(w *pipeline.World) {
		w.Tell(pipeline.EmbeddingTables.Fails(pipeline.Nothing{}, pipeline.Failed, nil))
	}
	for name, test := range map[string]struct {
		recent int // signals that ClickHouse has
		busy   bool
		change func(*pipeline.World)
		want   string
	}{
		"all are there":            {3, false, nil, ""},
		"one is missing":           {2, false, nil, lost},
		"nobody can count":         {3, false, unknown, lost},
		"it works on what is left": {2, true, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := groupings().begin().hand(1).collect(1).prepare(false, ticketOf("1"))
			run.assign(true, ticketOf("1")).assign(false, ticketOf("2")).succeed(journey.WaitActivity)
			if next := run.handOn(); test.busy {
				next.hand(2).collect(2)
			} else {
				next.idle()
			}
			buffer := buffers()
			buffer.begin().signal(3).wait().batch(3, 0, 0, 0).goOn().idle()
			w := world(run.story, buffer)
			w.Tell(pipeline.Tails.Is(pipeline.RunTail{Run: run.run.Run, Events: 12}, pipeline.History{Events: run.events[len(run.events)-9:], Truncated: true}))
			tellClickHouse(w, test.recent)
			if test.change != nil {
				test.change(w)
			}
			checkstest.Run(w, workflows.Grouping).Says(t, test.want)
		})
	}
}

// While grouping works, what it was given last and has brought through already does not stand for what it dropped before.
func TestWhatCameSinceDoesNotHideADrop(t *testing.T) {
	const lost = "1 signal was dropped by grouping: " + assign + " failed for good"
	for recent, want := range map[int]string{5: lost, 6: ""} {
		s := groupings()
		dropping := s.begin().hand(1).collect(1).prepare(false, ticketOf("1"))
		if want != "" {
			dropping.assign(true, ticketOf("1"))
		}
		dropping.assign(false, ticketOf("2")).succeed(journey.WaitActivity)
		since := dropping.handOn()
		since.hand(2).collect(2).prepare(false, ticketOf("4")).assign(false, ticketOf("4")).succeed(journey.WaitActivity)
		since.handOn().hand(3).collect(3)
		buffer := buffers()
		buffer.begin().signal(3).wait().batch(3, 0, 0, 0).goOn().signal(3).wait().batch(3, 0, 0, 0).goOn().idle()
		w := world(s, buffer)
		for _, run := range s.runs[:2] {
			w.Tell(pipeline.Tails.Is(pipeline.RunTail{Run: run.run.Run, Events: 12}, pipeline.History{Events: run.events[len(run.events)-9:], Truncated: true}))
		}
		tellClickHouse(w, recent, pipeline.ReportSignals{Report: "before", Recent: recent - 3, Newest: since.run.Start.Add(-time.Second)},
			pipeline.ReportSignals{Report: "since", Recent: 3, Newest: since.run.Start.Add(time.Second)})
		checkstest.Run(w, workflows.Grouping).Says(t, want)
	}
}

var searched = pipeline.Table{
	Database: "posthog", Name: "sharded_posthog_document_embeddings_text_embedding_3_small_1536", Engine: "ReplacingMergeTree", Columns: []string{"metadata"},
}

func tellClickHouse(w *pipeline.World, recent int, reports ...pipeline.ReportSignals) {
	w.Tell(
		pipeline.ClickHouseReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "26.7"}),
		pipeline.EmbeddingTables.Is(pipeline.Nothing{}, []pipeline.Table{searched}),
		pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: searched, Team: team, Since: day}, pipeline.TeamSignals{Reports: reports, Recent: recent}),
	)
}

func TestSignalsOfADeletedReport(t *testing.T) {
	const report = "5b0c21ab-0000-4000-8000-000000000001"
	deleted := noon.Add(-time.Hour + 456*time.Microsecond)
	for name, test := range map[string]struct {
		newest time.Time
		want   string
	}{
		"none since":              {deleted.Add(-time.Minute), ""},
		"one in the same instant": {deleted.Truncate(time.Millisecond), "at least 1 signal was given to a report that had been deleted"},
		"one since":               {deleted.Add(time.Minute), "at least 1 signal was given to a report that had been deleted"},
	} {
		for _, sealed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sealed=%t", name, sealed), func(t *testing.T) {
				run := groupingsSealed(sealed).begin().hand(1).collect(1).prepare(false, ticketOf("1"))
				run.complete(run.give(assign, `{"signal_id": "document-2"}`)).handOn().idle()
				given := run.events[len(run.events)-5]
				w := world(run.story)
				tellClickHouse(w, 0, pipeline.ReportSignals{Report: report, Documents: 2, Newest: test.newest})
				w.Tell(
					pipeline.PostgresReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "15"}),
					pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: []string{report}}, []pipeline.ReportState{{ID: report, Status: "deleted", Updated: deleted}}),
					pipeline.ReportDocuments.Is(pipeline.SignalsOfReport{Table: searched, Team: team, Report: report}, []pipeline.Document{
						{ID: "document-2", Product: "zendesk", Type: "ticket", SourceID: "4711", Signalled: test.newest},
						{ID: "document-1", Product: "zendesk", Type: "ticket", SourceID: "4710", Signalled: deleted.Add(-time.Hour)},
					}),
				)
				o := checkstest.Run(w, workflows.Grouping)
				o.Says(t, test.want)
				if test.want == "" {
					return
				}
				o.Blames(t, "CLK004")
				f := o.Findings[0]
				if len(f.Evidence) != 1 || f.Evidence[0].Excerpt != "zendesk/ticket 4711 is in report 5b0c21ab" {
					t.Errorf("evidence %+v", f.Evidence)
				}
				if at := f.Evidence[0].Locator; (at.Event != 0) == sealed {
					t.Errorf("it is in %+v, was given in %+v", at, given)
				}
			})
		}
	}
}
