package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"doctor/checks"
	"doctor/checks/embeddings"
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
				o := diagnose(t, world(test.run(groupingsSealed(sealed)).story), workflows.Grouping)
				if got := said(o); got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
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
	o := diagnose(t, world(run.story), workflows.Grouping, workflows.Failures)
	f := o.Findings[0]
	if got := f.Evidence[0].Excerpt; got != "zendesk/ticket 1: Memory limit exceeded" {
		t.Errorf("got %s", got)
	}
	if len(f.Causes) != 1 || f.Causes[0].Code != checks.TMP002 || f.Causes[0].Subject[1] != "fetch_signals_for_report_activity" {
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
			o := diagnose(t, world(stories...), workflows.Grouping)
			if len(o.Findings) != 1 || o.Findings[0].Severity != checks.Info || o.Status != checks.Passed {
				t.Errorf("%s: %+v", o.Status, o.Findings)
			}
		})
	}
}

func TestBatchesThatCannotBePrepared(t *testing.T) {
	lost := func(what string) string {
		return what + " dropped by grouping: " + journey.QueriesActivity + " failed for good"
	}
	undecided := func(why string) string {
		return "unknown: run run-000 of team-signal-grouping-v2-7 could not prepare 1 batch: " + why
	}
	first := func(s *story) *told { return s.begin().hand(1).collect(1).prepare(true, ticketOf("1"), ticketOf("2")) }
	for name, test := range map[string]struct {
		run       func(*story) *told
		key, none string
	}{
		"tried again":           {func(s *story) *told { return first(s).handOn(1).collect(1) }, "", ""},
		"tried again, and well": {func(s *story) *told { return first(s).handOn(1).collect(1).prepare(false, "{}").handOn().idle() }, "", ""},
		"given up":              {func(s *story) *told { return first(s).handOn().idle() }, lost("2 signals were"), lost("2 signals were")},
		"given up in the third round": {func(s *story) *told {
			return first(s).handOn(1).collect(1).prepare(true, "{}").handOn(1).collect(1).prepare(true, "{}").handOn().idle()
		}, lost("1 signal was"), lost("1 signal was")},
		"given up before it has signals": {func(s *story) *told {
			run := s.begin().hand(1).collect(1)
			return run.fail(run.ask("fetch_signal_type_examples_activity")[0], "E", "no").handOn().idle()
		}, strings.Replace(lost("1 batch was"), journey.QueriesActivity, "fetch_signal_type_examples_activity", 1), strings.Replace(lost("1 batch was"), journey.QueriesActivity, "fetch_signal_type_examples_activity", 1)},
		"another one came meanwhile": {func(s *story) *told {
			return first(s).hand(2).handOn(2).collect(2).prepare(false, "{}").handOn().idle()
		}, lost("2 signals were"), lost("2 signals were")},
		"both are tried": {func(s *story) *told {
			return first(s).hand(2).handOn(1, 2).collect(1, 2).prepare(false, "{}").handOn().idle()
		}, "", ""},
		"the next has one of its own": {func(s *story) *told { return first(s).handOn().hand(2).collect(2).prepare(false, "{}").handOn().idle() }, lost("2 signals were"), lost("2 signals were")},
		"the next has not worked":     {func(s *story) *told { return first(s).handOn() }, lost("2 signals were"), undecided("the events do not tell how many batches the next run was given")},
		"the next is gone":            {func(s *story) *told { return gone(first(s).handOn().idle()) }, lost("2 signals were"), undecided("the history of the run that it continued as is not there")},
		"it goes on":                  {func(s *story) *told { return first(s) }, "", ""},
		"it was paused": {func(s *story) *told {
			run := first(s)
			run.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: "set_paused_until"})
			return run.handOn(1).wait()
		}, "", undecided("the events do not tell how many batches it had")},
		"two came while it was hurried":    {func(s *story) *told { return reading(hurried(s).hand(2).handOn(1, 2), 1) }, "", undecided("the events do not tell how many batches the next run was given")},
		"no run before it, and no waiting": {func(s *story) *told { return hurried(s).handOn().idle() }, lost("1 signal was"), lost("1 signal was")},
	} {
		for _, sealed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/sealed=%t", name, sealed), func(t *testing.T) {
				want := test.key
				if sealed {
					want = test.none
				}
				o := diagnose(t, world(test.run(groupingsSealed(sealed)).story), workflows.Grouping)
				got := said(o)
				if strings.Contains(name, "gone") { // which the check says as well
					got, _, _ = strings.Cut(strings.Replace(got, "1 of 2 histories of grouping were not read whole: asking Temporal for the history of team-signal-grouping-v2-7 run run-001: missing; ", "", 1), "\n")
				}
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
			})
		}
	}
}

