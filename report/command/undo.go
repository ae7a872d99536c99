package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks/pipeline/redact"
	"doctor/remedies"
	"doctor/report"
)

// keptTreatments is how many treatments undo --prune leaves in the journal.
const keptTreatments = 10

func (p *program) undoCommand() *cli.Command {
	return &cli.Command{
		Name:      "undo",
		ArgsUsage: "[TREATMENT]",
		Usage:     "take the last treatment back, or the one named",
		Description: `Takes back what doctor --fix has done, its last operation first, and refuses
where something else has changed the same since. A beginning of TREATMENT's name
will do. The journal is the folder .doctor beside the env file.

Exit codes
  0  taken back, or listed
  2  nothing to take back, or it was refused: nothing was touched
  4  not all of it could be taken back

Examples
  doctor undo
  doctor undo --list
  doctor undo 20261124-1402
  doctor undo --prune`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "list", Destination: &p.options.list, DisableDefaultText: true, Usage: "list the treatments that the journal has"},
			&cli.BoolFlag{Name: "prune", Destination: &p.options.prune, DisableDefaultText: true, Usage: fmt.Sprintf("remove all but the last %d treatments from the journal", keptTreatments)},
		},
		Action: func(c *cli.Context) error {
			switch {
			case c.NArg() > 1:
				return fmt.Errorf("doctor undo takes one treatment, but got %q too", c.Args().Get(1))
			case p.options.from != "":
				return errors.New("a recording cannot be treated: leave --from out")
			case p.options.list && p.options.prune, (p.options.list || p.options.prune) && c.NArg() > 0:
				return errors.New("doctor undo lists, prunes or takes back: one of them at a time")
			}
			return p.undo(c.Context, c.Args().First())
		},
	}
}

func (p *program) undo(ctx context.Context, id string) error {
	set, err := p.settings()
	if err != nil {
		return err
	}
	engine := p.engine(set, nil)
	secrets := redact.New(set.Secrets())
	switch {
	case p.options.list:
		runs, err := remedies.Runs(engine.Journal)
		if err != nil {
			return err
		}
		treatments := past(runs)
		secrets.Strings("journal", &treatments)
		return p.print(treatments, func(out io.Writer) error { return report.TreatmentsText(out, treatments, p.text()) })
	case p.options.prune:
		removed, err := engine.Prune(ctx, keptTreatments)
		if err != nil {
			return err
		}
		return p.print(append([]string{}, removed...), func(out io.Writer) error {
			_, err := fmt.Fprintf(out, "%d removed from the journal.\n", len(removed))
			return err
		})
	}
	outcome, err := engine.Undo(ctx, id)
	if err != nil {
		return err
	}
	fixes := []report.Fix{}
	for _, fix := range outcome.Fixes {
		fixes = append(fixes, told(fix, ""))
		if fix.Status != remedies.Verified {
			p.exit = report.ExitUnverified
		}
	}
	secrets.Strings("journal", &fixes)
	return p.print(fixes, func(out io.Writer) error { return report.FixesText(out, fixes, p.text()) })
}

// past makes of the journal's treatments what is shown of them.
func past(runs []remedies.Run) []report.Treatment {
	all := []report.Treatment{}
	for _, run := range runs {
		t := report.Treatment{ID: run.ID, Began: run.Began.Truncate(time.Second), Steps: []report.Step{}}
		for _, step := range run.Steps {
			t.Steps = append(t.Steps, report.Step{Code: step.Code, Summary: step.Shown.Summary, State: string(step.State), Detail: step.Detail, Final: step.Final})
		}
		all = append(all, t)
	}
	return all
}
