package inspect

import (
	"fmt"
	"strings"
)

// UnknownError says that a name that was given is that of nothing that there is.
type UnknownError struct {
	Noun, Name string
	Known      []string // what there is
	Listed     string   // the command that lists them
}

func (e UnknownError) Error() string { return fmt.Sprintf("there is no %s %q", e.Noun, e.Name) }

// NothingError says that there is nothing of the kind that was asked for.
type NothingError struct{ Text string }

func (e NothingError) Error() string { return e.Text }

// choose finds what a name is of: all of a name, or an unambiguous beginning of one. A thing may have several names.
func choose[T any](among []T, names func(T) []string, noun, name, listed string) (chosen T, err error) {
	var found []T
	var known, matching []string
	for _, one := range among {
		matched := ""
		for _, full := range names(one) {
			switch {
			case full == name:
				return one, nil
			case name != "" && strings.HasPrefix(full, name):
				matched = full
			}
			known = append(known, full)
		}
		if matched != "" {
			found, matching = append(found, one), append(matching, matched)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return chosen, UnknownError{noun, name, known, listed}
	}
	return chosen, AmbiguousError{noun, name, matching}
}

// AmbiguousError says that a name begins those of several things.
type AmbiguousError struct {
	Noun, Name string
	Matching   []string
}

func (e AmbiguousError) Error() string {
	const shown = 5
	names := e.Matching[:min(shown, len(e.Matching))]
	more := ""
	if n := len(e.Matching) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%q could be any %s of %s%s", e.Name, e.Noun, strings.Join(names, ", "), more)
}
