package report

import (
	"fmt"
	"io"
	"strings"
)

// Graph is boxes in groups, and arrows between them. It is told in the language of a program that draws it.
type Graph struct {
	Title  string
	Groups []Group
	Arrows []Arrow
}

// Group is boxes that belong together.
type Group struct {
	Name  string
	Boxes []Box
}

// Box has lines of text, a tone, and what is shown when somebody points at it.
type Box struct {
	ID    string
	Lines []string
	Tone  Tone
	Hint  string
}

// Arrow leads from one box to another. A weak one is dashed.
type Arrow struct {
	From, To string
	Why      string
	Weak     bool
}

// colors are those of a box, by its tone: of the inside, and of the border. Text on them is dark.
var colors = map[Tone][2]string{
	Bad:   {"#ffe3e0", "#b3261e"},
	Odd:   {"#fff1c9", "#8a6100"},
	Dim:   {"#e8eef7", "#4a6a94"},
	Plain: {"#f2f2f2", "#6b6b6b"},
}

// tones are those that have colors, in the order in which they are declared.
var tones = map[Tone]string{Bad: "bad", Odd: "odd", Dim: "dim", Plain: "plain"}

// Mermaid writes the graph for Mermaid, which GitHub draws. Why an arrow is there stands on it.
func (g Graph) Mermaid(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%%%% %s\nflowchart LR\n", Line(g.Title))
	for i, group := range g.Groups {
		fmt.Fprintf(&b, "  subgraph group%d [%s]\n", i+1, mermaidText(group.Name))
		for _, box := range group.Boxes {
			fmt.Fprintf(&b, "    %s[%s]:::%s\n", box.ID, mermaidText(box.Lines...), tones[box.Tone])
		}
		b.WriteString("  end\n")
	}
	for _, arrow := range g.Arrows {
		line, why := "-->", ""
		if arrow.Weak {
			line = "-.->"
		}
		if arrow.Why != "" {
			why = "|" + mermaidText(arrow.Why) + "|"
		}
		fmt.Fprintf(&b, "  %s %s%s %s\n", arrow.From, line, why, arrow.To)
	}
	for _, tone := range []Tone{Bad, Odd, Dim, Plain} {
		fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:#1c1c1c\n", tones[tone], colors[tone][0], colors[tone][1])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidText quotes lines of text. What Mermaid or the page around it could take for its own is written as a character code.
func mermaidText(lines ...string) string {
	escape := strings.NewReplacer(`"`, "#quot;", "#", "#35;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;")
	var escaped []string
	for _, line := range lines {
		escaped = append(escaped, escape.Replace(Line(line)))
	}
	return `"` + strings.Join(escaped, "<br>") + `"`
}

// Dot writes the graph for Graphviz. Why an arrow is there is shown when somebody points at it.
func (g Graph) Dot(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph doctor {\n  graph [rankdir=LR, bgcolor=white, label=%s, labelloc=t, tooltip=\" \", fontname=Helvetica, nodesep=0.12, ranksep=1]\n", dotText(g.Title))
	b.WriteString("  node [shape=box, style=\"rounded,filled\", fontname=Helvetica, fontsize=11, fontcolor=\"#1c1c1c\", margin=\"0.1,0.04\"]\n")
	b.WriteString("  edge [color=\"#6b6b6b\", arrowsize=0.7]\n")
	for i, group := range g.Groups {
		fmt.Fprintf(&b, "  subgraph cluster%d {\n    label=%s; color=\"#c0c0c0\"; fontsize=12; tooltip=\" \"\n", i+1, dotText(group.Name))
		for _, box := range group.Boxes {
			fmt.Fprintf(&b, "    %s [label=%s, fillcolor=%q, color=%q, tooltip=%s]\n", dotText(box.ID), dotText(box.Lines...), colors[box.Tone][0], colors[box.Tone][1], dotText(box.Hint))
		}
		b.WriteString("  }\n")
	}
	for _, arrow := range g.Arrows {
		style := "solid"
		if arrow.Weak {
			style = "dashed"
		}
		fmt.Fprintf(&b, "  %s -> %s [style=%s, tooltip=%s]\n", dotText(arrow.From), dotText(arrow.To), style, dotText(arrow.Why))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotText quotes lines of text.
func dotText(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var escaped []string
	for _, line := range lines {
		escaped = append(escaped, escape.Replace(Line(line)))
	}
	return `"` + strings.Join(escaped, `\n`) + `"`
}
