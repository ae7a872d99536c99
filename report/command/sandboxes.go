package command

import (
	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) sandboxesCommand() *cli.Command {
	return &cli.Command{
		Name:  "sandboxes",
		Usage: "list the containers that agents work in",
		Description: `Those of other teams, too: only of the team's own is it known which run they are
for, and whether it has ended. Environments and the arguments of processes hold
secrets, and are not asked for.

Exit codes
  0  listed
  2  wrong usage or configuration
  3  not everything could be seen

Examples
  doctor sandboxes
  doctor sandboxes --format json`,
		Action: func(c *cli.Context) error {
			if err := wants(c, 0); err != nil {
				return err
			}
			return inspected(c.Context, p, inspect.ListSandboxes, report.SandboxesText)
		},
	}
}
