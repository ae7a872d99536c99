package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
	"doctor/report"
)

// canary is what the flags of doctor canary say.
type canary struct {
	kind, file, python string
	offset             int
	wait               time.Duration
	clean, anyway      bool
}

func (p *program) canaryCommand() *cli.Command {
	o := canary{kind: "zendesk", offset: 26, python: "python", wait: 5 * time.Minute}
	return &cli.Command{
		Name:  "canary",
		Usage: "send a test signal, and follow it until it arrives or stops",
		Description: `Runs the pipeline's own command in the PostHog folder, with DEBUG=1:
emit_signals_from_fixture, or for a --file ingest_signals_json (a JSON array a
line) or ingest_report_json (one object: skips the sandbox). What the commands
print is shown and not believed. Where live signals of reports that do not exist
would catch the test signal (CLK001), nothing is sent.

--clean deletes all signals and reports of the team first, with
cleanup_signals, and looks whether that is so.

Exit codes
  0    arrived, or waits by design
  1    stopped, lost, never sent, or the time was over
  2    wrong usage or configuration, or refused; nothing was sent
  3    where it is could not be seen
  130  interrupted; what was sent is on its way

Examples
  doctor canary
  doctor canary --type github --wait 10m
  doctor canary --clean
  doctor canary --file signals.jsonl`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "type", Value: oneOf(&o.kind, "zendesk", "github", "linear"), Usage: "send one of `KIND`: zendesk, github, linear"},
			&cli.GenericFlag{Name: "offset", Value: &between{&o.offset, 0, 1_000_000}, Usage: "send the `N`th record of the fixture"},
			&cli.StringFlag{Name: "file", Destination: &o.file, Usage: "ingest `FILE` instead"},
			&cli.GenericFlag{Name: "wait", Value: &duration{&o.wait}, Usage: "follow it for `DURATION` at most"},
			&cli.BoolFlag{Name: "clean", Destination: &o.clean, DisableDefaultText: true, Usage: "delete the team's signals and reports first"},
			&cli.BoolFlag{Name: "anyway", Destination: &o.anyway, DisableDefaultText: true, Usage: "send also where stale embeddings would catch it"},
			&cli.StringFlag{Name: "python", Destination: &o.python, Value: o.python, Usage: "run manage.py with `PROGRAM`"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 0); err != nil {
				return err
			}
			if o.file != "" && (c.IsSet("type") || c.IsSet("offset")) {
				return errors.New("--file is sent as it is: leave --type and --offset out")
			}
			return p.canary(c.Context, o)
		},
	}
}

// canary sends a test signal and follows it.
func (p *program) canary(ctx context.Context, o canary) error {
	if p.options.from != "" {
		return errors.New("--from is over: a signal is sent to a pipeline that is there")
	}
	send, err := p.sending(o)
	if err != nil {
		return err
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	if s.Folder == "" {
		return errors.New("there is no PostHog folder here or above: --posthog-dir names one")
	}
	line := p.progress()
	defer line.end()
	run := &runner{program: p, settings: s, python: o.python, say: line.say}
	from, err := run.send(ctx, o, send)
	switch {
	case errors.As(err, new(unseenError)):
		return err
	case err != nil: // what a command prints may hold anything
		return errors.New(redact.New(s.Secrets()).Text("canary", err.Error()))
	}
	p.options.timeout = o.wait
	err = inspectedIn(ctx, p, run.look(), line, func(ctx context.Context, l *inspect.Look) (*inspect.Canary, error) {
		c := inspect.NewCanary(l, run.done)
		return c, inspect.FollowCanary(ctx, l, c, inspect.Followed{
			From: from, Seeds: send[0] == seedCommand, Tell: func(c *inspect.Canary) { line.say(report.CanaryLine(c)) }, Next: run.next,
		})
	}, report.CanaryText)
	if errors.Is(ctx.Err(), context.Canceled) {
		p.exit = exitInterrupted
		return nil
	}
	return err
}

// seedCommand makes a report that was researched before.
const seedCommand = "ingest_report_json"

// sending is the command that sends.
func (p *program) sending(o canary) ([]string, error) {
	team := []string{"--team-id", strconv.FormatInt(p.options.team, 10)}
	if o.file == "" {
		return append([]string{"emit_signals_from_fixture", "--type", o.kind, "--offset", strconv.Itoa(o.offset), "--limit", "1"}, team...), nil
	}
	path, err := filepath.Abs(o.file)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read --file %q: %w", o.file, withoutPath(err))
	}
	command := seedCommand
	if bytes.HasPrefix(bytes.TrimSpace(content), []byte("[")) {
		command = "ingest_signals_json"
	}
	return append([]string{command, path}, team...), nil
}

