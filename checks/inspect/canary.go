package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
)

// Canary is a test signal that was sent, and how far it came.
type Canary struct {
	Head
	Commands []CommandRun  `json:"commands" jsonschema:"the pipeline's own commands that were run, in order"`
	State    inbox.State   `json:"state" jsonschema:"what became of the signal"`
	Signal   *NewestSignal `json:"signal,omitempty" jsonschema:"absent where none was sent, whatever the command printed"`
	Hops     []Hop         `json:"hops" jsonschema:"its way, as doctor trace tells it"`
	Note     string        `json:"note"`
	WaitedMS int64         `json:"waited_ms"`
	TimedOut bool          `json:"timed_out"`
}

// CommandRun is one run of a management command.
type CommandRun struct {
	Command string   `json:"command"`
	Code    int      `json:"exit_code"`
	Printed []string `json:"printed" jsonschema:"the last lines"`
}

// NewCanary begins the document of a signal that was sent by these commands.
func NewCanary(l *Look, commands []CommandRun) *Canary {
	return &Canary{Head: l.head(), Commands: commands, State: inbox.Moving, Hops: []Hop{}}
}

// ExitCode is 0 for a signal that has arrived, or waits by design.
func (c *Canary) ExitCode() int {
	switch c.State {
	case inbox.Arrived, inbox.Waits:
		return Seen
	}
	if c.Signal == nil && len(c.Missed) > 0 {
		return Unseen
	}
	return Stopped
}

// StaleError says that a test signal would be matched to a report that is not there.
type StaleError struct{ Title string }

func (e StaleError) Error() string { return e.Title }

// FitForCanary fails with a [StaleError] where live signals of reports that do not exist would catch the test signal, and
// otherwise where that cannot be seen.
func FitForCanary(ctx context.Context, l *Look) error {
	d := l.diagnose(ctx, embeddings.Stale)
	for _, f := range d.Findings() {
		if f.Code == checks.CLK001 && f.Failing() {
			return StaleError{f.Title}
		}
	}
	if !passed(d, embeddings.Stale) {
		_, err := resultOf[*embeddings.Staleness](d, embeddings.Stale)
		return err
	}
	return nil
}

// CleanedUp fails where anything of a team is left after cleanup_signals, which ends as if all were well whatever it did.
func CleanedUp(ctx context.Context, l *Look) error {
	d := l.diagnose(ctx, embeddings.Live)
	live, err := resultOf[*embeddings.Signals](d, embeddings.Live)
	if err != nil {
		return err
	}
	for _, t := range live.Tables {
		if n := t.Documents(); n > 0 {
			return fmt.Errorf("%s of the team are left in %s", checks.Count(n, "signal"), t.Table)
		}
	}
	reports, err := l.World.Postgres.Reports(ctx, l.Team)
	if n := len(reports.Reports); err == nil && n > 0 {
		return fmt.Errorf("%s of the team are left in Postgres", checks.Count(n, "report"))
	}
	return err
}

// Followed is the test signal that is followed.
type Followed struct {
	From  time.Time // it was sent after that
	Seeds bool      // what was sent is a report: no signal is on its way
	Next  func(context.Context) (*pipeline.World, error)
	Tell  func(*Canary)
}

// settledIn is how long the emitter of a signal may take to be listed after the command has ended.
const settledIn = 15 * time.Second

// FollowCanary looks again and again until the newest signal has arrived, waits, or is stopped, or the time is over.
func FollowCanary(ctx context.Context, l *Look, c *Canary, followed Followed) error {
	look := *l
	over := func(why error) error {
		c.TimedOut = errors.Is(why, context.DeadlineExceeded)
		return nil
	}
	for {
		if err := look.followOnce(ctx, c, followed); ctx.Err() != nil {
			return over(ctx.Err())
		} else if err != nil {
			return err
		}
		if c.State != inbox.Moving && (c.Signal == nil || c.State != inbox.Unclear) {
			return nil
		}
		followed.Tell(c)
		world, err := followed.Next(ctx)
		if err != nil {
			return over(err)
		}
		look.World, look.Since = world, world.Now.Add(-l.World.Now.Sub(l.Since))
	}
}

// followOnce looks once for what was sent.
func (l *Look) followOnce(ctx context.Context, c *Canary, followed Followed) error {
	if followed.Seeds {
		return l.seeded(ctx, c, followed.From)
	}
	return l.follow(ctx, c, followed.From)
}

// seeded looks for a report that is ready, and was not there before.
func (l *Look) seeded(ctx context.Context, c *Canary, from time.Time) error {
	listed, err := l.World.Postgres.Reports(ctx, l.Team)
	if err != nil {
		return err
	}
	c.LookedAt, c.WaitedMS = l.World.Now, l.World.Now.Sub(from).Milliseconds()
	for _, r := range listed.Reports {
		if r.Status == pipeline.ReportReady && !r.Created.Before(from) {
			c.State, c.Note, c.WaitedMS = inbox.Arrived, "report "+r.ID+" was seeded, and is in the inbox", r.Updated.Sub(from).Milliseconds()
			return nil
		}
	}
	if c.State = inbox.Moving; l.World.Now.Sub(from) > settledIn {
		c.State, c.Note = inbox.Stopped, "no report was made that is ready, whatever the command printed"
	}
	return nil
}

// follow looks once where the signal is.
func (l *Look) follow(ctx context.Context, c *Canary, from time.Time) error {
	trace, err := FollowSignal(ctx, l, "")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !errors.As(err, new(NothingError)) {
		return err
	}
	c.LookedAt, c.WaitedMS = l.World.Now, l.World.Now.Sub(from).Milliseconds()
	if trace == nil || trace.Signal.SentAt.Before(from) {
		if c.State = inbox.Moving; l.World.Now.Sub(from) > settledIn {
			c.State, c.Note = inbox.Stopped, "no emitter was started, whatever the command printed"
			if trace != nil && (trace.Outcome.Code == checks.INB001 || trace.Outcome.Code == checks.INB003) {
				c.Note += fmt.Sprintf(": %s (%s)", trace.Outcome.Title, trace.Outcome.Code)
			}
		}
		return nil
	}
	o := trace.Outcome
	c.State, c.Missed, c.Hops, c.WaitedMS = o.State, trace.Missed, trace.Hops, l.World.Now.Sub(trace.Signal.SentAt).Milliseconds()
	c.Signal = &NewestSignal{SentAt: trace.Signal.SentAt, Stage: o.Stage, State: o.State, Code: string(o.Code), Note: cmp.Or(o.Note, o.Title)}
	if o.State == inbox.Arrived {
		c.WaitedMS = o.TookMS
	}
	return nil
}
