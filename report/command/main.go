// Package command is the command line: it turns flags into a diagnosis, the diagnosis into a [report.Document], and that
// into text and an exit code.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/checks/configuration"
	"doctor/checks/inspect"
	"doctor/checks/pipeline/capture"
	"doctor/remedies"
	"doctor/report"
)

// The exit codes beside those that a [report.Document] decides.
const (
	exitUsage       = 2
	exitInterrupted = 130
)

// Main runs the command line that args, the program's name left out, make up, and returns its exit code. Standard
// output carries the report and nothing else; standard input is where people answer.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The first Ctrl-C ends the run with what is known so far. From then on a Ctrl-C does what it does to any program.
	context.AfterFunc(ctx, stop)
	p := &program{checks: all.All(), stdin: stdin, stdout: stdout, stderr: stderr, env: env}
	return p.run(ctx, args)
}

// program is one call of the doctor.
type program struct {
	checks         []*checks.Check
	stdin          io.Reader
	stdout, stderr io.Writer
	env            []string

	options   options
	common    []cli.Flag // that every command understands
	given     func(flag string) bool
	config    *configuration.File // nil when there is none
	recording *capture.Capture    // what --from names, once it is read

	// An agent's treatment: what sees its plan, without secrets, and the hash of the plan that is agreed to.
	show     func(remedies.Agenda)
	agreedTo string
	exit     int
}

func (p *program) run(ctx context.Context, args []string) int {
	app := p.app()
	arranged, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, arranged)
	}
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // a reader that has seen enough is no failure
		return p.exit
	}
	fmt.Fprintln(p.stderr, "doctor: "+report.Line(err.Error()))
	if errors.As(err, new(unseenError)) {
		return inspect.Unseen
	}
	return exitUsage
}

func (p *program) app() *cli.App {
	p.common = p.options.common()
	app := &cli.App{
		Name:                  "doctor",
		HelpName:              "doctor",
		Usage:                 "finds out why a signal did not reach the inbox",
		CustomAppHelpTemplate: rootHelp,
		Flags:                 []cli.Flag{helpFlag()},
		HideHelp:              true,
		HideHelpCommand:       true,
		HideVersion:           true,
		Writer:                p.stdout,
		ErrWriter:             p.stderr,
		ExitErrHandler:        func(*cli.Context, error) {}, // only main exits
		Commands: []*cli.Command{
			p.checkCommand(), p.traceCommand(), p.canaryCommand(), p.preCommitCommand(), p.undoCommand(),
			p.workflowsCommand(), p.historyCommand(), p.logsCommand(), p.sandboxesCommand(),
			p.reportsCommand(), p.statusCommand(), p.watchCommand(),
			p.captureCommand(), p.diffCommand(), p.explainCommand(), p.checksCommand(), p.configCommand(), p.versionCommand(), p.completionCommand(), p.skillCommand(), p.mcpCommand(), p.manCommand(),
		},
	}
	for _, c := range app.Commands {
		c.Flags = append(c.Flags, p.common...)
		c.HideHelp, c.HideHelpCommand = true, true
		c.Before = func(c *cli.Context) error {
			p.given = c.IsSet
			if err := p.knowsFormat(c.Command.Name); err != nil {
				return err
			}
			if err := p.ownChecks(c.Command.Name); err != nil {
				return err
			}
			return p.configure(c.Command.Name)
		}
		c.CustomHelpTemplate = commandHelp
		c.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
			return errors.New(strings.Replace(err.Error(), "for flag -", "for --", 1))
		}
	}
	return app
}
