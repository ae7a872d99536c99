package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/report"
)

// views are what a graph can show, the usual one first.
var views = []string{"causes", "checks"}

// showGraph tells which codes can explain which, or which checks wait for which, in a language that draws it.
func (p *program) showGraph(arguments []string) error {
	view := append(arguments, views[0])[0]
	switch {
	case len(arguments) > 1:
		return fmt.Errorf("doctor checks --graph takes one view, but got %q too", arguments[1])
	case !slices.Contains(views, view):
		return fmt.Errorf("there is no graph of %q%s", view, meant(view, views, "doctor checks --help"))
	}
	return p.print(p.listed(), func(out io.Writer) error {
		switch {
		case p.options.graph == "text" && view == "checks":
			return report.Rows(out, waits(p.listed()), p.text())
		case p.options.graph == "text":
			return report.Rows(out, explanations(), p.text())
		}
		graph := p.causes()
		if view == "checks" {
			graph = p.order()
		}
		if p.options.graph == "dot" {
			return graph.Dot(out)
		}
		return graph.Mermaid(out)
	})
}

// severe is how a code of a severity looks.
var severe = map[checks.Severity]report.Tone{checks.Error: report.Bad, checks.Warning: report.Odd, checks.Info: report.Dim}

// causes is the codes that explain others or are explained, by the part of their check.
func (p *program) causes() report.Graph {
	g := report.Graph{Title: "What can explain what, from cause to effect"}
	for _, c := range p.checks {
		for _, code := range c.Codes {
			if by, of := checks.LinksOf(code); len(by)+len(of) == 0 {
				continue
			}
			info := code.Info()
			inGroup(&g, c.Part(), report.Box{ID: string(code), Lines: []string{string(code), info.Slug}, Tone: severe[info.Severity], Hint: info.Summary})
		}
	}
	for _, l := range checks.Links {
		g.Arrows = append(g.Arrows, report.Arrow{From: string(l.Cause), To: string(l.Effect), Why: l.Evidence})
	}
	return g
}

// order is the checks by their part, and what they wait for. Of what a check only comes after, that is left out which the
// other arrows say already.
func (p *program) order() report.Graph {
	g := report.Graph{Title: "Which check waits for which; dashed: whatever that one finds"}
	for _, c := range p.checks {
		lines, tone := []string{c.ID}, report.Plain
		for _, code := range c.Codes {
			lines, tone = append(lines, string(code)), max(tone, severe[c.Info(code).Severity])
		}
		inGroup(&g, c.Part(), report.Box{ID: c.ID, Lines: inRows(lines), Tone: tone, Hint: c.Title})
		for _, before := range c.Requires {
			g.Arrows = append(g.Arrows, report.Arrow{From: before.ID, To: c.ID})
		}
		for _, before := range c.After {
			if !follows(c, before) {
				g.Arrows = append(g.Arrows, report.Arrow{From: before.ID, To: c.ID, Weak: true})
			}
		}
	}
	return g
}

// codesInRow is how many codes stand beside each other in a box.
const codesInRow = 3

// inRows are the lines of a check's box: its id, then its codes, some a line.
func inRows(idAndCodes []string) []string {
	lines := idAndCodes[:1:1]
	for row := range slices.Chunk(idAndCodes[1:], codesInRow) {
		lines = append(lines, strings.Join(row, " "))
	}
	return lines
}

// follows reports whether a check comes after another one also by way of a third.
func follows(c, first *checks.Check) bool {
	return slices.ContainsFunc(slices.Concat(c.Requires, c.After), func(before *checks.Check) bool {
		return before != first && reaches(before, first)
	})
}

func reaches(c, first *checks.Check) bool {
	return c == first || slices.ContainsFunc(slices.Concat(c.Requires, c.After), func(before *checks.Check) bool { return reaches(before, first) })
}

// inGroup puts a box among those of its group.
func inGroup(g *report.Graph, name string, box report.Box) {
	at := slices.IndexFunc(g.Groups, func(group report.Group) bool { return group.Name == name })
	if at < 0 {
		at, g.Groups = len(g.Groups), append(g.Groups, report.Group{Name: name})
	}
	g.Groups[at].Boxes = append(g.Groups[at].Boxes, box)
}

// explanations has a row for each code that can explain another.
func explanations() []report.Row {
	var rows []report.Row
	for _, l := range checks.Links {
		rows = append(rows, report.Row{Cells: []string{string(l.Cause), "explains", string(l.Effect)}, Text: l.Evidence})
	}
	return rows
}

// waits has a row for each kind of edge of each check.
func waits(all []listed) []report.Row {
	var rows []report.Row
	for _, l := range all {
		id := l.ID
		for _, edges := range []struct {
			kind string
			to   []string
		}{{"requires", l.Requires}, {"after", l.After}} {
			if len(edges.to) > 0 {
				rows = append(rows, report.Row{Cells: []string{id, edges.kind}, Text: strings.Join(edges.to, ", ")})
				id = ""
			}
		}
		if id != "" {
			rows = append(rows, report.Row{Cells: []string{id, ""}})
		}
	}
	return rows
}
