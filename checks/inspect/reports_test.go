package inspect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const (
	team  = checkstest.Team
	gone  = "77ae9000-0000-4000-8000-000000000002"
	table = "sharded_posthog_document_embeddings_text_embedding_3_small_1536"
)

var (
	hourAgo = checkstest.Now.Add(-time.Hour)
	store   = pipeline.Table{Database: "posthog", Name: table, Engine: "ReplacingMergeTree", Columns: []string{"metadata"}}
)

// reportID is the id of a report that begins with a digit.
func reportID(digit string) string { return digit + "b0c2100-0000-4000-8000-000000000001" }

// told is a pipeline in which all is told that reports and status look at.
type told struct {
	reports []pipeline.Report
	runs    []pipeline.Execution // newest first
	events  map[string][]pipeline.Event
	pending map[string]string // activities, by workflow
	signals []pipeline.ReportSignals
}

func (w told) world(answers ...pipeline.Answer) *pipeline.World {
	world := checkstest.World(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: w.runs}),
		pipeline.EmbeddingTables.Is(pipeline.Nothing{}, []pipeline.Table{store}),
		pipeline.Mutations.Is(pipeline.Nothing{}, nil),
		pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: store, Team: team, Since: checkstest.Since}, pipeline.TeamSignals{Reports: w.signals}),
		pipeline.Pollers.Is(pipeline.TaskQueue{}, nil),
	)
	listed, unfinished := pipeline.Reports{Counts: map[string]int{}}, pipeline.UnfinishedReports{}
	for _, r := range w.reports {
		listed.Reports = append(listed.Reports, r)
		listed.Counts[r.Status]++
		switch r.Status {
		case pipeline.ReportCandidate, pipeline.ReportInProgress, pipeline.ReportPendingInput:
			unfinished.Reports = append(unfinished.Reports, pipeline.UnfinishedReport{
				ID: r.ID, Status: r.Status, Error: r.Error, Updated: r.Updated, Promoted: r.Promoted, LastRun: r.LastRun,
			})
		}
	}
	world.Tell(pipeline.ReportsListed.Is(team, listed), pipeline.ReportsUnfinished.Is(team, unfinished))
	for _, run := range w.runs {
		detail := pipeline.Detail{}
		if activity := w.pending[run.Workflow]; activity != "" {
			detail.Pending = []pipeline.PendingActivity{{Activity: activity, State: "STARTED", Attempt: 1, Scheduled: run.Start, LastStarted: checkstest.Now}}
		}
		world.Tell(pipeline.Histories.Is(run.Run, pipeline.History{Events: w.events[run.ID]}), pipeline.Details.Is(run.Run, detail))
	}
	w.tellStates(world)
	world.Tell(answers...)
	return world
}

// tellStates tells which of the reports that ClickHouse has signals of exist: all that are listed.
func (w told) tellStates(world *pipeline.World) {
	var asked []string
	var states []pipeline.ReportState
	for _, s := range w.signals {
		asked = append(asked, s.Report)
		for _, r := range w.reports {
			if r.ID == s.Report {
				states = append(states, pipeline.ReportState{ID: r.ID, Status: r.Status, Updated: r.Updated})
			}
		}
	}
	world.Tell(pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: asked}, states))
}

func report(digit, status string, change func(*pipeline.Report)) pipeline.Report {
	r := pipeline.Report{
		ID: reportID(digit), Status: status, Weight: 1.2, Signals: 3, NextRun: 6, Runs: 1, Title: "Checkout fails",
		Created: hourAgo, Updated: hourAgo, Promoted: hourAgo, LastRun: hourAgo,
	}
	if change != nil {
		change(&r)
	}
	return r
}

func summaryOf(r pipeline.Report, status pipeline.Status) pipeline.Execution {
	e := pipeline.Execution{Run: pipeline.Run{Workflow: journey.SummaryID(team, r.ID), ID: "run-" + r.ID}, Type: journey.SummaryWorkflow, Status: status, Start: hourAgo}
	if status != pipeline.Running {
		e.Close = hourAgo.Add(time.Minute)
	}
	return e
}

