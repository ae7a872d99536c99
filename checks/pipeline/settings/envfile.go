package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/joho/godotenv"
)

// maxEnvFile is how large an env file may be, and what its variables may expand to in all: 1 MiB. Real ones have a few
// kilobytes.
const maxEnvFile = 1 << 20

// readEnvFile reads one env file. A file that is not there is an error that wraps fs.ErrNotExist, too.
func readEnvFile(path string) (EnvFile, error) {
	file := EnvFile{Path: path}
	wrong := func(line int, problem string, err error) (EnvFile, error) {
		return EnvFile{}, &Error{Origin: Origin{File: path, Line: line}, Problem: problem, Err: err}
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return wrong(0, reason(err), err)
	case info.IsDir():
		return wrong(0, "it is a folder", nil)
	case !info.Mode().IsRegular():
		return wrong(0, "it is not a regular file", nil)
	}
	data, err := readBounded(path)
	switch {
	case err != nil:
		return wrong(0, reason(err), err)
	case len(data) > maxEnvFile:
		return wrong(0, "it is larger than 1 MiB", nil)
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return wrong(1+bytes.Count(data[:at], []byte("\n")), "it is not a text file", nil)
	}
	file.Modified = info.ModTime()
	if file.Lines, file.Values, err = parse(string(data)); err != nil {
		var syntax syntaxError
		errors.As(err, &syntax)
		return wrong(syntax.line, err.Error(), nil)
	}
	return file, nil
}

// readBounded reads a little more than may be read, so that one can see that there is more.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxEnvFile+1))
}

// Parse reads the text of an env file, and finds the assignments that it would find in the file.
func Parse(text string) ([]Line, error) {
	lines, _, err := parse(text)
	return lines, err
}

const byteOrderMark = "\ufeff"

// parse reads an env file's text. godotenv says what the values are; the scanner says where they stand, and knows what
// godotenv has no word for: lines that are commented out, and lines that a later one overrules.
func parse(text string) ([]Line, map[string]string, error) {
	text, marked := strings.CutPrefix(text, byteOrderMark)
	physical := strings.SplitAfter(text, "\n")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	statements, err := scan(text)
	if err == nil {
		err = checkExpansion(text, statements)
	}
	if err != nil {
		return nil, nil, err
	}
	values, err := unmarshal(assignments(text, statements))
	if err != nil {
		// Its message repeats the file. The scanner accepts what godotenv accepts, so nothing better is lost.
		return nil, nil, syntaxError{problem: "godotenv cannot parse it"}
	}
	last := map[string]int{}
	for i, s := range statements {
		if !s.commented {
			last[s.name] = i
		}
	}
	var lines []Line
	for i, s := range statements {
		line := Line{Number: s.line, Name: s.name, Commented: s.commented}
		if winner, set := last[s.name]; set && winner == i {
			line.Value = values[s.name]
		} else {
			line.Value = s.unexpanded(text)
		}
		if shares := i > 0 && statements[i-1].last == s.line; !s.commented && !shares {
			line.Shell = shellView(physical[s.line-1:s.last], s.name, line.Value, marked && s.line == 1)
		}
		lines = append(lines, line)
	}
	return lines, values, nil
}

// unmarshal has godotenv read a text without CRLF: a carriage return that stands before a line break belongs to a value,
// and has to survive that godotenv replaces CRLF, too.
func unmarshal(text string) (map[string]string, error) {
	return godotenv.Unmarshal(strings.ReplaceAll(text, "\r\n", "\r\r\n"))
}

// assignments is the text without all else. Each statement stands behind a line break and a tab: to find the end of a
// name that begins with "export", godotenv searches for the next blank, which would else be the rest of the file each time.
func assignments(text string, statements []statement) string {
	var plain strings.Builder
	for _, s := range statements {
		if s.commented {
			continue
		}
		plain.WriteString("\n\t")
		if !strings.ContainsAny(text[s.start:s.value], "=:") {
			plain.WriteString(text[s.start:]) // a value without a name: nothing but a line break ends the name before it
			break
		}
		plain.WriteString(text[s.start:s.end])
	}
	return plain.String()
}

// unexpanded is the statement's value with its variables as they are written.
func (s statement) unexpanded(text string) string {
	value := text[s.value:s.end]
	if !strings.HasPrefix(value, "'") {
		value = strings.ReplaceAll(value, "$", `\$`)
	}
	values, err := unmarshal("X=" + value)
	if err != nil { // a comment may say anything
		return strings.TrimSpace(value)
	}
	return values["X"]
}

// checkExpansion refuses a file whose variables name each other until nothing could hold their values.
func checkExpansion(text string, statements []statement) error {
	length, total := map[string]int{}, 0
	for _, s := range statements {
		if s.commented {
			continue
		}
		value := text[s.value:s.end]
		size := len(value)
		for _, variable := range variables.FindAllStringSubmatch(value, -1) {
			size += length[variable[1]]
		}
		length[s.name] = size
		if total += size; total > 2*maxEnvFile {
			return syntaxError{s.line, "the variables in it expand to more than 1 MiB"}
		}
	}
	return nil
}

type syntaxError struct {
	line    int
	problem string
}

func (e syntaxError) Error() string { return e.problem }

func syntaxErrorf(line int, format string, args ...any) error {
	return syntaxError{line, fmt.Sprintf(format, args...)}
}
