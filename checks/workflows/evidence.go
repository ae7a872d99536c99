package workflows

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// evidence points at one event of a run.
func evidence(p *checks.Pass, run pipeline.Run, e pipeline.Event, text string) checks.Evidence {
	return checks.Evidence{
		Source:  "run " + pipeline.Short(run.ID),
		Locator: checks.Locator{Workflow: run.Workflow, Run: run.ID, Event: e.ID, URL: p.World.Temporal.Page(run)},
		Excerpt: text,
		Time:    e.Time,
	}
}

// subject names a run and events of it.
func subject(run string, events []pipeline.Event) []string {
	parts := []string{run}
	for _, e := range events {
		parts = append(parts, strconv.FormatInt(e.ID, 10))
	}
	return parts
}

func wereSignals(n int) string {
	if n == 1 {
		return "1 signal was"
	}
	return fmt.Sprintf("%d signals were", n)
}

func samePayload(a, b []pipeline.Payload) bool {
	return len(a) > 0 && len(b) > 0 && len(a[0].Data) > 0 && bytes.Equal(a[0].Data, b[0].Data)
}

// tellsOf reports whether a finding has evidence in a run.
func tellsOf(f *checks.Finding, run string) bool {
	return slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return e.Locator.Run == run })
}

// tellsOfEvent reports whether a finding has evidence in one event of a run.
func tellsOfEvent(f *checks.Finding, run string, event int64) bool {
	return slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return e.Locator.Run == run && e.Locator.Event == event })
}
