package custom

import (
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"doctor/checks"
	"doctor/checks/yamlfile"
)

// Bounds of what a file may say.
const (
	longestText    = 500 // bytes
	mostTexts      = 20  // in a list
	mostConditions = 20
)

// reader reads a file up to the first mistake.
type reader struct {
	yamlfile.Reader
	all []*checks.Check
}

// keys are the names at the top of a file; those of kinds are the keys of kinds.
var keys = []string{
	"code", "severity", "stage", "title", "finding", "detail", "advice", "requires", "after", "evidence", "count",
	"log", "setting", "observation", "workflows",
}

func (r *reader) read(content []byte) *definition {
	d := &definition{name: nameOf(r.Path), severity: checks.Warning, lines: map[string]int{}}
	if !nameForm.MatchString(d.name) {
		r.FailHere("a check is called after its file: lower-case words with dashes between them, such as proxy-down.yaml")
		return d
	}
	document := r.Open(content)
	if document == nil {
		r.FailHere("it is empty: doctor checks --schema own tells what belongs there")
		return d
	}
	for key, value := range r.Pairs(document) {
		d.lines[key] = r.Line
		r.top(d, key, value)
	}
	if r.Err == nil {
		r.whole(d)
	}
	return d
}

func (r *reader) top(d *definition, key string, value ast.Node) {
	switch key {
	case "code":
		d.code = checks.Code(r.line(value))
		if !codeForm.MatchString(string(d.code)) {
			r.Fail(value, "a code of your own begins with X- and goes on in capitals, such as X-PROXY or X-TEAM-001; all others are the doctor's")
		}
	case "severity":
		d.severity = checks.Severity(r.oneOf(value, "error", "warning", "info"))
	case "stage":
		var stages []string
		for _, s := range checks.Stages {
			stages = append(stages, string(s))
		}
		d.stage = checks.Stage(r.oneOf(value, stages...))
	case "title":
		d.title = r.line(value)
	case "finding":
		d.finding = r.line(value)
	case "detail":
		d.detail = r.line(value)
	case "advice":
		d.advice = r.lines(value)
	case "requires":
		d.requires = r.named(value)
	case "after":
		d.after = r.named(value)
	case "evidence":
		d.evidence = r.lines(value)
	case "count":
		d.count = r.condition(value, reflectInt, countOperators)
	default:
		read, known := kinds[key]
		if !known {
			r.Unknown(key, keys)
			return
		}
		if d.kind != nil {
			r.FailHere("a check looks at one thing: %s is the second", key)
			return
		}
		d.kind = read(r, value)
	}
}

// whole looks at what only the whole file tells.
func (r *reader) whole(d *definition) {
	r.Line = 0
	for _, key := range []string{"code", "title", "finding"} {
		if d.lines[key] == 0 {
			r.FailHere("there is no %s", key)
		}
	}
	if d.kind == nil {
		r.FailHere("it looks at nothing: one of log, setting, observation and workflows is missing")
		return
	}
	_, rows := d.kind.(interface{ field(string) bool })
	for _, key := range []string{"evidence", "count"} {
		if d.lines[key] > 0 && !rows && r.Err == nil {
			r.Line = d.lines[key]
			r.FailHere("%s is of an observation or of workflows, and not of this kind", key)
		}
	}
	if table, ok := d.kind.(*table); ok {
		r.Line = d.lines["evidence"]
		for i, name := range d.evidence {
			if full, ok := table.source.fieldNamed(name); ok {
				d.evidence[i] = full
			} else {
				r.Unknown(name, table.source.names())
			}
		}
		if len(d.evidence) == 0 {
			d.evidence = table.fieldsOfConditions()
		}
	}
	r.waits(d)
}

// waits adds what the kind needs to what the file requires.
func (r *reader) waits(d *definition) {
	if id := d.kind.needs(); id != "" && !slices.ContainsFunc(d.requires, func(c *checks.Check) bool { return c.ID == id }) {
		for _, c := range r.all {
			if c.ID == id {
				d.requires = append(d.requires, c)
			}
		}
	}
	d.after = slices.DeleteFunc(d.after, func(c *checks.Check) bool { return slices.Contains(d.requires, c) })
}

// named are checks by their ids. Those of a commit take part in no diagnosis, and the one of suppressions waits for all.
func (r *reader) named(node ast.Node) []*checks.Check {
	var found []*checks.Check
	var known []string
	for _, c := range r.all {
		if !c.Commit && c.Own == nil && c.Part() != "configuration" {
			known = append(known, c.ID)
		}
	}
	for _, id := range r.lines(node) {
		if !slices.Contains(known, id) {
			hint := "doctor checks lists them"
			if like := yamlfile.Nearest(id, known); like != "" {
				hint = "did you mean " + like + "?"
			}
			r.Fail(node, "there is no check %q to wait for; %s", id, hint)
			return nil
		}
		at := slices.IndexFunc(r.all, func(c *checks.Check) bool { return c.ID == id })
		if !slices.Contains(found, r.all[at]) {
			found = append(found, r.all[at])
		}
	}
	return found
}

// line is a text of one line.
func (r *reader) line(node ast.Node) string {
	text := r.Text(node)
	switch {
	case strings.TrimSpace(text) == "":
		r.Fail(node, "a value is missing")
	case len(text) > longestText:
		r.Fail(node, "a text has %d bytes at most", longestText)
	case strings.ContainsFunc(text, unicode.IsControl):
		r.Fail(node, "a text is one line, without control characters")
	}
	return text
}

func (r *reader) lines(node ast.Node) []string {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return []string{r.line(node)}
	}
	if len(list.Values) > mostTexts {
		r.Fail(node, "a list has %d entries at most", mostTexts)
		return nil
	}
	var all []string
	for _, item := range list.Values {
		all = append(all, r.line(item))
	}
	return all
}

func (r *reader) oneOf(node ast.Node, known ...string) string {
	text := r.Text(node)
	if !slices.Contains(known, text) {
		r.Fail(node, "it is one of %s, and not %q", strings.Join(known, ", "), text)
	}
	return text
}
