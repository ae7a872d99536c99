package command

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) reportsCommand() *cli.Command {
	asked := inspect.ReportsAsked{Limit: 20}
	var statuses many
	return &cli.Command{
		Name:      "reports",
		ArgsUsage: "[REPORT]",
		Usage:     "list the reports, and say why each is where it is",
		Description: `The newest change comes first. WHY says what keeps a report from the inbox: its
weight, the workflow that works on it, nothing that works on it any more
(INB002), a person, or the innermost failure of its summary.

With REPORT, an id or the beginning of one: all that is known of it, with its
live signals in ClickHouse and what the work on it has left.

Exit codes
  0  listed
  2  wrong usage or configuration, or no such report
  3  not everything could be seen

Examples
  doctor reports
  doctor reports --status failed,pending_input
  doctor reports 5b0c21
  doctor reports 5b0c21 --format json`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "status", Value: &statuses, Usage: "list those that are `STATUS,…`: potential, candidate, ready …"},
			&cli.GenericFlag{Name: "limit", Value: &between{&asked.Limit, 1, inspect.MostReports}, Usage: "list at most `N`"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 1); err != nil {
				return err
			}
			asked.Report, asked.Statuses = c.Args().First(), statuses
			if c.NArg() == 1 && (len(statuses) > 0 || c.IsSet("limit")) {
				return fmt.Errorf("--status and --limit are for the list: leave them out with %q", asked.Report)
			}
			for _, status := range statuses {
				if !slices.Contains(inspect.Statuses, status) {
					return fmt.Errorf("a report has no status %q%s", status, meant(status, inspect.Statuses, "doctor reports --help"))
				}
			}
			return inspected(c.Context, p, func(ctx context.Context, l *inspect.Look) (*inspect.Reports, error) {
				return inspect.ListReports(ctx, l, asked)
			}, report.ReportsText)
		},
	}
}

// between is a whole number within bounds.
type between struct {
	number      *int
	least, most int
}

func (b *between) String() string { return strconv.Itoa(*b.number) }

func (b *between) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < b.least || n > b.most {
		return fmt.Errorf("it is a whole number from %d to %d", b.least, b.most)
	}
	*b.number = n
	return nil
}
