// Package sandbox holds the checks of the agents that choose a repository for a report and research it, and of the
// containers that they work in.
package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// AgentRuns reads what the checks of this part judge: the runs of the team's agents, with the logs of those that did not
// end well. Postgres lists them; where it cannot, their logs do. The result is a [*Runs].
var AgentRuns = &checks.Check{
	ID:    "sandbox.runs",
	Title: "the runs of the team's agents can be read",
	After: []*checks.Check{services.Postgres, services.ObjectStorage, services.Docker, services.Temporal},
	Reads: []checks.Source{checks.Optional(checks.Postgres), checks.Optional(checks.ObjectStorage), checks.Optional(checks.Docker), checks.Optional(checks.Temporal)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		r := &Runs{Postgres: p.Passed(services.Postgres), Storage: p.Passed(services.ObjectStorage)}
		_, r.Docker = checks.ResultOf[pipeline.Reached](p, services.Docker)
		if !r.Postgres && !r.Storage {
			return nil, nothingKnows(p)
		}
		if err := r.list(ctx, p); err != nil {
			return nil, err
		}
		r.readLogs(ctx, p.World)
		r.readEvents(ctx, p.World)
		r.findSetups(ctx, p)
		r.admit(p)
		return r, nil
	},
}

// Runs is the runs of a team's agents within the time that is looked at.
type Runs struct {
	All      []*Run // newest first
	Past     []*Run // older ones, which have left a sandbox behind
	Postgres bool   // Postgres has listed them; else only those that left a log are known, and how they ended is not
	Storage  bool   // the object storage could be asked for their logs
	Docker   bool   // Docker could be asked for their sandboxes

	Sandboxes []pipeline.Sandbox // of all teams
	missed    []string           // what was not looked at
	cut       []string           // what was not looked at for the doctor's own bounds
}

// Run is one run of an agent.
type Run struct {
	pipeline.TaskRun                    // of a run that only its log is known of: the ids, and when it was last heard of
	Key              string             // of its log
	Stored           bool               // there is such a log
	Size             int64              // of it, in bytes
	Log              *pipeline.AgentLog // what it tells; nil when that was not looked at
	LogErr           error              // why not, where it had to be
	Setup            *SetupFailure      // why its agent could not begin; nil where it did, and where that is not known
	SetupErr         error              // why that is not known, where it had to be looked for
	Sandbox          *pipeline.Sandbox
	Events           []pipeline.NetworkEvent // of the event store of a sandbox that runs and is silent
	EventsErr        error
}

// EndedWell reports whether the run is known to have ended with all that was asked of it, as far as its own record goes.
func (r *Run) EndedWell() bool { return r.Status == "completed" && !r.Inactive && r.Error == "" }

// Name is what a run is called in a report.
func (r *Run) Name() string {
	purpose := "agent"
	if r.Purpose != "" {
		purpose = strings.ReplaceAll(r.Purpose, "_", " ") + " agent"
	}
	return fmt.Sprintf("%s %s", purpose, pipeline.Short(r.ID))
}

// At is where a run's log stands, or should.
func (r *Run) At(spot pipeline.Spot) checks.Locator {
	return checks.Locator{Object: r.Key, Line: spot.Line}
}

