// Package configuration reads what a team has agreed on about its diagnoses, from a file that is committed with the
// repository, and judges what is suppressed there.
package configuration

import (
	_ "embed" // the schema
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"doctor/checks"
	"doctor/checks/yamlfile"
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
type Error = yamlfile.Error

// Read reads a file. It fails with an [Error], or with one that is [fs.ErrNotExist] when there is no such file.
func Read(path string, own ...checks.Code) (*File, error) {
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
	return Parse(path, content, own...)
}

// Parse reads the content of a file. Codes of the team's own may be suppressed, too.
func Parse(path string, content []byte, own ...checks.Code) (*File, error) {
	file := &File{Path: path, Lines: map[string]int{}}
	r := reader{Reader: yamlfile.Reader{Path: path}, file: file, own: own}
	if document := r.Open(content); document != nil {
		for key, value := range r.Pairs(document) {
			file.Lines[key] = r.Line
			r.top(key, value)
		}
	}
	if r.Err != nil {
		return nil, r.Err
	}
	return file, nil
}

// reader collects what a file says, up to the first mistake.
type reader struct {
	yamlfile.Reader
	file *File
	own  []checks.Code
}

// Keys are the names at the top of the file.
var Keys = slices.Concat(FlagNames, []string{"sources", "thresholds", "suppress"})

func (r *reader) top(key string, value ast.Node) {
	switch {
	case slices.Contains(FlagNames, key):
		r.file.Flags = append(r.file.Flags, Value{key, strings.Join(r.Texts(value), ","), r.Line})
	case key == "sources":
		r.file.Sources = r.Texts(value)
		for _, name := range r.file.Sources {
			if strings.Count(name, "/") != 1 {
				r.Fail(value, "a source is written as product/type, such as zendesk/ticket, not as %q", name)
			}
		}
	case key == "thresholds":
		r.thresholds(value)
	case key == "suppress":
		list, ok := value.(*ast.SequenceNode)
		if !ok {
			r.Fail(value, "suppress is a list")
			return
		}
		for _, item := range list.Values {
			r.suppression(item)
		}
	default:
		r.Unknown(key, Keys)
	}
}

func (r *reader) thresholds(node ast.Node) {
	r.file.Thresholds = map[*checks.Threshold]time.Duration{}
	var names []string
	for _, t := range checks.Thresholds {
		names = append(names, t.Name)
	}
	for key, value := range r.Pairs(node) {
		at := slices.Index(names, key)
		if at < 0 {
			r.Unknown(key, names)
			return
		}
		text := r.Text(value)
		length, err := time.ParseDuration(text)
		if err != nil || length <= 0 {
			r.Fail(value, "a threshold is a duration, such as 90s or 10m, not %q", text)
			return
		}
		r.file.Thresholds[checks.Thresholds[at]] = length
		r.file.Lines["thresholds."+key] = r.Line
	}
}

func (r *reader) suppression(node ast.Node) {
	s := &checks.Suppression{Where: checks.Locator{File: filepath.Base(r.file.Path)}}
	for key, value := range r.Pairs(node) {
		if s.Where.Line == 0 {
			s.Where.Line = r.Line
		}
		text := r.Text(value)
		switch key {
		case "code":
			if s.Code = checks.Code(text); s.Code.Info().Code == "" && !slices.Contains(r.own, s.Code) {
				r.Fail(value, "there is no code %q: doctor explain lists them", text)
			}
		case "subject":
			if s.Subject = text; errors.Is(matchable(text), path.ErrBadPattern) {
				r.Fail(value, "%q is no pattern", text)
			}
		case "reason":
			s.Reason = text
		case "owner":
			s.Owner = text
		case "until":
			day, err := time.ParseInLocation(time.DateOnly, text, time.Local)
			if err != nil {
				r.Fail(value, "until is a day, such as 2027-01-31, not %q", text)
			}
			s.Until = day.AddDate(0, 0, 1)
		default:
			r.Unknown(key, []string{"code", "subject", "reason", "owner", "until"})
		}
	}
	switch {
	case r.Err != nil:
	case s.Code == "" || s.Reason == "" || s.Owner == "" || s.Until.IsZero():
		r.Fail(node, "a suppression has a code, a reason, an owner and an until")
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
