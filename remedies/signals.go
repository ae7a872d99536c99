package remedies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// lossOf is what a run has lost; false when it is not known which signals these are.
func lossOf(c *Case) (workflows.Loss, bool) {
	all, _ := c.Result.([]workflows.Loss)
	for _, loss := range all {
		if c.Finding.Failing() && loss.Link.ID == c.Finding.Subject[0] {
			return loss, loss.Exact() && loss.Link.TaskQueue != ""
		}
	}
	return workflows.Loss{}, false
}

func deliverAgain(c *Case) string {
	loss, exact := lossOf(c)
	if !exact {
		return ""
	}
	return fmt.Sprintf("doctor --fix delivers %s again, byte for byte, from Temporal's history", checks.Count(loss.Count, "signal"))
}

// emitAgain is for signals of which it is not known which they are. Those that are delivered again must not be emitted, too.
func emitAgain(line string) func(*Case) string {
	return func(c *Case) string {
		if _, exact := lossOf(c); exact {
			return ""
		}
		return line
	}
}

func planDelivery(_ context.Context, c *Case) (*Plan, error) {
	loss, _ := lossOf(c)
	plan := &Plan{
		Proof: "a later run of the buffer has each of them, and " + c.Finding.Check.ID + " does not find them lost any more", Both: true,
	}
	var all []*delivery
	for _, e := range loss.Events {
		d, err := newDelivery(c, loss.Link.Execution, workflows.SentBy(loss.Link.Run.Run, e))
		if err != nil {
			return nil, err
		}
		all, plan.Operations = append(all, d), append(plan.Operations, d)
	}
	plan.Then = func(*checks.Diagnosis) []string {
		return []string{"update the code of the Temporal workers: a buffer that forgets signals may forget these, too"}
	}
	plan.Prove = func(ctx context.Context, w *pipeline.World) (string, error) {
		var found []string
		for _, d := range all {
			at, err := d.arrived(ctx, w, d.sent(nil))
			if err == nil && at == "" {
				err = fmt.Errorf("no run of the buffer has event %d of run %s", d.Event, pipeline.Short(d.Run))
			}
			if err != nil {
				return "", err
			}
			found = append(found, at)
		}
		return "it is there as " + strings.Join(found, ", "), nil
	}
	return plan, nil
}

// delivery sends a lost signal to the team's buffer once more. What the signal says stays in Temporal: it is read from the
// history when it is sent, and known again by its hash.
type delivery struct {
	Namespace string    `json:"namespace"`
	Team      int64     `json:"team"`
	Workflow  string    `json:"workflow"`
	Run       string    `json:"run"` // that has lost it
	Began     time.Time `json:"began"`
	Event     int64     `json:"event"` // by which that run had received it
	Signal    string    `json:"signal"`
	Queue     string    `json:"queue"` // for a buffer that has to be started
	Hash      string    `json:"hash"`  // of the payloads
	Size      int       `json:"size"`  // in bytes
}

func newDelivery(c *Case, run pipeline.Execution, sent pipeline.Sent) (*delivery, error) {
	d := &delivery{
		Namespace: c.World.Settings.Temporal.Namespace, Team: c.Team, Workflow: run.Workflow, Run: run.ID, Began: run.Start, Event: sent.Event,
		Signal: sent.Name, Queue: run.TaskQueue,
	}
	for _, p := range sent.Input {
		d.Size += len(p.Data)
	}
	if d.Size == 0 {
		return nil, fmt.Errorf("event %d of %s has no payload that could be delivered again", d.Event, run.Run)
	}
	var err error
	d.Hash, err = hashOf(sent.Input)
	return d, err
}

