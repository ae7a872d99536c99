package embeddings_test

import (
	"errors"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

func TestDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		live             map[string][]pipeline.ReportSignals
		deleted, missing []string
		want             string
	}{
		"no signals":       {nil, nil, nil, ""},
		"none was":         {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}}, nil, nil, ""},
		"one was":          {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}, {Report: gone, Documents: 1}}}, []string{gone}, nil, "1 embedding points at 1 report that was deleted"},
		"two were":         {map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 3}, {Report: lost, Documents: 2}}}, []string{gone, lost}, nil, "5 embeddings point at 2 reports that were deleted"},
		"one is missing":   {map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 3}}}, nil, []string{gone}, ""},
		"in another table": {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}, "large": {{Report: gone, Documents: 2}}}, []string{gone}, nil, "2 embeddings point at 1 report that was deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(told{tables: family("posthog"), live: test.live, deleted: test.deleted, missing: test.missing}.world(), embeddings.Deleted)
			o.Says(t, test.want)
			if want := map[bool]checks.Status{true: checks.Failed, false: checks.Passed}[test.want != ""]; o.Status != want {
				t.Errorf("%s (%s), want %s", o.Status, o.Reason, want)
			}
			if result, _ := o.Result.([]embeddings.DeletedReport); len(result) != len(test.deleted) {
				t.Errorf("result %+v", o.Result)
			}
			for _, f := range o.Findings {
				if f.Severity != checks.Warning || f.Stage != checks.Embeddings || !f.Evidence[1].Time.Equal(now.Add(-time.Hour)) {
					t.Errorf("%s at %s, evidence %+v", f.Severity, f.Stage, f.Evidence)
				}
			}
		})
	}
}

func TestDeletedWithoutPostgres(t *testing.T) {
	w := told{tables: family("posthog"), live: map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}}}.world()
	w.Tell(pipeline.ReportStates.Fails(pipeline.ReportsOf{Team: team, IDs: []string{exists}}, pipeline.Failed, errors.New(`relation "signals_signalreport" does not exist`)))
	checkstest.Run(w, embeddings.Deleted).Is(t, checks.Unknown, "signals_signalreport")
}

// What was given to a report at its last change, or later, was given to a deleted one.
func TestGivenToADeletedReport(t *testing.T) {
	r := embeddings.DeletedReport{Changed: now.Add(123456 * time.Microsecond)}
	for after, want := range map[time.Duration]bool{-time.Second: false, 122 * time.Millisecond: false, 123 * time.Millisecond: true, time.Second: true} {
		if got := r.Given(now.Add(after)); got != want {
			t.Errorf("%s: %t", after, got)
		}
	}
}

func TestRecentSignalsAreCountedWhereTheyAreSearched(t *testing.T) {
	small, large := table("posthog", "small_1536"), table("posthog", "large_3072")
	w := told{tables: []pipeline.Table{large, small}}.world()
	for table, recent := range map[*pipeline.Table]int{&small: 5, &large: 50} {
		w.Tell(pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: *table, Team: team, Since: since}, pipeline.TeamSignals{Recent: recent}))
	}
	if s := checkstest.Run(w, embeddings.Live).Result.(*embeddings.Signals); s.Recent != 5 || !s.Counted {
		t.Errorf("%+v", s)
	}
	w.Tell(pipeline.LiveSignals.Fails(pipeline.SignalsOf{Table: small, Team: team, Since: since}, pipeline.TimedOut, nil))
	if s := checkstest.Run(w, embeddings.Live).Result.(*embeddings.Signals); s.Counted {
		t.Errorf("counted without asking: %+v", s)
	}
}
