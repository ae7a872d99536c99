package workflows

import (
	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

func (e emitters) reportFailed(run *journey.Run) {
	what, signal := e.signal(run)
	at, message := pipeline.Event{Time: run.Close}, "its emitter failed"
	for _, failure := range failuresOf(run) {
		at, message = failure.event, failure.message
	}
	f := e.Report(checks.TMP013, run.Workflow).
		Titlef("%s did not get into the buffer: %s", what, checks.Clip(message, 300)).
		Detailf("Its emitter has failed. Nothing sends the signal again.").
		With(evidence(e.Pass, run.Run, at, "the emitter failed"))
	ended := e.endedBuffer(at)
	if ended != nil {
		f.With(evidence(e.Pass, ended.Run.Run, ended.End(), "the buffer "+ending(ended.Status)))
	}
	if proof, ok := e.inBuffer(signal, run.Start); ok {
		f.Healed(proof)
		return
	}
	if ended == nil {
		return
	}
	for _, check := range []*checks.Check{Failures, Batches} {
		for _, cause := range e.Findings(check) {
			if tellsOf(cause, ended.ID) {
				f.CausedBy(cause)
			}
		}
	}
}

// endedBuffer is the run of the buffer that had come to its end when an emitter failed, with no other in its place yet; nil
// when there was a buffer to hand the signal to, or none is known of.
func (e emitters) endedBuffer(failed pipeline.Event) *journey.Link {
	var newest *journey.Link
	for _, link := range e.runs.Buffer {
		if !link.Start.After(failed.Time) {
			newest = link
		}
	}
	if newest == nil || newest.Open() || newest.Status == pipeline.ContinuedAsNew || newest.Close.After(failed.Time) {
		return nil
	}
	return newest
}
