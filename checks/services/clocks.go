package services

import (
	"context"
	"fmt"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Clocks compares the clocks of the services with this machine's, by what they said of the time when they were greeted.
var Clocks = &checks.Check{
	ID:    "services.clocks",
	Title: "the clocks of the services go with this machine's",
	Codes: []checks.Code{checks.SVC007},
	After: []*checks.Check{Temporal, ClickHouse},
	Reads: []checks.Source{checks.Optional(checks.Temporal), checks.Optional(checks.ClickHouse)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		compared := 0
		for _, service := range []*checks.Check{Temporal, ClickHouse} {
			reached, ok := checks.ResultOf[pipeline.Reached](p, service)
			switch {
			case !ok:
			case reached.Clock.Says.IsZero():
				p.Incomplete("%s did not say what time it is", service.Reads[0].Source)
			default:
				compared++
				if skew := reached.Clock.Skew(); skew.Abs() > p.Threshold(checks.ClockSkew) {
					reportSkew(p, string(service.Reads[0].Source), reached, skew)
				}
			}
		}
		if compared == 0 {
			return nil, checks.Skip("no service has told the time")
		}
		return nil, nil
	},
}

func reportSkew(p *checks.Pass, name string, reached pipeline.Reached, skew time.Duration) {
	how := "ahead of"
	if skew < 0 {
		how = "behind"
	}
	p.Report(checks.SVC007, name).
		Titlef("the clock of %s is %s %s this machine's", name, skew.Abs().Round(time.Second), how).
		Detailf("Times that are compared across the two are wrong by that: which worker is still there, how old a row is, when a signature was made.").
		With(checks.Evidence{
			Source: name, Locator: checks.Locator{URL: reached.Address},
			Excerpt: fmt.Sprintf("said %s when it was %s here", reached.Clock.Says.UTC().Format(time.TimeOnly), reached.Clock.Answered.UTC().Format(time.TimeOnly)),
			Time:    reached.Clock.Answered,
		})
}
