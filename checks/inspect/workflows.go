package inspect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Workflows are a team's workflows: those that are open, and those closed within the time that is looked at.
type Workflows struct {
	Head
	Since     time.Time  `json:"since"`
	Workflows []Workflow `json:"workflows" jsonschema:"newest start first"`
	Total     int        `json:"total" jsonschema:"how many there are of what was asked for, listed or not"`
	// LeftOut are the completed emitters, which are listed only when they are asked for: each signal has one.
	LeftOut int `json:"completed_emitters_left_out"`
}

// Workflow is one run of a workflow.
type Workflow struct {
	WorkflowID string     `json:"workflow_id"`
	RunID      string     `json:"run_id"`
	Type       string     `json:"type"`
	Status     string     `json:"status" jsonschema:"in small letters: running, completed, failed, canceled, terminated, continued_as_new, timed_out"`
	TaskQueue  string     `json:"task_queue"`
	Started    time.Time  `json:"started"`
	Closed     *time.Time `json:"closed,omitempty" jsonschema:"absent while it is open"`
	Pending    []Pending  `json:"pending" jsonschema:"what an open run waits for, where that was looked at"`
	Error      *Failure   `json:"error,omitempty" jsonschema:"why it failed, where that was looked at"`
}

// Pending is what an open run waits for: an activity, or a worker for its workflow task.
type Pending struct {
	Activity    string    `json:"activity" jsonschema:"empty for a workflow task"`
	State       string    `json:"state" jsonschema:"scheduled or started"`
	Since       time.Time `json:"since"`
	Attempt     int       `json:"attempt"`
	MaxAttempts int       `json:"max_attempts" jsonschema:"0: without end"`
	Error       *Failure  `json:"error,omitempty" jsonschema:"why the last attempt failed"`
}

// Failure is what stands at the root of a failure: the outer ones only say that something inside them failed.
type Failure struct {
	Type    string `json:"type" jsonschema:"the exception's class, or which time-out it was"`
	Message string `json:"message"`
}

// WorkflowFilter says which workflows are listed.
type WorkflowFilter struct {
	Types, Statuses []string // as people write them; any, when there are none
	Limit           int      // at most so many
}

// lookedInto is how many open runs are asked what they wait for, and how many failed ones why they did.
const lookedInto = 20

// ListWorkflows lists the team's workflows. Those of its agents have no team in their ids: Postgres knows the agents' runs,
// and a workflow's id is made of the ids of both task and run (products/tasks/backend/models.py).
func ListWorkflows(ctx context.Context, l *Look, filter WorkflowFilter) (*Workflows, error) {
	query, err := filter.query(l)
	if err != nil {
		return nil, err
	}
	d := l.diagnose(ctx, services.Temporal, services.Postgres)
	if _, err := resultOf[pipeline.Reached](d, services.Temporal); err != nil {
		return nil, err
	}
	listed := &Workflows{Head: l.head(), Since: l.Since, Workflows: []Workflow{}}
	var own pipeline.TeamListing
	var agents []pipeline.Execution
	var leftOut int
	var ownErr, agentsErr error
	var group errgroup.Group
	group.Go(func() error { own, ownErr = l.teamWorkflows(ctx, query); return nil })
	if query.Brief {
		done := pipeline.TeamQuery{Team: l.Team, Since: l.Since, Types: []string{journey.EmitterWorkflow}, Statuses: []pipeline.Status{pipeline.Completed}}
		group.Go(func() error {
			counted, err := l.teamWorkflows(ctx, done)
			leftOut = counted.Total
			return err
		})
	}
	if wants := len(query.Types) == 0 || slices.Contains(query.Types, agentWorkflow); wants {
		group.Go(func() error { agents, agentsErr = l.agentWorkflows(ctx, d, query.Statuses); return nil })
	}
	listed.miss(group.Wait())
	listed.miss(agentsErr)
	if ownErr != nil && len(agents) == 0 {
		return nil, ownErr
	}
	listed.miss(ownErr)
	listed.Total, listed.LeftOut = own.Total+len(agents), leftOut
	all := slices.Concat(own.Executions, agents)
	slices.SortStableFunc(all, func(a, b pipeline.Execution) int { return b.Start.Compare(a.Start) })
	listed.add(ctx, l, all[:min(len(all), filter.Limit)])
	return listed, nil
}

// teamWorkflows asks Temporal. What a capture has not recorded in this form is chosen among the team's workflows there.
func (l *Look) teamWorkflows(ctx context.Context, query pipeline.TeamQuery) (pipeline.TeamListing, error) {
	listing, err := l.World.Temporal.TeamWorkflows(ctx, query)
	if pipeline.KindOf(err) != pipeline.NotRecorded {
		return listing, err
	}
	recorded, err := l.World.Temporal.Executions(ctx, l.Team, l.Since)
	if err != nil {
		return listing, err
	}
	listing.Executions = nil
	for _, e := range recorded.Executions {
		done := e.Type == journey.EmitterWorkflow && e.Status == pipeline.Completed
		if (len(query.Types) == 0 || slices.Contains(query.Types, e.Type)) && among(query.Statuses, e.Status) && (!query.Brief || !done) {
			listing.Executions = append(listing.Executions, e)
		}
	}
	listing.Total = len(listing.Executions)
	listing.Executions = listing.Executions[:min(query.Limit, listing.Total)]
	return listing, nil
}

