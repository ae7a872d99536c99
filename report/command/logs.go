package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks/inspect"
	"doctor/checks/pipeline/redact"
	"doctor/report"
)

func (p *program) logsCommand() *cli.Command {
	p.options.tail = inspect.UsualTail
	return &cli.Command{
		Name:      "logs",
		ArgsUsage: "[RUN|TASK]",
		Usage:     "show what an agent logged, from object storage",
		Description: `RUN is the run of an agent, TASK a task, which stands for its newest run, or the
beginning of either; without one it is the newest run that left a log. Denied
hosts and errors are marked. Only the end of the log is read, as far as needed.

Exit codes
  0    shown; a run that has left no log is told of, too
  2    wrong usage or configuration; nothing has such a name
  3    not everything could be seen
  130  interrupted

Examples
  doctor logs
  doctor logs 5b0c21 --tail 200
  doctor logs --follow
  doctor logs --raw --tail all | jq .notification.method
  doctor logs --log-key tasks/logs/team_1/task_5b0c/run_77ae.jsonl`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "tail", Value: &tail{&p.options.tail}, Usage: "show the last `N` entries, or all (64 MB at most)"},
			&cli.BoolFlag{Name: "follow", Destination: &p.options.follow, DisableDefaultText: true, Usage: "go on until the run ends"},
			&cli.BoolFlag{Name: "raw", Destination: &p.options.raw, DisableDefaultText: true, Usage: "show lines as they are, without secrets"},
			&cli.StringFlag{Name: "log-key", Destination: &p.options.logKey, Usage: "show the log at `KEY`; Postgres is not asked"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 1); err != nil {
				return err
			}
			q := inspect.LogQuery{Name: c.Args().First(), Key: p.options.logKey, Tail: p.options.tail, Raw: p.options.raw}
			if q.Name != "" && q.Key != "" {
				return fmt.Errorf("%q and --log-key name two logs: leave one out", q.Name)
			}
			if p.options.follow {
				return p.follow(c.Context, q)
			}
			return p.logs(c.Context, q)
		},
	}
}

// tail is a number of entries, or all of them, which is 0.
type tail struct{ entries *int }

func (t *tail) String() string { return strconv.Itoa(*t.entries) }

func (t *tail) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 31)
	if text != "all" && (err != nil || n == 0) {
		return errors.New("it is a number of entries from 1, or all")
	}
	*t.entries = int(n)
	return nil
}

// logs shows the end of a log. Among lines as they are there is no place for what could not be seen.
func (p *program) logs(ctx context.Context, q inspect.LogQuery) error {
	read := func(ctx context.Context, l *inspect.Look) (*inspect.Log, error) { return inspect.ReadLog(ctx, l, q) }
	return inspected(ctx, p, read, func(w io.Writer, d *inspect.Log, o report.TextOptions) error {
		if o.Raw = q.Raw; o.Raw {
			p.complain(d.Missed)
		}
		return report.LogText(w, d, o)
	})
}

func (p *program) complain(missed []string) {
	for _, one := range missed {
		fmt.Fprintln(p.stderr, "doctor: not seen: "+report.Line(one))
	}
}

// follow shows the end of a log and what it gets, until the run has ended.
func (p *program) follow(ctx context.Context, q inspect.LogQuery) error {
	switch {
	case p.options.from != "":
		return errors.New("--from has been recorded: there is nothing to --follow")
	case p.options.format != "text":
		return errors.New("--follow goes on, and a document has an end: leave --format out; --raw follows as JSON lines")
	case p.options.output != "":
		return errors.New("--output is there whole or not at all: leave it out with --follow")
	}
	var begun *inspect.Log
	show := func(w io.Writer, d *inspect.Log, o report.TextOptions) error {
		begun, o.Raw = d, q.Raw
		return report.LogText(w, d, o)
	}
	read := func(ctx context.Context, l *inspect.Look) (*inspect.Log, error) { return inspect.ReadLog(ctx, l, q) }
	if err := inspected(ctx, p, read, show); err != nil || begun.Key == "" {
		return err
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	secrets := redact.New(s.Secrets())
	follower := inspect.Follower{
		Log: begun, Query: q,
		Anew: func() *inspect.Look {
			world := p.live(s)
			return &inspect.Look{World: world, Team: p.options.team, Since: world.Now.Add(-p.options.since)}
		},
		Show: func(d *inspect.Log) error {
			secrets.Strings("inspection", d)
			o := p.text()
			if o.Raw = q.Raw; o.Raw {
				p.complain(d.Missed)
			}
			return report.LogMore(p.stdout, d, o)
		},
	}
	const everySecond = time.Second
	ticker := time.NewTicker(everySecond)
	defer ticker.Stop()
	err = follower.Follow(ctx, ticker.C)
	switch {
	case errors.Is(err, context.Canceled):
		p.exit = exitInterrupted
		return nil
	case err == nil && !q.Raw:
		_, err = fmt.Fprintf(p.stdout, "The run has ended: %s.\n", report.Line(begun.Run.Status))
	}
	return err
}
