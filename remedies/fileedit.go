package remedies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"doctor/checks/pipeline/settings"
)

// fileEdit gives a setting a value in an env file. All it has to know is what the file held and what changes in it.
type fileEdit struct {
	File   string `json:"file"`
	Label  string `json:"label"` // what people call the file
	Name   string `json:"name"`
	Value  string `json:"value"`
	Absent bool   `json:"absent"` // there was no such file
	Before []byte `json:"before"`
	Change splice `json:"change"`
}

// newFileEdit plans the edit of a file as it is now, unless that is no longer as it was when it was judged.
func newFileEdit(set *settings.Settings, file, name, value string) (*fileEdit, error) {
	edit := &fileEdit{File: file, Label: set.Name(file), Name: name, Value: value}
	var err error
	if edit.Before, edit.Absent, err = readIfThere(file); err != nil {
		return nil, err
	}
	if !edit.isAsJudged(set) {
		return nil, fmt.Errorf("%s has changed since it was read: run doctor once more", edit.Label)
	}
	if edit.Change, err = assign(string(edit.Before), name, value); err != nil {
		return nil, fmt.Errorf("cannot edit %s: %w", edit.Label, err)
	}
	return edit, nil
}

func (e *fileEdit) isAsJudged(set *settings.Settings) bool {
	lines, err := settings.Parse(string(e.Before))
	same := func(a, b settings.Line) bool {
		return a.Number == b.Number && a.Name == b.Name && a.Value == b.Value && a.Commented == b.Commented
	}
	return err == nil && slices.ContainsFunc(set.EnvFiles, func(f settings.EnvFile) bool {
		return f.Path == e.File && f.Absent == e.Absent && slices.EqualFunc(f.Lines, lines, same)
	})
}

func (e *fileEdit) Kind() string   { return "file-edit" }
func (e *fileEdit) Target() string { return e.File }
func (e *fileEdit) Final() string  { return "" }

func (e *fileEdit) after() []byte { return []byte(e.Change.apply(string(e.Before))) }

// Essence leaves out the rest of the file: another line may change, and this is still the same edit.
func (e *fileEdit) Essence() string {
	return fmt.Sprintf("%q %t %q %q", e.File, e.Absent, e.Before[e.Change.Start:e.Change.End], e.Change.New)
}

func (e *fileEdit) Show() Shown {
	assignment := e.Name + "=" + e.Value
	if isSecret(e.Name, e.Value) {
		assignment = e.Name + "=…"
	}
	line := 1 + bytes.Count(e.Before[:e.Change.Start], []byte("\n"))
	summary := fmt.Sprintf("add %s to %s", assignment, e.Label)
	switch {
	case e.Absent:
		summary = fmt.Sprintf("make %s, with %s", e.Label, assignment)
	case !strings.Contains(e.Change.New, "\n"): // a new line has a line break, a value has none
		summary = fmt.Sprintf("make line %d of %s %s", line, e.Label, assignment)
	}
	return Shown{Summary: summary, Form: "diff", Text: e.Change.unified(e.Label, string(e.Before))}
}

func (e *fileEdit) Look(context.Context, *Tools) (State, string, error) {
	now, absent, err := readIfThere(e.File)
	switch {
	case err != nil:
		return Elsewhere, "", err
	case absent == e.Absent && bytes.Equal(now, e.Before):
		return Before, e.Label + " is as it was", nil
	case !absent && bytes.Equal(now, e.after()):
		return After, e.Label + " has the line", nil
	case absent:
		return Elsewhere, e.Label + " is gone", nil
	}
	return Elsewhere, fmt.Sprintf("%s was changed by something else (%s)", e.Label, difference(e.after(), now)), nil
}

// difference says where two texts differ, and nothing of what they say.
func difference(then, now []byte) string {
	was, is := bytes.Split(then, []byte("\n")), bytes.Split(now, []byte("\n"))
	first, last := 0, 0
	for first < min(len(was), len(is)) && bytes.Equal(was[first], is[first]) {
		first++
	}
	for last < min(len(was), len(is))-first && bytes.Equal(was[len(was)-1-last], is[len(is)-1-last]) {
		last++
	}
	where := fmt.Sprintf("line %d", first+1)
	if end := len(is) - last; end > first+1 {
		where = fmt.Sprintf("lines %d to %d", first+1, end)
	}
	return fmt.Sprintf("%s; sha256 %.12x, expected %.12x", where, sha256.Sum256(now), sha256.Sum256(then))
}

func (e *fileEdit) Apply(_ context.Context, tools *Tools) error {
	return replaceFile(e.File, e.Before, e.Absent, e.after(), tools)
}

func (e *fileEdit) Undo(_ context.Context, tools *Tools) error {
	if e.Absent {
		return removeFile(e.File, e.after())
	}
	return replaceFile(e.File, e.after(), false, e.Before, tools)
}
