package inspect

import (
	"context"
	"slices"
)

// Record asks all that the inspections ask by default, so that a capture of the world holds it, too. What cannot be seen is
// recorded as that.
func Record(ctx context.Context, l *Look) {
	for _, record := range []func(context.Context, *Look){recordWorkflows, recordReports, recordLogs, recordTraces} {
		if ctx.Err() == nil {
			record(ctx, l)
		}
	}
}

// recordedTraces is how many signals can be traced in a capture: the newest.
const recordedTraces = 20

func recordTraces(ctx context.Context, l *Look) {
	t, err := newTracer(ctx, l)
	if err != nil {
		return
	}
	_, _ = FollowSignal(ctx, l, "")
	all := t.deliveries()
	for _, d := range slices.Backward(all[max(0, len(all)-recordedTraces):]) {
		if ctx.Err() != nil {
			return
		}
		another := *t
		another.trace = &Trace{Head: l.head()}
		if another.found(ctx, d) == nil {
			another.follow(ctx)
		}
	}
}
