package command

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/report"
)

func (p *program) checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "run every check, or the chosen ones, and show root causes first",
		Description: `Nothing is changed anywhere: services are asked, files are read.

Exit codes
  0    nothing found at or above --fail-on, and every selected check could look
  1    an active finding at or above --fail-on (default: error)
  2    wrong usage or configuration; nothing was looked at
  3    a selected check could not look, or not at everything
  130  interrupted; what was known by then has been shown

Examples
  doctor
  doctor --team-id 2 --since 2h --timings
  doctor --only TMP001 --only embeddings -v
  doctor --skip services.docker --fail-on warning
  doctor --format json --output report.json`,
		Action: func(c *cli.Context) error { return p.check(c.Context) },
	}
}

// check diagnoses and reports. Whatever is wrong with the way it was called is found out before anything is asked.
func (p *program) check(ctx context.Context) error {
	selection, err := checks.Select(p.checks, p.options.only, p.options.skip)
	if err != nil {
		return hinted(err)
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	out, err := p.open()
	if err != nil {
		return err
	}
	defer out.discard()
	started := time.Now()
	d := p.diagnose(ctx, selection, s, started)
	document := p.document(d, started)
	p.exit = document.ExitCode(checks.Severity(p.options.failOn))
	if d.Interrupted {
		p.exit = exitInterrupted
	}
	return p.write(out, document, func() error { return report.Text(out, document, p.text()) })
}

func (p *program) settings() (*settings.Settings, error) {
	folder, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return settings.Load(settings.Options{
		PostHogDir:    p.options.postHogDir,
		EnvFiles:      p.options.envFiles,
		ClickHouseURL: p.options.clickHouseURL,
		Environ:       p.env,
		WorkingDir:    folder,
	})
}

func (p *program) diagnose(ctx context.Context, selection checks.Selection, s *settings.Settings, now time.Time) *checks.Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, p.options.timeout)
	defer cancel()
	world := pipeline.Live(s, now, 0)
	defer world.Close()
	status := p.progress()
	defer status.end()
	return checks.Run(ctx, selection, checks.Options{
		World:    world,
		Team:     p.options.team,
		Since:    now.Add(-p.options.since),
		Progress: status.show,
	})
}

// hinted adds the nearest known name to an error about an unknown one.
func hinted(err error) error {
	var unknown checks.UnknownNameError
	if errors.As(err, &unknown) {
		return errors.New(err.Error() + meant(unknown.Name, unknown.Known, "doctor checks"))
	}
	return err
}
