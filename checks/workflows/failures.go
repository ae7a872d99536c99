package workflows

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
	"doctor/checks/services"
	"doctor/checks/sources"
)

// Failures finds activities and workflows that failed, and activities that are failing just now. The outer failures only
// say that something inside failed: what is told is the innermost.
var Failures = &checks.Check{
	ID:       "workflows.failures",
	Title:    "no activity of the signals workflows fails",
	Codes:    []checks.Code{checks.TMP002, checks.TMP011},
	Requires: []*checks.Check{journey.Histories},
	After: slices.Concat(
		[]*checks.Check{embeddings.Stale, services.ClickHouse, services.ObjectStorage, services.Docker, services.Postgres, sandbox.AgentRuns},
		[]*checks.Check{services.Support, environment.APIKeys, environment.Workers, environment.ObjectStorage, environment.SecretKey, services.Hosts, sources.Sources, Objects, Restarts},
		agentChecks,
	),
	Reads: []checks.Source{checks.Temporal, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		if len(p.Findings(embeddings.Stale)) > 0 {
			runs = runs.InFull(ctx, p.World)
		}
		var all []Stuck
		found := faults(runs)
		countRounds(p, runs, found)
		for _, fault := range found {
			if stuck := fault.report(p, runs); stuck != nil {
				all = append(all, *stuck)
			}
		}
		for _, run := range runs.All {
			if pipeline.KindOf(run.Err) == pipeline.Missing {
				p.Incomplete("the history of %s is gone", run)
			}
		}
		return all, nil
	},
}

// fault is all failures of one activity of one workflow with one type of error.
type fault struct {
	workflow, workflowType string
	activity               string                    // "" when no activity had a part in it
	kind                   string                    // the exception's class, or the time-out's
	failures               []failure                 // oldest first
	pending                *pipeline.PendingActivity // being retried just now
	task                   *journey.Run              // the run whose workflow task fails again and again
	rounds                 int                       // in so many runs one after another, without end
}

// failure is one of them.
type failure struct {
	run     *journey.Run
	event   pipeline.Event
	message string
	ended   bool // it took the workflow's run with it
}

// faults collects what failed, in the order in which it first did.
func faults(runs *journey.Runs) []*fault {
	var all []*fault
	add := func(run *journey.Run, activity, kind string) *fault {
		for _, f := range all {
			if f.workflow == run.Workflow && f.activity == activity && f.kind == kind {
				return f
			}
		}
		f := &fault{workflow: run.Workflow, workflowType: run.Type, activity: activity, kind: kind}
		all = append(all, f)
		return f
	}
	for _, run := range slices.Backward(runs.All) {
		if run.Type == journey.EmitterWorkflow && run.Status == pipeline.RunFailed {
			continue // for [Emitters]
		}
		for _, failed := range failuresOf(run) {
			f := add(run, failed.activity, failed.kind)
			f.failures = append(f.failures, failed.failure)
		}
		for _, a := range run.Detail.Pending {
			if a.LastFailure != nil && a.Attempt > 1 {
				add(run, a.Activity, kindOf(a.LastFailure.Innermost())).retry(run, a)
			}
		}
		if e := failingTask(run.Events); e != nil && run.Open() {
			inner := e.Failure.Innermost()
			f := add(run, "", cmp.Or(kindOf(inner), e.Reason))
			f.task, f.failures = run, append(f.failures, failure{run, *e, messageOf(inner), false})
		}
	}
	return all
}

type failedActivity struct {
	activity, kind string
	failure
}

