package inbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

const (
	// settling is how long a report may be without a workflow: they are started and ended within seconds of its change.
	settling = time.Minute
	// inserting is how long grouping may wait for the rows of its signals before it starts the summary of a report. It
	// gives up after an hour (products/signals/backend/temporal/grouping.py).
	inserting = 5 * time.Minute
)

// Reports finds reports that were promoted, or were being worked on, and that nothing works on any more, and those that have
// failed. What waits for a person is told as information. The result is a [[]Stuck].
var Reports = &checks.Check{
	ID:       "inbox.reports",
	Title:    "no report has failed, and each that is on its way is being worked on",
	Codes:    []checks.Code{checks.INB002, checks.INB004, checks.INB005},
	Requires: []*checks.Check{services.Postgres, journey.Histories},
	After:    []*checks.Check{workflows.Failures, workflows.Workers, embeddings.Tables, embeddings.Live, embeddings.Ingestion, embeddings.Awaited},
	Reads:    []checks.Source{checks.Postgres, checks.Temporal, checks.Optional(checks.ClickHouse)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		listing, err := p.World.Postgres.UnfinishedReports(ctx, p.Team)
		if err != nil {
			return nil, err
		}
		if listing.Truncated {
			p.Cut("only the %d unfinished reports that changed last were looked at", len(listing.Reports))
		}
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		r := reports{p, runs}
		var stuck []Stuck
		for _, report := range listing.Reports {
			if s, found := r.judge(report); found {
				stuck = append(stuck, s)
				r.report(s)
			}
		}
		r.reportFailures(listing)
		r.reportWaiting(listing.Reports)
		return stuck, nil
	},
}

// Stuck is a report that nothing works on.
type Stuck struct {
	pipeline.UnfinishedReport
	Since   time.Time
	Why     string
	Summary *journey.Run // the newest run of its summary; nil when there was none in the time that is looked at
	Waiting *journey.Run // of grouping, when that has yet to start the summary
}

type reports struct {
	*checks.Pass
	runs *journey.Runs
}

// judge tells whether nothing works on a report, and why.
func (r reports) judge(report pipeline.UnfinishedReport) (Stuck, bool) {
	s := Stuck{UnfinishedReport: report}
	switch report.Status {
	case pipeline.ReportCandidate:
		s.Since = cmp.Or(report.Promoted, report.Updated)
	case pipeline.ReportInProgress:
		s.Since = cmp.Or(report.LastRun, report.Updated)
	default:
		return s, false
	}
	open := false
	s.Summary, open = r.runs.Summary(r.Team, report.ID)
	switch {
	case open || r.World.Now.Sub(s.Since) < settling:
		return s, false
	case s.Summary == nil && r.runs.Coverage != "":
		r.Incomplete("whether anything works on report %s: %s", pipeline.Short(report.ID), r.runs.Coverage)
		return s, false
	case report.Status == pipeline.ReportCandidate:
		if s.Waiting = r.promoter(s.Since); s.Waiting != nil {
			s.Why = r.whyNotStarted(s.Waiting)
			return s, s.Why != ""
		}
	}
	s.Why = r.why(s)
	return s, true
}

// promoter is the open run of grouping in which a report became a candidate: it has yet to start the summary. It is nil
// when that run is over, or waits for nothing.
func (r reports) promoter(promoted time.Time) *journey.Run {
	for _, run := range r.runs.OfType(journey.GroupingWorkflow) {
		busy := len(run.Detail.Pending) > 0 || run.Detail.Task != nil || run.DetailErr != nil
		if run.Open() && busy && run.Start.Before(promoted) {
			return run
		}
	}
	return nil
}

