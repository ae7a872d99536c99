package eyesight

import (
	"context"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Visibility finds out whether Temporal lists the workflows that it has: the list is kept in another store than the
// histories, and what it lacks nobody looks at.
var Visibility = &checks.Check{
	ID:       "eyesight.visibility",
	Title:    "Temporal lists the workflows that its histories tell of",
	Codes:    []checks.Code{checks.SEE004},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		if runs.Listed.IsZero() {
			p.Incomplete("not recorded: when the workflows were listed")
		}
		if len(runs.Behind) > 0 {
			reportBehind(p, runs)
		}
		return nil, nil
	},
}

func reportBehind(p *checks.Pass, runs *journey.Runs) {
	var longest time.Duration
	for _, b := range runs.Behind {
		longest = max(longest, b.Ago(runs.Listed))
	}
	finding := p.Report(checks.SEE004, p.World.Settings.Temporal.URL).
		Titlef("Temporal's list of workflows is %s behind its histories", longest.Round(time.Second)).
		Detailf("What the list lacks is looked at by nobody, here and in Temporal's UI. The workflows themselves go on.")
	const shown = 4
	for _, b := range runs.Behind[:min(shown, len(runs.Behind))] {
		told := checks.Evidence{
			Source:  "run " + pipeline.Short(b.Of.ID),
			Locator: checks.Locator{Workflow: b.Of.Workflow, Run: b.Of.ID, Event: b.Event.ID, URL: p.World.Temporal.Page(b.Of.Run)},
			Excerpt: "has ended, and the list takes it for open",
			Time:    b.Event.Time,
		}
		if b.Lacks.ID != "" {
			told.Excerpt = "began " + b.Lacks.String() + ", which the list lacks"
		}
		finding.With(told)
	}
}
