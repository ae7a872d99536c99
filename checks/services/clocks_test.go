package services_test

import (
	"errors"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

func TestClocks(t *testing.T) {
	now := checkstest.Now
	greeted := func(ahead time.Duration) pipeline.Answer {
		return pipeline.ClickHouseReached.Is(pipeline.Nothing{}, pipeline.Reached{Clock: pipeline.Clock{
			Says: now.Add(ahead), Asked: now.Add(-20 * time.Millisecond), Answered: now,
		}})
	}
	temporal := pipeline.TemporalReached.Is(pipeline.Nothing{}, pipeline.Reached{Clock: pipeline.Clock{Says: now, Asked: now, Answered: now}})
	for ahead, says := range map[time.Duration]string{
		0:                       "",
		-900 * time.Millisecond: "", // whole seconds
		5 * time.Second:         "",
		90 * time.Second:        "the clock of ClickHouse is 1m30s ahead of this machine's",
		-time.Hour:              "the clock of ClickHouse is 59m59s behind this machine's",
	} {
		o := checkstest.Run(checkstest.World(temporal, greeted(ahead)), services.Clocks)
		o.Says(t, says)
		if says != "" {
			o.Reports(t, checks.SVC007, "ClickHouse")
		}
	}
	checkstest.Run(checkstest.World(temporal), services.Clocks).Is(t, checks.Unknown, "did not say what time it is") // as recordings from before
	gone := errors.New("gone")
	none := checkstest.World(pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.RunOver, gone), pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.RunOver, gone))
	checkstest.Run(none, services.Clocks).Is(t, checks.Skipped, "no service")
}