// failuresOf reads a run's own failures. A failed run is an occurrence of the failure that ended it.
func failuresOf(run *journey.Run) []failedActivity {
	var found []failedActivity
	scheduled, open := map[int64]string{}, map[int64]bool{}
	for _, e := range run.Events {
		inner := e.Failure.Innermost()
		switch e.Type {
		case pipeline.ActivityScheduled:
			scheduled[e.ID], open[e.ID] = e.Activity, true
		case pipeline.ActivityCompleted, pipeline.ActivityCanceled:
			delete(open, e.Scheduled)
		case pipeline.ActivityFailed, pipeline.ActivityTimedOut:
			delete(open, e.Scheduled)
			found = append(found, failedActivity{scheduled[e.Scheduled], kindOf(inner), failure{run, e, messageOf(inner), false}})
		case pipeline.WorkflowFailed:
			known := slices.IndexFunc(found, func(f failedActivity) bool { return f.kind == kindOf(inner) && f.message == messageOf(inner) })
			if known >= 0 {
				found[known].ended = true
				continue
			}
			found = append(found, failedActivity{"", kindOf(inner), failure{run, e, messageOf(inner), true}})
		case pipeline.WorkflowTimedOut:
			if activity, late := unfinished(run, scheduled, open); late {
				found = append(found, failedActivity{activity, "WorkflowTimedOut", failure{run, e, "the workflow timed out before it ended", true}})
			}
		}
	}
	return found
}

// unfinished tells whether a run that timed out was cut off in its work, and in which activity. Buffer and grouping time
// out whenever nothing happens for their whole run time, which is their way to rest; what a buffer then holds is counted
// by [Batches]. An emitter that does not get to its end is for [Emitters].
func unfinished(run *journey.Run, scheduled map[int64]string, open map[int64]bool) (activity string, late bool) {
	first := int64(0)
	for id := range open {
		if first == 0 || id < first {
			first = id
		}
	}
	switch {
	case run.Type == journey.BufferWorkflow, run.Type == journey.EmitterWorkflow:
		return "", false
	case first > 0:
		return scheduled[first], true
	}
	return "", run.Type != journey.GroupingWorkflow
}

func (f *fault) retry(run *journey.Run, a pipeline.PendingActivity) {
	f.pending = &a
	inner := a.LastFailure.Innermost()
	attempts := fmt.Sprintf("attempt %d", a.Attempt)
	if a.MaxAttempts > 0 {
		attempts += fmt.Sprintf(" of %d", a.MaxAttempts)
	}
	f.failures = append(f.failures, failure{run: run, message: messageOf(inner), event: pipeline.Event{Time: a.LastStarted, Reason: attempts}})
}

// report reports the fault, and returns the run that does not get past it, if there is nothing else to be mended.
func (f *fault) report(p *checks.Pass, runs *journey.Runs) *Stuck {
	newest := f.failures[len(f.failures)-1]
	code := checks.TMP002
	if f.task != nil && newest.event.Reason == codeChanged {
		code = checks.TMP011
	}
	finding := p.Report(code, f.workflow, f.activity, f.kind).
		Titlef("%s: %s", f.name(), checks.Clip(newest.message, 300)).
		At(stageOf(f.activity, f.workflowType)).
		CausedBy(f.causes(p)...)
	const shown = 3
	for _, one := range f.failures[max(0, len(f.failures)-shown):] {
		finding.With(one.evidence(p, f))
	}
	switch {
	case f.pending != nil && len(f.failures) == 1:
		finding.As(checks.Warning)
	case len(f.failures) > shown:
		finding.Detailf("It failed %d times; the newest are shown.", len(f.failures))
	}
	if !finding.Root() {
		return nil
	}
	if f.pending == nil && f.task == nil {
		if again, ok := f.succeededSince(p, runs, newest.event.Time); ok {
			finding.Healed(again)
			return nil
		}
	}
	return f.stuck(finding, newest.event, runs)
}

// name says what failed: "… failed", "… is being retried", "… timed out".
func (f *fault) name() string {
	what := cmp.Or(f.activity, f.workflowType)
	if f.task != nil {
		return what + " cannot go on"
	}
	if f.pending != nil && len(f.failures) == 1 {
		return what + " is being retried"
	}
	return what + " failed"
}

