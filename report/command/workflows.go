package command

import (
	"context"
	"errors"
	"strconv"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) workflowsCommand() *cli.Command {
	filter := &p.options.workflows
	filter.limit = 50
	return &cli.Command{
		Name:  "workflows",
		Usage: "list the team's workflows, newest first",
		Description: `Those that are open, and those closed within --since. The types are
signal-emitter, buffer-signals, team-signal-grouping-v2, signal-report-summary
and process-task, which is an agent's; the statuses running, completed, failed,
canceled, terminated, continued-as-new and timed-out. The beginning of a word is
enough: buffer, cont. Completed emitters, one a signal, are counted only, unless
a type or a status is given. Temporal does the choosing, so that this takes no
longer where a lot is stored. Agents' workflows are found by way of Postgres,
which knows the team's.

Exit codes
  0  listed
  2  wrong usage or configuration
  3  not everything could be seen

Examples
  doctor workflows --status running
  doctor workflows --type emitter,buffer --since 1h
  doctor workflows --status failed --status timed-out --format json`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "status", Value: &filter.statuses, Usage: "only workflows of `STATUS,…`"},
			&cli.GenericFlag{Name: "type", Value: &filter.types, Usage: "only workflows of `TYPE,…`"},
			&cli.GenericFlag{Name: "limit", Value: &atMost{&filter.limit}, Usage: "list the newest `N` of them"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 0); err != nil {
				return err
			}
			list := func(ctx context.Context, l *inspect.Look) (*inspect.Workflows, error) {
				return inspect.ListWorkflows(ctx, l, inspect.WorkflowFilter{Types: filter.types, Statuses: filter.statuses, Limit: filter.limit})
			}
			return inspected(c.Context, p, list, report.WorkflowsText)
		},
	}
}

// workflowOptions are the flags of doctor workflows.
type workflowOptions struct {
	types, statuses many
	limit           int
}

// atMost is how many of something are shown.
type atMost struct{ n *int }

func (a *atMost) String() string { return strconv.Itoa(*a.n) }

func (a *atMost) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10_000 {
		return errors.New("it is a whole number from 1 to 10000")
	}
	*a.n = n
	return nil
}