// whyNotStarted is what keeps grouping from starting a summary; "" when it is on its way to it.
func (r reports) whyNotStarted(grouping *journey.Run) string {
	if grouping.DetailErr != nil {
		r.Incomplete("%v", grouping.DetailErr)
		return ""
	}
	if len(r.noWorker(grouping)) > 0 {
		return "no worker takes the next step of grouping, which is to start its summary"
	}
	for _, a := range grouping.Detail.Pending {
		if a.Activity == journey.WaitActivity && r.World.Now.Sub(cmp.Or(a.LastStarted, a.Scheduled)) >= inserting {
			return "grouping waits for its signals to be in ClickHouse, before it starts the summary"
		}
	}
	return ""
}

// why tells what became of the summary of a report that nothing works on.
func (r reports) why(s Stuck) string {
	if s.Summary == nil {
		return "no run of its summary is known"
	}
	switch s.Summary.Status {
	case pipeline.Completed:
		if s.Status == pipeline.ReportCandidate {
			return "its summary gave it back, as one does that is over the quota"
		}
		return "its summary has ended without a result"
	case pipeline.RunTimedOut:
		return "its summary timed out"
	case pipeline.Terminated:
		return "its summary was terminated"
	case pipeline.Canceled:
		return "its summary was canceled"
	}
	return "its summary failed"
}

func (r reports) report(s Stuck) {
	f := r.Report(checks.INB002, s.ID).
		Titlef("report %s has been %s for %s: %s", pipeline.Short(s.ID), s.Status, roundly(r.World.Now.Sub(s.Since)), s.Why).
		With(inPostgres(s.UnfinishedReport, s.Since))
	if s.Waiting != nil {
		f.With(r.evidence(s.Waiting, "grouping is at work")).CausedBy(r.noWorker(s.Waiting)...).CausedBy(r.awaited(s.Waiting)...)
		return
	}
	if s.Status == pipeline.ReportCandidate {
		f.Detailf("The next signal that matches it starts its summary.")
	} else {
		f.Detailf("No signal moves it on from there: what matches it is only added to it.")
	}
	if s.Summary != nil {
		f.With(r.evidence(s.Summary, "its summary: "+strings.ToLower(string(s.Summary.Status)))).CausedBy(r.failed(s.Summary)...)
	}
}

// inPostgres is the evidence of a report's status, which it has had since an instant.
func inPostgres(report pipeline.UnfinishedReport, since time.Time) checks.Evidence {
	return checks.Evidence{
		Source:  string(pipeline.SourcePostgres),
		Excerpt: fmt.Sprintf("signals_signalreport has report %s as %s", report.ID, report.Status),
		Time:    since,
	}
}

func (r reports) evidence(run *journey.Run, text string) checks.Evidence {
	at := run.Close
	if run.Open() {
		at = run.Start
	}
	return checks.Evidence{
		Source:  "run " + pipeline.Short(run.ID),
		Locator: checks.Locator{Workflow: run.Workflow, Run: run.ID, URL: r.World.Temporal.Page(run.Run)},
		Excerpt: text,
		Time:    at,
	}
}

// failed chooses the failures of a workflow.
func (r reports) failed(run *journey.Run) []*checks.Finding {
	return slices.DeleteFunc(r.Findings(workflows.Failures), func(f *checks.Finding) bool { return f.Subject[0] != run.Workflow })
}

// noWorker is what explains it when no worker takes what waits in a run's task queue.
func (r reports) noWorker(run *journey.Run) []*checks.Finding {
	return slices.DeleteFunc(r.Findings(workflows.Workers), func(f *checks.Finding) bool { return f.Subject[0] != run.TaskQueue })
}

// awaited is what explains it when a run of grouping waits for rows.
func (r reports) awaited(run *journey.Run) []*checks.Finding {
	return slices.DeleteFunc(r.Findings(embeddings.Awaited), func(f *checks.Finding) bool { return f.Subject[0] != run.Workflow })
}

// roundly is a duration for people, who do not count the seconds of hours.
func roundly(d time.Duration) time.Duration {
	if d > time.Hour {
		return d.Round(time.Minute)
	}
	return d.Round(time.Second)
}
