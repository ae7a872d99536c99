package settings

import (
	"regexp"
	"strings"
)

var shellAssignment = regexp.MustCompile(`^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=`)

// shellView is what a shell makes of an assignment where that differs from the value given. It is nil where it does not,
// and where only a shell could tell, because it would have to expand something. lines are those of the assignment, which
// begins the first of them; marked says that a byte order mark stands before it.
func shellView(lines []string, name, value string, marked bool) *ShellView {
	source := strings.Join(lines, "")
	match := shellAssignment.FindStringSubmatchIndex(source)
	if marked || match == nil || source[match[2]:match[3]] != name {
		return &ShellView{}
	}
	word, rest, plain := shellWord(source[match[1]:])
	rest = strings.TrimLeft(rest, " \t")
	switch {
	case !plain, shellAssignment.MatchString(rest):
		return nil
	case rest != "" && rest[0] != '\n' && rest[0] != '#':
		return &ShellView{} // the assignment is the environment of a command
	case word == value:
		return nil
	}
	return &ShellView{Set: true, Value: word}
}

// shellWord reads the first word of a text as a shell does, quotes and all. It is not plain when something in it has to
// be expanded, or when it does not end in the text.
func shellWord(text string) (word, rest string, plain bool) {
	var read strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\n':
			return read.String(), text[i:], true
		case '$', '`', ';', '&', '|', '<', '>', '(', ')', '~':
			return "", "", false
		case '\'':
			quoted, _, ends := strings.Cut(text[i+1:], "'")
			if !ends {
				return "", "", false
			}
			read.WriteString(quoted)
			i += len(quoted) + 1
		case '"':
			quoted, length, ends := shellQuoted(text[i+1:])
			if !ends {
				return "", "", false
			}
			read.WriteString(quoted)
			i += length
		case '\\':
			if i++; i < len(text) && text[i] != '\n' {
				read.WriteByte(text[i])
			}
		default:
			read.WriteByte(c)
		}
	}
	return read.String(), "", true
}

// shellQuoted reads up to the double quote that ends a text, and returns how much that took, the quote included.
func shellQuoted(text string) (quoted string, length int, ends bool) {
	var read strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return read.String(), i + 1, true
		case c == '$' || c == '`':
			return "", 0, false
		case c == '\\' && i+1 < len(text) && strings.IndexByte("$`\"\\\n", text[i+1]) >= 0:
			if i++; text[i] != '\n' {
				read.WriteByte(text[i])
			}
		default:
			read.WriteByte(c)
		}
	}
	return "", 0, false
}
