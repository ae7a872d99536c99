package command

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/report"
)

func (p *program) checksCommand() *cli.Command {
	return &cli.Command{
		Name:  "checks",
		Usage: "list the checks, with the codes that they report",
		Description: `With --graph: what each check requires, and what else it waits for.
With --schema: the JSON Schema of what doctor --format json prints.

Examples
  doctor checks
  doctor checks --graph
  doctor checks --schema > doctor.schema.json`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "graph", Destination: &p.options.graph, DisableDefaultText: true, Usage: "show what each check waits for"},
			&cli.BoolFlag{Name: "schema", Destination: &p.options.schema, DisableDefaultText: true, Usage: "print the JSON Schema of the report"},
		},
		Action: func(*cli.Context) error { return p.list() },
	}
}

// listed is a check as JSON lists it.
type listed struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	Codes    []checks.Code `json:"codes"`
	Requires []string      `json:"requires"`
	After    []string      `json:"after"`
	Reads    []source      `json:"reads"`
	Static   bool          `json:"static"`
	Commit   bool          `json:"commit"` // of doctor pre-commit only
}

type source struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"`
}

func (p *program) list() error {
	if p.options.graph && p.options.schema {
		return errors.New("--graph and --schema are two different answers: give one of them")
	}
	if p.options.schema {
		return p.print(json.RawMessage(report.Schema), func(out io.Writer) error {
			_, err := out.Write(report.Schema)
			return err
		})
	}
	all := []listed{}
	for _, c := range p.checks {
		l := listed{c.ID, c.Title, append([]checks.Code{}, c.Codes...), ids(c.Requires), ids(c.After), []source{}, c.Static, c.Commit}
		for _, s := range c.Reads {
			l.Reads = append(l.Reads, source{string(s.Source), s.Optional})
		}
		all = append(all, l)
	}
	return p.print(all, func(out io.Writer) error {
		if p.options.graph {
			return report.Rows(out, graph(all), p.text())
		}
		var rows []report.Row
		for _, l := range all {
			var codes []string
			for _, code := range l.Codes {
				codes = append(codes, string(code))
			}
			rows = append(rows, report.Row{Cells: []string{l.ID, strings.Join(codes, " ")}, Text: l.Title})
		}
		return report.Rows(out, rows, p.text())
	})
}

// graph has a row for each kind of edge of each check.
func graph(all []listed) []report.Row {
	var rows []report.Row
	for _, l := range all {
		id := l.ID
		for _, edges := range []struct {
			kind string
			to   []string
		}{{"requires", l.Requires}, {"after", l.After}} {
			if len(edges.to) > 0 {
				rows = append(rows, report.Row{Cells: []string{id, edges.kind}, Text: strings.Join(edges.to, ", ")})
				id = ""
			}
		}
		if id != "" {
			rows = append(rows, report.Row{Cells: []string{id, ""}})
		}
	}
	return rows
}
