package workflows

import (
	"context"
	"fmt"
	"strings"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Twice finds signals that one emitter has delivered to the buffer twice: its activity died after the delivery, and the next
// attempt delivered again. Each attempt encrypts anew, so that a payload key is needed to see that two deliveries are of the same
// signal. What was emitted twice has two emitters, and is no finding.
var Twice = &checks.Check{
	ID:       "workflows.single-delivery",
	Title:    "every emitter has delivered its signal once",
	Codes:    []checks.Code{checks.TMP012},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		repeats, opened, sealed := repeatsOf(runs.Buffer, p.World.Open)
		if opened == 0 && sealed > 1 {
			return nil, checks.Skip("no key opens the payloads, which would tell whether two of %d deliveries are of the same signal", sealed)
		}
		const most = 20
		if len(repeats) > most {
			p.Incomplete("only the newest %d of %d signals that came again were looked at", most, len(repeats))
			repeats = repeats[len(repeats)-most:]
		}
		var doubled []repeat
		for _, r := range repeats {
			by, err := r.emitter(ctx, p)
			if err != nil {
				return nil, err
			}
			if r.by = by; by.attempt.Attempt > 1 {
				doubled = append(doubled, r)
			}
		}
		reportDoubled(p, doubled)
		return nil, nil
	},
}

// repeat is a signal that came to the buffer again.
type repeat struct {
	first, again delivered
	by           attempted
}

type delivered struct {
	link  *journey.Link
	event pipeline.Event
}

// attempted is the last attempt of an emitter to deliver its signal.
type attempted struct {
	run     pipeline.Run
	attempt pipeline.Event
}

// repeatsOf are the signals that came again, oldest first, and how many deliveries a key opens and does not. What the doctor
// itself has delivered again was lost.
func repeatsOf(chain journey.Chain, open func(pipeline.Payload) ([]byte, bool)) (repeats []repeat, opened, sealed int) {
	last := map[string]delivered{}
	for _, link := range chain {
		for _, e := range link.Ledger.Signals {
			content, ok := journey.Content(e, open)
			if !ok {
				sealed++
				continue
			}
			opened++
			now := delivered{link, e}
			if before, known := last[string(content)]; known && !strings.HasPrefix(e.Identity, pipeline.Mark) {
				repeats = append(repeats, repeat{first: before, again: now})
			}
			last[string(content)] = now
		}
	}
	return repeats, opened, sealed
}

// emitter finds the emitter that was open at both deliveries and began a further attempt between them.
func (r repeat) emitter(ctx context.Context, p *checks.Pass) (attempted, error) {
	listed, err := p.World.Temporal.Emitters(ctx, p.Team, r.again.event.Time)
	if err != nil {
		return attempted{}, err
	}
	signal, _ := journey.Mentioned(r.again.event, p.World.Open)
	for _, execution := range listed {
		run := &journey.Run{Execution: execution}
		if !run.Spans(r.first.event.Time) || !run.Spans(r.again.event.Time) {
			continue
		}
		history, err := p.World.Temporal.History(ctx, run.Run)
		if err != nil {
			return attempted{}, err
		}
		if run.Events = history.Events; !sends(run, signal, p.World.Open) {
			continue
		}
		for _, e := range run.Events {
			between := e.Time.After(r.first.event.Time) && !e.Time.After(r.again.event.Time)
			if e.Type == pipeline.ActivityStarted && e.Attempt > 1 && between {
				return attempted{run.Run, e}, nil
			}
		}
	}
	return attempted{}, nil
}

// sends reports whether an emitter was to deliver a signal.
func sends(run *journey.Run, signal journey.Mention, open func(pipeline.Payload) ([]byte, bool)) bool {
	told, ok := journey.Mentioned(run.First(), open)
	return ok && signal.Same(told)
}

func reportDoubled(p *checks.Pass, doubled []repeat) {
	n := len(doubled)
	if n == 0 {
		return
	}
	f := p.Report(checks.TMP012, doubled[n-1].again.link.Workflow).
		Titlef("%s delivered to the buffer twice by one emitter", wereSignals(n)).
		Detailf("Both copies go on, and weigh twice in their report.")
	for _, r := range newest(doubled) {
		what := "a signal"
		if s, ok := journey.Identify(r.again.event, p.World.Open); ok {
			what = checks.Clip(s.String(), 150)
		}
		tried := fmt.Sprintf("attempt %d of its delivery", r.by.attempt.Attempt)
		if inner := r.by.attempt.Failure.Innermost(); inner != nil {
			tried += ", after: " + checks.Clip(messageOf(inner), 200)
		}
		f.With(evidence(p, r.first.link.Run.Run, r.first.event, what)).
			With(evidence(p, r.again.link.Run.Run, r.again.event, what+" again")).
			With(evidence(p, r.by.run, r.by.attempt, tried))
	}
}
