package inbox_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const stuck = "5b0c21ab-0000-4000-8000-000000000001"

// ago is a report that came to its status some time ago.
func ago(status string, d time.Duration) pipeline.UnfinishedReport {
	return pipeline.UnfinishedReport{ID: stuck, Status: status, Updated: now.Add(-d), Promoted: now.Add(-d), LastRun: now.Add(-d)}
}

// execution is a run of a workflow, begun some time ago and open unless it has ended.
func execution(id, kind string, d time.Duration, status pipeline.Status) pipeline.Execution {
	e := pipeline.Execution{Run: pipeline.Run{Workflow: id, ID: "run-of-" + id}, Type: kind, Status: status, TaskQueue: "queue", Start: now.Add(-d)}
	if status != pipeline.Running {
		e.Close = now.Add(-d + time.Second)
	}
	return e
}

func summaryOf(report, suffix string, status pipeline.Status) pipeline.Execution {
	return execution("signals-report:7:"+report+suffix, journey.SummaryWorkflow, 30*time.Minute, status)
}

// grouping is the open run of grouping, which waits for something, for some time.
func grouping(begun time.Duration, activity string, waits time.Duration) (pipeline.Execution, pipeline.Detail) {
	e := execution("team-signal-grouping-v2-7", journey.GroupingWorkflow, begun, pipeline.Running)
	if activity == "" {
		return e, pipeline.Detail{}
	}
	return e, pipeline.Detail{Pending: []pipeline.PendingActivity{{Activity: activity, State: "STARTED", Attempt: 1, Scheduled: now.Add(-waits), LastStarted: now.Add(-waits)}}}
}

func TestReports(t *testing.T) {
	candidate, working := pipeline.ReportCandidate, pipeline.ReportInProgress
	type running struct {
		pipeline.Execution
		pipeline.Detail
	}
	in := func(e pipeline.Execution, d pipeline.Detail) running { return running{e, d} }
	closed := func(status pipeline.Status) []running { return []running{{Execution: summaryOf(stuck, "", status)}} }
	for name, test := range map[string]struct {
		report pipeline.UnfinishedReport
		runs   []running
		want   string
	}{
		"at work":                {ago(working, time.Hour), closed(pipeline.Running), ""},
		"at work, in older code": {ago(working, time.Hour), []running{{Execution: summaryOf(stuck, ":run-2", pipeline.Running)}}, ""},
		"only just begun":        {ago(working, 59*time.Second), nil, ""},
		"another one at work":    {ago(working, time.Hour), []running{{Execution: summaryOf(strings.Replace(stuck, "1", "2", 1), "", pipeline.Running)}}, "report 5b0c21ab has been in_progress for 1h0m0s: no run of its summary is known"},
		"timed out":              {ago(working, 3*time.Hour), closed(pipeline.RunTimedOut), "report 5b0c21ab has been in_progress for 3h0m0s: its summary timed out"},
		"terminated":             {ago(working, 90*time.Second), closed(pipeline.Terminated), "report 5b0c21ab has been in_progress for 1m30s: its summary was terminated"},
		"canceled":               {ago(working, time.Hour), closed(pipeline.Canceled), "report 5b0c21ab has been in_progress for 1h0m0s: its summary was canceled"},
		"failed":                 {ago(working, time.Hour), closed(pipeline.RunFailed), "report 5b0c21ab has been in_progress for 1h0m0s: its summary failed"},
		"ended without a result": {ago(working, time.Hour), closed(pipeline.Completed), "report 5b0c21ab has been in_progress for 1h0m0s: its summary has ended without a result"},

		"to be worked on":          {ago(candidate, time.Hour), closed(pipeline.Running), ""},
		"only just promoted":       {ago(candidate, 59*time.Second), nil, ""},
		"never begun":              {ago(candidate, time.Hour), nil, "report 5b0c21ab has been candidate for 1h0m0s: no run of its summary is known"},
		"given back":               {ago(candidate, time.Hour), closed(pipeline.Completed), "report 5b0c21ab has been candidate for 1h0m0s: its summary gave it back, as one does that is over the quota"},
		"grouping rests":           {ago(candidate, 2*time.Minute), []running{in(grouping(3*time.Minute, "", 0))}, "report 5b0c21ab has been candidate for 2m0s: no run of its summary is known"},
		"grouping works on it":     {ago(candidate, 2*time.Minute), []running{in(grouping(3*time.Minute, "match_signal_to_report_activity", time.Minute))}, ""},
		"grouping works on others": {ago(candidate, 4*time.Minute), []running{in(grouping(3*time.Minute, "match_signal_to_report_activity", time.Minute))}, "report 5b0c21ab has been candidate for 4m0s: no run of its summary is known"},
		"grouping waits for rows":  {ago(candidate, 5*time.Minute), []running{in(grouping(9*time.Minute, journey.WaitActivity, 4*time.Minute))}, ""},
		"grouping waits in vain":   {ago(candidate, 6*time.Minute), []running{in(grouping(9*time.Minute, journey.WaitActivity, 5*time.Minute))}, "report 5b0c21ab has been candidate for 6m0s: grouping waits for its signals to be in ClickHouse, before it starts the summary"},
		"waits for a person":       {ago(pipeline.ReportPendingInput, time.Hour), nil, "1 report waits for you: no reason given"},
	} {
		t.Run(name, func(t *testing.T) {
			w := checkstest.World(pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Reports: []pipeline.UnfinishedReport{test.report}}))
			var executions []pipeline.Execution
			for _, run := range test.runs {
				executions = append(executions, run.Execution)
				w.Tell(pipeline.Histories.Is(run.Run, pipeline.History{}), pipeline.Details.Is(run.Run, run.Detail))
			}
			tellExecutions(w, executions...)
			o := checkstest.Run(w, inbox.Reports)
			o.Says(t, test.want)
			if status := o.Status; (status == checks.Failed) != strings.HasPrefix(test.want, "report ") {
				t.Errorf("%s", status)
			}
		})
	}
}

