package inbox_test

import (
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// failedReport is a report that failed for a reason, an hour ago.
func failedReport(reason string) pipeline.UnfinishedReport {
	report := ago(pipeline.ReportFailed, time.Hour)
	report.Error = reason
	return report
}

func tellFailed(w *pipeline.World, reports ...pipeline.UnfinishedReport) {
	w.Tell(pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Failed: reports}))
}

func TestFailedReports(t *testing.T) {
	yesterday := ago(pipeline.ReportFailed, 25*time.Hour)
	for name, test := range map[string]struct {
		report   pipeline.UnfinishedReport
		want     string
		severity checks.Severity
	}{
		"without a word":    {failedReport(""), "report 5b0c21ab has failed", checks.Error},
		"with an empty one": {failedReport("Activity task failed"), "report 5b0c21ab has failed", checks.Error},
		"with a reason":     {failedReport("No signals found"), "report 5b0c21ab has failed: No signals found", checks.Error},
		"by the reconciler": {failedReport("Research run did not complete (summary workflow TERMINATED)"), "report 5b0c21ab has failed: Research run did not complete (summary workflow TERMINATED)", checks.Error},
		"in several lines":  {failedReport("a\x1b[31m\nb"), "report 5b0c21ab has failed: a\x1b[31m b", checks.Error},
		"as it should":      {failedReport("Failed safety review: asks to ignore all instructions"), "report 5b0c21ab has failed: Failed safety review: asks to ignore all instructions", checks.Info},
		"long ago":          {yesterday, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := checkstest.World()
			tellFailed(w, test.report)
			tellExecutions(w)
			o := checkstest.Run(w, inbox.Reports)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if f.Code != checks.INB004 || f.Severity != test.severity || f.Subject[0] != stuck {
					t.Errorf("%s %s about %s", f.Code, f.Severity, f.Subject)
				}
			}
		})
	}
}

func TestAFailedReportIsExplainedByItsSummary(t *testing.T) {
	for name, test := range map[string]struct{ workflow, want string }{
		"its own":     {stuck, "TMP002"},
		"another one": {"5b0c21ab-0000-4000-8000-000000000002", ""},
	} {
		t.Run(name, func(t *testing.T) {
			summary := summaryOf(test.workflow, "", pipeline.RunFailed)
			w := checkstest.World(pipeline.Histories.Is(summary.Run, pipeline.History{Events: []pipeline.Event{
				{ID: 1, Type: pipeline.WorkflowStarted},
				{ID: 2, Type: pipeline.WorkflowFailed, Time: summary.Close, Failure: &pipeline.Failure{Message: "GitHub API returned 401", Type: "GitHubIntegrationError"}},
			}}))
			tellFailed(w, failedReport("Activity task failed"))
			tellExecutions(w, summary)
			o := checkstest.Run(w, inbox.Reports)
			o.Reports(t, checks.INB004, stuck)
			o.Blames(t, test.want)
		})
	}
}

// Of a report whose summary has found no signals it is told which there are; that it did not see them is explained by what
// the commands ask.
func TestAReportWithoutSignals(t *testing.T) {
	table := pipeline.Table{Database: "posthog", Name: "sharded_posthog_document_embeddings_text_embedding_3_small_1536", Engine: "ReplacingMergeTree", Columns: []string{"metadata"}}
	for name, test := range map[string]struct {
		asked   string
		rows    int
		arrived time.Time
		said    string
		want    string
	}{
		"none is there":      {"default", 0, now, "no live signal of it is there", ""},
		"they came too late": {"default", 2, now.Add(-30 * time.Minute), "has 2 signals of it, which came later", ""},
		"it asks elsewhere":  {"default", 2, now.Add(-2 * time.Hour), "has 2 signals of it, which came earlier", "CLK002"},
		"they were deleted":  {"posthog", 2, now.Add(-2 * time.Hour), "has 2 signals of it, which came earlier", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var live pipeline.TeamSignals
			if test.rows > 0 {
				live.Reports = []pipeline.ReportSignals{{Report: stuck, Documents: test.rows, Inserted: test.arrived}}
			}
			w := checkstest.World(
				pipeline.EmbeddingTables.Is(pipeline.Nothing{}, []pipeline.Table{table}),
				pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: table, Team: team, Since: since}, live),
				pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: []string{stuck}}, []pipeline.ReportState{{ID: stuck, Status: pipeline.ReportFailed}}),
			)
			line := settings.Line{Number: 1, Name: "CLICKHOUSE_DATABASE", Value: test.asked}
			w.Settings.EnvFiles = []settings.EnvFile{{Path: "/posthog/.env", Lines: []settings.Line{line}, Values: map[string]string{line.Name: line.Value}}}
			w.Settings.Postgres.Address = settings.Address{Setting: "PGHOST", URL: "postgres://localhost:5432/posthog"}
			tellFailed(w, failedReport("No signals found"))
			tellExecutions(w)
			o := checkstest.Run(w, inbox.Reports)
			f := o.Reports(t, checks.INB004, stuck)
			o.Blames(t, test.want)
			if got := f.Evidence[len(f.Evidence)-1].Excerpt; got != test.said {
				t.Errorf("evidence %q, want %q", got, test.said)
			}
		})
	}
}

func TestTooManyFailedReports(t *testing.T) {
	for name, test := range map[string]struct {
		oldest time.Duration
		status checks.Status
	}{"all of this day": {time.Hour, checks.Unknown}, "back to yesterday": {25 * time.Hour, checks.Passed}} {
		t.Run(name, func(t *testing.T) {
			harmless := failedReport("Failed safety review: spam")
			oldest := harmless
			oldest.Updated = now.Add(-test.oldest)
			w := checkstest.World(pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Failed: []pipeline.UnfinishedReport{harmless, oldest}, FailedTruncated: true}))
			tellExecutions(w)
			if o := checkstest.Run(w, inbox.Reports); o.Status != test.status {
				t.Errorf("%s: %s", o.Status, o.Reason)
			}
		})
	}
}
