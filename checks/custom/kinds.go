package custom

import (
	"context"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"doctor/checks"
)

// looker looks, and returns the evidence of what the check is after: how often it is there, and some of where.
type looker interface {
	look(ctx context.Context, p *checks.Pass, d *definition) (found, error)
}

// found is what a check was after.
type found struct {
	is       bool
	n        int // how many; 0 where it is one thing
	evidence []checks.Evidence
}

// kinds read each way to look.
var kinds = map[string]func(*reader, ast.Node) kind{
	"log":         readLog,
	"setting":     readSetting,
	"observation": readObservation,
	"workflows":   readWorkflows,
}

// log looks for a pattern in what the agents' logs say.
type log struct{ pattern string }

func readLog(r *reader, node ast.Node) kind {
	l := &log{}
	for key, value := range r.Pairs(node) {
		if key != "pattern" {
			r.Unknown(key, []string{"pattern"})
			break
		}
		l.pattern = r.line(value)
		switch pattern, err := regexp.Compile(l.pattern); {
		case err != nil:
			r.Fail(value, "%q is no regular expression: %s", l.pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		case pattern.MatchString(""):
			r.Fail(value, "%q matches everything", l.pattern)
		case tooLarge(l.pattern):
			r.Fail(value, "%q is too large", l.pattern)
		}
	}
	if l.pattern == "" && r.Err == nil {
		r.Fail(node, "there is no pattern")
	}
	return l
}

// mostInstructions bounds a pattern: what a search costs grows with its size, which repetitions multiply.
const mostInstructions = 10_000

func tooLarge(pattern string) bool {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return true
	}
	program, err := syntax.Compile(parsed.Simplify())
	return err != nil || len(program.Inst) > mostInstructions
}

func (*log) reads() []checks.Source { return []checks.Source{checks.ObjectStorage} }
func (*log) needs() string          { return "services.object-storage" }
func (l *log) says() string {
	return "An entry of an agent's log of the time that is looked at has a text or a title that matches `" + strings.ReplaceAll(l.pattern, "`", "'") + "`."
}

// setting looks at what the pipeline's commands, or its workers, see of a setting.
type setting struct {
	name    string
	workers bool
	is      condition
}

func readSetting(r *reader, node ast.Node) kind {
	s := &setting{}
	known := slices.Concat([]string{"name", "seen-by"}, settingOperators)
	for key, value := range r.Pairs(node) {
		switch {
		case key == "name":
			s.name = r.line(value)
			if !settingForm.MatchString(s.name) {
				r.Fail(value, "a setting is a name such as SANDBOX_PROVIDER, and not %q", s.name)
			}
		case key == "seen-by":
			s.workers = r.oneOf(value, "commands", "workers") == "workers"
		case slices.Contains(settingOperators, key):
			r.operator(&s.is, key, value, reflectString)
		default:
			r.Unknown(key, known)
		}
	}
	if (s.name == "" || len(s.is.tests) == 0) && r.Err == nil {
		r.Fail(node, "a setting has a name, and a condition: one of %s", strings.Join(settingOperators, ", "))
	}
	return s
}

var settingForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (*setting) reads() []checks.Source { return []checks.Source{checks.Settings} }
func (*setting) needs() string          { return "" }
func (s *setting) says() string {
	seen := "commands see"
	if s.workers {
		seen = "workers are started with"
	}
	return "What the pipeline's " + seen + " as `" + s.name + "`: " + strings.Join(s.is.said, ", and ") + "."
}

// table counts rows that are as wanted.
type table struct {
	source *source
	where  []constraint
}

// constraint is a condition on a field.
type constraint struct {
	field string
	is    condition
}

func readObservation(r *reader, node ast.Node) kind {
	t := &table{}
	var names []string
	for _, s := range observations {
		names = append(names, s.name)
	}
	var where ast.Node
	for key, value := range r.Pairs(node) {
		switch key {
		case "of":
			name := r.oneOf(value, names...)
			if at := slices.Index(names, name); at >= 0 {
				t.source = observations[at]
			}
		case "where":
			where = value
		default:
			r.Unknown(key, []string{"of", "where"})
		}
	}
	if t.source == nil && r.Err == nil {
		r.Fail(node, "there is no of: it names the observation, one of %s", strings.Join(names, ", "))
	}
	r.constraints(t, where)
	return t
}

func readWorkflows(r *reader, node ast.Node) kind {
	t := &table{}
	var where ast.Node
	for key, value := range r.Pairs(node) {
		switch key {
		case "query":
			query := r.line(value)
			if unknown := placeholder.FindAllString(query, -1); slices.ContainsFunc(unknown, func(p string) bool { return !slices.Contains(placeholders, p) }) {
				r.Fail(value, "in a query only {team} and {since} are filled in")
			}
			t.source = foundBy(query)
		case "where":
			where = value
		default:
			r.Unknown(key, []string{"query", "where"})
		}
	}
	if t.source == nil && r.Err == nil {
		r.Fail(node, "there is no query")
	}
	r.constraints(t, where)
	return t
}

// constraints reads the conditions that a row must meet, all of them.
func (r *reader) constraints(t *table, node ast.Node) {
	if node == nil || r.Err != nil {
		return
	}
	items := []ast.Node{node}
	if list, ok := node.(*ast.SequenceNode); ok {
		items = list.Values
	}
	if len(items) > mostConditions {
		r.Fail(node, "there are more than %d conditions", mostConditions)
	}
	for _, item := range items {
		t.where = append(t.where, r.constraint(t.source, item))
	}
}

func (r *reader) constraint(s *source, node ast.Node) constraint {
	var c constraint
	values := map[string]ast.Node{}
	var order []string
	lines := map[string]int{}
	for key, value := range r.Pairs(node) {
		if key != "field" && !slices.Contains(fieldOperators, key) {
			r.Unknown(key, append([]string{"field"}, fieldOperators...))
			return c
		}
		values[key], lines[key] = value, r.Line
		order = append(order, key)
	}
	if r.Err != nil {
		return c
	}
	if values["field"] == nil || len(order) < 2 {
		r.Fail(node, "a condition has a field, and one of %s", strings.Join(fieldOperators, ", "))
		return c
	}
	name := r.Text(values["field"])
	full, ok := s.fieldNamed(name)
	if !ok {
		r.Line = lines["field"]
		r.Unknown(name, s.names())
		return c
	}
	c.field = full
	field, _ := s.row.FieldByName(full)
	for _, key := range order {
		if key != "field" {
			r.operator(&c.is, key, values[key], field.Type)
		}
	}
	return c
}

func (t *table) reads() []checks.Source { return []checks.Source{t.source.of} }
func (t *table) needs() string          { return t.source.requires }
func (*table) field(string) bool        { return true }
func (t *table) says() string {
	var wanted []string
	for _, c := range t.where {
		wanted = append(wanted, c.field+" "+strings.Join(c.is.said, " and "))
	}
	said := "It counts the " + t.source.what
	if len(wanted) > 0 {
		said += " with " + strings.Join(wanted, ", and ")
	}
	return said + "."
}

// fieldsOfConditions are what is shown of a row where the file does not say.
func (t *table) fieldsOfConditions() []string {
	names := t.source.names()[:1]
	for _, c := range t.where {
		if !slices.Contains(names, c.field) {
			names = append(names, c.field)
		}
	}
	return names
}
