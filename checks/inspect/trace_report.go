package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// The steps of a summary that are hops of a signal's way (products/signals/backend/temporal/summary.py).
const (
	judgeActivity    = "report_safety_judge_activity"
	selectActivity   = "select_repository_activity"
	researchActivity = "run_agentic_report_activity"
)

// throughReport tells what became of the signal's report.
func (t *tracer) throughReport(ctx context.Context) {
	if t.report == "" {
		t.add(Hop{Name: "report", Stage: checks.Report, State: HopUnknown, Detail: "which one it was given to is not known"})
		t.end(checks.Report, inbox.Unclear, "which report it was given to is not known")
		return
	}
	found, err := t.World.Postgres.ReportsBeginning(ctx, t.Team, t.report)
	if err != nil {
		t.trace.miss(err)
		t.add(Hop{Name: "report", Stage: checks.Report, State: HopUnknown, Detail: pipeline.Short(t.report) + ": Postgres could not be asked"})
		t.end(checks.Report, inbox.Unclear, "what became of its report is not known")
		return
	}
	at := slices.IndexFunc(found, func(r pipeline.Report) bool { return r.ID == t.report })
	if at < 0 {
		t.add(Hop{Name: "report", Stage: checks.Report, State: HopFailed, Detail: pipeline.Short(t.report) + " does not exist"})
		t.end(checks.Report, inbox.Lost, "its report does not exist", func(f *checks.Finding) bool { return f.Code == checks.CLK001 })
		return
	}
	report := found[at]
	t.promoted(report)
	run := t.summary(ctx, report)
	if run != nil {
		t.throughSummary(ctx, run)
	}
	t.arrive(report, run)
}

// promoted tells of the report's weight, and whether that is enough.
func (t *tracer) promoted(r pipeline.Report) {
	threshold, err := threshold(t.World.Settings)
	t.trace.miss(err)
	h := t.add(Hop{Name: "report", Stage: checks.Report, State: HopDone, At: r.Promoted})
	h.Detail = fmt.Sprintf("%s, %s, weight %.2g of %.2g, %s", pipeline.Short(r.ID), checks.Count(r.Signals, "signal"), r.Weight, threshold, strings.ReplaceAll(r.Status, "_", " "))
	if r.Status == pipeline.ReportPotential {
		h.State, h.At = HopWaits, r.Updated
	}
}

// summary is the newest run of the report's summary, with its history; nil when none is known.
func (t *tracer) summary(ctx context.Context, r pipeline.Report) *journey.Run {
	run, _ := t.runs.Summary(t.Team, r.ID)
	if run == nil || len(run.Events) > 0 {
		return run
	}
	history, err := t.World.Temporal.History(ctx, run.Run)
	if pipeline.KindOf(err) != pipeline.Missing {
		t.trace.miss(err)
	}
	whole := *run
	whole.Events = history.Events
	return &whole
}

// throughSummary tells of the steps of the report's summary.
func (t *tracer) throughSummary(ctx context.Context, run *journey.Run) {
	h := t.add(Hop{Name: "summary", Stage: checks.Report, State: HopDone, At: run.Close, Where: where(run.Run, 0)})
	switch {
	case run.Open():
		h.State, h.At = HopGoing, run.Start
	case run.Status != pipeline.Completed:
		h.State, h.Detail = HopFailed, strings.ToLower(strings.ReplaceAll(string(run.Status), "_", " "))
	}
	if !run.Close.IsZero() {
		h.TookMS = run.Close.Sub(run.Start).Milliseconds()
	}
	for _, step := range journey.Steps(run.Events) {
		switch step.Name() {
		case judgeActivity:
			t.step("safety judge", checks.Report, run, step, "")
		case selectActivity:
			t.selected(ctx, run, step)
		case researchActivity:
			t.step("research", checks.Sandbox, run, step, "")
		default:
			if step.Ended() && !step.Well() {
				t.step(strings.TrimSuffix(step.Name(), "_activity"), checks.Report, run, step, "")
			}
		}
	}
}

