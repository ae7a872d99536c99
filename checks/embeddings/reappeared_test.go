package embeddings_test

import (
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// cleaned tells of a run of grouping that was terminated an hour ago, for a reason.
func cleaned(w *pipeline.World, reason string) {
	run := pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "8f31c2aa"}
	w.Tell(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{
			{Run: run, Type: journey.GroupingWorkflow, Status: pipeline.Terminated, Start: since, Close: now.Add(-time.Hour)},
		}}),
		pipeline.Histories.Is(run, pipeline.History{Events: []pipeline.Event{
			{ID: 1, Type: pipeline.WorkflowStarted, Time: since}, {ID: 2, Type: pipeline.WorkflowTerminated, Time: now.Add(-time.Hour), Reason: reason},
		}}),
	)
}

func TestWhatComesInBehindACleanup(t *testing.T) {
	const small = "posthog.sharded_posthog_document_embeddings_text_embedding_3_small"
	after, before := now.Add(-50*time.Minute), now.Add(-2*time.Hour)
	for name, test := range map[string]struct {
		report   string
		inserted time.Time
		reason   string
		want     string // what explains the stale embeddings, and what they say of the cleanup
		left     bool
	}{
		"behind it":          {gone, after, journey.CleanupReason, "CLK007", false},
		"left by it":         {gone, before, journey.CleanupReason, "", true},
		"no cleanup":         {gone, after, "restarting everything", "", false},
		"of a report, since": {exists, after, journey.CleanupReason, "none", false},
	} {
		t.Run(name, func(t *testing.T) {
			live := map[string][]pipeline.ReportSignals{"small": {{Report: test.report, Documents: 2, Inserted: test.inserted}}}
			w := told{tables: family("posthog"), live: live, missing: []string{gone}}.world()
			cleaned(w, test.reason)
			o := checkstest.Run(w, embeddings.Stale)
			if test.want == "none" {
				o.Silent(t)
				return
			}
			f := o.Reports(t, checks.CLK001, small)
			o.Blames(t, test.want)
			if left := len(f.Evidence) > 2; left != test.left {
				t.Errorf("evidence %+v", f.Evidence)
			}
			if test.want != "" {
				checkstest.Run(w, embeddings.Reappeared).Says(t, "embeddings of 1 report came in after cleanup_signals had deleted it")
			} else {
				checkstest.Run(w, embeddings.Reappeared).Silent(t)
			}
		})
	}
}

// Where Postgres cannot say which reports exist it is not known what has come back; without a cleanup nothing can have.
func TestReappearanceWithoutPostgres(t *testing.T) {
	for reason, want := range map[string]checks.Status{journey.CleanupReason: checks.Unknown, "": checks.Passed} {
		live := map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 2, Inserted: now.Add(-time.Minute)}}}
		w := told{tables: family("posthog"), live: live}.world()
		w.Tell(pipeline.ReportStates.Fails(pipeline.ReportsOf{Team: team, IDs: []string{gone}}, pipeline.TimedOut, nil))
		cleaned(w, reason)
		if o := checkstest.Run(w, embeddings.Reappeared); o.Status != want {
			t.Errorf("%q: %s (%s)", reason, o.Status, o.Reason)
		}
	}
}

// Reports that were made after a cleanup have not been deleted by it, and it does not explain the others beside its own.
func TestACleanupExplainsNothingElse(t *testing.T) {
	const other = "0b8f3a52-5b0c-4a51-9a5b-6c1d1c4b9f10"
	cleanup := now.Add(-time.Hour)
	behind := pipeline.ReportSignals{Report: gone, Documents: 2, Newest: cleanup.Add(-time.Second), Inserted: cleanup.Add(time.Minute)}
	since := pipeline.ReportSignals{Report: other, Documents: 1, Newest: cleanup.Add(10 * time.Minute), Inserted: cleanup.Add(10 * time.Minute)}
	for name, test := range map[string]struct {
		live []pipeline.ReportSignals
		want string // what explains the stale embeddings
		said string // of those that came in behind the cleanup
	}{
		"behind it":          {[]pipeline.ReportSignals{behind}, "CLK007", "embeddings of 1 report came in after cleanup_signals had deleted it"},
		"made since":         {[]pipeline.ReportSignals{since}, "", ""},
		"one of either kind": {[]pipeline.ReportSignals{behind, since}, "", "embeddings of 1 report came in after cleanup_signals had deleted it"},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{tables: family("posthog"), live: map[string][]pipeline.ReportSignals{"small": test.live}, missing: []string{gone, other}}.world()
			cleaned(w, journey.CleanupReason)
			checkstest.Run(w, embeddings.Stale).Blames(t, test.want)
			checkstest.Run(w, embeddings.Reappeared).Says(t, test.said)
		})
	}
}
