package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/report"
)

// unseenError says why there is nothing to show.
type unseenError struct{ error }

// inspected answers with a document of package inspect, as text or as JSON.
func inspected[D inspect.Document](
	ctx context.Context, p *program,
	look func(context.Context, *inspect.Look) (D, error), text func(io.Writer, D, report.TextOptions) error,
) error {
	world, _, err := p.world()
	if err != nil {
		return err
	}
	return inspectedIn(ctx, p, world, p.progress(), look, text)
}

// inspectedIn is inspected in a world, which it closes.
func inspectedIn[D inspect.Document](
	ctx context.Context, p *program, world *pipeline.World, status *progress,
	look func(context.Context, *inspect.Look) (D, error), text func(io.Writer, D, report.TextOptions) error,
) error {
	defer world.Close()
	ctx, cancel := context.WithTimeout(ctx, p.options.timeout)
	defer cancel()
	document, err := look(ctx, p.looking(world, status))
	status.end()
	secrets := redact.New(world.Settings.Secrets())
	if err != nil {
		return misdirected(err, secrets)
	}
	secrets.Strings("inspection", document)
	p.exit = document.ExitCode()
	return p.print(document, func(out io.Writer) error { return text(out, document, p.text()) })
}

// looking is what an inspection looks at.
func (p *program) looking(world *pipeline.World, status *progress) *inspect.Look {
	return &inspect.Look{World: world, Team: p.options.team, Since: world.Now.Add(-p.options.since), Progress: status.show}
}

// misdirected tells a name that means nothing, which is wrong usage, from what could not be seen.
func misdirected(err error, secrets *redact.Redactor) error {
	var unknown inspect.UnknownError
	var ambiguous inspect.AmbiguousError
	switch {
	case errors.As(err, &unknown):
		return errors.New(err.Error() + meant(unknown.Name, unknown.Known, unknown.Listed))
	case errors.As(err, &ambiguous), errors.As(err, new(inspect.NothingError)):
		return err
	}
	return unseenError{errors.New(secrets.Text("inspection", err.Error()))}
}

// wants refuses more arguments than a command takes.
func wants(c *cli.Context, most int) error {
	switch {
	case c.NArg() <= most:
		return nil
	case most == 0:
		return fmt.Errorf("doctor %s takes no argument, but got %q", c.Command.Name, c.Args().First())
	}
	return fmt.Errorf("doctor %s takes one %s, but got %q too", c.Command.Name, strings.Trim(c.Command.ArgsUsage, "[]"), c.Args().Get(most))
}
