package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/checks/pipeline"
	"doctor/report"
)

// waiting is what the flags of doctor status say.
type waiting struct {
	wait     bool
	expected int
	interval time.Duration
}

// The bounds of doctor status --wait.
const (
	longWait    = 5 * time.Minute // unless --timeout says otherwise
	oneQuestion = 10 * time.Second
	mostSignals = 100_000
)

func (p *program) statusCommand() *cli.Command {
	w := waiting{interval: 2 * time.Second}
	return &cli.Command{
		Name:  "status",
		Usage: "show what is at work and what has arrived; --wait until it has",
		Description: `Signals of reports that do not exist are told apart, and have not arrived. What
cannot be seen is said, and is never a zero.

--wait looks again and again until nothing is at work any more: no emitter, no
signal in the buffer, no batch in grouping, no report that is to be worked on;
and until --expected-signals have arrived. These count from when the command
began, or from --since on when that is given. A signal that is lost or dropped
since then ends the wait. --timeout is 5m here unless it is given.

Exit codes
  0    looked, and nothing is stopped; with --wait: settled, and all arrived
  1    a signal was lost or is held up; with --wait: lost, or timed out
  2    wrong usage or configuration
  3    not everything could be seen
  130  interrupted

Examples
  doctor status
  doctor status --wait --expected-signals 5
  doctor status --wait --expected-signals 5 --since 2m --timeout 10m`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "wait", Destination: &w.wait, DisableDefaultText: true, Usage: "wait until the pipeline has settled"},
			&cli.GenericFlag{Name: "expected-signals", Value: &between{&w.expected, 0, mostSignals}, Usage: "wait until `N` signals have arrived, too"},
			&cli.GenericFlag{Name: "poll-interval", Value: &duration{&w.interval}, Usage: "wait `DURATION` between two looks"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 0); err != nil {
				return err
			}
			for _, name := range []string{"expected-signals", "poll-interval"} {
				if c.IsSet(name) && !w.wait {
					return fmt.Errorf("--%s is for --wait", name)
				}
			}
			if !w.wait {
				return inspected(c.Context, p, inspect.LookAtStatus, report.StatusText)
			}
			return p.await(c.Context, w)
		},
	}
}

// await waits until the pipeline has settled.
func (p *program) await(ctx context.Context, w waiting) error {
	if p.options.from != "" {
		return errors.New("--from does not change: there is nothing to --wait for")
	}
	if !p.given("timeout") {
		p.options.timeout = longWait
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	look := func() *pipeline.World { return pipeline.Live(s, time.Now(), oneQuestion) }
	world, line := look(), p.progress()
	err = inspectedIn(ctx, p, world, line, func(ctx context.Context, l *inspect.Look) (*inspect.Status, error) {
		from := l.World.Now
		if p.given("since") {
			from = l.Since
		}
		defer func() { world.Close() }()
		return inspect.AwaitStatus(ctx, l, inspect.Awaited{
			Signals: w.expected, From: from,
			Tell: func(seen *inspect.Status) { line.say(report.StatusLine(seen)) },
			Next: func(ctx context.Context) (*pipeline.World, error) {
				select {
				case <-time.After(w.interval):
					world.Close()
					world = look()
					return world, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			},
		})
	}, report.StatusText)
	if errors.Is(ctx.Err(), context.Canceled) {
		p.exit = exitInterrupted
		return nil
	}
	return err
}