func among(statuses []pipeline.Status, status pipeline.Status) bool {
	return len(statuses) == 0 || slices.Contains(statuses, status)
}

// agentWorkflow is the type of the workflow of an agent's run.
const agentWorkflow = "process-task"

// agentWorkflows lists the workflows of the runs of the team's agents.
func (l *Look) agentWorkflows(ctx context.Context, d *checks.Diagnosis, statuses []pipeline.Status) ([]pipeline.Execution, error) {
	if _, err := resultOf[pipeline.Reached](d, services.Postgres); err != nil {
		return nil, fmt.Errorf("the workflows of agents: %w", err)
	}
	all, err := l.agents(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(e pipeline.Execution) bool {
		return !among(statuses, e.Status) || e.Status != pipeline.Running && e.Close.Before(l.Since)
	}), err
}

// agents lists the workflows of the runs that Postgres knows the team's agents by.
func (l *Look) agents(ctx context.Context) ([]pipeline.Execution, error) {
	runs, err := l.World.Postgres.TaskRuns(ctx, l.Team, l.Since)
	if err != nil || len(runs.Runs) == 0 {
		return nil, err
	}
	var ids []string
	for _, run := range runs.Runs {
		ids = append(ids, fmt.Sprintf("task-processing-%s-%s", run.Task, run.ID))
	}
	listing, err := l.World.Temporal.WorkflowsCalled(ctx, ids)
	return listing.Executions, err
}

// add appends the runs, with what the newest open ones wait for, and why the newest failed ones did.
func (d *Workflows) add(ctx context.Context, l *Look, runs []pipeline.Execution) {
	details, failures, errs := make([]pipeline.Detail, len(runs)), make([]*Failure, len(runs)), make([]error, len(runs))
	var group errgroup.Group
	group.SetLimit(8)
	left := map[pipeline.Status]int{pipeline.Running: lookedInto, pipeline.RunFailed: lookedInto}
	for i, run := range runs {
		if left[run.Status] == 0 {
			continue
		}
		left[run.Status]--
		group.Go(func() error {
			if run.Status == pipeline.Running {
				details[i], errs[i] = l.World.Temporal.Detail(ctx, run.Run)
			} else {
				failures[i], errs[i] = l.whyFailed(ctx, run.Run)
			}
			return nil
		})
	}
	_ = group.Wait()
	for i, run := range runs {
		d.miss(errs[i])
		w := workflow(run, details[i])
		w.Error = failures[i]
		d.Workflows = append(d.Workflows, w)
	}
}

// whyFailed reads the last event of a run that failed. A capture has it among all of its events, if it has any.
func (l *Look) whyFailed(ctx context.Context, run pipeline.Run) (*Failure, error) {
	end, err := l.World.Temporal.Tail(ctx, run, 1)
	if pipeline.KindOf(err) == pipeline.NotRecorded {
		end, err = l.World.Temporal.History(ctx, run)
	}
	if pipeline.KindOf(err) == pipeline.NotRecorded {
		return nil, nil
	}
	if err != nil || len(end.Events) == 0 {
		return nil, err
	}
	return failure(end.Events[len(end.Events)-1].Failure), nil
}

func workflow(run pipeline.Execution, detail pipeline.Detail) Workflow {
	w := Workflow{
		WorkflowID: run.Workflow, RunID: run.ID, Type: run.Type, Status: small(string(run.Status)), TaskQueue: run.TaskQueue,
		Started: run.Start, Pending: []Pending{},
	}
	if !run.Close.IsZero() {
		w.Closed = &run.Close
	}
	for _, a := range detail.Pending {
		w.Pending = append(w.Pending, Pending{
			Activity: a.Activity, State: small(a.State), Since: since(a), Attempt: a.Attempt, MaxAttempts: a.MaxAttempts, Error: failure(a.LastFailure),
		})
	}
	if task := detail.Task; task != nil {
		w.Pending = append(w.Pending, Pending{State: small(task.State), Since: task.Scheduled, Attempt: task.Attempt})
	}
	return w
}

// since is when a pending activity came into its state.
func since(a pipeline.PendingActivity) time.Time {
	if a.State == "STARTED" && !a.LastStarted.IsZero() {
		return a.LastStarted
	}
	return a.Scheduled
}

// mostSaid is how many bytes of a failure's message are kept.
const mostSaid = 2000

// failure is the innermost of a failure; nil where there is none.
func failure(f *pipeline.Failure) *Failure {
	inner := f.Innermost()
	if inner == nil {
		return nil
	}
	return &Failure{Type: cmp.Or(inner.Timeout, inner.Type), Message: checks.Clip(checks.OneLine(inner.Message), mostSaid)}
}
