package environment

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Debug finds workflows that wait in the task queue of one DEBUG setting, while the workers ask that of the other.
var Debug = &checks.Check{
	ID:       "environment.debug",
	Title:    "who starts workflows and who works on them agree on DEBUG",
	Codes:    []checks.Code{checks.ENV006},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Settings, checks.Temporal},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		waiting := map[pipeline.TaskQueue][]journey.Untaken{}
		for queue, tasks := range runs.Untaken(p.World.Now, p.Threshold(checks.NoWorker)) {
			queue.Activity = false // who asks for neither asks for no workflow tasks
			waiting[queue] = append(waiting[queue], tasks...)
		}
		byName := func(a, b pipeline.TaskQueue) int { return strings.Compare(a.Name, b.Name) }
		for _, queue := range slices.SortedFunc(maps.Keys(waiting), byName) {
			if err := compare(ctx, p, queue, waiting[queue]); err != nil {
				return nil, err
			}
		}
		return nil, nil
	},
}

// compare looks where the workers are that a queue is waiting for.
func compare(ctx context.Context, p *checks.Pass, queue pipeline.TaskQueue, waiting []journey.Untaken) error {
	asked, err := asks(ctx, p, queue)
	if err != nil || asked != nil {
		return err
	}
	for _, other := range otherwise(queue.Name) {
		worker, err := asks(ctx, p, pipeline.TaskQueue{Name: other})
		if err != nil {
			return err
		}
		if worker != nil {
			reportQueues(p, queue.Name, other, *worker, waiting)
			return nil
		}
	}
	return nil
}

// asks returns a worker that asks a queue for work; nil when none does.
func asks(ctx context.Context, p *checks.Pass, queue pipeline.TaskQueue) (*pipeline.Poller, error) {
	pollers, err := p.World.Temporal.Pollers(ctx, queue)
	at := slices.IndexFunc(pollers, func(w pipeline.Poller) bool { return w.Present(p.World.Now) })
	if err != nil || at < 0 {
		return nil, err
	}
	return &pollers[at], nil
}

// The queues are named by DEBUG (posthog/settings/temporal.py): with it all are one.
const withDebug = "development-task-queue"

var withoutDebug = []string{"video-export-task-queue", "tasks-task-queue"}

// otherwise is where the work of a queue would be with the other DEBUG.
func otherwise(queue string) []string {
	if rest, is := strings.CutPrefix(queue, withDebug); is {
		var others []string
		for _, name := range withoutDebug {
			others = append(others, name+rest)
		}
		return others
	}
	for _, name := range withoutDebug {
		if rest, is := strings.CutPrefix(queue, name); is {
			return []string{withDebug + rest}
		}
	}
	return nil
}

func reportQueues(p *checks.Pass, queue, other string, worker pipeline.Poller, waiting []journey.Untaken) {
	oldest := slices.MinFunc(waiting, func(a, b journey.Untaken) int { return a.Since.Compare(b.Since) })
	off := "off"
	if strings.HasPrefix(queue, withDebug) {
		off = "on"
	}
	finding := p.Report(checks.ENV006, queue).
		Titlef("workflows wait in %s, and the workers ask %s", queue, other).
		Detailf("DEBUG was %s where the workflows were started, and is the opposite in the workers.", off).
		With(checks.Evidence{Source: "worker " + worker.Identity, Excerpt: "asks " + other + " for work", Time: worker.LastAccess}).
		With(checks.Evidence{
			Source:  "run " + pipeline.Short(oldest.ID),
			Locator: checks.Locator{Workflow: oldest.Workflow, Run: oldest.ID, URL: p.World.Temporal.Page(oldest.Run.Run)},
			Excerpt: oldest.What + " in " + queue,
			Time:    oldest.Since,
		})
	if at, there := effective(p.World.Settings, "DEBUG"); there {
		finding.With(SeenAt(p.World.Settings, at.Origin, fmt.Sprintf("DEBUG=%.20q, as a command started here sees it", at.Value)))
	}
}
