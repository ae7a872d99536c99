package command

import (
	"context"
	"errors"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) historyCommand() *cli.Command {
	asked := &p.options.history
	asked.Limit = 100
	return &cli.Command{
		Name:      "history",
		ArgsUsage: "ID",
		Usage:     "tell what a run of a workflow did",
		Description: `ID is that of a workflow, of which the newest run is shown, or of a run. The
beginning of either is enough, and buffer and grouping are the team's own. What
belongs together is one line: an activity from its scheduling to its end, a
timer, a child workflow. Like lines that follow each other are one, but with -v.

--chain tells of the workflow's runs instead, one line each, also of those that
are older than --since, and when it started to go wrong: the oldest run of the
newest series of runs with a failure. That the buffer lost a signal from one run
to the next (TMP001) is a failure, too. Of older runs of grouping only the end
is read, unless the answer depends on them.

Exit codes
  0  shown
  2  wrong usage or configuration, or there is no such ID
  3  not everything could be seen

Examples
  doctor history buffer
  doctor history grouping --chain
  doctor history team-signal-grouping-v2-1 --run 8f31c2 --events`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "run", Destination: &asked.Run, Usage: "show the run whose id is `RUN`, or begins so"},
			&cli.BoolFlag{Name: "events", Destination: &asked.Raw, DisableDefaultText: true, Usage: "show every event as it is"},
			&cli.BoolFlag{Name: "chain", Destination: &asked.Chain, DisableDefaultText: true, Usage: "tell of the workflow's runs, and when it went wrong"},
			&cli.GenericFlag{Name: "limit", Value: &atMost{&asked.Limit}, Usage: "tell of the newest `N` runs of a chain"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 1); err != nil {
				return err
			}
			switch asked.ID = c.Args().First(); {
			case asked.ID == "":
				return errors.New("doctor history takes the ID of a workflow or of a run; doctor workflows lists them")
			case asked.Raw && asked.Chain:
				return errors.New("--events shows one run, and --chain all of them: choose one")
			}
			show := func(ctx context.Context, l *inspect.Look) (*inspect.History, error) {
				return inspect.ShowHistory(ctx, l, *asked)
			}
			return inspected(c.Context, p, show, report.HistoryText)
		},
	}
}
