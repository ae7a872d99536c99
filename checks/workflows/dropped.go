package workflows

import (
	"context"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// unanswered is the threat of a signal that the safety filter's model gave no answer for: that counts as unsafe
// (products/signals/backend/temporal/buffer.py).
const unanswered = "provider_safety_filter"

// Dropped finds signals that the buffer received and handed on to nobody by design: judged unsafe, or over the quota. The
// drop is written down in a worker's log only. In the histories it shows as verdicts that no batch was written for, and as a
// quota check that no verdict follows.
var Dropped = &checks.Check{
	ID:       "workflows.dropped-signals",
	Title:    "every signal of the buffer has passed its safety filter and the quota",
	Codes:    []checks.Code{checks.TMP007, checks.TMP008},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		b := buffer{p, runs.Buffer}
		for _, link := range b.chain {
			b.judges(link)
		}
		b.reportRefused()
		b.reportOverQuota()
		return nil, nil
	},
}

// newest is the last few of what can be many.
func newest[T any](all []T) []T {
	const shown = 3
	return all[max(0, len(all)-shown):]
}

// reportRefused reports what the safety filter judged unsafe, and apart from it what its model gave no answer for.
func (b buffer) reportRefused() {
	var unsafe, mute []journey.Refused
	for _, refused := range b.chain.Refused(b.World.Open) {
		if refused.Threat == unanswered {
			mute = append(mute, refused)
		} else {
			unsafe = append(unsafe, refused)
		}
	}
	if n := len(unsafe); n > 0 {
		b.Report(checks.TMP007, unsafe[n-1].Link.Workflow).
			Titlef("%s judged unsafe by the safety filter, and dropped", wereSignals(n)).
			Detailf("That is by design: nothing brings them back.").
			With(b.verdicts(unsafe)...)
	}
	if n := len(mute); n > 0 {
		f := b.Report(checks.TMP007, mute[n-1].Link.Workflow, unanswered).
			Titlef("%s dropped: the safety filter's model gave no answer, which counts as unsafe", wereSignals(n)).
			As(checks.Warning).
			With(b.verdicts(mute)...)
		if proof := b.arrivedSince(mute); len(proof) == n {
			f.Healed(newest(proof)...)
		}
	}
}

func (b buffer) verdicts(all []journey.Refused) []checks.Evidence {
	var told []checks.Evidence
	for _, refused := range newest(all) {
		text := "a signal"
		if s, ok := journey.Identify(refused.Event, b.World.Open); ok {
			text = s.String()
		}
		if refused.Threat != "" {
			text += ": " + checks.OneLine(refused.Threat)
		}
		at := refused.Filter.Scheduled
		at.Time = refused.Filter.End.Time
		told = append(told, evidence(b.Pass, refused.Link.Run.Run, at, checks.Clip(text, 300)))
	}
	return told
}

// arrivedSince is the proof that signals have been delivered again since.
func (b buffer) arrivedSince(all []journey.Refused) (proof []checks.Evidence) {
	for _, refused := range all {
		for place, link := range b.chain {
			if link == refused.Link && refused.Event.ID != 0 {
				_, _, again := b.since([]pipeline.Event{refused.Event}, place)
				proof = append(proof, again...)
			}
		}
	}
	return proof
}

// reportOverQuota reports the batches that the quota dropped. That is over when a later batch has passed the check.
func (b buffer) reportOverQuota() {
	dropped, passed := b.chain.OverQuota()
	n := len(dropped)
	if n == 0 {
		return
	}
	last := dropped[n-1]
	f := b.Report(checks.TMP008, last.Link.Workflow).
		Titlef("%s dropped at the buffer's quota check", wereBatches(n)).
		Detailf("The team is over its credits or over max_reports_per_day. Nothing brings back what was dropped.")
	for _, batch := range newest(dropped) {
		f.With(evidence(b.Pass, batch.Link.Run.Run, batch.End, "the quota check let nothing through")).
			With(b.deliveries(batch.Link, newest(batch.Signals), "dropped with its batch")...)
	}
	if passed.Link != nil && passed.End.Time.After(last.End.Time) {
		f.Healed(evidence(b.Pass, passed.Link.Run.Run, passed.End, "a batch has passed since"))
	}
}

func wereBatches(n int) string {
	if n == 1 {
		return "1 batch was"
	}
	return batches(n) + " were"
}
