package command

import (
	"context"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) traceCommand() *cli.Command {
	return &cli.Command{
		Name:      "trace",
		ArgsUsage: "[SIGNAL]",
		Usage:     "follow one signal through the pipeline, hop by hop",
		Description: `SIGNAL is a source id, a document id, an emitter's workflow id, a report id,
RUN/EVENT of its delivery to the buffer, or a piece of its text; the beginning
of an id will do. Without one it is the newest. Where the payloads are encrypted
and no key is set, order and counts tell what belongs together, and what is not
certain says so.

Exit codes
  0  it has arrived, or is on its way, or waits by design
  1  it has stopped, or is lost
  2  wrong usage, or there is no such signal
  3  not everything could be seen

Examples
  doctor trace
  doctor trace signal-emitter-1-0f6e
  doctor trace 5b0c21 --since 7d
  doctor trace "dark mode" --format json`,
		Action: func(c *cli.Context) error {
			if err := wants(c, 1); err != nil {
				return err
			}
			follow := func(ctx context.Context, l *inspect.Look) (*inspect.Trace, error) {
				return inspect.FollowSignal(ctx, l, c.Args().First())
			}
			return inspected(c.Context, p, follow, report.TraceText)
		},
	}
}
