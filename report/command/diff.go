package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/pipeline/capture"
	"doctor/report"
)

func (p *program) diffCommand() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		ArgsUsage: "A B",
		Usage:     "compare two diagnoses, and say what is new, changed or fixed",
		Description: `A and B are captures, or what doctor --format json wrote, the earlier one first.
A finding is fixed when B has looked for it and it is gone, or is over. What B
did not look at is lost from sight: that is no improvement.

Exit codes
  0  nothing in B is at or above --fail-on that was not so in A
  1  something is (default: error)
  2  wrong usage, or a file that holds no diagnosis

Examples
  doctor --format json --output before.json
  doctor diff before.json after.json
  doctor diff before.zip after.zip
  doctor diff before.json after.json --fail-on warning --format json
  doctor checks --schema diff`,
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return fmt.Errorf("doctor diff takes two diagnoses, A and B, but got %d", c.NArg())
			}
			return p.diff(c.Context, c.Args().Get(0), c.Args().Get(1))
		},
	}
}

func (p *program) diff(ctx context.Context, nameA, nameB string) error {
	if p.options.from != "" {
		return errors.New("doctor diff looks at A and B: leave --from out")
	}
	a, err := p.diagnosisIn(ctx, nameA)
	if err != nil {
		return err
	}
	b, err := p.diagnosisIn(ctx, nameB)
	if err != nil {
		return err
	}
	c := report.Compare(a, b, nameA, nameB)
	p.exit = c.ExitCode(checks.Severity(p.options.failOn))
	return p.print(c, func(out io.Writer) error { return report.ComparisonText(out, c, p.text()) })
}

// largestReport is far more than a diagnosis of the sickest pipeline has.
const largestReport = 32 << 20

// diagnosisIn is the diagnosis that a file holds.
func (p *program) diagnosisIn(ctx context.Context, path string) (*report.Document, error) {
	content, err := contentOf(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %q: %w", path, err)
	}
	if capture.Is(content) {
		return p.diagnosisOf(ctx, path, content)
	}
	d, err := report.Read(content)
	if err != nil {
		return nil, fmt.Errorf("cannot compare %q: %w", path, err)
	}
	return d, nil
}

// diagnosisOf is the diagnosis of what a capture recorded.
func (p *program) diagnosisOf(ctx context.Context, path string, content []byte) (*report.Document, error) {
	captured, err := capture.Parse(path, content)
	if err != nil {
		return nil, err
	}
	selection, err := p.ofPipeline()
	if err != nil {
		return nil, err
	}
	_, document := p.look(ctx, report.Replay, selection, p.recorded(captured), nil)
	return document, nil
}

// contentOf reads a file, or whatever else can be read to its end, such as a pipe.
func contentOf(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, largestReport+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case len(content) > largestReport:
		return nil, fmt.Errorf("it is larger than %d MiB", largestReport>>20)
	}
	return content, nil
}
