package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
)

// Tone is how a cell is meant: it is shown in color where there is color, and says nothing that the text does not.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Strong
	Dim
	Good
	Odd // worth a look
	Bad
)

// Cell is one cell of a [Table].
type Cell struct {
	Text string
	Tone Tone
}

// Record is one line of a table. What stands below it is indented, a line each: single ones, or a table.
type Record struct {
	Cells  []Cell
	Below  []Cell
	Within *Table
}

// Table is records in columns. Each is one line however long it is, so that grep finds all of it: what can be long stands
// in the last column.
type Table struct {
	Columns []string // their headings; none are shown where there are none
	Records []Record
	Least   []int // how wide columns are at least, for tables that go on one another
	Inset   int   // how far what stands below a record is indented; 0 means 2
}

// Write writes the table alone.
func (t Table) Write(w io.Writer, o TextOptions) error {
	l := newLayout(o)
	t.write(l)
	_, err := io.WriteString(w, l.String())
	return err
}

// write appends the table to a layout.
func (t Table) write(l *layout) { t.indented(l, "") }

func (t Table) indented(l *layout, indent string) {
	widths, below := slices.Clone(t.Least), indent+strings.Repeat(" ", cmp.Or(t.Inset, 2))
	measure := func(i int, text string) {
		if i == len(widths) {
			widths = append(widths, 0)
		}
		widths[i] = max(widths[i], columns(Line(text)))
	}
	for i, heading := range t.Columns {
		measure(i, heading)
	}
	for _, record := range t.Records {
		for i, cell := range record.Cells {
			measure(i, cell.Text)
		}
	}
	line := func(cells []Cell) {
		l.WriteString(indent)
		for len(cells) > 1 && cells[len(cells)-1].Text == "" {
			cells = cells[:len(cells)-1]
		}
		for i, cell := range cells {
			text := Line(cell.Text)
			l.WriteString(paint(l.tone(cell.Tone), text))
			if i < len(cells)-1 {
				l.WriteString(strings.Repeat(" ", widths[i]-columns(text)+2))
			}
		}
		l.WriteByte('\n')
	}
	if len(t.Columns) > 0 {
		var headings []Cell
		for _, heading := range t.Columns {
			headings = append(headings, Cell{strings.ToUpper(heading), Dim})
		}
		line(headings)
	}
	for _, record := range t.Records {
		line(record.Cells)
		for _, cell := range record.Below {
			l.WriteString(below + paint(l.tone(cell.Tone), Line(cell.Text)) + "\n")
		}
		if record.Within != nil {
			record.Within.indented(l, below)
		}
	}
}

func (p palette) tone(t Tone) style {
	return [...]style{nil, p.bold, p.dim, p.green, p.yellow, p.red}[t]
}

// missed writes what could not be seen.
func (l *layout) missed(what []string) {
	for _, one := range what {
		l.row(margin{}.add(l.yellow, "? "), indent(2), words(nil, "not seen: "+one))
	}
}

// inspection writes what an inspection has found: its parts, then what it could not see.
func inspection(w io.Writer, o TextOptions, missed []string, parts func(*layout)) error {
	l := newLayout(o)
	parts(l)
	l.missed(missed)
	_, err := io.WriteString(w, l.String())
	return err
}

// none says that a list is empty.
func (l *layout) none(what string) { l.row(margin{}, margin{}, words(l.dim, what)) }
