package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/configuration"
	"doctor/checks/custom"
	"doctor/checks/pipeline/settings"
	"doctor/report"
)

func (p *program) configCommand() *cli.Command {
	return &cli.Command{
		Name:  "config",
		Usage: "show what .doctor.yaml and the flags say",
		Description: `Prints the values in force, and with --explain where each of them comes from: a
flag, a line of the file, or a default. Where doctor connects to is none of
them: who checks a repository out must not be led to send passwords elsewhere.

The file lies in the PostHog folder, beside .env, and is meant to be committed.
A flag overrules it. --from leaves it out, unless --config names one.
doctor checks --schema config prints its JSON Schema, for editors.

Exit codes
  0  it is right
  2  wrong usage, or a mistake in the file: which, and in which line

Examples
  doctor config
  doctor config --explain
  doctor config --config other.yaml --format json`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "explain", Destination: &p.options.explain, DisableDefaultText: true, Usage: "say where each value comes from"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return fmt.Errorf("doctor config takes no argument, but got %q", c.Args().First())
			}
			return p.showConfig()
		},
	}
}

// unconfigured are the commands that no configuration changes.
var unconfigured = []string{"explain", "checks", "version", "completion", "skill", "diff", "undo"}

// configure takes over what the configuration says and no flag overrules.
func (p *program) configure(command string) error {
	path := p.options.config
	if path == "" {
		if p.options.from != "" || slices.Contains(unconfigured, command) {
			return nil
		}
		where, err := p.where()
		if err != nil {
			return err
		}
		folder, err := settings.Folder(where)
		if err != nil || folder == "" {
			return err
		}
		path = filepath.Join(folder, configuration.Name)
	}
	file, err := configuration.Read(path, custom.Of(p.checks)...)
	if errors.Is(err, fs.ErrNotExist) {
		if p.options.config != "" {
			return fmt.Errorf("--config: there is no file %s", path)
		}
		return nil
	}
	if err != nil {
		return err
	}
	p.config = file
	for _, v := range file.Flags {
		if p.given(v.Flag) {
			continue
		}
		if err := p.flag(v.Flag).Set(v.Text); err != nil {
			return &configuration.Error{Path: file.Path, Line: v.Line, Problem: fmt.Sprintf("invalid value %q for %s: %s", v.Text, v.Flag, err)}
		}
	}
	return nil
}

// flag is the value of a common flag.
func (p *program) flag(name string) cli.Generic {
	at := slices.IndexFunc(p.common, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	return p.common[at].(*cli.GenericFlag).Value
}

// configured is a value in force.
type configured struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func (p *program) showConfig() error {
	values := p.configured()
	if p.options.explain {
		s, err := p.settings()
		if err != nil {
			return err
		}
		for _, to := range []settings.Address{s.Temporal.Address, s.ClickHouse.Address, s.ObjectStorage.Address, s.Docker.Address, s.Postgres.Address} {
			values = append(values, configured{to.Setting, to.URL, "connects there; " + to.Origin.String()})
		}
	}
	return p.print(values, func(out io.Writer) error {
		var table report.Table
		for _, v := range values {
			cells := []report.Cell{{Text: v.Name + ":", Tone: report.Strong}, {Text: v.Value}}
			if p.options.explain {
				cells = append(cells, report.Cell{Text: v.Origin, Tone: report.Dim})
			}
			table.Records = append(table.Records, report.Record{Cells: cells})
		}
		return table.Write(out, p.text())
	})
}

// configured are the values in force.
func (p *program) configured() []configured {
	var all []configured
	for _, name := range configuration.FlagNames {
		origin := "default"
		if line := p.lineOf(name); line > 0 {
			origin = p.configAt(line)
		}
		if p.given(name) {
			origin = "--" + name
		}
		all = append(all, configured{name, cmp.Or(p.flag(name).String(), "[]"), origin})
	}
	origin := "default: all of them"
	if line := p.lineOf("sources"); line > 0 {
		origin = p.configAt(line)
	}
	all = append(all, configured{"sources", "[" + strings.Join(p.policy().Sources, ", ") + "]", origin})
	for _, t := range checks.Thresholds {
		length, origin := t.Default, "default: "+t.Usage
		if set, ok := p.policy().Thresholds[t]; ok {
			length, origin = set, p.configAt(p.lineOf("thresholds."+t.Name))+": "+t.Usage
		}
		all = append(all, configured{"thresholds." + t.Name, (&duration{&length}).String(), origin})
	}
	for _, s := range p.policy().Suppressions {
		said := string(s.Code)
		if s.Subject != "" {
			said += " of " + s.Subject
		}
		all = append(all, configured{"suppress", fmt.Sprintf("%s until %s", said, s.LastDay()), fmt.Sprintf("%s: %s (%s)", p.configAt(s.Where.Line), s.Reason, s.Owner)})
	}
	return all
}

// policy is what a team has agreed on.
func (p *program) policy() checks.Policy {
	if p.config == nil {
		return checks.Policy{}
	}
	return p.config.Policy
}

func (p *program) lineOf(key string) int {
	if p.config == nil {
		return 0
	}
	return p.config.Lines[key]
}

func (p *program) configAt(line int) string {
	return fmt.Sprintf("%s:%d", filepath.Base(p.config.Path), line)
}
