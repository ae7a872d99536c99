package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/catalog"
	"doctor/report"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		ArgsUsage: "[CODE]",
		Usage:     "say what a code means, or list the codes",
		Description: `CODE is a code or its slug, in any case, or as much of it as is unambiguous.

Examples
  doctor explain
  doctor explain TMP001
  doctor explain stale-emb`,
		Action: func(c *cli.Context) error {
			if c.NArg() > 1 {
				return fmt.Errorf("doctor explain takes one code, but got %q too", c.Args().Get(1))
			}
			return p.explain(c.Args().First())
		},
	}
}

// explained is a code as JSON explains it.
type explained struct {
	Code     checks.Code     `json:"code"`
	Slug     string          `json:"slug"`
	Severity checks.Severity `json:"severity"`
	Stage    checks.Stage    `json:"stage,omitempty"`
	Summary  string          `json:"summary"`
	Page     string          `json:"page,omitempty"` // Markdown

	ExplainedBy []checks.Link `json:"explained_by"`
	Explains    []checks.Link `json:"explains"`
}

func (p *program) explain(name string) error {
	listed := []explained{}
	for _, info := range checks.CodesOf(p.checks) {
		by, of := checks.LinksOf(info.Code)
		listed = append(listed, explained{
			info.Code, info.Slug, info.Severity, info.Stage, info.Summary, "",
			append([]checks.Link{}, by...), append([]checks.Link{}, of...),
		})
	}
	if name == "" {
		return p.print(listed, func(out io.Writer) error {
			var rows []report.Row
			for _, e := range listed {
				rows = append(rows, report.Row{Cells: []string{string(e.Code)}, Text: e.Summary})
			}
			return report.Rows(out, rows, p.text())
		})
	}
	one, err := find(listed, name)
	if err != nil {
		return err
	}
	if one.Page, err = p.page(one.Code); err != nil {
		return err
	}
	return p.print(one, func(out io.Writer) error { return report.Page(out, one.Page+one.links(), p.text()) })
}

// page is the page of a code: of the catalogue, or what a check of the team's own says.
func (p *program) page(code checks.Code) (string, error) {
	for _, c := range p.checks {
		if c.Own != nil && c.Own.Code == code {
			return c.Own.Page, nil
		}
	}
	return catalog.Page(code)
}

// links are the sections of a page that the table of links writes.
func (e explained) links() string {
	var b strings.Builder
	section := func(heading string, links []checks.Link, other func(checks.Link) checks.Code) {
		if len(links) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n", heading)
		}
		for _, l := range links {
			fmt.Fprintf(&b, "- **%s** `%s`: %s\n", other(l), other(l).Info().Slug, l.Evidence)
		}
	}
	section("Can be explained by", e.ExplainedBy, func(l checks.Link) checks.Code { return l.Cause })
	section("Can explain", e.Explains, func(l checks.Link) checks.Code { return l.Effect })
	return b.String()
}

// find looks a code up by itself or its slug, or the beginning of either.
func find(among []explained, name string) (explained, error) {
	var found []explained
	var known, ambiguous []string
	for _, e := range among {
		for _, full := range []string{strings.ToLower(string(e.Code)), e.Slug} {
			switch wanted := strings.ToLower(name); {
			case full == wanted:
				return e, nil
			case strings.HasPrefix(full, wanted):
				found, ambiguous = append(found, e), append(ambiguous, string(e.Code))
			}
		}
		known = append(known, string(e.Code), e.Slug)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return explained{}, fmt.Errorf("%q is no code%s", name, meant(name, known, "doctor explain"))
	}
	return explained{}, fmt.Errorf("%q could be any of %s", name, strings.Join(ambiguous, ", "))
}
