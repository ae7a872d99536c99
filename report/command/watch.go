package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/report"
)

// watching is what the flags of doctor watch say.
type watching struct {
	interval time.Duration
	steady   int
	looks    int
	listen   string
}

// The bounds of doctor watch. A look that ends after the next one was due is followed by it at once, but not sooner.
const (
	shortestInterval = time.Second
	mostSteady       = 100
	mostLooks        = 1_000_000
)

func (p *program) watchCommand() *cli.Command {
	w := watching{interval: 30 * time.Second, steady: 2}
	return &cli.Command{
		Name:  "watch",
		Usage: "keep looking, and tell what changes",
		Description: `Tells what is wrong when it begins, and from then on a line for each change: a
finding that begins or is over, a check that can no longer look. A change is
told when it has stayed for --steady looks, so that what comes and goes for a
moment is not. With --format json each change is one line. Settings are read
anew for each look; .doctor.yaml and .doctor-checks are not.

--listen serves the last look, without another one however often it is asked:
/metrics for Prometheus, /healthz (200, or 503 when something is wrong), and /
as a page. It listens on this machine only, unless a host is named.

Exit codes
  0, 1, 3  with --looks: what the last look came to, as for doctor check
  2        wrong usage or configuration
  130      interrupted: the usual end

Examples
  doctor watch
  doctor watch --interval 2m --steady 3 --only TMP001,SVC
  doctor watch --listen 9469 --format json > changes.jsonl`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "interval", Value: &duration{&w.interval}, Usage: "look every `DURATION`"},
			&cli.GenericFlag{Name: "steady", Value: &between{&w.steady, 1, mostSteady}, Usage: "tell what has stayed for `N` looks"},
			&cli.GenericFlag{Name: "looks", Value: &between{&w.looks, 0, mostLooks}, Usage: "end after `N` looks; 0: never"},
			&cli.StringFlag{Name: "listen", Destination: &w.listen, Usage: "serve the last look at `PORT`, or at HOST:PORT"},
		},
		Action: func(c *cli.Context) error {
			if err := wants(c, 0); err != nil {
				return err
			}
			return p.watch(c.Context, w)
		},
	}
}

func (p *program) watch(ctx context.Context, w watching) error {
	switch {
	case p.options.from != "":
		return errors.New("--from does not change: there is nothing to watch")
	case w.interval < shortestInterval:
		return errors.New("--interval is 1s at least")
	case p.options.output != "":
		return errors.New("--output is there whole or not at all: leave it out with doctor watch")
	}
	selection, err := p.ofPipeline()
	if err != nil {
		return err
	}
	seen := &latest{}
	if w.listen != "" {
		stop, err := p.listen(w.listen, seen)
		if err != nil {
			return err
		}
		defer stop()
	}
	watch := report.NewWatch(w.steady)
	tick := time.NewTicker(w.interval)
	defer tick.Stop()
	for looks := 1; ; looks++ {
		document, err := p.lookOnce(ctx, selection)
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
		seen.set(document)
		if looks == 1 {
			p.begins(document, w)
		}
		if err := p.tell(watch.Next(document)); err != nil {
			return err
		}
		if looks == w.looks {
			p.exit = document.ExitCode(checks.Severity(p.options.failOn))
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	p.exit = exitInterrupted
	return nil
}

// lookOnce diagnoses the pipeline as it is now. Settings are read anew: who mends one wants to see it.
func (p *program) lookOnce(ctx context.Context, selection checks.Selection) (*report.Document, error) {
	s, err := p.settings()
	if err != nil {
		return nil, err
	}
	world := p.live(s)
	defer world.Close()
	_, document := p.look(ctx, report.Live, selection, world, nil)
	return document, nil
}

// begins says that it is watched, on standard error: what changes is all that stands on standard output.
func (p *program) begins(d *report.Document, w watching) {
	fmt.Fprintf(p.stderr, "doctor: watching team %d every %s: %s\n", d.TeamID, &duration{&w.interval}, d.Summary.Status)
}

// tell writes what has changed.
func (p *program) tell(changes []report.Transition) error {
	if p.options.format == "json" {
		for _, c := range changes {
			if err := jsonLine(p.stdout, c); err != nil {
				return err
			}
		}
		return nil
	}
	return report.TransitionsText(p.stdout, changes, p.text())
}

func jsonLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(report.EscapeControls(line), '\n'))
	return err
}
