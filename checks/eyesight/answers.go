package eyesight

import (
	"context"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/sandbox"
)

// bounded are the checks that look at a part only where there is more than they may ask for.
var bounded = []*checks.Check{journey.Histories, sandbox.AgentRuns, inbox.Reports}

// Answers gathers where the doctor's own bounds ended its looking: how many rows it lists, how much of a log it reads, how
// long it asks.
var Answers = &checks.Check{
	ID:    "eyesight.answers",
	Title: "no answer was cut off by the doctor's own bounds",
	Codes: []checks.Code{checks.SEE005},
	After: bounded,
	Reads: []checks.Source{checks.Optional(checks.Temporal), checks.Optional(checks.ObjectStorage), checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		if !slices.ContainsFunc(bounded, func(c *checks.Check) bool {
			status, _ := p.Why(c)
			return status != checks.Skipped && status != checks.Blocked
		}) {
			return nil, checks.Skip("nothing was asked for that has a bound")
		}
		var subject []string
		var evidence []checks.Evidence
		for _, check := range bounded {
			for i, what := range p.CutOff(check) {
				if i == 0 {
					subject = append(subject, check.ID)
				}
				evidence = append(evidence, checks.Evidence{Source: check.ID, Excerpt: what, Time: p.World.Now})
			}
		}
		if len(evidence) > 0 {
			p.Report(checks.SEE005, subject...).
				Titlef("the doctor's own bounds cut off what %s looked at", strings.Join(subject, " and ")).
				Detailf("What lies beyond was not looked at, and counts as unknown. A shorter --since asks for less, a longer --timeout gives more time.").
				With(evidence...)
		}
		return nil, nil
	},
}