func nothingKnows(p *checks.Pass) error {
	for _, service := range []*checks.Check{services.Postgres, services.ObjectStorage} {
		if status, reason := p.Why(service); status != checks.Skipped {
			return fmt.Errorf("neither Postgres nor the object storage could be asked%s", because(reason))
		}
	}
	return checks.Skip("neither Postgres nor the object storage is there to be asked")
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// list finds out which runs there are, and what of them is there.
func (r *Runs) list(ctx context.Context, p *checks.Pass) error {
	var known pipeline.TaskRunListing
	var logs pipeline.LogListing
	var group errgroup.Group
	if r.Postgres {
		group.Go(func() (err error) {
			known, err = p.World.Postgres.TaskRuns(ctx, p.Team, p.Since)
			return err
		})
	}
	var unlisted, unseen error
	if r.Storage {
		group.Go(func() error {
			logs, unlisted = p.World.Objects.AgentLogs(ctx, p.Team)
			return nil
		})
	}
	if r.Docker {
		group.Go(func() error {
			r.Sandboxes, unseen = p.World.Docker.Sandboxes(ctx)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if unlisted != nil && !r.Postgres {
		return unlisted
	}
	r.miss(unlisted != nil, "the logs of the agents could not be listed: %v", unlisted)
	r.miss(unseen != nil, "the sandboxes could not be listed: %v", unseen)
	r.bound(known.Truncated, "only the newest %d runs of agents were listed", len(known.Runs))
	r.bound(logs.Truncated, "only %d logs of agents were listed", len(logs.Logs))
	r.Storage, r.Docker = r.Storage && unlisted == nil, r.Docker && unseen == nil
	if r.Postgres {
		r.fromPostgres(p.World, p.Team, known.Runs, logs.Logs)
	} else {
		r.fromLogs(logs.Logs, p.Since)
	}
	for _, run := range r.All {
		run.Sandbox = r.sandboxOf(run.TaskRun)
	}
	if r.Postgres {
		return r.listPast(ctx, p)
	}
	return nil
}

// listPast finds the runs of sandboxes that belong to none of the others. Most such sandboxes are another team's.
func (r *Runs) listPast(ctx context.Context, p *checks.Pass) error {
	var tasks []string
	for _, box := range r.Sandboxes {
		if !slices.ContainsFunc(r.All, func(run *Run) bool { return run.Task == box.Task }) {
			tasks = append(tasks, box.Task)
		}
	}
	if len(tasks) == 0 {
		return nil
	}
	past, err := p.World.Postgres.TaskRunsOf(ctx, p.Team, tasks)
	for _, task := range past.Runs {
		r.Past = append(r.Past, &Run{TaskRun: task, Sandbox: r.sandboxOf(task)})
	}
	return err
}

func (r *Runs) miss(missed bool, format string, args ...any) {
	if missed {
		r.missed = append(r.missed, fmt.Sprintf(format, args...))
	}
}

// bound is miss for what the doctor's own bounds leave out.
func (r *Runs) bound(reached bool, format string, args ...any) {
	if reached {
		r.cut = append(r.cut, fmt.Sprintf(format, args...))
	}
}

func (r *Runs) fromPostgres(w *pipeline.World, team int64, known []pipeline.TaskRun, logs []pipeline.LogObject) {
	byRun := map[string]pipeline.LogObject{}
	for _, log := range logs {
		byRun[log.Run] = log
	}
	for _, task := range known {
		run := &Run{TaskRun: task, Key: w.Objects.LogKey(team, task.Task, task.ID)}
		if log, stored := byRun[task.ID]; stored {
			run.Key, run.Stored, run.Size = log.Key, true, log.Size
		}
		r.All = append(r.All, run)
	}
}

func (r *Runs) fromLogs(logs []pipeline.LogObject, since time.Time) {
	for _, log := range logs {
		if log.Modified.After(since) {
			task := pipeline.TaskRun{ID: log.Run, Task: log.Task, Created: log.Modified, Updated: log.Modified}
			r.All = append(r.All, &Run{TaskRun: task, Key: log.Key, Stored: true, Size: log.Size})
		}
	}
}

// sandboxOf finds the sandbox of a run: by the id that the run keeps of it, else by the task.
func (r *Runs) sandboxOf(run pipeline.TaskRun) *pipeline.Sandbox {
	var found *pipeline.Sandbox
	for i, s := range r.Sandboxes {
		switch {
		case run.Container != "" && strings.HasPrefix(s.ID, run.Container):
			return &r.Sandboxes[i]
		case run.Container == "" && s.Task == run.Task && found == nil:
			found = &r.Sandboxes[i]
		}
	}
	return found
}

const (
	// recent is how many logs are read of runs that have ended, the newest first.
	recent = 10
	// underway is how many are read of runs that go on.
	underway = 50
	// lately is how much of the log of a run that goes on is read: what happened last is at its end.
	lately = 256 << 10
	// most is how much of a log is read at all.
	most = 64 << 20
	// parallel is how many logs are asked for at a time.
	parallel = 4
)

// readLogs reads the logs of the runs that did not end well: of one that goes on, and of one that nobody says of how it
// ended, the end.
func (r *Runs) readLogs(ctx context.Context, w *pipeline.World) {
	var group errgroup.Group
	group.SetLimit(parallel)
	ended, goOn := 0, 0
	for _, run := range r.All {
		if run.Size == 0 || run.EndedWell() {
			continue
		}
		count, limit, bytes, which := &goOn, underway, int64(lately), "go on"
		if run.Ended() {
			count, limit, bytes, which = &ended, recent, most, "have ended"
		}
		if *count++; *count > limit {
			r.bound(true, "of runs of agents that %s only the newest %d logs were read", which, limit)
			continue
		}
		group.Go(func() error {
			run.Log, run.LogErr = w.Objects.AgentLog(ctx, run.Key, bytes)
			return nil
		})
	}
	_ = group.Wait()
}

// silent is how long an agent may be unheard before its sandbox is asked what its network did: that starts a program in
// there. An agent at work writes every few seconds.
const silent = 3 * time.Minute

// readEvents asks the sandboxes of silent agents: what their network did comes into the log only when they end.
func (r *Runs) readEvents(ctx context.Context, w *pipeline.World) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, run := range r.All {
		if run.Ended() || run.Sandbox == nil || !run.Sandbox.Running() || w.Now.Sub(cmp.Or(lastOf(run), run.Created)) < silent {
			continue
		}
		group.Go(func() error {
			run.Events, run.EventsErr = w.Docker.EventStore(ctx, run.Sandbox.ID)
			return nil
		})
	}
	_ = group.Wait()
}

// lastOf is when the agent of a run gave its last sign of life.
func lastOf(run *Run) time.Time {
	if run.Log == nil {
		return time.Time{}
	}
	return run.Log.Last.Time
}

// admit says what was not looked at.
func (r *Runs) admit(p *checks.Pass) {
	if status, reason := p.Why(services.Postgres); !r.Postgres && status != checks.Skipped {
		r.miss(true, "which runs of agents there are is known from their logs only%s", because(reason))
	}
	if status, reason := p.Why(services.ObjectStorage); !r.Storage && status != checks.Skipped && len(r.All) > 0 {
		r.miss(true, "the logs of the agents could not be read%s", because(reason))
	}
	for _, run := range r.All {
		r.miss(run.LogErr != nil, "the log of %s: %v", run.Name(), run.LogErr)
		if run.Log != nil && run.Ended() {
			r.bound(!run.Log.Whole(), "of the log of %s the last %d MB", run.Name(), run.Log.Read>>20)
		}
		// Without an event store agentsh does not run there, which is a way to run.
		r.miss(run.EventsErr != nil && pipeline.KindOf(run.EventsErr) != pipeline.Missing, "%v", run.EventsErr)
	}
	slices.Sort(r.missed)
	for _, missed := range slices.Compact(r.missed) {
		p.Incomplete("%s", missed)
	}
	slices.Sort(r.cut)
	for _, beyond := range slices.Compact(r.cut) {
		p.Cut("%s", beyond)
	}
}
