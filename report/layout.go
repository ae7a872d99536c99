package report

import (
	"bytes"
	"net/url"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"golang.org/x/text/width"
)

// Bounds of the width that text is laid out in: below, nothing can be laid out; above, lines are too long to read.
const (
	minWidth = 40
	maxWidth = 120
)

// TextOptions is what a text rendering must know of the place that it is shown in.
type TextOptions struct {
	Width   int // columns; 0 means 80
	Color   bool
	Links   bool // what can be opened is a link, for terminals that know OSC 8
	Verbose bool // all evidence, with queries and addresses; every check
	Timings bool // every check, with the time that it took
	Raw     bool // lines of a log as they are, and nothing else
}

// layout composes text for a terminal: words wrapped at a width, in styles that are invisible to the arithmetic.
//
// Whatever text it is given comes from outside and is shown visibly: see [visible].
type layout struct {
	bytes.Buffer
	width int
	palette
}

func newLayout(o TextOptions) *layout {
	columns := o.Width
	if columns == 0 {
		columns = 80
	}
	return &layout{width: min(max(columns, minWidth), maxWidth), palette: newPalette(o.Color)}
}

// style is how a word looks; nil is plain.
type style = *color.Color

type palette struct {
	bold, dim, red, yellow, green, cyan, redBold, yellowBold style
}

func newPalette(colored bool) palette {
	of := func(attributes ...color.Attribute) style {
		c := color.New(attributes...)
		if colored {
			c.EnableColor()
		} else {
			c.DisableColor()
		}
		return c
	}
	return palette{
		bold: of(color.Bold), dim: of(color.Faint), red: of(color.FgRed), yellow: of(color.FgYellow), green: of(color.FgGreen),
		cyan: of(color.FgCyan), redBold: of(color.FgRed, color.Bold), yellowBold: of(color.FgYellow, color.Bold),
	}
}

// margin is what stands before a line's words: text in several styles, and its width.
type margin struct {
	painted string
	columns int
}

// indent is an empty margin.
func indent(columns int) margin { return margin{strings.Repeat(" ", columns), columns} }

// add puts more behind the margin.
func (m margin) add(s style, text string) margin {
	return margin{m.painted + paint(s, text), m.columns + columns(text)}
}

// word is what a line is not broken within.
type word struct {
	text  string
	style style
	glued bool   // no space before it
	whole bool   // never cut, so that a terminal takes it for the link that it is
	link  string // what opens when it is clicked; "" is nothing
}

// words cuts text at its spaces. Text of any origin can go in.
func words(s style, text string) []word {
	var cut []word
	for _, field := range strings.Fields(visible(text)) {
		cut = append(cut, word{text: field, style: s})
	}
	return cut
}

// phrase is text that is kept on one line where that is possible: its spaces do not break.
func phrase(s style, text string) word {
	return word{text: strings.Join(strings.Fields(visible(text)), " "), style: s}
}

// glue appends text to the last word without a space.
func glue(to []word, text string) []word {
	return append(to, word{text: visible(text), glued: true})
}

// row writes words after first, and goes on after rest on the following lines.
func (l *layout) row(first, rest margin, of []word) { l.fill(first, rest, of, "") }

// fill is row with something at the right edge of the first line, where there is room for it.
func (l *layout) fill(first, rest margin, of []word, right string) {
	room := l.room(first, rest)
	lines := wrap(of, room)
	if len(lines) == 0 {
		lines = append(lines, nil)
	}
	for i, line := range lines {
		before := rest.painted
		if i == 0 {
			before = first.painted
		}
		if len(line) == 0 {
			before = strings.TrimRight(before, " ")
		}
		l.WriteString(before)
		used := l.line(line)
		if gap := room - used - columns(right); i == 0 && right != "" && gap > 1 {
			l.WriteString(strings.Repeat(" ", gap) + paint(l.dim, right))
		}
		l.WriteByte('\n')
	}
}