// hurried is a run that had no time left to wait for more when it had read its batch.
func hurried(s *story) *told {
	return reading(s.begin().hand(1), 1).prepare(true, ticketOf("1"))
}

// reading reads a batch, and has not come to wait for more.
func reading(run *told, key int) *told {
	return run.complete(run.give(journey.ReadBatchActivity, fmt.Sprintf(`{"object_key": %q}`, keyOf(key))))
}

func TestABatchIsNamedAndExplained(t *testing.T) {
	run := groupings().begin().hand(1).collect(1).prepare(true, ticketOf("1")).handOn().idle()
	o := diagnose(t, world(run.story), workflows.Grouping, workflows.Failures)
	f := o.Findings[0]
	if len(f.Causes) != 1 || f.Causes[0].Code != checks.TMP002 {
		t.Errorf("caused by %+v", f.Causes)
	}
	if len(f.Evidence) != 3 || f.Evidence[1].Locator.Object != keyOf(1) || f.Evidence[2].Locator.Run != "run-001" {
		t.Errorf("evidence %+v", f.Evidence)
	}
	again := groupings().begin().hand(1).collect(1).prepare(true, ticketOf("1")).handOn().hand(2).collect(2).
		prepare(false, ticketOf("1")).assign(false, ticketOf("1")).handOn().idle()
	if got := said(diagnose(t, world(again.story), workflows.Grouping)); !strings.HasPrefix(got, "recovered: ") {
		t.Errorf("emitted again: %s", got)
	}
}

// TestNoBatchIsMiscounted lets grouping run at random and without a key. What the check decides must be true.
func TestNoBatchIsMiscounted(t *testing.T) {
	decided, total := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s, truth := drawRounds(t)
		o := diagnose(t, world(s), workflows.Grouping)
		found := map[string]bool{}
		for _, f := range o.Findings {
			found[f.Subject[0]] = true
		}
		for run, dropped := range truth {
			total++
			if strings.Contains(o.Reason, run) {
				continue
			}
			decided++
			if found[run] != dropped {
				t.Fatalf("%s dropped %t, found %t (%s)", run, dropped, found[run], o.Reason)
			}
		}
	})
	t.Logf("%d of %d failed rounds decided, none wrong", decided, total)
}

// drawRounds is a counting model of grouping. It returns which of the rounds that failed dropped a batch.
func drawRounds(t *rapid.T) (*story, map[string]bool) {
	some := func(label string) int { return rapid.SampledFrom([]int{0, 0, 1, 1, 2}).Draw(t, label) }
	s, truth := groupingsSealed(true), map[string]bool{}
	run, held, key := s.begin(), []int(nil), 0
	arrive := func(label string) {
		for range some(label) {
			key++
			run.hand(key)
			held = append(held, key)
		}
	}
	for range rapid.IntRange(1, 5).Draw(t, "rounds") {
		arrive("before the first task")
		if len(held) == 0 {
			run.idle()
			key++
			run.hand(key)
			held = []int{key}
		}
		read := 0
		hurry := rapid.IntRange(0, 3).Draw(t, "hurry") == 0
		for read < len(held) && (read == 0 || !hurry) {
			run.complete(run.give(journey.ReadBatchActivity, ""))
			read++
			arrive("while it reads")
		}
		if !hurry {
			run.wait()
		}
		fails := rapid.Bool().Draw(t, "fails")
		run.prepare(fails, "{}")
		arrive("while it prepares")
		taken := held[:read]
		held = slices.Clone(held[read:])
		if fails {
			lost := rapid.SampledFrom([]int{0, 0, read, rapid.IntRange(0, read).Draw(t, "lost")}).Draw(t, "how many")
			truth[run.run.ID] = lost > 0
			held = append(slices.Clone(taken[lost:]), held...)
		}
		run = run.goOn()
	}
	for range held {
		run.complete(run.give(journey.ReadBatchActivity, ""))
	}
	if len(held) > 0 {
		run.wait()
	} else {
		run.idle()
	}
	return s, truth
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
			o := diagnose(t, w, workflows.Grouping, embeddings.Live)
			if got := said(o); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
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
				o := diagnose(t, w, workflows.Grouping, embeddings.Deleted)
				if got := said(o); got != test.want {
					t.Fatalf("got  %s\nwant %s", got, test.want)
				}
				if test.want == "" {
					return
				}
				f := o.Findings[0]
				if len(f.Causes) != 1 || f.Causes[0].Code != checks.CLK004 || len(f.Evidence) != 1 || f.Evidence[0].Excerpt != "zendesk/ticket 4711 is in report 5b0c21ab" {
					t.Errorf("caused by %v, evidence %+v", f.Causes, f.Evidence)
				}
				if at := f.Evidence[0].Locator; (at.Event != 0) == sealed {
					t.Errorf("it is in %+v, was given in %+v", at, given)
				}
			})
		}
	}
}
