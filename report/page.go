package report

import (
	"io"
	"strings"
)

// Row is one line of a table: cells in columns, then text that is wrapped beside them.
type Row struct {
	Cells []string
	Text  string
}

// Rows writes a table, its columns aligned, the first one bold.
func Rows(w io.Writer, rows []Row, o TextOptions) error {
	l := newLayout(o)
	var widths []int
	for _, row := range rows {
		for i, cell := range row.Cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		first := margin{}
		for i, cell := range row.Cells {
			s := l.bold
			if i > 0 {
				s = l.cyan
			}
			first = first.add(s, visible(cell)).add(nil, strings.Repeat(" ", widths[i]-columns(cell)+2))
		}
		rest := indent(first.columns)
		if l.width-first.columns < narrow {
			l.row(first, first, nil)
			first, rest = indent(8), indent(8)
		}
		l.row(first, rest, words(nil, row.Text))
	}
	_, err := io.WriteString(w, l.String())
	return err
}

// narrow is a column that text does not fit beside others in.
const narrow = 24

// Page writes a page of the catalogue for a terminal. The pages are Markdown of a small kind: headings, paragraphs,
// lists, and indented or fenced lines that are kept as they are; within text, `code` and **weight**.
func Page(w io.Writer, markdown string, o TextOptions) error {
	l := newLayout(o)
	l.width = min(l.width, 100)
	for i, block := range blocks(markdown) {
		if i > 0 && !block.tight {
			l.WriteByte('\n')
		}
		l.block(block)
	}
	_, err := io.WriteString(w, l.String())
	return err
}

func (l *layout) block(b block) {
	switch b.kind {
	case heading:
		s := l.cyan
		if b.mark == "#" {
			s = l.bold
		}
		l.row(margin{}, margin{}, words(s, b.text))
	case verbatim:
		for line := range strings.SplitSeq(b.text, "\n") {
			l.WriteString(strings.TrimRight("    "+paint(l.dim, visible(line)), " ") + "\n")
		}
	case item:
		first := indent(b.depth).add(l.dim, b.mark+" ")
		l.row(first, indent(first.columns), l.inline(b.text))
	default:
		l.row(indent(2), indent(2), l.inline(b.text))
	}
}

// inline cuts a paragraph into words, with what stands between backquotes or double asterisks set off.
func (l *layout) inline(text string) []word {
	var all []word
	marks := []struct {
		mark string
		s    style
	}{{"`", l.cyan}, {"**", l.bold}}
	inside, spaced := style(nil), true
	for text != "" {
		end, mark, s := len(text), "", style(nil)
		for _, m := range marks {
			if at := strings.Index(text, m.mark); at >= 0 && at < end && (inside == nil || inside == m.s) {
				end, mark, s = at, m.mark, m.s
			}
		}
		piece := text[:end]
		for i, w := range words(inside, piece) {
			w.glued = i == 0 && !spaced && piece[0] != ' '
			all = append(all, w)
		}
		if piece != "" {
			spaced = strings.HasSuffix(piece, " ")
		}
		text = text[end+len(mark):]
		if inside != nil {
			s = nil
		}
		inside = s
	}
	return all
}

type blockKind int

const (
	paragraph blockKind = iota
	heading
	item
	verbatim
)

// block is a piece of a page that is laid out as a whole.
type block struct {
	kind  blockKind
	mark  string // of a heading or an item, as it is written; an item's bullet as it is shown
	text  string // its lines, joined by spaces; of verbatim text as they are
	depth int    // of an item
	tight bool   // follows another item without a blank line
}

// blocks cuts a page into its blocks.
func blocks(markdown string) []block {
	var all []block
	closed, fenced := true, false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimLeft(line, " ")
		mark, rest, _ := strings.Cut(trimmed, " ")
		last := len(all) - 1
		switch {
		case strings.HasPrefix(trimmed, "```"):
			if fenced = !fenced; fenced {
				all = append(all, block{kind: verbatim})
			}
			closed = true
		case fenced:
			all[last].text = strings.TrimPrefix(all[last].text+"\n"+line, "\n")
		case trimmed == "":
			closed = true
		case mark == strings.Repeat("#", len(mark)):
			all, closed = append(all, block{kind: heading, mark: mark, text: rest}), true
		case mark == "-" || mark == "*":
			all, closed = append(all, block{kind: item, mark: "•", text: rest, depth: 2 + len(line) - len(trimmed), tight: !closed}), false
		case len(mark) > 1 && strings.Trim(mark, "0123456789") == ".":
			all, closed = append(all, block{kind: item, mark: mark, text: rest, depth: 2 + len(line) - len(trimmed), tight: !closed}), false
		case closed:
			all, closed = append(all, block{kind: paragraph, text: trimmed}), false
		default:
			all[last].text += " " + trimmed
		}
	}
	return all
}
