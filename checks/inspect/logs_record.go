package inspect

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// What is recorded without being asked for.
const (
	newestLogs      = 5
	mostLogs        = 20
	recordedEntries = 200 // entries of each
	mostBoxes       = 5   // whose details are
)

// recordLogs asks what doctor logs and doctor sandboxes ask, so that it is in a recording of the world: the ends of the
// newest logs and of those of runs that did not end well, the processes of all sandboxes, and the details of the team's own.
func recordLogs(ctx context.Context, l *Look) {
	if listed, err := ListSandboxes(ctx, l, ""); err == nil {
		own := 0
		for _, box := range listed.Sandboxes {
			if box.Run != nil && own < mostBoxes {
				l.sandboxDetail(ctx, box, &Head{})
				own++
			}
		}
	}
	runs, err := l.knownRuns(ctx, &Head{})
	if err != nil {
		return
	}
	var group errgroup.Group
	group.SetLimit(parallel)
	stored, asked := 0, 0
	for _, run := range runs {
		if !run.stored {
			continue
		}
		failed := run.listed && (run.Status != "completed" || run.Inactive || run.Error != "")
		if stored++; asked == mostLogs || stored > newestLogs && !failed {
			continue
		}
		asked++
		group.Go(func() error { // what could not be asked for is recorded as such
			l.complete(ctx, run, &Head{})
			_, _ = l.tail(ctx, run.key, LogQuery{Tail: recordedEntries})
			return nil
		})
	}
	_ = group.Wait()
}