func (f failure) evidence(p *checks.Pass, whole *fault) checks.Evidence {
	text := cmp.Or(whole.kind, "failure") + ": " + f.message
	switch {
	case f.event.Reason != "" && f.event.ID == 0:
		text = f.event.Reason + ", " + text
	case f.ended:
		text += " (this ended the run)"
	}
	return evidence(p, f.run.Run, f.event, checks.Clip(text, 1000))
}

// causes names the findings that explain the fault, each on the evidence of the failure's own words.
func (f *fault) causes(p *checks.Pass) []*checks.Finding {
	var causes []*checks.Finding
	newest := f.failures[len(f.failures)-1]
	message := newest.message
	if f.kind == "DoesNotExist" || strings.Contains(message, embeddings.NoSuchReport) {
		causes = append(causes, embeddings.Phantoms(p.Findings(embeddings.Stale))...)
	}
	if message == "read failed" || message == "write failed" { // posthog/storage/object_storage.py
		causes = append(causes, p.Findings(services.ObjectStorage)...)
	}
	if environment.KeyRefused(f.kind, message) {
		causes = append(causes, p.Findings(environment.SecretKey)...)
	}
	if strings.HasPrefix(message, "Signal batch not found in S3") { // products/signals/backend/temporal/grouping_v2.py
		causes = append(causes, p.Findings(environment.ObjectStorage)...)
	}
	for _, missing := range p.Findings(Objects) {
		if f.activity == journey.ReadBatchActivity && tellsOfEvent(missing, newest.run.ID, newest.event.ID) {
			causes = append(causes, missing)
		}
	}
	for _, restart := range p.Findings(Restarts) {
		if f.kind == heartbeat && slices.Equal(restart.Subject, []string{f.workflow, f.activity}) {
			causes = append(causes, restart)
		}
	}
	causes = append(causes, f.agentCauses(p)...)
	for _, service := range []*checks.Check{services.ClickHouse, services.ObjectStorage, services.Docker, services.Postgres, services.Support} {
		for _, down := range p.Findings(service) {
			if services.Named(down, message) {
				causes = append(causes, down)
			}
		}
	}
	causes = append(causes, services.Unresolved(p.Findings(services.Hosts), message)...)
	causes = append(causes, environment.Explains(p.Findings(environment.APIKeys), message)...)
	causes = append(causes, sources.Explains(p.Findings(sources.Sources), message)...)
	return append(causes, environment.UnreadBy(p, newest.event.Identity, message)...)
}

// succeededSince looks for proof that the same hop works again: the same activity has completed in a workflow of the
// same type, or such a workflow as a whole where its history is not read, or only the end of it, which went well.
func (f *fault) succeededSince(p *checks.Pass, runs *journey.Runs, failed time.Time) (checks.Evidence, bool) {
	for _, run := range runs.OfType(f.workflowType) {
		scheduled := map[int64]string{}
		for _, e := range run.Events {
			if e.Type == pipeline.ActivityScheduled {
				scheduled[e.ID] = e.Activity
			}
			if e.Type == pipeline.ActivityCompleted && f.activity != "" && scheduled[e.Scheduled] == f.activity && e.Time.After(failed) {
				return evidence(p, run.Run, e, "completed since"), true
			}
		}
		wentWell := f.activity == "" || run.Tail && len(run.Events) > 0
		ended := run.Status == pipeline.Completed || run.Status == pipeline.ContinuedAsNew && wentWell
		if ended && run.Close.After(failed) && run.Start.After(failed) {
			return evidence(p, run.Run, pipeline.Event{Time: run.Close}, run.Workflow+" completed since"), true
		}
	}
	return checks.Evidence{}, false
}

func kindOf(f *pipeline.Failure) string {
	switch {
	case f == nil:
		return ""
	case f.Timeout != "":
		return f.Timeout
	}
	return f.Type
}

func messageOf(f *pipeline.Failure) string {
	if f == nil {
		return "no reason given"
	}
	return checks.OneLine(f.Message)
}
