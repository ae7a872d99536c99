package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
	"time"

	"doctor/checks"
)

//go:embed html
var htmlFiles embed.FS

// htmlTemplate is parsed when a page is first written: the other formats do not wait for it.
var htmlTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page.html").Funcs(template.FuncMap{
		"line": Line,
		"clip": func(room int, text string) string { return Clip(text, room) },
		"mark": markOf,
		"web":  openable,
		"add":  func(a, b int) int { return a + b },
		"same": func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) },
	}).ParseFS(htmlFiles, "html/*.html", "html/*.svg"))
})

// htmlStyle is the page's one style sheet, and the hash of it that its content security policy allows.
var htmlStyle = sync.OnceValues(func() (style template.CSS, policy string) {
	sheet, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(sheet)
	return template.CSS(sheet), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
})

// HTML writes the document as one page that needs nothing else: no script, and no request to anywhere, which its content
// security policy holds it to. All text of the pipeline is escaped, and its control characters are made visible.
func HTML(w io.Writer, d *Document) error {
	var page bytes.Buffer
	if err := htmlTemplate().Execute(&page, newHTMLPage(d)); err != nil {
		return err
	}
	_, err := w.Write(page.Bytes())
	return err
}

// htmlPage is a document laid out. The geometry of its pictures is computed here; everything else is the document's.
type htmlPage struct {
	*Document
	Style    template.CSS
	Policy   string
	Verdict  string
	Newest   string // where the newest signal is, as a sentence
	Next     string
	Facts    []string
	Map      *htmlMap      // nil where no pipeline was looked at
	Time     *htmlTimeline // nil where no run was seen
	Roots    []*htmlFinding
	Informs  []*htmlFinding
	Over     []*htmlFinding
	Unlooked []unlookedCheck
}

func newHTMLPage(d *Document) *htmlPage {
	p := &htmlPage{Document: d, Verdict: d.verdict(), Next: d.next(), Facts: htmlFacts(d)}
	p.Style, p.Policy = htmlStyle()
	if d.NewestSignal != nil {
		p.Newest = d.whereabouts()
	}
	p.Roots, p.Informs, p.Over = htmlFindings(d)
	p.Unlooked = unlookedElsewhere(d, p.Roots)
	if d.Mode != Commit {
		p.Map = newHTMLMap(d)
	}
	if d.Timeline != nil {
		p.Time = newHTMLTimeline(d)
	}
	return p
}

// htmlFacts says what was looked at.
func htmlFacts(d *Document) []string {
	facts := []string{count(d.looked(), "check", "checks")}
	if d.Mode == Commit {
		if d.Staged != nil {
			facts = append([]string{count(*d.Staged, "staged file", "staged files")}, facts...)
		}
	} else {
		facts = append([]string{fmt.Sprintf("team %d", d.TeamID), "last " + span(d.StartedAt.Sub(d.Since))}, facts...)
	}
	when := d.StartedAt.Format("2006-01-02 15:04:05 -07:00")
	if d.Mode == Replay {
		return append(facts, "recorded "+when)
	}
	facts = append(facts, "live, "+when, "took "+seconds(d.DurationMS))
	if d.Interrupted {
		facts = append(facts, "interrupted")
	}
	return facts
}

// Headline is the diagnosis in one word, for people.
func (p *htmlPage) Headline() string {
	return map[Health]string{Healthy: "Healthy", Unhealthy: "Unhealthy", Incomplete: "Not everything was looked at"}[p.Summary.Status]
}

// Clock is an instant as the clock of who looked shows it.
func (p *htmlPage) Clock(at time.Time) string { return clock(at, p.StartedAt) }

// Explain is the command that tells all about a code.
func (p *htmlPage) Explain(code checks.Code) string { return "doctor explain " + string(code) }

// LookedAtAll reports whether no check was kept from looking.
func (p *htmlPage) LookedAtAll() bool {
	return p.Summary.Checks[checks.Unknown]+p.Summary.Checks[checks.Blocked] == 0
}

// First is where the page shows the first finding of a code; "" when it shows none.
func (p *htmlPage) First(code checks.Code) string {
	for i := range p.Findings {
		if f := &p.Findings[i]; f.Code == code && f.State == checks.Active {
			return "#finding-" + f.Fingerprint
		}
	}
	return ""
}

// Command is what to type for a remedy; "" for what is done by hand.
func (p *htmlPage) Command(r Remedy) string {
	command := map[string]string{"safe": "doctor --fix", "unsafe": "doctor --fix --unsafe"}[r.Safety]
	if command != "" && p.TeamID != 1 && p.Mode != Commit {
		command += fmt.Sprintf(" --team-id %d", p.TeamID)
	}
	return command
}

// Names are the ids of the checks that share a reason for not looking.
func (u unlookedCheck) Names() string { return strings.Join(u.IDs, ", ") }

// markOf is the sign that goes with a word for a state, so that color is never all that tells.
func markOf(state any) string {
	switch fmt.Sprint(state) {
	case "ok", "pass", "healthy", "arrived", "verified":
		return "✓"
	case "broken", "fail", "error", "unhealthy", "lost", "failed":
		return "✗"
	case "degraded", "warning", "stopped":
		return "!"
	case "info":
		return "i"
	case "idle", "waiting":
		return "·"
	case "skipped":
		return "–"
	case "moving", "planned", "applied":
		return "→"
	}
	return "?"
}

// With is a finding and the page that it stands on, for the template of a finding.
func (p *htmlPage) With(f *htmlFinding) []any { return []any{p, f} }

// Exact is an instant to the millisecond: those decide whether a signal is lost.
func (p *htmlPage) Exact(at time.Time) string {
	return p.Clock(at) + at.Format(".000")
}

// Took is how long a check that has looked took.
func (p *htmlPage) Took(c Check) string {
	if c.Status == checks.Blocked || c.Status == checks.Skipped {
		return ""
	}
	return millis(c.DurationMS)
}
