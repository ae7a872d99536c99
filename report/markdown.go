package report

import (
	"fmt"
	"io"
	"strings"

	"doctor/checks"
)

// Markdown writes the document for an issue or a pull request, in the dialect of GitHub (https://github.github.com/gfm/). Evidence
// is folded. Whatever the pipeline says is text: it makes no heading, picture or mention, and no link with a
// text of its own.
func Markdown(w io.Writer, d *Document) error {
	m := &markdown{text: &text{layout: newLayout(TextOptions{}), document: d, shown: map[string]string{}}}
	fmt.Fprintf(m, "## doctor: %s\n\n", plain(d.verdict()))
	if d.Mode != Commit {
		fmt.Fprintf(m, "Team %d, last %s, looked at %s.\n\n", d.TeamID, span(d.StartedAt.Sub(d.Since)), d.StartedAt.Format("2006-01-02 15:04:05 -07:00"))
		var stages []string
		for _, s := range d.Pipeline {
			mark, _ := m.text.station(s.State)
			stages = append(stages, string(s.Stage)+" "+mark)
		}
		fmt.Fprintf(m, "%s\n\n", strings.Join(stages, " → "))
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.State == checks.Active && f.Root {
			m.root(f)
		}
	}
	m.unlooked()
	if d.NewestSignal != nil {
		fmt.Fprintf(m, "%s\n", plain(m.text.signal(d.NewestSignal)))
	}
	_, err := io.WriteString(w, m.String())
	return err
}

// markdown is text in the making.
type markdown struct {
	strings.Builder
	text *text // what words it has for things
}

// root tells a finding, what it explains, and what to do about all of that.
func (m *markdown) root(f *Finding) {
	mark, _ := m.text.severity(f)
	fmt.Fprintf(m, "### %s %s: %s\n\n", mark, f.Code, plain(f.Title))
	if f.Detail != "" {
		fmt.Fprintf(m, "%s\n\n", plain(f.Detail))
	}
	told := map[string]bool{f.Fingerprint: true}
	evidence, fixes := m.echoes(f, "", told)
	if len(told) > 1 {
		m.WriteByte('\n')
	}
	evidence = append(evidenceOf(f), evidence...)
	if len(evidence) > 0 {
		fmt.Fprintf(m, "<details>\n<summary>Evidence</summary>\n\n%s\n\n</details>\n\n", strings.Join(evidence, "\n"))
	}
	for _, r := range append(f.Remedies, fixes...) {
		if line := fmt.Sprintf("- **Fix** (%s): %s\n", r.Safety, plain(r.Summary)); !told[line] {
			told[line] = true
			m.WriteString(line)
		}
	}
	m.WriteByte('\n')
}

// echoes lists what a finding explains, as a tree, and returns their evidence and what to do about them.
func (m *markdown) echoes(cause *Finding, indent string, told map[string]bool) (evidence []string, fixes []Remedy) {
	for _, f := range m.text.explainedBy(cause) {
		if told[f.Fingerprint] {
			continue
		}
		told[f.Fingerprint] = true
		fmt.Fprintf(m, "%s- explains %s: %s\n", indent, f.Code, plain(f.Title))
		below, more := m.echoes(f, indent+"  ", told)
		evidence = append(append(evidence, evidenceOf(f)...), below...)
		fixes = append(append(fixes, f.Remedies...), more...)
	}
	return evidence, fixes
}

// evidenceOf is a line for each piece of a finding's evidence.
func evidenceOf(f *Finding) []string {
	var lines []string
	for _, e := range f.Evidence {
		line := fmt.Sprintf("- %s · %s", f.Code, plain(e.Source))
		if e.Excerpt != "" {
			line += ": " + asCode(e.Excerpt)
		}
		if place := e.Locator.String(); place != "" {
			line += " · " + plain(place)
		}
		if !e.Time.IsZero() {
			line += " · " + e.Time.Format("15:04:05 -07:00")
		}
		lines = append(lines, line)
	}
	return lines
}

// unlooked tells what could not be seen.
func (m *markdown) unlooked() {
	headed := m.Len()
	for _, c := range m.text.document.Checks {
		if c.Status == checks.Unknown || c.Status == checks.Blocked {
			fmt.Fprintf(m, "- **Not looked at**: %s: %s\n", c.ID, plain(c.Reason))
		}
	}
	if m.Len() > headed {
		m.WriteByte('\n')
	}
}

// markup is what Markdown and HTML would take for theirs. A mention is stopped by code: no escape does.
var markup = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "|", `\|`, "~", `\~`, "!", `\!`,
	"@", "`@`",
)

// plain is text of any origin as text.
func plain(said string) string { return markup.Replace(Line(said)) }

// asCode is text of any origin as code: between more back quotes than it has in a row.
func asCode(said string) string {
	said = Line(said)
	fence := "`"
	for strings.Contains(said, fence) {
		fence += "`"
	}
	if strings.HasPrefix(said, "`") || strings.HasSuffix(said, "`") {
		said = " " + said + " "
	}
	return fence + said + fence
}
