package inspect

import (
	"cmp"
	"context"
	"slices"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// knownRun is a run of an agent that is known of: from Postgres, from its log, or from both.
type knownRun struct {
	pipeline.TaskRun        // of one that only its log is known of: the ids, and when it was last heard of
	key              string // of its log, whether there is one or not
	stored           bool
	size             int64
	listed           bool // Postgres has it among the runs that it was asked for
}

func (r *knownRun) agentRun() *AgentRun { return &AgentRun{r.ID, r.Purpose, r.Status} }

// names are what a run is called where it is met.
func (r *knownRun) names() []string {
	return []string{r.ID, r.key, "task-processing-" + r.Task + "-" + r.ID}
}

// knownRuns lists the runs of the team's agents, newest first. Postgres has those of the time that is looked at, the object
// storage all that left a log.
func (l *Look) knownRuns(ctx context.Context, head *Head) ([]*knownRun, error) {
	d := l.diagnose(ctx, services.Postgres, services.ObjectStorage)
	if _, err := resultOf[pipeline.Reached](d, services.ObjectStorage); err != nil {
		return nil, err
	}
	logs, err := l.World.Objects.AgentLogs(ctx, l.Team)
	if err != nil {
		return nil, err
	}
	var runs []*knownRun
	known := map[string]*knownRun{}
	add := func(run *knownRun) { runs, known[run.ID] = append(runs, run), run }
	_, err = resultOf[pipeline.Reached](d, services.Postgres)
	if err == nil {
		var listed pipeline.TaskRunListing
		listed, err = l.World.Postgres.TaskRuns(ctx, l.Team, l.Since)
		for _, task := range listed.Runs {
			add(&knownRun{TaskRun: task, key: l.World.Objects.LogKey(l.Team, task.Task, task.ID), listed: true})
		}
	}
	head.miss(err)
	for _, log := range logs.Logs {
		if known[log.Run] == nil {
			add(&knownRun{TaskRun: pipeline.TaskRun{ID: log.Run, Task: log.Task, Created: log.Modified}})
		}
		run := known[log.Run]
		run.key, run.stored, run.size = log.Key, true, log.Size
	}
	slices.SortStableFunc(runs, func(a, b *knownRun) int { return b.Created.Compare(a.Created) })
	return runs, nil
}

// named is what a name can be of: a run, or a task, which stands for its newest run.
type named struct {
	run   *knownRun
	names []string
}

// chooseRun finds the run that a name is of. No name is the newest one that left a log, and nil where none did.
func chooseRun(runs []*knownRun, name string) (*knownRun, error) {
	if name == "" {
		if at := slices.IndexFunc(runs, func(r *knownRun) bool { return r.stored }); at >= 0 {
			return runs[at], nil
		}
		return nil, nil
	}
	var among []named
	tasks := map[string]bool{}
	for _, run := range runs {
		among = append(among, named{run, run.names()})
		if !tasks[run.Task] {
			tasks[run.Task] = true
			among = append(among, named{run, []string{run.Task, "task-processing-" + run.Task}})
		}
	}
	chosen, err := choose(among, func(n named) []string { return n.names }, "run or task of an agent", name, "doctor workflows")
	return chosen.run, err
}

// complete asks Postgres for a run that it was not asked for yet, because it is older than the time that is looked at.
func (l *Look) complete(ctx context.Context, run *knownRun, head *Head) {
	if run.listed {
		return
	}
	past, err := l.World.Postgres.TaskRunsOf(ctx, l.Team, []string{run.Task})
	if cmp.Or(pipeline.KindOf(err), pipeline.NotRecorded) != pipeline.NotRecorded {
		head.miss(err)
	}
	for _, task := range past.Runs {
		if task.ID == run.ID {
			run.TaskRun, run.listed = task, true
		}
	}
}

// at is an instant, and nil where it is not known.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