func TestAStuckReportIsExplained(t *testing.T) {
	timedOut := summaryOf(stuck, "", pipeline.RunTimedOut)
	promoting, _ := grouping(10*time.Minute, "", 0)
	for name, test := range map[string]struct {
		report  pipeline.UnfinishedReport
		run     pipeline.Execution
		history pipeline.History
		detail  pipeline.Detail
		queue   string
		want    string
	}{
		"its summary timed out": {
			ago(pipeline.ReportInProgress, time.Hour), timedOut,
			pipeline.History{Events: []pipeline.Event{{ID: 1, Type: pipeline.WorkflowStarted}, {ID: 2, Type: pipeline.WorkflowTimedOut, Time: timedOut.Close}}},
			pipeline.Detail{},
			"", "TMP002",
		},
		"no worker goes on with grouping": {
			ago(pipeline.ReportCandidate, 5*time.Minute), promoting,
			pipeline.History{},
			pipeline.Detail{Task: &pipeline.PendingTask{State: "SCHEDULED", Scheduled: now.Add(-4 * time.Minute)}},
			"queue", "TMP003",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := checkstest.World(pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Reports: []pipeline.UnfinishedReport{test.report}}))
			w.Tell(pipeline.Histories.Is(test.run.Run, test.history), pipeline.Details.Is(test.run.Run, test.detail), pipeline.Pollers.Is(pipeline.TaskQueue{Name: test.queue}, nil))
			tellExecutions(w, test.run)
			o := checkstest.Run(w, inbox.Reports)
			f := o.Reports(t, checks.INB002, stuck)
			o.Blames(t, test.want)
			if !slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return e.Locator.Run == test.run.ID }) {
				t.Errorf("evidence %+v", f.Evidence)
			}
		})
	}
}

func TestWhatWaitsForAPersonIsToldByReason(t *testing.T) {
	var reports []pipeline.UnfinishedReport
	for i := range 9 {
		r := ago(pipeline.ReportPendingInput, time.Duration(i)*time.Minute)
		r.ID, r.Error = fmt.Sprintf("report-%d", i), "Requires human input: No GitHub integration connected to a team/user."
		if i%3 == 0 {
			r.Error = "Requires human input: \n" + strings.Repeat("ä", 500)
		}
		reports = append(reports, r)
	}
	w := checkstest.World(pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Reports: reports}))
	tellExecutions(w)
	o := checkstest.Run(w, inbox.Reports)
	for _, f := range o.Findings {
		if f.Code != checks.INB005 {
			t.Errorf("%s", f.Code)
		}
	}
	if len(o.Findings) != 2 || o.Status != checks.Passed {
		t.Fatalf("%s: %s", o.Status, o.Said())
	}
	if long, short := o.Findings[0], o.Findings[1]; len(long.Title) > 300 || strings.Contains(long.Title, "\n") || len(short.Evidence) != 3 ||
		short.Title != "6 reports wait for you: Requires human input: No GitHub integration connected to a team/user." {
		t.Errorf("%s\n%s", long.Title, short.Title)
	}
}

func TestReportsInPart(t *testing.T) {
	listed := pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Reports: []pipeline.UnfinishedReport{ago(pipeline.ReportInProgress, time.Hour)}})
	for name, test := range map[string]struct {
		answers []pipeline.Answer
		reason  string
	}{
		"no table":     {[]pipeline.Answer{pipeline.ReportsUnfinished.Fails(team, pipeline.Failed, errors.New(`relation "signals_signalreport" does not exist`))}, "signals_signalreport"},
		"too many":     {[]pipeline.Answer{pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{Truncated: true})}, "only the 0 unfinished reports"},
		"not all runs": {[]pipeline.Answer{listed, pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Truncated: true})}, "whether anything works on report 5b0c21ab"},
	} {
		t.Run(name, func(t *testing.T) {
			w := checkstest.World()
			tellExecutions(w)
			w.Tell(test.answers...)
			checkstest.Run(w, inbox.Reports).Is(t, checks.Unknown, test.reason)
		})
	}
}
