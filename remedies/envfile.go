package remedies

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"doctor/checks/pipeline/settings"
)

// splice is a change of a text: New takes the place of what stands between Start and End. Every other byte stays.
type splice struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	New   string `json:"new"`
}

func (s splice) apply(text string) string { return text[:s.Start] + s.New + text[s.End:] }

const byteOrderMark = "\ufeff"

// assign finds the change of an env file's text that gives a setting a value: in its last line that is in effect, else in
// one new line behind the last that is commented out, else behind the last of its relatives, else at the end. What comes
// out is read again before it is believed, as manage.py reads it: a line that is too odd to be edited is refused.
func assign(text, name, value string) (splice, error) {
	lines, err := settings.Parse(text)
	if err != nil {
		return splice{}, err
	}
	e := editor{text: text, starts: lineStarts(text), lines: lines}
	change, replaced, err := e.change(name, value)
	if err != nil {
		return splice{}, err
	}
	kept := lines
	if replaced >= 0 {
		kept = slices.Delete(slices.Clone(lines), replaced, replaced+1)
	}
	if !hasGained(kept, change.apply(text), name, value) {
		return splice{}, fmt.Errorf("the lines around %s are too odd to be edited without changing more than that: edit them by hand", name)
	}
	return change, nil
}

type editor struct {
	text   string
	starts []int // of the text's lines
	lines  []settings.Line
}

// change is the change for a setting, with the index of the line that it replaces; -1 when it adds one.
func (e *editor) change(name, value string) (splice, int, error) {
	replace, behind := -1, -1
	family, _, _ := strings.Cut(name, "_")
	for i, line := range e.lines {
		switch {
		case line.Name == name && !line.Commented:
			replace = i
		case line.Name == name:
			behind = i
		case strings.HasPrefix(line.Name, family+"_") && (behind < 0 || e.lines[behind].Name != name):
			behind = i
		}
	}
	if replace >= 0 {
		change, err := e.replace(e.lines[replace], value)
		return change, replace, err
	}
	written, err := quoted(value)
	if err != nil {
		return splice{}, -1, err
	}
	at := len(e.text)
	if behind >= 0 {
		at = e.endOf(e.lines[behind])
	}
	return e.insert(at, name+"="+written), -1, nil
}

// replace changes the value of a line, within its quotes where it has some, and before a comment.
func (e *editor) replace(line settings.Line, value string) (splice, error) {
	start, end, ok := e.value(line)
	if !ok {
		return splice{}, fmt.Errorf("line %d holds more than one assignment: edit it by hand", line.Number)
	}
	if start < end && strings.ContainsRune(`"'`, rune(e.text[start])) && !strings.ContainsAny(value, "\"'\\$`\r\n") {
		return splice{start + 1, end - 1, value}, nil
	}
	written, err := quoted(value)
	return splice{start, end, written}, err
}

// insert adds a line at an offset where one ends, with the line break that is usual there.
func (e *editor) insert(at int, line string) splice {
	before := e.text[:at]
	lineBreak := "\n"
	if strings.HasSuffix(before, "\r\n") || !strings.HasSuffix(before, "\n") && strings.Contains(before, "\r\n") {
		lineBreak = "\r\n"
	}
	if before == "" || before == byteOrderMark || strings.HasSuffix(before, "\n") {
		return splice{at, at, line + lineBreak}
	}
	return splice{at, at, lineBreak + line} // a last line that does not end stays one
}

// endOf is the offset behind the last line of an assignment, its line break included.
func (e *editor) endOf(line settings.Line) int {
	end := e.starts[line.Number-1]
	if !line.Commented {
		if _, last, ok := e.value(line); ok {
			end = last
		}
	}
	if i := strings.IndexByte(e.text[end:], '\n'); i >= 0 {
		return end + i + 1
	}
	return len(e.text)
}

// value finds where the value of an assignment stands that begins its line, quotes included. Of an empty value that is the
// place behind the separator.
func (e *editor) value(line settings.Line) (start, end int, ok bool) {
	rest := e.text[e.starts[line.Number-1]:]
	head := assignment().FindStringSubmatchIndex(rest)
	if head == nil || rest[head[2]:head[3]] != line.Name {
		return 0, 0, false
	}
	offset, rest := len(e.text)-len(rest)+head[1], rest[head[1]:]
	row := rest
	if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
		row = rest[:i]
	}
	word := strings.TrimLeft(row, blanks)
	begin := len(row) - len(word)
	if word != "" && (word[0] == '"' || word[0] == '\'') {
		length, closed := quotedLength(rest[begin:])
		return offset + begin, offset + begin + length, closed
	}
	comments := trailingComment.FindAllStringIndex(word, -1)
	switch {
	case len(comments) > 0: // godotenv has the last one for a comment
		word = strings.TrimRight(word[:comments[len(comments)-1][0]], blanks)
	case strings.HasPrefix(word, "#") && begin > 0: // godotenv has it for the value, a shell for a comment: it shall be one
		word = ""
	}
	word = strings.TrimRight(word, blanks)
	switch {
	case word == "":
		return offset, offset, true
	case strings.HasPrefix(word, "#"): // behind a blank it would be a comment for a shell
		return offset, offset + begin + len(word), true
	}
	return offset + begin, offset + begin + len(word), true
}

const blanks = "\t\v\f \u0085\u00a0" // within a line, as godotenv sees it

// assignment is compiled when it is needed: its letters make it the dearest of all patterns.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[\t\v\f\r ]*(?:export[\t\v\f ]+)?([\pL\pN_.]+)[\t\v\f ]*[=:]`)
})

var (
	trailingComment = regexp.MustCompile(`[\t\v\f \x{85}\x{a0}]#`)
	plainValue      = regexp.MustCompile(`^[A-Za-z0-9_.,:/@%+=-]+$`)
)

// quotedLength is the length of a quoted value, which ends at the first such quote that no backslash stands before.
func quotedLength(text string) (length int, closed bool) {
	for i := 1; i < len(text); i++ {
		if text[i] == text[0] && text[i-1] != '\\' {
			return i + 1, true
		}
	}
	return 0, false
}

// quoted is how a value is written so that a shell and manage.py read the same.
func quoted(value string) (string, error) {
	switch {
	case plainValue.MatchString(value):
		return value, nil
	case strings.ContainsAny(value, "'\\\r\n\x00"):
		return "", errors.New("the value has characters that cannot be written into an env file so that all read the same")
	}
	return "'" + value + "'", nil
}

// lineStarts is where the lines of a text begin. A byte order mark stands before the first one.
func lineStarts(text string) []int {
	starts := []int{len(text) - len(strings.TrimPrefix(text, byteOrderMark))}
	for i := range len(text) {
		if text[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// hasGained reports whether a text has, beside the lines that were kept, one that gives the setting its value.
func hasGained(kept []settings.Line, text, name, value string) bool {
	after, err := settings.Parse(text)
	if err != nil {
		return false
	}
	at := -1
	for i, line := range after {
		if line.Name == name && !line.Commented {
			at = i
		}
	}
	if at < 0 || after[at].Value != value {
		return false
	}
	// The values of others may change only where they are made of this one.
	refers := strings.Contains(text, "$"+name) || strings.Contains(text, "${"+name)
	return slices.EqualFunc(kept, slices.Delete(after, at, at+1), func(a, b settings.Line) bool {
		return a.Name == b.Name && a.Commented == b.Commented && (refers || a.Value == b.Value)
	})
}