func TestReportsAreWhereTheyAre(t *testing.T) {
	failure := []pipeline.Event{
		{ID: 1, Type: pipeline.WorkflowStarted, Time: hourAgo},
		{ID: 5, Type: pipeline.ActivityScheduled, Activity: "select_repository_activity", Time: hourAgo},
		{ID: 7, Type: pipeline.ActivityFailed, Scheduled: 5, Time: hourAgo, Failure: &pipeline.Failure{
			Message: "Activity task failed", Cause: &pipeline.Failure{Message: "GitHub API returned 401", Type: "GitHubIntegrationError"},
		}},
		{ID: 9, Type: pipeline.WorkflowFailed, Time: hourAgo, Failure: &pipeline.Failure{Message: "GitHub API returned 401", Type: "GitHubIntegrationError"}},
	}
	failedWith := func(text string) func(*pipeline.Report) { return func(r *pipeline.Report) { r.Error = text } }
	for name, test := range map[string]struct {
		report pipeline.Report
		run    pipeline.Status // of its summary; "" for none
		events []pipeline.Event
		want   string
	}{
		"light":                {report("5", "potential", func(r *pipeline.Report) { r.Weight = 0.30000000000000004 }), "", nil, "below the threshold: has 0.3 of 1.0"},
		"heavy, too few":       {report("5", "potential", nil), "", nil, "waits for 3 signals more before it is worked on again"},
		"heavy":                {report("5", "potential", func(r *pipeline.Report) { r.NextRun = 0 }), "", nil, "heavy enough: the next signal has it worked on"},
		"not actionable":       {report("5", "potential", failedWith("Not actionable: a\nquestion")), "", nil, "was judged: Not actionable: a question"},
		"at work":              {report("5", "in_progress", nil), pipeline.Running, nil, "being worked on by signals-report:7:" + reportID("5") + ", in run_agentic_report_activity"},
		"stuck":                {report("5", "in_progress", nil), pipeline.Terminated, nil, "stuck since 11:00:00: its summary was terminated (INB002)"},
		"promoted just now":    {report("5", "candidate", func(r *pipeline.Report) { r.Promoted = checkstest.Now }), "", nil, "its summary is about to start"},
		"waits for a person":   {report("5", "pending_input", failedWith("Requires human input: No GitHub integration.")), "", nil, "waits for a person: No GitHub integration."},
		"says why it failed":   {report("5", "failed", failedWith("No signals found")), pipeline.RunFailed, failure, "No signals found"},
		"does not say it":      {report("5", "failed", failedWith("Activity task failed")), pipeline.RunFailed, failure, "select_repository_activity failed: GitHub API returned 401 (TMP002)"},
		"failed long ago":      {report("5", "failed", failedWith("Activity task failed")), "", nil, "Activity task failed; its summary is older than what is looked at"},
		"ready":                {report("5", "ready", func(r *pipeline.Report) { r.Visible = hourAgo.Add(time.Second) }), pipeline.Completed, nil, "in the inbox since 11:00:01"},
		"ready, in older code": {report("5", "ready", nil), "", nil, "in the inbox since 11:00:00"},
		"suppressed":           {report("5", "suppressed", func(r *pipeline.Report) { r.Before = "pending_input" }), "", nil, "suppressed by a person, was pending input"},
		"deleted":              {report("5", "deleted", nil), "", nil, "deleted since 11:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{reports: []pipeline.Report{test.report}}
			if test.run != "" {
				run := summaryOf(test.report, test.run)
				w.runs, w.events = []pipeline.Execution{run}, map[string][]pipeline.Event{run.ID: test.events}
				w.pending = map[string]string{run.Workflow: "run_agentic_report_activity"}
			}
			d, err := ListReports(t.Context(), looking(w.world()), ReportsAsked{Limit: 9})
			if err != nil || len(d.Reports) != 1 || len(d.Missed) > 0 {
				t.Fatalf("%+v, %v", d, err)
			}
			got := d.Reports[0].Why
			if code := d.Reports[0].Code; code != "" {
				got += " (" + code + ")"
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func some() told {
	return told{reports: []pipeline.Report{
		report("1", "ready", nil), report("2", "failed", nil), report("3", "ready", nil), report("3a", "potential", func(r *pipeline.Report) { r.ID = "3bffffff" + r.ID[9:] }),
	}}
}

func TestReportsAreChosen(t *testing.T) {
	for name, test := range map[string]struct {
		asked    ReportsAsked
		want     string
		unlisted int
	}{
		"all":          {ReportsAsked{Limit: 9}, "1b0c 2b0c 3b0c 3bff", 0},
		"some":         {ReportsAsked{Limit: 3}, "1b0c 2b0c 3b0c", 1},
		"by status":    {ReportsAsked{Limit: 1, Statuses: []string{"ready"}}, "1b0c", 1},
		"by two":       {ReportsAsked{Limit: 9, Statuses: []string{"failed", "potential"}}, "2b0c 3bff", 0},
		"of no status": {ReportsAsked{Limit: 9, Statuses: []string{"resolved"}}, "", 0},
	} {
		d, err := ListReports(t.Context(), looking(some().world()), test.asked)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range d.Reports {
			got = append(got, r.ID[:4])
		}
		if strings.Join(got, " ") != test.want || d.Unlisted != test.unlisted {
			t.Errorf("%s: %q and %d more, want %q and %d", name, got, d.Unlisted, test.want, test.unlisted)
		}
		if diff := cmp.Diff([]StatusCount{{"potential", 1}, {"ready", 2}, {"failed", 1}}, d.Counts); diff != "" {
			t.Errorf("%s: counts (-want +got):\n%s", name, diff)
		}
	}
}

// detailed is some, with the details of one report.
func detailed() *pipeline.World {
	id := reportID("2")
	return some().world(
		pipeline.ReportArtefacts.Is(pipeline.ReportsNamed{Team: team, Beginning: id}, pipeline.Artefacts{Artefacts: []pipeline.Artefact{{Type: "repo_selection", Result: "PostHog/posthog", Created: hourAgo}}}),
		pipeline.ReportDocuments.Is(pipeline.SignalsOfReport{Table: store, Team: team, Report: id}, []pipeline.Document{{ID: "d1", Product: "zendesk", Type: "ticket", SourceID: "4711", Signalled: hourAgo, Weight: 0.5}}),
	)
}

func TestOneReport(t *testing.T) {
	for _, name := range []string{"2", "2B0C", reportID("2")} {
		d, err := ListReports(t.Context(), looking(detailed()), ReportsAsked{Report: name})
		if err != nil || len(d.Reports) != 1 || len(d.Missed) > 0 {
			t.Fatalf("%s: %+v, %v", name, d, err)
		}
		want := &ReportDetail{
			Signals:   []ReportSignal{{"d1", "zendesk", "ticket", "4711", 0.5, hourAgo}},
			Artefacts: []ReportArtefact{{"repo_selection", "PostHog/posthog", hourAgo}}, SignalsIn: "posthog." + table,
		}
		if diff := cmp.Diff(want, d.Detail); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReportNames(t *testing.T) {
	w := detailed()
	older := report("9", "deleted", nil)
	for _, name := range []string{"9b", "8"} {
		found := []pipeline.Report{}
		if name == "9b" {
			found = append(found, older)
		}
		w.Tell(pipeline.ReportsBeginning.Is(pipeline.ReportsNamed{Team: team, Beginning: name}, found))
	}
	if d, err := ListReports(t.Context(), looking(w), ReportsAsked{Report: "9b"}); err != nil || d.Reports[0].ID != older.ID || d.ExitCode() != Unseen {
		t.Errorf("%+v, %v", d, err) // its details are not told
	}
	if _, err := ListReports(t.Context(), looking(w), ReportsAsked{Report: "3b"}); !errors.As(err, new(AmbiguousError)) {
		t.Error(err)
	}
	for _, name := range []string{"8", "7"} { // not there; and nobody can tell whether it is
		if _, err := ListReports(t.Context(), looking(w), ReportsAsked{Report: name}); !errors.As(err, new(UnknownError)) {
			t.Error(err)
		}
	}
}

func TestReportsWithoutTemporal(t *testing.T) {
	w := told{reports: []pipeline.Report{report("5", "in_progress", nil), report("6", "ready", nil)}}.world(
		pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	d, err := ListReports(t.Context(), looking(w), ReportsAsked{Limit: 9})
	if err != nil || d.ExitCode() != Unseen || d.Reports[0].Why != "whether anything works on it is not known" || d.Reports[1].Why != "in the inbox since 11:00:00" {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestReportsWithoutPostgres(t *testing.T) {
	w := some().world(pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	if d, err := ListReports(t.Context(), looking(w), ReportsAsked{Limit: 9}); err == nil || !strings.Contains(err.Error(), "Postgres") {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTheThresholdIsThatOfTheWorkers(t *testing.T) {
	for value, want := range map[string]float64{"2.5": 2.5, "3\n": 3, "": 1, "heavy": 1, "NaN": 1} {
		w := checkstest.World()
		if value != "" {
			w.Settings.Process = map[string]string{"SIGNAL_WEIGHT_THRESHOLD": value}
		}
		got, err := threshold(w.Settings)
		if got != want || (err != nil) != (value == "heavy" || value == "NaN") {
			t.Errorf("%q: %v, %v", value, got, err)
		}
	}
}

func TestWeight(t *testing.T) {
	for weight, want := range map[float64]string{0: "0.0", 1: "1.0", 0.30000000000000004: "0.3", 1.25: "1.25", 12.344: "12.34", 100: "100.0"} {
		if got := Weight(weight); got != want {
			t.Errorf("%v: %s, want %s", weight, got, want)
		}
	}
}

// What is recorded shows the same, but for what was written of signals.
func TestReportsAreRecordedWithoutTexts(t *testing.T) {
	w := detailed()
	recordReports(t.Context(), looking(w))
	observations, err := w.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	replayed := pipeline.Replayed(w.Settings, w.Now, observations)
	for _, asked := range []ReportsAsked{{Limit: 9}, {Report: "2"}} {
		want, err := ListReports(t.Context(), looking(w), asked)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ListReports(t.Context(), looking(replayed), asked)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got.Reports {
			if title := got.Reports[i].Title; !strings.HasPrefix(title, "(14 bytes, ") {
				t.Errorf("recorded with its title: %s", title)
			}
			got.Reports[i].Title = want.Reports[i].Title
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v (-seen +recorded):\n%s", asked, diff)
		}
	}
}
