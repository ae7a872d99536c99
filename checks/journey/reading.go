package journey

import (
	"context"

	"golang.org/x/sync/errgroup"

	"doctor/checks/pipeline"
)

// Read reads the histories of some runs, newest first, and what the open ones wait for. Of those that only their end has to be
// read of it reads no more, see [Run].
func Read(ctx context.Context, w *pipeline.World, runs []*Run) { readHistories(ctx, w, runs) }

// ReadInFull reads the whole histories of some runs, and what the open ones wait for. Of a run that a capture holds only the
// end of, it reads that.
func ReadInFull(ctx context.Context, w *pipeline.World, runs []*Run) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, run := range runs {
		group.Go(func() error {
			if run.readAll(ctx, w); pipeline.KindOf(run.Err) == pipeline.NotRecorded {
				run.read(ctx, w)
			}
			if run.Open() && run.DetailErr == nil {
				run.Detail, run.DetailErr = w.Temporal.Detail(ctx, run.Run)
			}
			return nil
		})
	}
	_ = group.Wait()
}

// First is the event that a run began with; the zero event where it was not read.
func (r *Run) First() pipeline.Event { return r.started() }

// Last is the newest event of a run that was read.
func (r *Run) Last() pipeline.Event { return r.ended() }
