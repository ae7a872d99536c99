package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
	"doctor/remedies"
	"doctor/report"
)

// treatment is what the flags say about treating.
type treatment struct {
	fix, dryRun, ask, unsafe, yes bool

	exportTo string
}

const howToTreat = "How to treat"

func (t *treatment) flags() []cli.Flag {
	on := func(name, usage string, set *bool) cli.Flag {
		return &cli.BoolFlag{Name: name, Destination: set, DisableDefaultText: true, Category: howToTreat, Usage: usage}
	}
	return []cli.Flag{
		on("fix", "treat what can be treated safely, and look again", &t.fix),
		on("dry-run", "with --fix: only show what would be done", &t.dryRun),
		on("ask", "with --fix: ask before each treatment", &t.ask),
		on("unsafe", "with --fix: also what cannot be brought back", &t.unsafe),
		on("yes", "with --unsafe: do not ask for it", &t.yes),
		&cli.StringFlag{Name: "export-to", Destination: &t.exportTo, Category: howToTreat, Usage: "with --fix: export to `FOLDER` what is deleted"},
	}
}

// wrong is what is wrong with the flags about treating, before anything is looked at.
func (p *program) wrongTreatment() error {
	t := p.options.treatment
	alone := map[string]bool{"dry-run": t.dryRun, "ask": t.ask, "unsafe": t.unsafe, "yes": t.yes, "export-to": t.exportTo != ""}
	for _, name := range []string{"dry-run", "ask", "unsafe", "yes", "export-to"} {
		if alone[name] && !t.fix {
			return fmt.Errorf("--%s says how to treat: give --fix, too", name)
		}
	}
	_, asked := terminal(p.stdin)
	switch {
	case t.fix && p.options.from != "":
		return errors.New("a recording cannot be treated: leave --from or --fix out")
	case t.yes && !t.unsafe:
		return errors.New("--yes agrees to what is unsafe: give --unsafe, too")
	case t.unsafe && !t.yes && !t.dryRun && !asked:
		return errors.New("nobody can be asked about what is unsafe here: give --yes, or leave --unsafe out")
	}
	return nil
}

// treat diagnoses, treats, and reports what was done and what is left.
func (p *program) treat(ctx context.Context, selection checks.Selection) error {
	out, err := p.open()
	if err != nil {
		return err
	}
	defer out.discard()
	set, err := p.settings()
	if err != nil {
		return err
	}
	engine := p.engine(set, selection)
	outcome, failure := engine.Treat(ctx, p.treatOptions(out, redact.New(set.Secrets())))
	if outcome == nil {
		return failure
	}
	document := p.document(outcome.Diagnosis, outcome.World.Now)
	document.Then = outcome.Then
	for _, fix := range outcome.Fixes {
		document.Fixes = append(document.Fixes, told(fix, outcome.Folder))
	}
	redact.New(outcome.World.Settings.Secrets()).Strings("report", document)
	p.exit = document.ExitCode(checks.Severity(p.options.failOn))
	if outcome.Diagnosis.Interrupted {
		p.exit = exitInterrupted
	}
	return errors.Join(p.write(out, document, func() error { return report.Text(out, document, p.text()) }), failure)
}

// told is a fix as reports show it. What can be taken back says how.
func told(fix remedies.Fix, folder string) report.Fix {
	detail := fix.Detail
	switch done := fix.Status == remedies.Verified || fix.Status == remedies.Applied; {
	case done && fix.Final != "":
		detail += "; " + fix.Final
	case done && folder != "":
		detail += "; doctor undo takes it back, with what is in " + folder
	}
	return report.Fix{Remedy: fix.Remedy, Code: fix.Code, Status: string(fix.Status), Detail: detail}
}

func (p *program) engine(set *settings.Settings, selection checks.Selection) *remedies.Engine {
	return &remedies.Engine{
		Team:     p.options.team,
		Journal:  remedies.JournalFolder(set),
		ExportTo: p.options.treatment.exportTo,
		Open: func() (*pipeline.World, error) {
			set, err := p.settings()
			if err != nil {
				return nil, err
			}
			return p.live(set), nil
		},
		Diagnose: func(ctx context.Context, w *pipeline.World) *checks.Diagnosis {
			return p.diagnose(ctx, selection, w, nil)
		},
		Progress: func(text string) {
			if _, ok := terminal(p.stderr); ok {
				fmt.Fprintln(p.stderr, report.Line(text))
			}
		},
	}
}

// treatOptions has a plan shown where the report goes when that is text, and where people are asked.
func (p *program) treatOptions(out io.Writer, secrets *redact.Redactor) remedies.Options {
	t := p.options.treatment
	options := remedies.Options{DryRun: t.dryRun, Unsafe: t.unsafe, Agreed: p.agreedTo}
	asks := t.ask || t.unsafe && !t.yes
	options.Show = func(agenda remedies.Agenda) {
		agenda.Treatments = slices.Clone(agenda.Treatments)
		secrets.Strings("plan", &agenda)
		if p.show != nil {
			p.show(agenda)
		}
		if p.options.format == "text" && (p.options.output == "" || !asks) {
			_ = report.PlanText(out, agenda, p.text())
		} else if asks {
			_ = report.PlanText(p.stderr, agenda, p.text())
		}
	}
	answers := bufio.NewReader(p.stdin)
	if t.ask {
		options.Ask = func(t remedies.Treatment) (bool, error) {
			return p.agreed(answers, fmt.Sprintf("%s: %s", t.Code, t.Summary()))
		}
	}
	if t.unsafe {
		options.Confirm = func(unsafe []remedies.Treatment) (bool, error) {
			if t.yes {
				return true, nil
			}
			return p.agreed(answers, stakes(unsafe))
		}
	}
	return options
}

// stakes says what is at stake with unsafe treatments.
func stakes(unsafe []remedies.Treatment) string {
	final := 0
	for _, t := range unsafe {
		if len(t.Final) > 0 {
			final++
		}
	}
	said := checks.Count(len(unsafe), "unsafe treatment")
	switch {
	case final == 0:
		return said + ", which doctor undo takes back"
	case final == len(unsafe):
		return said + ", which nothing takes back"
	}
	return fmt.Sprintf("%s, and nothing takes %d of them back", said, final)
}

// agreed asks a person. Who says nothing has not agreed.
func (p *program) agreed(answers *bufio.Reader, question string) (bool, error) {
	fmt.Fprintf(p.stderr, "%s. Go on? [y/N] ", report.Line(question))
	answer, err := answers.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))), nil
}
