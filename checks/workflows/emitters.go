package workflows

import (
	"context"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Emitters finds emitters that ran out of time before they had handed their signal to the buffer, or failed to. Each waits
// until the buffer has room, for ten minutes at most (products/signals/backend/temporal/emitter.py): the buffer was full or
// busy, its size could not be asked, or no worker ran. It fails when the buffer ends after it was found to be there.
var Emitters = &checks.Check{
	ID:       "workflows.emitters",
	Title:    "every emitter has handed its signal to the buffer in time",
	Codes:    []checks.Code{checks.TMP004, checks.TMP013},
	Requires: []*checks.Check{journey.Histories},
	After:    []*checks.Check{Failures, Workers, Batches},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		e := emitters{p, runs}
		for _, run := range runs.OfType(journey.EmitterWorkflow) {
			switch run.Status {
			case pipeline.RunTimedOut:
				e.reportLate(run)
			case pipeline.RunFailed:
				e.reportFailed(run)
			}
		}
		return nil, nil
	},
}

type emitters struct {
	*checks.Pass
	runs *journey.Runs
}

// signal is what an emitter was to hand over, as far as a key opens it.
func (e emitters) signal(run *journey.Run) (what string, signal journey.Mention) {
	if run.Err != nil {
		e.Incomplete("%v", run.Err)
	}
	if told, ok := journey.Mentioned(run.First(), e.World.Open); ok {
		return checks.Clip(told.String(), 150), told
	}
	return "a signal", signal
}

func (e emitters) reportLate(run *journey.Run) {
	what, signal := e.signal(run)
	f := e.Report(checks.TMP004, run.Workflow).
		Titlef("%s did not get into the buffer within %s", what, run.Close.Sub(run.Start).Round(time.Second)).
		Detailf("Its emitter has timed out. Nothing sends the signal again.").
		With(e.story(run)...)
	if proof, ok := e.inBuffer(signal, run.Start); ok {
		f.Healed(proof)
		return
	}
	f.CausedBy(e.noWorker(run)...).CausedBy(e.busyBuffer(run)...)
}

// story is the evidence of what the emitter did until its time was over.
func (e emitters) story(run *journey.Run) []checks.Evidence {
	var told []checks.Evidence
	add := func(event pipeline.Event, text string) { told = append(told, evidence(e.Pass, run.Run, event, text)) }
	for _, event := range run.Events {
		switch event.Type {
		case pipeline.ActivityScheduled:
			add(event, event.Activity+" was given to the workers")
		case pipeline.ActivityFailed, pipeline.ActivityTimedOut:
			add(event, checks.Clip(messageOf(event.Failure.Innermost()), 300))
		case pipeline.WorkflowTimedOut:
			text := "timed out while it waited for room in the buffer"
			if !run.Taken() {
				text = "timed out before a worker had taken its first task"
			}
			add(event, text)
		}
	}
	if len(told) == 0 {
		add(pipeline.Event{Time: run.Close}, "timed out")
	}
	return told
}

// inBuffer looks for proof that the buffer has the signal: the emitter's own delivery, which can come after its time is
// over, or that of a later one. Without a key nothing tells.
func (e emitters) inBuffer(signal journey.Mention, since time.Time) (checks.Evidence, bool) {
	for _, link := range e.runs.Buffer {
		for _, delivery := range link.Ledger.Signals {
			other, ok := journey.Mentioned(delivery, e.World.Open)
			if ok && !delivery.Time.Before(since) && signal.Same(other) {
				return evidence(e.Pass, link.Run.Run, delivery, "delivered"), true
			}
		}
	}
	return checks.Evidence{}, false
}

// noWorker is what explains it when no worker takes what waits in the emitter's task queue, and has not since before the
// emitter's time was over.
func (e emitters) noWorker(run *journey.Run) []*checks.Finding {
	return slices.DeleteFunc(e.Findings(Workers), func(f *checks.Finding) bool {
		waited := func(told checks.Evidence) bool { return told.Locator.Workflow != "" && told.Time.Before(run.Close) }
		return f.Subject[0] != run.TaskQueue || !slices.ContainsFunc(f.Evidence, waited)
	})
}

// busyBuffer is what explains it when the buffer was failing while the emitter waited for it. What is still being tried
// again has no event, and has gone on since it was last tried.
func (e emitters) busyBuffer(run *journey.Run) []*checks.Finding {
	return slices.DeleteFunc(e.Findings(Failures), func(f *checks.Finding) bool {
		meanwhile := func(told checks.Evidence) bool {
			ofBuffer := slices.ContainsFunc(e.runs.Buffer, func(link *journey.Link) bool { return link.ID == told.Locator.Run })
			return ofBuffer && told.Time.Before(run.Close) && (told.Locator.Event == 0 || told.Time.After(run.Start))
		}
		return !slices.ContainsFunc(f.Evidence, meanwhile)
	})
}