// line writes the words of one line, those of one style in one piece, and returns how wide it is.
func (l *layout) line(of []word) (used int) {
	for start := 0; start < len(of); {
		end := start + 1
		text := of[start].text
		for end < len(of) && of[end].style == of[start].style && of[end].link == of[start].link {
			text += of[end].space() + of[end].text
			end++
		}
		if start > 0 {
			l.WriteString(of[start].space())
			used += len(of[start].space())
		}
		l.WriteString(linked(of[start].link, paint(of[start].style, text)))
		used += columns(text)
		start = end
	}
	return used
}

// space is what stands before a word within a line.
func (w word) space() string {
	if w.glued {
		return ""
	}
	return " "
}

// room is how many columns are left beside the margins. Where margins eat up the width, lines run over it rather than
// falling apart.
func (l *layout) room(first, rest margin) int {
	return max(l.width-max(first.columns, rest.columns), 12)
}

// linked is text that opens an address when it is clicked
// (https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda).
func linked(address, text string) string {
	if address == "" {
		return text
	}
	return "\x1b]8;;" + address + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}

// openable is an address that may stand in a link, of a terminal or of a page; "" where it may not. An address of the pipeline's can be
// any text: it must be one of the web, in printable ASCII, so that none can end the link early.
func openable(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(address) > 2000 ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return address
}

func paint(s style, text string) string {
	if s == nil || text == "" {
		return text
	}
	return s.Sprint(text)
}

// wrap breaks words into lines of at most room columns. What is glued stays together; only what is wider than a line by
// itself is cut, or when it must not be, runs over it.
func wrap(of []word, room int) [][]word {
	var lines [][]word
	var line []word
	used := 0
	end := func() { lines, line, used = append(lines, line), nil, 0 }
	for len(of) > 0 {
		unit := of[:1+glued(of[1:])]
		of = of[len(unit):]
		need := 0
		for _, w := range unit {
			need += columns(w.text)
		}
		if len(line) > 0 && used+1+need > room {
			end()
		}
		if len(line) > 0 {
			used++
		}
		for _, w := range unit {
			for !w.whole && used+columns(w.text) > room && columns(w.text) > 1 {
				head, tail := split(w.text, room-used)
				line = append(line, word{text: head, style: w.style, glued: w.glued, link: w.link})
				end()
				w.text = tail
			}
			line, used = append(line, w), used+columns(w.text)
		}
	}
	if len(line) > 0 {
		end()
	}
	return lines
}

// glued is how many words stick to the one before them.
func glued(of []word) int {
	n := 0
	for n < len(of) && of[n].glued {
		n++
	}
	return n
}

// split cuts text after at most room columns, but after one character at least.
func split(text string, room int) (head, tail string) {
	used := 0
	for i, r := range text {
		used += runeColumns(r)
		if used > room && i > 0 {
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// pad fills text up to a number of columns.
func pad(text string, to int) string {
	return text + strings.Repeat(" ", max(to-columns(text), 0))
}

// columns is how wide text is on a terminal.
func columns(text string) int {
	total := 0
	for _, r := range text {
		total += runeColumns(r)
	}
	return total
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// visible makes text of any origin safe for a terminal: spaces and line ends become spaces, other control characters
// their pictures, and what has no picture (marks that turn the direction of writing, broken UTF-8) the replacement
// character. Nothing disappears silently.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\n' || r == '\t':
			return ' '
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return 0x2421
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}

// Line makes one line for a terminal of text of any origin.
func Line(text string) string {
	if isLine(text) {
		return text
	}
	return strings.Join(strings.Fields(visible(text)), " ")
}

// isLine reports whether [Line] has nothing to do, as with most lines of a log, of which there may be megabytes.
func isLine(text string) bool {
	blank := true // a blank here would be the first, or one behind another
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c > '~' || c == ' ' && blank {
			return false
		}
		blank = c == ' '
	}
	return text == "" || !blank
}

// Clip is [Line], shortened to at most room columns by leaving out its end; no room means 80 columns.
func Clip(text string, room int) string {
	if room <= 0 {
		room = 80
	}
	text = Line(text)
	if columns(text) <= room {
		return text
	}
	head, _ := split(text, room-1)
	return head + "…"
}
