package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

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
				o := checkstest.Run(world(test.run(groupingsSealed(sealed)).story), workflows.Grouping)
				got := o.Said()
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
	o := checkstest.Run(world(run.story), workflows.Grouping)
	o.Blames(t, "TMP002")
	f := o.Findings[0]
	if len(f.Evidence) != 3 || f.Evidence[1].Locator.Object != keyOf(1) || f.Evidence[2].Locator.Run != "run-001" {
		t.Errorf("evidence %+v", f.Evidence)
	}
	again := groupings().begin().hand(1).collect(1).prepare(true, ticketOf("1")).handOn().hand(2).collect(2).
		prepare(false, ticketOf("1")).assign(false, ticketOf("1")).handOn().idle()
	if got := checkstest.Run(world(again.story), workflows.Grouping).Said(); !strings.HasPrefix(got, "recovered: ") {
		t.Errorf("emitted again: %s", got)
	}
}

// TestNoBatchIsMiscounted lets grouping run at random and without a key. What the check decides must be true.
func TestNoBatchIsMiscounted(t *testing.T) {
	decided, total := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s, truth := drawRounds(t)
		o := checkstest.Run(world(s), workflows.Grouping)
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
