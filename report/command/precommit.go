package command

import (
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/report"
)

func (p *program) preCommitCommand() *cli.Command {
	return &cli.Command{
		Name:      "pre-commit",
		ArgsUsage: "[FILE…]",
		Usage:     "look at settings and at what is staged",
		Description: `Runs the checks that need nothing but files: no network, no Docker. Of what is
staged it reads the staged content, all of it or that of each FILE. A secret in
it is never shown. Nothing that is unknown keeps anybody from committing.

Exit codes
  0    nothing found at or above --fail-on
  1    an active finding at or above --fail-on (default: error)
  2    wrong usage; nothing was looked at
  130  interrupted

Examples
  doctor pre-commit
  doctor pre-commit --only environment
  doctor pre-commit --fail-on warning .env.example
  echo 'exec doctor pre-commit' > .git/hooks/pre-commit`,
		Action: func(c *cli.Context) error { return p.preCommit(c.Context, c.Args().Slice()) },
	}
}

// preCommit looks at what a commit would change, and at the settings. Settings that are not there, or cannot be read, are
// no reason not to commit: what would judge them says so and takes no part.
func (p *program) preCommit(ctx context.Context, files []string) error {
	if p.options.from != "" {
		return errors.New("a commit is not in a capture: leave --from out")
	}
	selection, err := p.selection(func(c *checks.Check) bool { return c.Static }, "doctor check")
	if err != nil {
		return err
	}
	selection = commitFirst(slices.DeleteFunc(selection, func(choice checks.Choice) bool { return choice.Deselected != "" }))
	world := p.live(settings.Unset(p.env))
	defer world.Close()
	if slices.ContainsFunc(selection, func(choice checks.Choice) bool { return choice.Check.Commit }) {
		// Git needs the longest of all, and no settings. The checks get the answer that this asks for.
		ahead, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() { _, _ = world.Git.Staged(ahead, files) }()
	}
	s, err := p.settings()
	var wrong *settings.Error
	unset := ""
	switch {
	case errors.As(err, &wrong) && wrong.Origin.Flag == "" && len(p.options.envFiles) == 0:
		unset = err.Error()
	case err != nil:
		return err
	case len(s.EnvFiles) > 0 && !slices.ContainsFunc(s.EnvFiles, isSeen):
		unset = "there is no .env"
	}
	if s != nil {
		world.Settings = s
	}
	for i := range selection {
		if unset != "" && !selection[i].Check.Commit {
			selection[i].Deselected = unset
		}
	}
	// Who lets information keep a commit back wants to see it.
	p.options.verbose = p.options.verbose || p.options.failOn == string(checks.Info)
	return p.examine(ctx, report.Commit, selection, world, files)
}

// commitFirst puts what is about to be committed before what has been so for long.
func commitFirst(selection checks.Selection) checks.Selection {
	place := func(choice checks.Choice) int {
		if choice.Check.Commit {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(selection, func(a, b checks.Choice) int { return place(a) - place(b) })
	return selection
}

// isSeen reports whether the pipeline's commands see an env file.
func isSeen(file settings.EnvFile) bool { return !file.Absent && !file.Starter }

// staged is how many files a commit would change, if that was looked at.
func staged(d *checks.Diagnosis) *int {
	for _, o := range d.Outcomes {
		if files, ok := o.Result.(*pipeline.Staged); ok {
			n := len(files.Files)
			return &n
		}
	}
	return nil
}
