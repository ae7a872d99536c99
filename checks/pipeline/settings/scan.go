package settings

import (
	"regexp"
	"strings"
	"unicode"
)

// statement is one assignment in an env file's text, by its byte offsets.
type statement struct {
	line      int // where it begins, from 1
	last      int // the line that it ends on
	start     int // its first byte: that of the name, or of "export"
	value     int // where its value begins, quotes included
	end       int
	name      string
	commented bool
}

var (
	commentedOut = regexp.MustCompile(`^#[#\s]*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=[ \t]*`)
	variables    = regexp.MustCompile(`\$\(?\{?([A-Z0-9_]+)`)
)

// scan finds the assignments in a text without byte order mark and CRLF. It follows godotenv's grammar to the letter,
// since the two must agree on where a quoted value ends: assignments may share a line, a name may be separated by a
// colon, and a last line without either is a value without a name.
func scan(text string) ([]statement, error) {
	var found []statement
	line, counted := 1, 0
	lineOf := func(at int) int {
		line += strings.Count(text[counted:at], "\n")
		counted = at
		return line
	}
	for at := 0; ; {
		at = len(text) - len(strings.TrimLeftFunc(text[at:], unicode.IsSpace))
		if at == len(text) {
			return found, nil
		}
		s := statement{line: lineOf(at), start: at}
		if text[at] == '#' {
			if s.isCommentedOut(text) {
				found = append(found, s)
			}
			at = endOfLine(text, at, "\n")
			continue
		}
		var err error
		if s.name, s.value, err = scanName(text, s.start, s.line); err != nil {
			return nil, err
		}
		if s.end, err = scanValue(text, s.value, s.line); err != nil {
			return nil, err
		}
		at, s.last = s.end, lineOf(s.end)
		found = append(found, s)
	}
}

// isCommentedOut reports whether the comment that begins at s.start holds an assignment and nothing but blanks stands
// before it, and completes s.
func (s *statement) isCommentedOut(text string) bool {
	before := text[strings.LastIndexByte(text[:s.start], '\n')+1 : s.start]
	s.end = endOfLine(text, s.start, "\n")
	match := commentedOut.FindStringSubmatchIndex(text[s.start:s.end])
	if match == nil || strings.TrimSpace(before) != "" {
		return false
	}
	s.name = text[s.start+match[2] : s.start+match[3]]
	s.value, s.last, s.commented = s.start+match[1], s.line, true
	return true
}

// scanName reads a name and its separator, and returns where the value begins.
func scanName(text string, at, line int) (name string, value int, err error) {
	if rest, export := strings.CutPrefix(text[at:], "export"); export {
		if trimmed := strings.TrimLeftFunc(rest, isBlank); len(trimmed) < len(rest) {
			at = len(text) - len(trimmed)
		}
	}
	if at == len(text) {
		return "", 0, syntaxErrorf(line, "no name behind export")
	}
	end := at
	for ; end < len(text); end++ {
		// godotenv looks at bytes, not at characters.
		c := rune(text[end])
		if c == '=' || c == ':' {
			break
		}
		if c == '\n' {
			return "", 0, syntaxErrorf(line, "no = behind the name")
		}
		if !isBlank(c) && c != '_' && c != '.' && !unicode.IsLetter(c) && !unicode.IsNumber(c) {
			return "", 0, syntaxErrorf(line, "%q cannot stand in a name", c)
		}
	}
	value = at
	if end < len(text) {
		name, value = strings.TrimRightFunc(text[at:end], unicode.IsSpace), end+1
	}
	return name, len(text) - len(strings.TrimLeftFunc(text[value:], isBlank)), nil
}

// scanValue returns where the value ends that begins at an offset.
func scanValue(text string, at, line int) (end int, err error) {
	if at == len(text) || text[at] != '"' && text[at] != '\'' {
		return endOfLine(text, at, "\r\n"), nil
	}
	for i := at + 1; i < len(text); i++ {
		if text[i] == text[at] && text[i-1] != '\\' {
			return i + 1, nil
		}
	}
	return 0, syntaxErrorf(line, "the quote that begins there does not end")
}

// endOfLine is the offset of the first of some characters from an offset on, or of the text's end.
func endOfLine(text string, at int, breaks string) int {
	if i := strings.IndexAny(text[at:], breaks); i >= 0 {
		return at + i
	}
	return len(text)
}

// isBlank is godotenv's notion of a space within a line.
func isBlank(r rune) bool { return strings.ContainsRune("\t\v\f\r \u0085\u00a0", r) }