// runner runs the pipeline's own commands.
type runner struct {
	*program
	settings *settings.Settings
	python   string
	say      func(string)
	done     []inspect.CommandRun
	printed  []string // by the last of them
	world    *pipeline.World
}

const (
	canaryPoll  = 500 * time.Millisecond
	commandTime = 2 * time.Minute
	shownLines  = 12
)

// send sends the signal, when all that is to be done before has been done.
func (r *runner) send(ctx context.Context, o canary, command []string) (from time.Time, err error) {
	if o.clean {
		if err := r.clean(ctx); err != nil {
			return from, err
		}
	}
	if err := r.fit(ctx); err != nil && (!o.anyway || !errors.As(err, new(inspect.StaleError))) {
		return from, err
	}
	from = time.Now()
	return from, r.manage(ctx, command...)
}

// look is the pipeline as it is now; the world that was looked at before is closed.
func (r *runner) look() *pipeline.World {
	if r.world != nil {
		r.world.Close()
	}
	r.world = pipeline.Live(r.settings, time.Now(), oneQuestion)
	return r.world
}

func (r *runner) next(ctx context.Context) (*pipeline.World, error) {
	select {
	case <-time.After(canaryPoll):
		return r.look(), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// at looks once.
func (r *runner) at(ctx context.Context, look func(context.Context, *inspect.Look) error) error {
	world := r.look()
	ctx, cancel := context.WithTimeout(ctx, r.options.timeout)
	defer cancel()
	return look(ctx, &inspect.Look{World: world, Team: r.options.team, Since: world.Now.Add(-r.options.since)})
}

// manage runs a command, and fails where that says itself that it has failed.
func (r *runner) manage(ctx context.Context, arguments ...string) error {
	r.say("running " + arguments[0])
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	world := r.look()
	hands, err := pipeline.HandsOf(world)
	if err != nil {
		return err
	}
	printed, err := hands.Manage(ctx, r.python, arguments...)
	if err != nil {
		return err
	}
	r.printed = printed.Lines
	r.done = append(r.done, inspect.CommandRun{
		Command: r.python + " manage.py " + strings.Join(arguments, " "), Code: printed.Code,
		Printed: append([]string{}, printed.Lines[max(0, len(printed.Lines)-shownLines):]...),
	})
	if printed.Code != 0 {
		return fmt.Errorf("%s ended with %d: %s", arguments[0], printed.Code, report.Clip(printed.Complain, 300))
	}
	return nil
}

// clean deletes all of the team's signals, and looks whether that is so: the command ends with 0 whatever it did.
func (r *runner) clean(ctx context.Context) error {
	if err := r.manage(ctx, "cleanup_signals", "--team-id", strconv.FormatInt(r.options.team, 10), "--yes"); err != nil {
		return err
	}
	for _, line := range r.printed {
		if strings.Contains(line, "✗") {
			return fmt.Errorf("cleanup_signals could not delete all, though it ended with 0: %s", report.Clip(line, 300))
		}
	}
	if err := r.at(ctx, inspect.CleanedUp); err != nil {
		return fmt.Errorf("cleanup_signals ended with 0, and yet: %w", err)
	}
	return nil
}

// fit says whether a signal may be sent.
func (r *runner) fit(ctx context.Context) error {
	err := r.at(ctx, inspect.FitForCanary)
	if stale := new(inspect.StaleError); errors.As(err, stale) {
		return fmt.Errorf("%w (CLK001), and would catch the signal: doctor --fix deletes them, --clean deletes all, --anyway sends all the same", *stale)
	}
	if err != nil {
		return unseenError{err}
	}
	return nil
}
