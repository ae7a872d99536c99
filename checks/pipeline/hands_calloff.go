package pipeline

import (
	"context"
	"slices"
)

// CallOff ends the mutations of a deletion that is under way, so that what they have not deleted yet stays. One that fails at
// each attempt ends, too. A server from before 2020 cannot end a mutation: it is waited for there.
func (h *Hands) CallOff(ctx context.Context, signals SignalsOfReports, progress func(Progress)) error {
	return h.work(ctx, SourceClickHouse, "an end to the deletion of "+signals.String(), func(ctx context.Context) error {
		server, err := h.clickhouse.Reach(ctx)
		if err != nil {
			return err
		}
		at, err := h.place(ctx, signals.Table)
		if err != nil {
			return err
		}
		steps, err := h.steps(ctx, at, signals)
		if err != nil {
			return err
		}
		for i, step := range steps {
			marked, err := h.marked(ctx, at, step.mark)
			switch {
			case err != nil:
				return err
			case !slices.ContainsFunc(marked, func(w working) bool { return !w.done }):
				continue
			case old(server.Version):
				err = h.follow(ctx, at, step.mark, nil, func(p Progress) {
					p.Step, p.Steps = i+1, len(steps)
					progress(p)
				})
			default:
				err = h.kill(ctx, at, hasMark, step.mark)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// kill has the mutations of a table killed that a condition holds for, and waits until they are.
func (h *Hands) kill(ctx context.Context, at place, condition, value string) error {
	conn, err := h.clickhouse.connection()
	if err != nil {
		return err
	}
	statement := "KILL MUTATION" + at.onCluster() + " WHERE database = ? AND table = ? AND " + condition
	if err := conn.Exec(ctx, statement, at.table.Database, at.table.Name, value); err != nil {
		return unanswered(err)
	}
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		left, err := h.unfinished(ctx, at, condition, value)
		if err != nil || len(left) == 0 {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func (h *Hands) unfinished(ctx context.Context, at place, condition, value string) ([]working, error) {
	return h.listed(ctx, at, "NOT is_killed AND NOT is_done AND "+condition, value)
}
