package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"doctor/checks"
)

// Bounds of what a finding shows without -v.
const (
	shownEvidence = 6   // rows
	shownExcerpt  = 320 // columns
)

// findings shows each active finding once: roots with what they explain beneath them, then what only informs.
func (t *text) findings() {
	findings := t.document.Findings
	for i := range findings {
		if f := &findings[i]; f.Root && f.Failing() {
			t.root(f)
		}
	}
	// What is left has a cause that is not itself shown as failing; it stands for itself.
	for i := range findings {
		if f := &findings[i]; f.Failing() && t.shown[f.Fingerprint] == "" {
			t.root(f)
		}
	}
	if t.document.Mode == Commit && !t.options.Verbose {
		return // what only informs would be told again with each commit
	}
	for i := range findings {
		if f := &findings[i]; f.State == checks.Active && t.shown[f.Fingerprint] == "" {
			t.root(f)
		}
	}
}

// root shows a finding with all that it explains, and then what to do about them. Of what only informs it shows the title.
func (t *text) root(f *Finding) {
	t.shown[f.Fingerprint] = string(f.Code)
	t.WriteByte('\n')
	mark, style := t.severity(f)
	right := ""
	if f.Root && f.Failing() {
		right = "root"
	}
	first := margin{}.add(style, mark+" "+string(f.Code)).add(nil, "  ")
	t.fill(first, indent(first.columns), words(t.bold, f.Title), right)
	if !f.Failing() && !t.options.Verbose {
		return
	}
	t.body(indent(4), f)
	remedies := slices.Clone(f.Remedies)
	t.echoes(indent(2), f, string(f.Code), &remedies)
	t.blocks(f)
	t.remedies(remedies)
}

// echoes shows what a finding explains, as a tree.
func (t *text) echoes(tree margin, cause *Finding, root string, remedies *[]Remedy) {
	explained := t.explainedBy(cause)
	for i, f := range explained {
		fork, trunk := "├ ", "│ "
		if i == len(explained)-1 {
			fork, trunk = "└ ", "  "
		}
		_, style := t.severity(f)
		first := tree.add(t.dim, fork).add(style, string(f.Code)).add(nil, "  ")
		below := tree.add(t.dim, trunk)
		hang := below.add(nil, strings.Repeat(" ", len(f.Code)+2))
		if under := t.shown[f.Fingerprint]; under != "" {
			t.row(first, hang, append(words(nil, f.Title), words(t.dim, "(above, under "+under+")")...))
			continue
		}
		t.shown[f.Fingerprint] = root
		t.row(first, hang, words(nil, f.Title))
		t.body(below.add(nil, "  "), f)
		for _, remedy := range f.Remedies {
			if !slices.Contains(*remedies, remedy) {
				*remedies = append(*remedies, remedy)
			}
		}
		t.echoes(below, f, root, remedies)
	}
}

func (t *text) explainedBy(cause *Finding) []*Finding {
	var explained []*Finding
	for i := range t.document.Findings {
		f := &t.document.Findings[i]
		if f.State == checks.Active && f != cause && slices.Contains(f.CausedBy, cause.Fingerprint) {
			explained = append(explained, f)
		}
	}
	return explained
}

// body shows what is under a finding's title: its detail, and its evidence in two columns.
func (t *text) body(left margin, f *Finding) {
	if f.Detail != "" {
		t.row(left, left, words(nil, f.Detail))
	}
	if s := f.Suppression; s != nil {
		t.row(left, left, words(t.dim, fmt.Sprintf("suppressed by %s until %s: %s", s.Owner, s.Until, s.Reason)))
	}
	evidence := f.Evidence
	if !t.options.Verbose && len(evidence) > shownEvidence {
		evidence = evidence[:shownEvidence]
	}
	column := 0
	for _, e := range evidence {
		if wide := columns(visible(e.Source)); wide <= t.width/3 {
			column = max(column, wide)
		}
	}
	for _, e := range evidence {
		t.evidence(left, column, e)
	}
	if more := len(f.Evidence) - len(evidence); more > 0 {
		t.row(left, left, words(t.dim, fmt.Sprintf("and %d more, with -v", more)))
	}
}

