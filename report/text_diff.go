package report

import (
	"fmt"
	"io"
	"strings"

	"doctor/checks"
)

// ComparisonText writes the comparison for people, laid out for a terminal.
func ComparisonText(w io.Writer, c *Comparison, o TextOptions) error {
	t := &comparisonText{text: &text{layout: newLayout(o), options: o, shown: map[string]string{}}, comparison: c}
	t.header()
	t.differences("New:", c.New)
	t.differences("Changed:", c.Changed)
	t.lost()
	t.fixed()
	t.regained()
	t.WriteByte('\n')
	t.closing()
	_, err := io.WriteString(w, t.String())
	return err
}

type comparisonText struct {
	*text
	comparison *Comparison
}

// header says what is compared with what.
func (t *comparisonText) header() {
	t.row(margin{}, margin{}, words(t.bold, "doctor diff"))
	t.WriteByte('\n')
	t.side("A", &t.comparison.A)
	t.side("B", &t.comparison.B)
	if len(t.comparison.Notes) > 0 {
		t.WriteByte('\n')
	}
	for _, note := range t.comparison.Notes {
		t.row(margin{}.add(t.yellowBold, "! "), indent(2), words(nil, note))
	}
}

func (t *comparisonText) side(letter string, s *Side) {
	parts := []string{fmt.Sprintf("team %d", s.TeamID), "last " + span(s.StartedAt.Sub(s.Since))}
	if s.Mode == Commit {
		parts = []string{"before a commit"}
	}
	parts = append(parts, s.StartedAt.Format("2006-01-02 15:04:05 -07:00"), string(s.Summary.Status))
	if s.Interrupted {
		parts = append(parts, "interrupted")
	}
	line := []word{phrase(nil, s.Name)}
	for _, part := range parts {
		line = append(line, word{text: "·", style: t.dim}, phrase(nil, part))
	}
	t.row(indent(2).add(t.bold, letter).add(nil, "  "), indent(5), line)
}

func (t *comparisonText) heading(text string) {
	t.WriteByte('\n')
	t.row(margin{}, margin{}, words(nil, text))
}

// differences shows findings of one kind that B has.
func (t *comparisonText) differences(heading string, all []Difference) {
	if len(all) > 0 {
		t.heading(heading)
	}
	for i := range all {
		d := &all[i]
		f := &Finding{Severity: d.Severity, State: checks.Active}
		mark, style := t.severity(f)
		right := ""
		if d.Root && f.Failing() {
			right = "root"
		}
		t.difference(d, mark, style, right)
		if d.Was != nil && d.Was.Severity != "" {
			t.row(indent(4), indent(4), words(nil, fmt.Sprintf("%s now, %s in A", d.Severity, d.Was.Severity)))
		}
		if d.Was != nil && d.Was.Title != "" {
			t.row(indent(4), indent(6), append(words(t.dim, "in A:"), words(nil, d.Was.Title)...))
		}
	}
}

// fixed shows the findings that only A has.
func (t *comparisonText) fixed() {
	if len(t.comparison.Fixed) > 0 {
		t.heading("Fixed:")
	}
	for i := range t.comparison.Fixed {
		t.difference(&t.comparison.Fixed[i], "✓", t.green, "")
	}
}

func (t *comparisonText) difference(d *Difference, mark string, style style, right string) {
	first := margin{}.add(style, mark+" "+Line(string(d.Code))).add(nil, "  ")
	t.fill(first, indent(first.columns), words(t.bold, d.Title), right)
	if d.Note != "" {
		t.row(indent(4), indent(4), words(t.dim, d.Note))
	}
}

// lost shows the findings that B does not tell of, with the reason below those of a check, and then the checks that do not look any more.
func (t *comparisonText) lost() {
	if len(t.comparison.LostSight) > 0 {
		t.heading("Lost sight, which is no improvement:")
	}
	var blind []Sight
	for _, s := range t.comparison.LostSight {
		if len(s.Findings) == 0 {
			blind = append(blind, s)
			continue
		}
		for i := range s.Findings {
			t.difference(&s.Findings[i], "?", t.yellow, "")
		}
		reason := s.Check + ": " + s.Reason
		if !decided(s.B) {
			reason = fmt.Sprintf("%s %s: %s", s.Check, ended(s.B), s.Reason)
		}
		t.row(indent(4), indent(4), words(t.dim, reason))
	}
	t.blind(blind)
}

// blind names the checks that do not look any more, and why. Those that share a reason share a line.
func (t *comparisonText) blind(all []Sight) {
	type why struct {
		status checks.Status
		reason string
	}
	var reasons []why
	ids := map[why][]string{}
	for _, s := range all {
		key := why{ended(s.B), s.Reason}
		if ids[key] == nil {
			reasons = append(reasons, key)
		}
		ids[key] = append(ids[key], s.Check)
	}
	for _, key := range reasons {
		t.unlookedFor(key.status, key.reason, ids[key])
	}
}

// regained names the checks that look, and did not in A.
func (t *comparisonText) regained() {
	var ids []string
	for _, s := range t.comparison.Regained {
		ids = append(ids, s.Check)
	}
	if len(ids) > 0 {
		t.heading("Looked at again:")
		t.row(margin{}.add(t.green, "✓ "), indent(4), t.some(ids))
	}
}

// ended is how a check ended; one that took no part counts as skipped.
func ended(status checks.Status) checks.Status {
	if status == "" {
		return checks.Skipped
	}
	return status
}

// closing says it all in a line, and what to type now.
func (t *comparisonText) closing() {
	c := t.comparison
	lost, blind := 0, 0
	for _, s := range c.LostSight {
		lost += len(s.Findings)
		if !decided(s.B) {
			blind++
		}
	}
	var counted []string
	for _, group := range []struct {
		n    int
		said string
	}{{len(c.New), "new"}, {len(c.Changed), "changed"}, {lost, "lost from sight"}, {len(c.Fixed), "fixed"}, {c.Unchanged, "unchanged"}} {
		if group.n > 0 {
			counted = append(counted, fmt.Sprintf("%d %s", group.n, group.said))
		}
	}
	sentence := "No active finding in either."
	if len(counted) > 0 {
		sentence = "Findings: " + strings.Join(counted, ", ") + "."
	}
	if blind > 0 {
		sentence += fmt.Sprintf(" %s no longer %s.", count(blind, "check", "checks"), plural(blind, "looks", "look"))
	}
	t.row(margin{}, margin{}, words(t.bold, sentence))
	if len(c.New) > 0 {
		t.row(margin{}, indent(6), append(words(t.dim, "Next:"), words(t.cyan, "doctor explain "+string(c.New[0].Code))...))
	}
}
