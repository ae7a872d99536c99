package command

import (
	"context"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) sandboxesCommand() *cli.Command {
	return &cli.Command{
		Name:      "sandboxes",
		ArgsUsage: "[SANDBOX]",
		Usage:     "show the containers that agents work in",
		Description: `Those of other teams, too: only of the team's own is it known which run they are
for, and whether it has ended. SANDBOX is a name, an id, a task, a run, or the
beginning of one: then its processes, its network events and what its agent has
printed are shown. Environments and the arguments of processes hold secrets, and
are not asked for.

Exit codes
  0  listed
  2  wrong usage or configuration
  3  not everything could be seen

Examples
  doctor sandboxes
  doctor sandboxes task-sandbox-5b0c
  doctor sandboxes --format json`,
		Action: func(c *cli.Context) error {
			if err := wants(c, 1); err != nil {
				return err
			}
			list := func(ctx context.Context, l *inspect.Look) (*inspect.Sandboxes, error) {
				return inspect.ListSandboxes(ctx, l, c.Args().First())
			}
			return inspected(c.Context, p, list, report.SandboxesText)
		},
	}
}