// evidence shows who says what, and where to see it: on the same line where there is room, else below. A source that
// does not fit its column has a line of its own.
func (t *text) evidence(left margin, column int, e Evidence) {
	source := visible(e.Source)
	rest := left.add(nil, strings.Repeat(" ", column+2))
	first := left.add(t.cyan, source).add(nil, strings.Repeat(" ", max(column-columns(source), 0)+2))
	if columns(source) > column {
		t.row(left, left, words(t.cyan, source))
		first = rest
	}
	excerpt := words(nil, e.Excerpt)
	if !t.options.Verbose {
		excerpt = words(nil, Clip(e.Excerpt, shownExcerpt))
	}
	place := t.place(e)
	switch whole := slices.Concat(excerpt, words(t.dim, "·"), place); {
	case len(place) == 0 && len(excerpt) == 0 && first == rest: // the source says it all
	case len(place) == 0:
		t.row(first, rest, excerpt)
	case len(excerpt) == 0:
		t.row(first, rest, place)
	case len(wrap(whole, t.room(first, rest))) == 1:
		t.row(first, rest, whole)
	default:
		t.row(first, rest, excerpt)
		t.row(rest, rest, place)
	}
	if t.options.Verbose {
		if e.Locator.URL != "" {
			address := phrase(t.dim, e.Locator.URL)
			address.whole = true
			t.row(rest, rest, []word{address})
		}
		if e.Locator.Query != "" {
			t.row(rest, rest, words(t.dim, e.Locator.Query))
		}
	}
}

// place is where a piece of evidence can be seen, without repeating its source.
func (t *text) place(e Evidence) []word {
	var parts []string
	at := e.Locator
	if !t.options.Verbose && at.File != "" && filepath.Base(at.File) == e.Source { // the folder is known to the reader
		if at.File = ""; at.Line > 0 {
			parts = append(parts, fmt.Sprintf("line %d", at.Line))
		}
		at.Line = 0
	}
	for _, part := range strings.Split(at.String(), " · ") {
		if part != "" && !strings.HasPrefix(e.Source, part) {
			parts = append(parts, part)
		}
	}
	if !e.Time.IsZero() && !e.Time.Equal(t.document.StartedAt) { // what was seen just now needs no clock
		parts = append(parts, t.clock(e.Time))
	}
	var place []word
	for i, part := range parts {
		if i > 0 {
			place = append(place, word{text: "·", style: t.dim})
		}
		place = append(place, phrase(t.dim, part))
	}
	if t.options.Links {
		for i := range place {
			place[i].link = openable(e.Locator.URL)
		}
	}
	return place
}

// blocks names the checks that could not look because of the finding's check. They stand under its first finding.
func (t *text) blocks(f *Finding) {
	var blocked []string
	for _, c := range t.document.Checks {
		if c.Status == checks.Blocked && c.BlockedBy == f.Check && t.shown[c.ID] == "" {
			blocked = append(blocked, c.ID)
			t.shown[c.ID] = string(f.Code)
		}
	}
	if len(blocked) > 0 {
		t.row(indent(2).add(t.yellow, "? "), indent(4), list("not looked at without it:", blocked))
	}
}

// remedies says what to do, in order.
func (t *text) remedies(remedies []Remedy) {
	for i, remedy := range remedies {
		label := "fix"
		if i > 0 {
			label = "then"
		}
		t.row(indent(2).add(t.green, pad(label, 4)).add(nil, "  "), indent(8), words(nil, remedy.Summary))
	}
}

func (t *text) severity(f *Finding) (mark string, s style) {
	switch {
	case f.State == checks.Recovered:
		return "✓", t.green
	case f.State == checks.Suppressed:
		return "·", t.dim
	case f.Severity == checks.Error:
		return "✗", t.redBold
	case f.Severity == checks.Warning:
		return "!", t.yellowBold
	}
	return "i", t.cyan
}

// list is names after a label, separated by commas.
func list(label string, names []string) []word {
	line := words(nil, label)
	for i, name := range names {
		line = append(line, phrase(nil, name))
		if i < len(names)-1 {
			line[len(line)-1].text += ","
		}
	}
	return line
}
