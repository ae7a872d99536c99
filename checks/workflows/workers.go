package workflows

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Workers finds task queues where work waits and no worker asks for it.
var Workers = &checks.Check{
	ID:       "workflows.workers",
	Title:    "a worker takes the work that waits in each task queue",
	Codes:    []checks.Code{checks.TMP003},
	Requires: []*checks.Check{journey.Histories},
	After:    []*checks.Check{environment.Debug},
	Reads:    []checks.Source{checks.Temporal},
	Run:      findIdleQueues,
}

func findIdleQueues(ctx context.Context, p *checks.Pass) (any, error) {
	runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
	queues := runs.Untaken(p.World.Now, p.Threshold(checks.NoWorker))
	reported := map[string]bool{}
	for _, queue := range slices.SortedFunc(maps.Keys(queues), compareQueues) {
		pollers, err := p.World.Temporal.Pollers(ctx, queue)
		if err != nil {
			return nil, err
		}
		last := latest(pollers)
		// Where a worker has asked since a run's time was over, and is gone again, nothing waits for it any more.
		tasks := slices.DeleteFunc(queues[queue], func(task journey.Untaken) bool {
			return !task.Until.IsZero() && last.LastAccess.After(task.Until)
		})
		if last.Present(p.World.Now) || reported[queue.Name] || len(tasks) == 0 {
			continue
		}
		reported[queue.Name] = true
		reportIdle(p, queue, tasks, last)
	}
	return nil, nil
}

func reportIdle(p *checks.Pass, queue pipeline.TaskQueue, tasks []journey.Untaken, last pipeline.Poller) {
	f := p.Report(checks.TMP003, queue.Name).
		Titlef("no worker asks for the work of task queue %s", queue.Name).
		At(stageOfWorkflow(tasks[0].Type)).
		CausedBy(slices.DeleteFunc(p.Findings(environment.Debug), func(f *checks.Finding) bool { return f.Subject[0] != queue.Name })...)
	seen := checks.Evidence{Source: "task queue", Excerpt: "no worker has asked it for work in the last five minutes"}
	if last.Identity != "" {
		seen.Time = last.LastAccess
		seen.Excerpt = fmt.Sprintf("last asked %s ago by %s", p.World.Now.Sub(last.LastAccess).Round(time.Second), last.Identity)
	}
	f.With(seen)
	const shown = 4
	for _, w := range tasks[:min(shown, len(tasks))] {
		f.With(checks.Evidence{
			Source:  "run " + pipeline.Short(w.ID),
			Locator: checks.Locator{Workflow: w.Workflow, Run: w.ID, URL: p.World.Temporal.Page(w.Run.Run)},
			Excerpt: w.What,
			Time:    w.Since,
		})
	}
	if more := len(tasks) - shown; more > 0 {
		f.Detailf("%d more workflows wait there.", more)
	}
}

// latest returns the worker that asked last; the zero one when none ever did.
func latest(pollers []pipeline.Poller) pipeline.Poller {
	if len(pollers) == 0 {
		return pipeline.Poller{}
	}
	return slices.MaxFunc(pollers, func(a, b pipeline.Poller) int { return a.LastAccess.Compare(b.LastAccess) })
}

// compareQueues puts a queue's workflow tasks before its activities: without a worker for the former the latter do not arise.
func compareQueues(a, b pipeline.TaskQueue) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), rank(a)-rank(b))
}

func rank(q pipeline.TaskQueue) int {
	if q.Activity {
		return 1
	}
	return 0
}
