// Package configuration reads what a team has agreed on about its diagnoses, from a file that is committed with the
// repository, and judges what is suppressed there.
package configuration

import (
	_ "embed" // the schema
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"doctor/checks"
)

// Name is what the file is called. It lies in the PostHog folder, beside .env.
const Name = ".doctor.yaml"

// mostBytes is far more than anybody writes by hand.
const mostBytes = 1 << 20

// FlagNames are the flags whose values the file may give: none that says where to connect, for who checks a repository out
// must not be led to send the passwords of its .env elsewhere.
var FlagNames = []string{"team-id", "since", "timeout", "fail-on", "skip"}

// File is what such a file says.
type File struct {
	Path  string
	Flags []Value
	checks.Policy
	Lines map[string]int // of each key at the top, and of each threshold as thresholds.NAME
}

// Value is the value of a flag. It is checked by the flag itself.
type Value struct {
	Flag, Text string
	Line       int
}

// Error is what is wrong with a file, and where.
type Error struct {
	Path    string
	Line    int // 0 when it is no line's fault
	Problem string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Path, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Problem)
}

// Read reads a file. It fails with an [Error], or with one that is [fs.ErrNotExist] when there is no such file.
func Read(path string) (*File, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	wrong := func(problem string) error { return &Error{Path: path, Problem: problem} }
	switch {
	case err != nil:
		return nil, wrong("it cannot be read")
	case !info.Mode().IsRegular():
		return nil, wrong("it is not a file")
	case info.Size() > mostBytes:
		return nil, wrong("it is larger than 1 MiB")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, wrong("it cannot be read")
	}
	return Parse(path, content)
}

// Parse reads the content of a file.
func Parse(path string, content []byte) (file *File, err error) {
	file = &File{Path: path, Lines: map[string]int{}}
	r := reader{file: file}
	parsed, failed := parser.ParseBytes(content, 0)
	var broken interface {
		GetMessage() string
		GetToken() *token.Token
	}
	switch {
	case errors.As(failed, &broken):
		return nil, r.wrong(broken.GetToken(), "%s", broken.GetMessage())
	case failed != nil:
		return nil, r.wrong(nil, "%s", checks.OneLine(failed.Error()))
	case len(parsed.Docs) > 1:
		return nil, r.wrong(parsed.Docs[1].GetToken(), "a second document begins here")
	case len(parsed.Docs) == 0 || parsed.Docs[0].Body == nil:
		return file, nil
	}
	for key, value := range r.pairs(parsed.Docs[0].Body) {
		file.Lines[key] = r.line
		r.top(key, value)
	}
	return file, r.err
}

// reader collects what a file says, up to the first mistake.
type reader struct {
	file *File
	line int // of the key that is being read
	err  error
}

func (r *reader) wrong(at *token.Token, format string, args ...any) error {
	e := &Error{Path: r.file.Path, Problem: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		e.Line = at.Position.Line
	}
	return e
}

func (r *reader) fail(node ast.Node, format string, args ...any) {
	if r.err == nil {
		r.err = r.wrong(node.GetToken(), format, args...)
	}
}

// pairs goes through the pairs of a mapping, and stops at the first mistake.
func (r *reader) pairs(node ast.Node) func(func(string, ast.Node) bool) {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.fail(node, "names with values are expected here")
	}
	return func(yield func(string, ast.Node) bool) {
		var seen []string
		for _, v := range values {
			key := v.Key.GetToken().Value
			if slices.Contains(seen, key) {
				r.fail(v.Key, "%s is there twice", key)
			}
			seen, r.line = append(seen, key), v.Key.GetToken().Position.Line
			if r.err != nil || !yield(key, v.Value) {
				return
			}
		}
	}
}

// Keys are the names at the top of the file.
var Keys = slices.Concat(FlagNames, []string{"sources", "thresholds", "suppress"})

func (r *reader) top(key string, value ast.Node) {
	switch {
	case slices.Contains(FlagNames, key):
		r.file.Flags = append(r.file.Flags, Value{key, strings.Join(r.texts(value), ","), r.line})
	case key == "sources":
		r.file.Sources = r.texts(value)
		for _, name := range r.file.Sources {
			if strings.Count(name, "/") != 1 {
				r.fail(value, "a source is written as product/type, such as zendesk/ticket, not as %q", name)
			}
		}
	case key == "thresholds":
		r.thresholds(value)
	case key == "suppress":
		list, ok := value.(*ast.SequenceNode)
		if !ok {
			r.fail(value, "suppress is a list")
			return
		}
		for _, item := range list.Values {
			r.suppression(item)
		}
	default:
		r.unknown(key, Keys)
	}
}

func (r *reader) unknown(key string, known []string) {
	if r.err == nil {
		r.err = &Error{r.file.Path, r.line, fmt.Sprintf("there is no %q here; known are %s", key, strings.Join(known, ", "))}
	}
}

// text is a value that is no list.
func (r *reader) text(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value)
	case *ast.NullNode:
		r.fail(node, "a value is missing")
		return ""
	case ast.ScalarNode:
		return node.GetToken().Value
	}
	r.fail(node, "one value is expected here")
	return ""
}

// texts is a list of values, or one of them alone.
func (r *reader) texts(node ast.Node) []string {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return []string{r.text(node)}
	}
	var all []string
	for _, item := range list.Values {
		all = append(all, r.text(item))
	}
	return all
}

func (r *reader) thresholds(node ast.Node) {
	r.file.Thresholds = map[*checks.Threshold]time.Duration{}
	var names []string
	for _, t := range checks.Thresholds {
		names = append(names, t.Name)
	}
	for key, value := range r.pairs(node) {
		at := slices.Index(names, key)
		if at < 0 {
			r.unknown(key, names)
			return
		}
		text := r.text(value)
		length, err := time.ParseDuration(text)
		if err != nil || length <= 0 {
			r.fail(value, "a threshold is a duration, such as 90s or 10m, not %q", text)
			return
		}
		r.file.Thresholds[checks.Thresholds[at]] = length
		r.file.Lines["thresholds."+key] = r.line
	}
}

func (r *reader) suppression(node ast.Node) {
	s := &checks.Suppression{Where: checks.Locator{File: filepath.Base(r.file.Path)}}
	for key, value := range r.pairs(node) {
		if s.Where.Line == 0 {
			s.Where.Line = r.line
		}
		text := r.text(value)
		switch key {
		case "code":
			if s.Code = checks.Code(text); s.Code.Info().Code == "" {
				r.fail(value, "there is no code %q: doctor explain lists them", text)
			}
		case "subject":
			if s.Subject = text; errors.Is(matchable(text), path.ErrBadPattern) {
				r.fail(value, "%q is no pattern", text)
			}
		case "reason":
			s.Reason = text
		case "owner":
			s.Owner = text
		case "until":
			day, err := time.ParseInLocation(time.DateOnly, text, time.Local)
			if err != nil {
				r.fail(value, "until is a day, such as 2027-01-31, not %q", text)
			}
			s.Until = day.AddDate(0, 0, 1)
		default:
			r.unknown(key, []string{"code", "subject", "reason", "owner", "until"})
		}
	}
	switch {
	case r.err != nil:
	case s.Code == "" || s.Reason == "" || s.Owner == "" || s.Until.IsZero():
		r.fail(node, "a suppression has a code, a reason, an owner and an until")
	default:
		r.file.Suppressions = append(r.file.Suppressions, s)
	}
}

func matchable(pattern string) error {
	_, err := path.Match(pattern, "")
	return err
}

// Schema is the JSON Schema of the file, for editors.
//
//go:embed schema.json
var Schema []byte
