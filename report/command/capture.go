package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/capture"
	"doctor/checks/pipeline/redact"
	"doctor/report"
)

func (p *program) captureCommand() *cli.Command {
	return &cli.Command{
		Name:      "capture",
		ArgsUsage: "FILE",
		Usage:     "record the pipeline into a file, for doctor --from FILE",
		Description: `Runs every check and keeps what was observed. FILE holds no secrets, no key that
opens payloads, no text of a signal, and says itself what was replaced. Whoever
has it makes the same diagnosis, without any service.

Exit codes
  0    written
  2    wrong usage, or FILE could not be written; there is no FILE then
  130  interrupted; nothing was written

Examples
  doctor capture broken.zip
  doctor capture --team-id 2 --since 2h broken.zip
  doctor --from broken.zip
  doctor diff broken.zip mended.zip`,
		Flags: []cli.Flag{&cli.BoolFlag{
			Name: "with-content", Destination: &p.options.content, DisableDefaultText: true,
			Usage: "keep texts that no check needs, where they were not encrypted",
		}},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return fmt.Errorf("doctor capture takes one FILE, but got %d", c.NArg())
			}
			return p.capture(c.Context, c.Args().First())
		},
	}
}

// capture looks at the pipeline as a diagnosis does, and keeps what was seen.
func (p *program) capture(ctx context.Context, path string) error {
	switch {
	case p.options.from != "":
		return errors.New("--from has been recorded already: copy the file")
	case len(p.options.only)+len(p.options.skip) > 0:
		return errors.New("a capture records every check: choose with --only and --skip when you look at it")
	case p.options.output != "":
		return errors.New("a capture is written to FILE: leave --output out")
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	selection, err := p.ofPipeline()
	if err != nil {
		return err
	}
	file, err := capture.Create(path)
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, withoutPath(err))
	}
	defer file.Discard()
	world := p.live(s)
	defer world.Close()
	if d := p.diagnose(ctx, selection, world, nil); d.Interrupted {
		p.exit = exitInterrupted
		return nil
	}
	p.observe(ctx, world)
	captured, err := capture.Of(world, capture.About{
		Doctor: build().Version, Team: p.options.team, Since: world.Now.Add(-p.options.since), Content: p.options.content,
	})
	if err != nil {
		return err
	}
	written, err := file.Write(captured, redact.New(s.Secrets()))
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, withoutPath(err))
	}
	return p.print(written, func(out io.Writer) error { return tell(out, written) })
}

// observe asks what the inspections ask, beside what the checks did.
func (p *program) observe(ctx context.Context, world *pipeline.World) {
	ctx, cancel := context.WithTimeout(ctx, p.options.timeout)
	defer cancel()
	status := p.progress()
	defer status.end()
	inspect.Record(ctx, p.looking(world, status))
}

// tell says what a capture that was written holds.
func tell(out io.Writer, written capture.Written) error {
	secrets := map[string]bool{}
	for _, r := range written.Redactions {
		secrets[r.Token] = true
	}
	texts := "The texts of signals and of people are left out."
	if written.Content {
		texts = "Texts that were not encrypted are in it: read it before you share it."
	}
	name := report.Line(written.File)
	_, err := fmt.Fprintf(out, "%s holds %s, in %d kB. %s replaced in it. %s\n\nNext: doctor --from %s\n", name,
		checks.Count(written.Observations, "observation"), (written.Bytes+1023)/1024, were(len(secrets), "secret"), texts, name)
	return err
}

func were(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return checks.Count(n, noun) + " were"
}
