package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/configuration"
	"doctor/checks/custom"
	"doctor/checks/inspect"
	"doctor/report"
)

func (p *program) checksCommand() *cli.Command {
	return &cli.Command{
		Name:      "checks",
		ArgsUsage: "[--graph [VIEW] | --schema [COMMAND]]",
		Usage:     "list the checks and codes",
		Description: `With --graph, as mermaid, dot or text: which code can explain which others, and
what shows that it does (VIEW causes, the default); or what each check requires,
and what else it waits for (VIEW checks).
With --schema: the JSON Schema of what doctor --format json prints, or of what
doctor COMMAND --format json does; COMMAND is check, diff or an inspection. That
of config is the one of .doctor.yaml.

Examples
  doctor checks
  doctor checks --graph
  doctor checks --graph=dot | dot -Tsvg > causes.svg
  doctor checks --graph=text checks
  doctor checks --schema > doctor.schema.json
  doctor checks --schema diff`,
		Flags: []cli.Flag{
			&cli.GenericFlag{Name: "graph", Value: oneOf(&p.options.graph, "mermaid", "dot", "text").orElse("mermaid"), Usage: "draw, as `LANGUAGE` (mermaid, dot, text), what explains what"},
			&cli.BoolFlag{Name: "schema", Destination: &p.options.schema, DisableDefaultText: true, Usage: "print the JSON Schema of a report"},
		},
		Action: func(c *cli.Context) error { return p.list(c.Args().Slice()) },
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

	ExplainedBy []checks.Link `json:"explained_by"` // what can explain its codes
}

type source struct {
	Name     string `json:"name"`
	Optional bool   `json:"optional"`
}

func (p *program) list(arguments []string) error {
	switch {
	case p.options.graph != "" && p.options.schema:
		return errors.New("--graph and --schema are two different answers: give one of them")
	case p.options.schema:
		return p.schema(arguments)
	case p.options.graph != "":
		return p.showGraph(arguments)
	case len(arguments) > 0:
		return fmt.Errorf("doctor checks takes no argument, but got %q", arguments[0])
	}
	all := p.listed()
	return p.print(all, func(out io.Writer) error {
		var rows []report.Row
		for _, l := range all {
			row := report.Row{Cells: []string{l.ID, ""}, Text: l.Title}
			for i, code := range l.Codes {
				if i == 0 {
					row.Cells[1] = string(code)
				} else { // side by side they would leave the titles no room
					row.Text += " +" + string(code)
				}
			}
			rows = append(rows, row)
		}
		return report.Rows(out, rows, p.text())
	})
}

// listed are the checks as JSON lists them.
func (p *program) listed() []listed {
	all := []listed{}
	for _, c := range p.checks {
		l := listed{c.ID, c.Title, append([]checks.Code{}, c.Codes...), ids(c.Requires), ids(c.After), []source{}, c.Static, c.Commit, []checks.Link{}}
		for _, s := range c.Reads {
			l.Reads = append(l.Reads, source{string(s.Source), s.Optional})
		}
		for _, code := range c.Codes {
			by, _ := checks.LinksOf(code)
			l.ExplainedBy = append(l.ExplainedBy, by...)
		}
		all = append(all, l)
	}
	return all
}

// schemas are the published schemas, by the command whose JSON they describe.
func schemas() map[string][]byte {
	published := inspect.Schemas()
	published["check"], published["diff"], published["config"], published["own"] = report.Schema, report.ComparisonSchema, configuration.Schema, custom.Schema
	return published
}

func (p *program) schema(arguments []string) error {
	switch len(arguments) {
	case 0:
		arguments = []string{"check"}
	case 1:
	default:
		return fmt.Errorf("doctor checks --schema takes one command, but got %q too", arguments[1])
	}
	published := schemas()
	schema, known := published[arguments[0]]
	if !known {
		return fmt.Errorf("no schema is published of %q%s", arguments[0], meant(arguments[0], slices.Sorted(maps.Keys(published)), "doctor checks --help"))
	}
	return p.print(json.RawMessage(schema), func(out io.Writer) error {
		_, err := out.Write(schema)
		return err
	})
}
