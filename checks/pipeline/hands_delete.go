package pipeline

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Progress is how far the mutations of a deletion have come.
type Progress struct {
	Mutation    string // the id of the one that is at work
	Step, Steps int
	Parts       int // of the table, that it has to go through
	Left        int // of these, still to be done
}

// Deletion is the statements that [Hands.Delete] gives, for people. Where no document has an older version the first of them is
// left out.
func (h *Hands) Deletion(ctx context.Context, signals SignalsOfReports) (statements []string, err error) {
	err = h.act(ctx, SourceClickHouse, "a plan to delete "+signals.String(), func(ctx context.Context) error {
		at, err := h.place(ctx, signals.Table)
		if err != nil {
			return err
		}
		steps, err := h.steps(ctx, at, signals)
		for _, step := range steps {
			statements = append(statements, step.String())
		}
		return err
	})
	return statements, err
}

// Delete deletes all versions of signals, and waits until ClickHouse has done it.
//
// It takes two mutations, for the server asks each one's subquery anew for each part of the table, when other parts have been
// through it already. The first deletes all versions but the newest, the second these. So at any moment a document either
// belongs to its report or is gone, and it can be interrupted at any moment: one mutation alone would leave, of a document that
// had been moved from one report to another, the older version, which then is the newest. Who calls it again goes on with it.
//
// On a cluster each server does it for its own rows. It refuses to begin when there is more than the given amount, which is what
// was exported.
func (h *Hands) Delete(ctx context.Context, signals SignalsOfReports, exported Amount, progress func(Progress)) error {
	return h.work(ctx, SourceClickHouse, "the deletion of "+signals.String(), func(ctx context.Context) error {
		at, err := h.place(ctx, signals.Table)
		if err != nil {
			return err
		}
		steps, err := h.steps(ctx, at, signals)
		if err != nil {
			return err
		}
		needed := func(step int) (bool, error) {
			amount, err := h.count(ctx, at, signals)
			switch {
			case err != nil:
				return false, err
			case amount.Documents > exported.Documents || amount.Rows > exported.Rows:
				return false, fmt.Errorf("there are %d rows of %d documents, and only %d of %d were exported", amount.Rows, amount.Documents, exported.Rows, exported.Documents)
			case step == 0:
				return amount.Rows > amount.Documents, nil
			}
			return amount.Rows > 0, nil
		}
		for i, step := range steps {
			err := h.mutate(ctx, at, step, func() (bool, error) { return needed(i) }, func(p Progress) {
				p.Step, p.Steps = i+1, len(steps)
				if progress != nil {
					progress(p)
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// mutation is a statement for a mutation, and a text in it by which it is found among the others.
type mutation struct {
	statement
	mark string
}

func (h *Hands) steps(ctx context.Context, at place, signals SignalsOfReports) ([]mutation, error) {
	if err := cmp.Or(at.restorable(), h.reachable(ctx, at)); err != nil {
		return nil, err
	}
	rows, err := h.rowsOf(ctx, signals)
	if err != nil {
		return nil, err
	}
	older := rows.add(" AND NOT ").with(newestOnly(signals))
	var steps []mutation
	for i, rows := range []statement{older, rows} {
		mark := fmt.Sprintf("doctor %x", sha256.Sum256(fmt.Appendf(nil, "%d %d %d %q", i, signals.Team, signals.Before.UnixMilli(), signals.Reports)))[:len("doctor ")+16]
		steps = append(steps, mutation{
			statement{text: "ALTER TABLE " + quoted(signals.Table) + at.onCluster() + " DELETE"}.with(rows).add(" AND ? != ''", mark), mark,
		})
	}
	return steps, nil
}

// reachable fails where the servers of a cluster have no means to tell each other of a statement.
func (h *Hands) reachable(ctx context.Context, at place) error {
	if at.cluster == "" {
		return nil
	}
	found, err := query(ctx, h.clickhouse, func(row scanner, n *uint64) error { return row.Scan(n) },
		"SELECT count() FROM system.tables WHERE database = 'system' AND name = 'zookeeper'")
	if err != nil {
		return err
	}
	if len(found) == 1 && found[0] == 0 {
		return fmt.Errorf("its rows are on several servers of cluster %s, and this one has no ZooKeeper or Keeper to hand on a statement with ON CLUSTER", at.cluster)
	}
	return nil
}

// mutate has a mutation done if it is needed, and follows it to its end. One that is under way is not given again before it
// has come to its end: it may be under way on one server only.
func (h *Hands) mutate(ctx context.Context, at place, m mutation, needed func() (bool, error), progress func(Progress)) error {
	for {
		before, err := h.marked(ctx, at, m.mark)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(before, func(w working) bool { return !w.done }) {
			if err := h.follow(ctx, at, m.mark, before, progress); err != nil {
				return err
			}
			continue
		}
		if needed, err := needed(); err != nil || !needed {
			return err
		}
		if err := h.give(ctx, at, m); err != nil {
			return err
		}
		return h.follow(ctx, at, m.mark, before, progress)
	}
}

func (h *Hands) give(ctx context.Context, at place, m mutation) error {
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return err
	}
	conn, err := h.clickhouse.connection()
	if err != nil {
		return err
	}
	err = conn.Exec(unbounded(ctx, m.statement, asynchronously(server.Version)), m.text, m.bound()...)
	if err == nil {
		return nil
	}
	if err = unanswered(err); at.cluster != "" && handedOn(err) {
		return kinded{Uncertain, err}
	}
	return err
}

// handedOn reports whether a statement with ON CLUSTER failed when the servers had been told of it: on one of them, or because
// not all have answered in time.
func handedOn(err error) bool {
	const timeoutExceeded = 159
	refusal := new(clickhouse.Exception)
	return errors.As(err, &refusal) && (refusal.Code == timeoutExceeded || strings.Contains(refusal.Message, "There was an error on"))
}

// asynchronously is how a mutation is given: it is followed, not waited for. A replicated table takes one with a subquery only
// when it is told that this is meant: all its replicas come to the same here.
func asynchronously(version string) clickhouse.Settings {
	if old(version) {
		return nil
	}
	return clickhouse.Settings{"mutations_sync": 0, "allow_nondeterministic_mutations": 1}
}

// unanswered is the error of a statement that changes something. Unless the server has refused it, or was not reached, it may
// have been taken.
func unanswered(err error) error {
	if refusedByServer(err) || undialled(err) {
		return refusedBy(err)
	}
	return kinded{Uncertain, err}
}

// working is what system.mutations says of a mutation.
type working struct {
	id      string
	created time.Time // two servers may have given the same id
	left    int
	done    bool
	failure string
}

// is reports whether two are one mutation, perhaps on two servers.
func (w working) is(other working) bool { return w.id == other.id && w.created.Equal(other.created) }

// What picks mutations.
const (
	hasMark = "position(command, ?) > 0"
	hasID   = "mutation_id = ?"
)

// marked lists the mutations with a mark, of all servers.
func (h *Hands) marked(ctx context.Context, at place, mark string) ([]working, error) {
	return h.listed(ctx, at, hasMark, mark)
}

func (h *Hands) listed(ctx context.Context, at place, condition, value string) ([]working, error) {
	server, err := h.clickhouse.Reach(ctx)
	if err != nil {
		return nil, err
	}
	failure := "latest_fail_reason"
	if old(server.Version) {
		failure = "''"
	}
	return query(ctx, h.clickhouse, func(row scanner, w *working) error {
		var left int64
		var done uint8
		err := row.Scan(&w.id, &w.created, &left, &done, &w.failure)
		w.left, w.done = int(left), done != 0
		return err
	}, "SELECT mutation_id, create_time, toInt64(parts_to_do), toUInt8(is_done), "+failure+" FROM "+at.mutations(server.Version)+
		" WHERE database = ? AND table = ? AND "+condition, at.table.Database, at.table.Name, value)
}

const (
	// stumbling is how long a mutation may fail at each attempt before it is given up: what it lacked may come.
	stumbling = 10 * time.Second
	// firstLook and lastLook are how long to wait between two looks at a mutation, at first and in the end.
	firstLook = 20 * time.Millisecond
	lastLook  = time.Second
)

// follow looks at the marked mutations that were not done before until they are. A replicated table has them a moment after
// they were given.
func (h *Hands) follow(ctx context.Context, at place, mark string, before []working, progress func(Progress)) error {
	var now Progress
	var troubled time.Time
	for wait := firstLook; ; wait = min(2*wait, lastLook) {
		marked, err := h.marked(ctx, at, mark)
		if err != nil {
			return err
		}
		marked = slices.DeleteFunc(marked, func(w working) bool {
			return slices.ContainsFunc(before, func(b working) bool { return b.done && b.is(w) }) &&
				!slices.ContainsFunc(before, func(b working) bool { return !b.done && b.is(w) })
		})
		var ids, failures []string
		done, left := len(marked) > 0, 0
		for _, w := range marked {
			ids, done, left = append(ids, w.id), done && w.done, left+w.left
			if w.failure != "" && !w.done {
				failures = append(failures, w.failure)
			}
		}
		now = Progress{Mutation: strings.Join(slices.Compact(ids), ", "), Parts: max(now.Parts, left), Left: left}
		progress(now)
		switch {
		case done:
			return nil
		case len(failures) == 0:
			troubled = time.Time{}
		case troubled.IsZero():
			troubled = time.Now()
		case time.Since(troubled) > stumbling:
			return fmt.Errorf("mutation %s fails at each attempt: %s", now.Mutation, failures[0])
		}
		if err := pause(ctx, wait); err != nil {
			return kinded{Uncertain, fmt.Errorf("mutation %s goes on: %w", now.Mutation, err)}
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill ends a mutation that is not done, on the server that is asked. What it has deleted stays deleted. Servers from before
// 2020 cannot do that: the error is [errors.ErrUnsupported] then.
func (h *Hands) Kill(ctx context.Context, m Mutation) error {
	return h.act(ctx, SourceClickHouse, "an end of mutation "+m.ID, func(ctx context.Context) error {
		server, err := h.clickhouse.Reach(ctx)
		if err != nil {
			return err
		}
		if old(server.Version) {
			return fmt.Errorf("version %s cannot end a mutation: %w", server.Version, errors.ErrUnsupported)
		}
		// Another server may have another mutation with this id.
		at := place{table: Table{Database: m.Database, Name: m.Table}}
		there, err := h.unfinished(ctx, at, hasID, m.ID)
		if err != nil {
			return err
		}
		if len(there) == 0 {
			return kinded{Missing, fmt.Errorf("%s.%s has no unfinished mutation %s", m.Database, m.Table, m.ID)}
		}
		return h.kill(ctx, at, hasID, m.ID)
	})
}
