package inspect

import (
	"context"
	"errors"
	"time"

	"doctor/checks/pipeline"
)

// Awaited is what somebody waits for.
type Awaited struct {
	Signals int       // that are to arrive
	From    time.Time // from then on
	// Next gives the world as it is at the next look, when it is time for it: a world answers each question once. It fails with
	// the context's error.
	Next func(context.Context) (*pipeline.World, error)
	Tell func(*Status) // is told of each look that is not the last
}

// AwaitStatus looks until nothing is at work any more and the signals have arrived, one is lost, or not all can be seen. When
// the time is over it returns what was seen last.
func AwaitStatus(ctx context.Context, l *Look, awaited Awaited) (*Status, error) {
	look, begun := *l, l.World.Now
	deadline, _ := ctx.Deadline()
	var last *Status
	for looks := 1; ; looks++ {
		s, err := lookAtStatus(ctx, &look, awaited.From, &awaited)
		switch {
		case ctx.Err() != nil && last != nil: // what was seen of a look that was cut short tells nothing
			return last.over(ctx.Err(), deadline.Sub(begun)), nil
		case err != nil:
			return nil, err
		}
		s.Waited = &Waited{Expected: awaited.Signals, MS: look.World.Now.Sub(begun).Milliseconds(), Looks: looks}
		if s.State != AtWork {
			return s, nil
		}
		last = s
		awaited.Tell(s)
		world, err := awaited.Next(ctx)
		if err != nil {
			return last.over(err, deadline.Sub(begun)), nil
		}
		look.World, look.Since = world, world.Now.Add(-l.World.Now.Sub(l.Since))
	}
}

// over says that the time was over, unless somebody called it off.
func (s *Status) over(why error, after time.Duration) *Status {
	if s.Waited.TimedOut = errors.Is(why, context.DeadlineExceeded); s.Waited.TimedOut {
		s.Waited.MS = max(s.Waited.MS, after.Milliseconds())
	}
	return s
}
