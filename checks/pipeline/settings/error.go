package settings

import (
	"errors"
	"fmt"
	"io/fs"
)

// Error is a mistake in what was set: wrong usage, not a broken pipeline. It never repeats the value, which may hold a
// password.
type Error struct {
	Setting string // the flag or the variable; "" when a whole env file is meant
	Origin  Origin
	Problem string
	Err     error // the cause, where there is one that the problem does not tell in full
}

func (e *Error) Error() string {
	switch {
	case e.Setting == "":
		return fmt.Sprintf("cannot read env file %s: %s", e.Origin, e.Problem)
	case e.Origin.Flag != "":
		return fmt.Sprintf("cannot use %s: %s", e.Setting, e.Problem)
	}
	return fmt.Sprintf("cannot use %s (%s): %s", e.Setting, e.Origin, e.Problem)
}

func (e *Error) Unwrap() error { return e.Err }

// malformed says what a setting should look like.
func malformed(setting string, origin Origin, expected string) error {
	return &Error{Setting: setting, Origin: origin, Problem: "expected " + expected}
}

// reason is what went wrong with a file, without the path and the operation, which the message names itself.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
