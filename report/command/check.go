package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/configuration"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/capture"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
	"doctor/report"
)

func (p *program) checkCommand() *cli.Command {
	return &cli.Command{
		Name:  "check",
		Usage: "run every check, or the chosen ones, and show root causes first",
		Description: `Nothing is changed anywhere: services are asked, files are read. With --fix,
what can be put back is treated: the plan is shown, a journal beside the env
file keeps what is replaced, and the checks look again.

Formats: text, json, ` + forPrograms() + `.

Exit codes
  0    nothing found at or above --fail-on, and every selected check could look
  1    an active finding at or above --fail-on (default: error)
  2    wrong usage or configuration; nothing was looked at
  3    a selected check could not look, or not at everything
  4    a treatment was tried, and it is not proven that it has helped
  130  interrupted; what was known by then has been shown

Examples
  doctor
  doctor --team-id 2 --since 2h --timings
  doctor --only TMP001 --only embeddings -v
  doctor --skip services.docker --fail-on warning
  doctor --format json --output report.json
  doctor --from broken.zip
  doctor --fix --dry-run
  doctor --fix`,
		Flags:  p.options.treatment.flags(),
		Action: func(c *cli.Context) error { return p.check(c.Context) },
	}
}

// forPrograms are the formats that no command has but those that diagnose.
func forPrograms() string { return strings.Join(report.Formats()[2:], ", ") }

// check looks at the pipeline.
func (p *program) check(ctx context.Context) error {
	if err := p.wrongTreatment(); err != nil {
		return err
	}
	selection, err := p.ofPipeline()
	if err != nil {
		return err
	}
	if p.options.treatment.fix {
		return p.treat(ctx, selection)
	}
	world, mode, err := p.world()
	if err != nil {
		return err
	}
	defer world.Close()
	return p.examine(ctx, mode, selection, world, nil)
}

// world is what is looked at: what --from names, else the pipeline as it is now.
func (p *program) world() (*pipeline.World, report.Mode, error) {
	if p.options.from != "" {
		captured, err := p.captured()
		if err != nil {
			return nil, "", err
		}
		return p.recorded(captured), report.Replay, nil
	}
	s, err := p.settings()
	if err != nil {
		return nil, "", err
	}
	return p.live(s), report.Live, nil
}

// captured is the capture that --from names. Whose signals were looked at, and how far back, is in it.
func (p *program) captured() (*capture.Capture, error) {
	for _, name := range []string{"env-file", "posthog-dir", "clickhouse-url"} {
		if p.given(name) {
			return nil, fmt.Errorf("--from looks nowhere else: leave --%s out", name)
		}
	}
	captured, err := p.read()
	if err != nil {
		return nil, err
	}
	since := captured.About.Back()
	switch {
	case p.given("team-id") && p.options.team != captured.About.Team:
		return nil, fmt.Errorf("%s is of team %d: leave --team-id out", p.options.from, captured.About.Team)
	case p.given("since") && p.options.since != since:
		return nil, fmt.Errorf("%s goes %s back: leave --since out", p.options.from, &duration{&since})
	}
	return captured, nil
}

// read reads the capture that --from names, once.
func (p *program) read() (*capture.Capture, error) {
	if p.recording != nil {
		return p.recording, nil
	}
	captured, err := capture.Read(p.options.from)
	if err == nil {
		p.recording = captured
	}
	return captured, err
}

// recorded is the world of a capture, at which the program looks from now on.
func (p *program) recorded(c *capture.Capture) *pipeline.World {
	p.options.team, p.options.since = c.About.Team, c.About.Back()
	return c.World()
}

// selection is what the flags choose among the checks of a kind. They may name others as well, since they may stand in an
// alias; but to choose nothing except what another command runs is a mistake.
func (p *program) selection(kind func(*checks.Check) bool, other string) (checks.Selection, error) {
	named, err := checks.Select(p.checks, p.options.only, p.options.skip)
	if err != nil {
		return nil, hinted(err)
	}
	chosen := slices.DeleteFunc(named.Keep(kind), func(choice checks.Choice) bool {
		wanted := len(p.options.only) > 0 && choice.Deselected == ""
		return configuration.Judges(choice.Check) && len(p.policy().Suppressions) == 0 && !wanted
	})
	if len(p.options.only) > 0 && named.Chosen() && !chosen.Chosen() {
		return nil, fmt.Errorf("--only %s chooses nothing here; %s runs it", p.options.only.String(), other)
	}
	return chosen, nil
}

// ofPipeline is what the flags choose among the checks of a pipeline, as against those of a commit.
func (p *program) ofPipeline() (checks.Selection, error) {
	return p.selection(func(c *checks.Check) bool { return !c.Commit }, "doctor pre-commit")
}

// examine diagnoses and reports. Whatever is wrong with the way it was called is found out before anything is asked.
func (p *program) examine(ctx context.Context, mode report.Mode, selection checks.Selection, world *pipeline.World, files []string) error {
	out, err := p.open()
	if err != nil {
		return err
	}
	defer out.discard()
	d, document := p.look(ctx, mode, selection, world, files)
	p.exit = document.ExitCode(checks.Severity(p.options.failOn))
	if d.Interrupted {
		p.exit = exitInterrupted
	}
	return p.write(out, document, func() error { return report.Text(out, document, p.text()) })
}

// look diagnoses, and says what came of it without secrets.
func (p *program) look(ctx context.Context, mode report.Mode, selection checks.Selection, world *pipeline.World, files []string) (*checks.Diagnosis, *report.Document) {
	d := p.diagnose(ctx, selection, world, files)
	if mode == report.Replay {
		forgetDurations(d)
	}
	document := p.document(d, world.Now)
	document.Mode, document.Staged, document.Folder = mode, staged(d), world.Settings.Folder
	redact.New(world.Settings.Secrets()).Strings("report", document)
	return d, document
}

// forgetDurations makes a diagnosis of what was recorded the same each time: how long it took is about this machine.
func forgetDurations(d *checks.Diagnosis) {
	d.Duration = 0
	for _, o := range d.Outcomes {
		o.Duration = 0
	}
}

func (p *program) settings() (*settings.Settings, error) {
	where, err := p.where()
	if err != nil {
		return nil, err
	}
	return settings.Load(where)
}

// where is where settings are looked for.
func (p *program) where() (settings.Options, error) {
	folder, err := os.Getwd()
	return settings.Options{
		PostHogDir:    p.options.postHogDir,
		EnvFiles:      p.options.envFiles,
		ClickHouseURL: p.options.clickHouseURL,
		Environ:       p.env,
		WorkingDir:    folder,
	}, err
}

// live is the pipeline as it is now. Who gives the run more time gives more to each question, too.
func (p *program) live(s *settings.Settings) *pipeline.World {
	return pipeline.Live(s, time.Now(), max(pipeline.DefaultObservation, p.options.timeout*3/10))
}

func (p *program) diagnose(ctx context.Context, selection checks.Selection, world *pipeline.World, files []string) *checks.Diagnosis {
	ctx, cancel := context.WithTimeout(ctx, p.options.timeout)
	defer cancel()
	status := p.progress()
	defer status.end()
	return checks.Run(ctx, selection, checks.Options{
		World:    world,
		Team:     p.options.team,
		Since:    world.Now.Add(-p.options.since),
		Files:    files,
		Policy:   p.policy(),
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
