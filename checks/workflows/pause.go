package workflows

import (
	"context"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Pause finds a team's grouping that was told to touch no batch until an instant. The history tells, of the run's start or of a
// signal since: no worker has to be asked.
var Pause = &checks.Check{
	ID:       "workflows.grouping-pause",
	Title:    "grouping is not paused",
	Codes:    []checks.Code{checks.TMP009},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal, checks.Settings},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		rounds := runs.OfType(journey.GroupingWorkflow)
		if len(rounds) == 0 || !rounds[0].Open() {
			return nil, nil
		}
		run := rounds[0]
		if run.Err != nil {
			return nil, run.Err
		}
		until, known := run.PausedUntil(p.World.Open)
		told, held := run.HeldBack(p.World.Open)
		switch {
		case failingTask(run.Events) != nil: // it cannot even go on when the pause is over
		case known && until.After(p.World.Now):
			reportPause(p, run, told).
				Titlef("grouping is paused until %s", until.In(p.World.Now.Location()).Format(time.DateTime))
		case !known && held:
			reportPause(p, run, told).Titlef("grouping is paused: it does not read the batches that it was told of")
		}
		return nil, nil
	},
}

func reportPause(p *checks.Pass, run *journey.Run, told []pipeline.Event) *checks.Finding {
	by, text := run.PausedBy(), "told to pause"
	switch {
	case by.Type == pipeline.WorkflowStarted:
		text = "began with the pause of the run before"
	case by.Identity != "":
		text += " by " + checks.Clip(checks.OneLine(by.Identity), 100)
	}
	f := p.Report(checks.TMP009, run.Workflow).
		Detailf("What it is told of waits, and so does each signal that comes. It goes on by itself when the pause is over.").
		With(evidence(p, run.Run, by, text))
	for _, e := range newest(told) {
		f.With(evidence(p, run.Run, e, "told of a batch"))
	}
	return f
}