// selected tells how the repository was chosen. With one eligible repository, or an earlier choice, there is no sandbox.
func (t *tracer) selected(ctx context.Context, run *journey.Run, step *journey.Step) {
	h := t.step("repository", checks.Sandbox, run, step, "")
	if h.State == HopFailed {
		return
	}
	agent, err := t.agentWithin(ctx, step)
	t.trace.miss(err)
	var said struct{ Repository *string }
	opened := false
	if len(step.End.Result) > 0 {
		content, ok := t.World.Open(step.End.Result[0])
		opened = ok && json.Unmarshal(content, &said) == nil
	}
	chosen := ""
	if said.Repository != nil && *said.Repository != "" {
		chosen = *said.Repository + ": "
	}
	switch {
	case agent != nil:
		h.Detail = fmt.Sprintf("%sagent %s is %s", chosen, pipeline.Short(agent.ID), strings.ReplaceAll(agent.Status, "_", " "))
		h.Where.Object = t.World.Objects.LogKey(t.Team, agent.Task, agent.ID)
	case opened && chosen == "":
		h.Detail = "none could be chosen"
	case step.Well() && err == nil:
		h.State, h.Detail = HopSkipped, chosen+"no sandbox was needed"
	}
}

// agentWithin is the run of the agent that chose a repository while a step went on.
func (t *tracer) agentWithin(ctx context.Context, step *journey.Step) (*pipeline.TaskRun, error) {
	listing, err := t.World.Postgres.TaskRuns(ctx, t.Team, t.Since)
	if err != nil {
		return nil, err
	}
	for _, run := range listing.Runs {
		within := !run.Created.Before(step.Scheduled.Time) && (!step.Ended() || !run.Created.After(step.End.Time))
		if within && (run.Purpose == "repo_selection" || run.Purpose == "") {
			return &run, nil
		}
	}
	return nil, nil
}

// arrive says where the report leaves the signal.
func (t *tracer) arrive(r pipeline.Report, summary *journey.Run) {
	id := journey.SummaryID(t.Team, r.ID)
	ofReport := func(f *checks.Finding) bool { return slices.Contains(f.Subject, r.ID) || inbox.Of(id)(f) }
	switch r.Status {
	case pipeline.ReportPotential:
		t.end(checks.Report, inbox.Waits, "its report waits for more signals of its matter")
	case pipeline.ReportReady, pipeline.ReportResolved:
		t.add(Hop{Name: "inbox", Stage: checks.Inbox, State: HopDone, At: readyAt(r, summary), Detail: r.Status})
		t.end(checks.Inbox, inbox.Arrived, "")
	case pipeline.ReportPendingInput:
		t.add(Hop{Name: "inbox", Stage: checks.Inbox, State: HopWaits, At: r.Updated, Detail: "waits for you: " + r.Error})
		t.end(checks.Inbox, inbox.Waits, "it waits for you")
	case pipeline.ReportSuppressed, pipeline.ReportDeleted:
		t.end(checks.Report, inbox.Stopped, "its report is "+r.Status)
	case pipeline.ReportFailed:
		t.end(checks.Report, inbox.Stopped, "its report has failed", ofReport)
		t.atSandbox(summary)
	default: // candidate, in_progress
		inSandbox := func(f *checks.Finding) bool { return f.Stage == checks.Sandbox && f.Code != checks.TMP002 }
		explains := []inbox.Explains{ofReport}
		if t.going(checks.Sandbox) {
			explains = append(explains, inSandbox)
		}
		t.end(checks.Report, inbox.Moving, "", explains...)
		t.atSandbox(summary)
	}
}

// atSandbox moves the outcome on to the sandbox, where that is what the report has come to.
func (t *tracer) atSandbox(summary *journey.Run) {
	if summary == nil || len(t.trace.Hops) == 0 {
		return
	}
	if last := t.trace.Hops[len(t.trace.Hops)-1]; last.Stage == checks.Sandbox && (last.State == HopGoing || last.State == HopFailed) {
		t.trace.Outcome.Stage = checks.Sandbox
	}
}

// going reports whether a hop of a stage is under way.
func (t *tracer) going(stage checks.Stage) bool {
	return slices.ContainsFunc(t.trace.Hops, func(h Hop) bool { return h.Stage == stage && h.State == HopGoing })
}

// readyAt is when a report came to the inbox.
func readyAt(r pipeline.Report, summary *journey.Run) time.Time {
	if !r.Visible.IsZero() {
		return r.Visible
	}
	if summary != nil {
		for _, step := range journey.Steps(summary.Events) {
			if step.Name() == "mark_report_ready_activity" && step.Well() {
				return step.End.Time
			}
		}
	}
	return r.Updated
}
