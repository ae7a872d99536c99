package remedies

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// stuckRun is the run that does not get past the failure of a finding.
func stuckRun(c *Case) (workflows.Stuck, bool) {
	all, _ := c.Result.([]workflows.Stuck)
	for _, s := range all {
		if c.Finding.Failing() && slices.Equal(s.Subject, c.Finding.Subject) {
			return s, true
		}
	}
	return workflows.Stuck{}, false
}

func endStuck(c *Case) string {
	s, ok := stuckRun(c)
	if !ok {
		return ""
	}
	return fmt.Sprintf("doctor --fix --unsafe ends %s, and what it has in hand; the next signal starts it anew", s.Run)
}

func planTermination(_ context.Context, c *Case) (*Plan, error) {
	s, _ := stuckRun(c)
	t := &termination{Namespace: c.World.Settings.Temporal.Namespace, Stuck: s}
	// The failures of the past stay what they are when grouping is ended: nobody knows better before the next batch.
	plan := &Plan{Operations: []Operation{t}, Proof: "its history ends with the termination", Both: !s.Loops}
	plan.Prove = func(ctx context.Context, w *pipeline.World) (string, error) {
		state, seen, err := t.stands(ctx, w)
		if err == nil && state != After {
			err = errors.New(seen)
		}
		return seen, err
	}
	plan.Then = func(*checks.Diagnosis) []string {
		if s.Type == journey.BufferWorkflow {
			return nil // what it had in hand is found, and delivered again
		}
		return []string{fmt.Sprintf("emit the signals again that %s had in hand, with the command that emitted them", s.Workflow)}
	}
	return plan, nil
}

// termination ends a run that does not get past a failure.
type termination struct {
	Namespace string          `json:"namespace"`
	Stuck     workflows.Stuck `json:"stuck"`
}

func (t *termination) Kind() string    { return "terminate-run" }
func (t *termination) Target() string  { return "workflow " + t.Stuck.Workflow }
func (t *termination) Essence() string { return t.Stuck.Why() }
func (t *termination) Final() string {
	return "a run that was ended does not go on: what it had in hand has to be emitted again"
}

func (t *termination) Show() Shown {
	return Shown{
		Summary: "end " + t.Stuck.String(), Form: "request",
		Text: fmt.Sprintf("POST %s\nrun id      %s\nreason      %s", pipeline.TerminationPath(t.Namespace, t.Stuck.Run), t.Stuck.ID, t.reason()),
	}
}

// reason is what the run's history will show.
func (t *termination) reason() string { return "doctor: " + t.Stuck.Why() }

func (t *termination) Look(ctx context.Context, tools *Tools) (State, string, error) {
	world, err := tools.World()
	if err != nil {
		return Elsewhere, "", err
	}
	return t.stands(ctx, world)
}

// stands finds out whether the run is stuck still.
func (t *termination) stands(ctx context.Context, w *pipeline.World) (State, string, error) {
	history, err := w.Temporal.History(ctx, t.Stuck.Run)
	if err == nil && (history.Truncated || len(history.Events) == 0) {
		err = fmt.Errorf("the history of %s was read in part only", t.Stuck.Run)
	}
	if err != nil {
		return Elsewhere, "", err
	}
	switch last := history.Events[len(history.Events)-1]; {
	case last.Type == pipeline.WorkflowTerminated:
		return After, fmt.Sprintf("%s was terminated, event %d", t.Stuck.Run, last.ID), nil
	case last.Type == pipeline.WorkflowContinuedAsNew:
		return Elsewhere, fmt.Sprintf("%s has continued as new since: run doctor once more", t.Stuck.Run), nil
	case last.Type.Ends():
		return Elsewhere, t.Stuck.String() + " has ended by itself", nil
	case !t.Stuck.Still(history.Events):
		return Elsewhere, t.Stuck.String() + " goes on again", nil
	}
	return Before, t.Stuck.String() + " is stuck", nil
}

func (t *termination) Apply(ctx context.Context, tools *Tools) error {
	hands, err := tools.hands()
	if err != nil {
		return err
	}
	return hands.Terminate(ctx, t.Stuck.Run, t.reason())
}

func (t *termination) Undo(context.Context, *Tools) error { return errors.New(t.Final()) }