// hashOf is the same for the same payloads: their JSON has the metadata in order.
func hashOf(payloads []pipeline.Payload) (string, error) {
	data, err := json.Marshal(payloads)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

func (d *delivery) sent(input []pipeline.Payload) pipeline.Sent {
	return pipeline.Sent{Run: pipeline.Run{Workflow: d.Workflow, ID: d.Run}, Event: d.Event, Name: d.Signal, Input: input}
}

func (d *delivery) Kind() string    { return "deliver-signal" }
func (d *delivery) Target() string  { return "signal " + d.sent(nil).Identity() }
func (d *delivery) Essence() string { return d.Hash + " " + d.Queue }
func (d *delivery) Final() string {
	return "a signal that was delivered cannot be taken back: the pipeline works on it at once"
}

func (d *delivery) Show() Shown {
	identity := d.sent(nil).Identity()
	return Shown{
		Summary: fmt.Sprintf("deliver event %d of run %s again", d.Event, pipeline.Short(d.Run)),
		Form:    "request",
		Text: strings.Join([]string{
			"POST " + d.sent(nil).Path(d.Namespace, d.Team),
			"identity    " + identity,
			"request id  " + identity,
			fmt.Sprintf("payload     %d bytes, as that event has them", d.Size),
			"task queue  " + d.Queue + ", if no buffer runs",
		}, "\n"),
	}
}

func (d *delivery) Look(ctx context.Context, tools *Tools) (State, string, error) {
	world, err := tools.World()
	if err != nil {
		return Elsewhere, "", err
	}
	sent, gone, err := d.original(ctx, world)
	if err != nil {
		return Elsewhere, "", err
	}
	at, err := d.arrived(ctx, world, sent)
	switch {
	case err != nil:
		return Elsewhere, "", err
	case at != "":
		return After, "it was delivered again, as " + at, nil
	case gone != "":
		return Elsewhere, gone, nil
	}
	return Before, "no later run of the buffer has it", nil
}

// original reads the signal where it was delivered first. gone says why it is not there any more.
func (d *delivery) original(ctx context.Context, w *pipeline.World) (sent pipeline.Sent, gone string, err error) {
	sent = d.sent(nil)
	history, err := w.Temporal.History(ctx, sent.Run)
	switch {
	case pipeline.KindOf(err) == pipeline.Missing:
		return sent, fmt.Sprintf("the history of %s is gone, and the signal with it", sent.Run), nil
	case err != nil:
		return sent, "", err
	case history.Truncated:
		return sent, "", fmt.Errorf("the history of %s was read in part only", sent.Run)
	}
	for _, e := range history.Events {
		if e.ID != d.Event {
			continue
		}
		if hash, err := hashOf(e.Input); err != nil || hash != d.Hash || e.Signal != d.Signal {
			return sent, fmt.Sprintf("event %d of %s is not what it was", d.Event, sent.Run), err
		}
		return d.sent(e.Input), "", nil
	}
	return sent, fmt.Sprintf("%s has no event %d", sent.Run, d.Event), nil
}

// arrived is the event of a later run that has the signal; "" when there is none.
func (d *delivery) arrived(ctx context.Context, w *pipeline.World, sent pipeline.Sent) (string, error) {
	later, err := journey.Later(ctx, w, d.Team, sent.Run, d.Began)
	if err != nil {
		return "", fmt.Errorf("whether a later run has it is not known: %w", err)
	}
	for _, run := range later {
		for _, e := range run.Events {
			if e.Type == pipeline.WorkflowSignaled && workflows.Redelivers(e, sent, w.Open) {
				return fmt.Sprintf("event %d of run %s", e.ID, pipeline.Short(run.ID)), nil
			}
		}
	}
	return "", nil
}

// Apply sends it, never twice: when no answer comes, a look has to tell what has become of it.
func (d *delivery) Apply(ctx context.Context, tools *Tools) error {
	world, err := tools.World()
	if err != nil {
		return err
	}
	hands, err := pipeline.HandsOf(world)
	if err != nil {
		return err
	}
	sent, gone, err := d.original(ctx, world)
	if err == nil && gone != "" {
		err = errors.New(gone)
	}
	if err != nil {
		return err
	}
	run, err := hands.DeliverToBuffer(ctx, sent, d.Team, d.Queue)
	if err != nil {
		return err
	}
	tools.step("delivered")
	d.await(ctx, tools, run)
	return nil
}

func (d *delivery) Undo(context.Context, *Tools) error { return errors.New(d.Final()) }

// Temporal lists a run a moment after it has begun: with some stores that is a second.
const (
	listedWithin = 5 * time.Second
	betweenLooks = 100 * time.Millisecond
)

// await waits until the run that has the signal is listed, for a diagnosis sees what is listed. When that takes too long, it
// is not what decides.
func (d *delivery) await(ctx context.Context, tools *Tools, run string) {
	ctx, cancel := context.WithTimeout(ctx, listedWithin)
	defer cancel()
	for !d.listed(ctx, tools, run) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(betweenLooks):
		}
	}
}

func (d *delivery) listed(ctx context.Context, tools *Tools, run string) bool {
	world, err := tools.open()
	if err != nil {
		return false
	}
	defer world.Close()
	listing, err := world.Temporal.Executions(ctx, d.Team, d.Began)
	for _, e := range listing.Executions {
		if e.ID == run {
			return err == nil
		}
	}
	return false
}
