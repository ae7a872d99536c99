package journey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks/pipeline"
)

// Later reads the runs of a team's buffer that began after one of its runs did, each in full, and fails when one of them cannot
// be read: it is for who must know that something is in none of them. Temporal lists a run a moment after it has begun. So the
// newest is asked for by the workflow's name, too, and what it went on from.
func Later(ctx context.Context, w *pipeline.World, team int64, than pipeline.Run, began time.Time) ([]*Run, error) {
	listing, err := w.Temporal.Executions(ctx, team, began)
	if err == nil && listing.Truncated {
		err = errors.New("not all runs of the team were listed in time")
	}
	if err != nil {
		return nil, err
	}
	var later []*Run
	known := map[string]bool{than.ID: true, "": true}
	for _, e := range listing.Executions {
		if e.Workflow == than.Workflow && e.Start.After(began) && e.ID != than.ID {
			later, known[e.ID] = append(later, &Run{Execution: e}), true
		}
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, run := range later {
		group.Go(func() error {
			run.readAll(ctx, w)
			return run.Err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	unlisted, err := newest(ctx, w, than.Workflow, known)
	return append(later, unlisted...), err
}

// newest reads the newest run of a workflow and those that it went on from, up to one that is known.
func newest(ctx context.Context, w *pipeline.World, workflow string, known map[string]bool) ([]*Run, error) {
	var runs []*Run
	id := "" // stands for the newest
	for {
		run := &Run{Execution: pipeline.Execution{Run: pipeline.Run{Workflow: workflow, ID: id}}}
		run.readAll(ctx, w)
		switch first := run.started(); {
		case pipeline.KindOf(run.Err) == pipeline.Missing:
			return runs, nil
		case run.Err != nil:
			return runs, run.Err
		case len(run.Events) == 0:
			return runs, fmt.Errorf("the history of %s is empty", run.Run)
		case id == "" && known[first.Original]:
			return runs, nil
		default:
			if id == "" {
				run.ID = first.Original
			}
			runs = append(runs, run)
			if id = first.Previous; known[id] {
				return runs, nil
			}
			known[id] = true
		}
	}
}
