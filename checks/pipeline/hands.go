package pipeline

import (
	"context"
	"errors"
	"net"
	"time"
)

// Hands is what can be changed in a pipeline. Remedies have it, checks have not: they are given a [World].
//
// Each method is one act. It remembers nothing, asks anew each time, and tries nothing twice. It fails with an [Error], of
// kind [Uncertain] when it is not known whether the act has happened.
type Hands struct {
	world      *World
	clickhouse *ClickHouse // with connections of its own, for the world's may not write
}

// Uncertain is the kind of an act that may have happened all the same: its answer did not come. Who wants it again has to
// look first.
const Uncertain Kind = "not known whether it happened"

// ErrNoHands is returned for a world that is known from a recording, or from what was told of it.
var ErrNoHands = errors.New("a pipeline that was recorded cannot be changed, only one that is there")

// HandsOf returns the hands for a live world. They let go when it is closed.
func HandsOf(w *World) (*Hands, error) {
	if w.told {
		return nil, ErrNoHands
	}
	return &Hands{world: w, clickhouse: &ClickHouse{world: w, writes: true}}, nil
}

// patience is how many observations' time an act of one request may take: who gives up on it has to find out whether it
// happened.
const patience = 10

// act does something that is one request, or few.
func (h *Hands) act(ctx context.Context, source Source, asking string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience*h.world.observation)
	defer cancel()
	return h.work(ctx, source, asking, do)
}

// work does something that takes as long as it takes, and says of a failure what kind it is, who was asked, and for what.
func (h *Hands) work(ctx context.Context, source Source, asking string, do func(context.Context) error) error {
	started := time.Now()
	err := do(ctx)
	if err == nil {
		return nil
	}
	e := new(Error)
	if errors.As(err, &e) {
		return err // of a question that the act began with
	}
	err = h.world.describe(ctx, source, asking, time.Since(started), err)
	if known := new(kinded); errors.As(err, known) && errors.As(err, &e) && known.kind == Uncertain {
		e.Kind = Uncertain // also where the run has ended, for then it matters most
	}
	return err
}

// undialled reports whether an error is that of a connection which did not come about.
func undialled(err error) bool {
	var dialled *net.OpError
	var resolve *net.DNSError
	return errors.As(err, &dialled) && dialled.Op == "dial" || errors.As(err, &resolve)
}
