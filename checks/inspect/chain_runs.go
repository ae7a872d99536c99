package inspect

import (
	"context"
	"fmt"
	"slices"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// inFull is how many runs of a chain are read in full at once; of older ones the end is read where that tells that all went well.
const inFull = 20

// chain reads the newest runs of a run's workflow, newest first, and says why it goes no further back where it does not.
//
// Temporal lists them, those that are older than what is looked at elsewhere, too. The oldest of them tells of one before it,
// and the newest may of one that is not listed yet: these are followed by their ids.
func (l *Look) chain(ctx context.Context, of pipeline.Execution, limit int) (runs []*journey.Run, older string, err error) {
	listed, err := l.named(ctx, pipeline.RunsQuery{Name: of.Workflow, Limit: limit + 1})
	if err != nil {
		return nil, "", err
	}
	known := map[string]bool{}
	for _, e := range listed {
		if e.Workflow == of.Workflow && !known[e.ID] {
			runs, known[e.ID] = append(runs, &journey.Run{Execution: e}), true
		}
	}
	if !known[of.ID] && len(runs) <= limit {
		runs, known[of.ID] = append(runs, &journey.Run{Execution: of}), true
		slices.SortStableFunc(runs, func(a, b *journey.Run) int { return b.Start.Compare(a.Start) })
	}
	cut := len(runs) > limit
	runs = runs[:min(len(runs), limit)]
	l.readChain(ctx, runs)
	newer, _ := l.walk(ctx, runs[0], known, limit, func(r *journey.Run) string { return r.Last().Next })
	slices.Reverse(newer)
	runs = append(newer, runs...)
	if cut {
		return runs, fmt.Sprintf("only the newest %d were read: --limit reads more", len(runs)), nil
	}
	before, gone := l.walk(ctx, runs[len(runs)-1], known, limit-len(runs), func(r *journey.Run) string { return r.First().Previous })
	return append(runs, before...), gone, nil
}

// readChain reads the newest of the runs in full, and the oldest: it tells where the chain comes from.
func (l *Look) readChain(ctx context.Context, runs []*journey.Run) {
	newest := runs[:min(len(runs), inFull)]
	journey.ReadInFull(ctx, l.World, newest)
	rest := runs[len(newest):]
	if len(rest) == 0 {
		return
	}
	journey.ReadInFull(ctx, l.World, rest[len(rest)-1:])
	journey.Read(ctx, l.World, rest[:len(rest)-1])
}

// walk goes from run to run, each told by the one before, and says where it ended if not at an end of the chain.
func (l *Look) walk(ctx context.Context, from *journey.Run, known map[string]bool, most int, to func(*journey.Run) string) (runs []*journey.Run, ended string) {
	for id := to(from); id != "" && !known[id]; {
		if len(runs) >= most {
			return runs, fmt.Sprintf("run %s was not read: --limit reads more", pipeline.Short(id))
		}
		run := &journey.Run{Execution: pipeline.Execution{Run: pipeline.Run{Workflow: from.Workflow, ID: id}, Type: from.Type, Status: pipeline.Running}}
		journey.ReadInFull(ctx, l.World, []*journey.Run{run})
		switch {
		case pipeline.KindOf(run.Err) == pipeline.Missing:
			return runs, fmt.Sprintf("run %s is gone: Temporal keeps histories for a while only", pipeline.Short(id))
		case len(run.Events) == 0:
			return runs, fmt.Sprintf("run %s could not be read", pipeline.Short(id))
		}
		run.Start = run.Events[0].Time
		if last := run.Last(); last.Type.Ends() {
			run.Status, run.Close = ending[last.Type], last.Time
		}
		runs, known[id] = append(runs, run), true
		id = to(run)
	}
	return runs, ""
}
