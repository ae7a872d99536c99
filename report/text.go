package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/remedies"
)

// Text writes the document for people, laid out for a terminal.
func Text(w io.Writer, d *Document, o TextOptions) error {
	t := &text{layout: newLayout(o), document: d, options: o, shown: map[string]string{}}
	if d.Mode == Commit {
		t.commit()
	} else {
		t.header()
		t.pipeline()
	}
	headed := t.Len()
	if len(t.document.Fixes) > 0 {
		t.WriteByte('\n')
		t.fixes()
	}
	t.findings()
	t.folded(checks.Recovered)
	t.folded(checks.Suppressed)
	t.unlooked()
	if o.Verbose || o.Timings {
		t.checks()
	}
	if d.Mode != Commit || t.Len() > headed {
		t.WriteByte('\n')
	}
	t.closing()
	_, err := io.WriteString(w, t.String())
	return err
}

type text struct {
	*layout
	document *Document
	options  TextOptions
	shown    map[string]string // the code of the root that a finding was shown under, by fingerprint
}

// header says what was looked at.
func (t *text) header() {
	d := t.document
	parts := []string{
		"doctor",
		fmt.Sprintf("team %d", d.TeamID),
		"last " + span(d.StartedAt.Sub(d.Since)),
	}
	if d.Mode == Replay {
		t.heading(append(parts, count(d.looked(), "check", "checks"), "recorded "+d.StartedAt.Format("2006-01-02 15:04:05 -07:00")))
		return
	}
	t.heading(append(parts, fmt.Sprintf("%s in %s", count(d.looked(), "check", "checks"), seconds(d.DurationMS))))
}

// commit is the header before a commit: neither a team nor a time has been looked at, only files.
func (t *text) commit() {
	d := t.document
	parts := []string{"doctor pre-commit"}
	if d.Staged != nil {
		parts = append(parts, count(*d.Staged, "staged file", "staged files"))
	}
	t.heading(append(parts, fmt.Sprintf("%s in %s", count(d.looked(), "check", "checks"), seconds(d.DurationMS))))
}

func (t *text) heading(parts []string) {
	if t.document.Interrupted {
		parts = append(parts, "interrupted")
	}
	header := words(t.bold, parts[0])
	for _, part := range parts[1:] {
		header = append(header, word{text: "·", style: t.dim}, phrase(nil, part))
	}
	t.row(margin{}, margin{}, header)
}

// pipeline draws the stages of a signal's way.
func (t *text) pipeline() {
	t.WriteByte('\n')
	var line []word
	for i, station := range t.document.Pipeline {
		mark, style := t.station(station.State)
		name := string(station.Stage) + " "
		if i > 0 {
			name = "─ " + name
		}
		line = append(line, word{text: name}, word{text: mark, style: style, glued: true})
	}
	t.row(indent(2), indent(4), line)
}

func (t *text) station(state StationState) (mark string, s style) {
	switch state {
	case StationOK:
		return "✓", t.green
	case StationBroken:
		return "✗", t.redBold
	case StationDegraded:
		return "!", t.yellowBold
	case StationIdle:
		return "·", t.dim
	}
	return "?", t.yellow
}

// folded tells in one line of the faults that are over, or that somebody lives with.
func (t *text) folded(state checks.State) {
	var over []*Finding
	for i := range t.document.Findings {
		if f := &t.document.Findings[i]; f.State == state {
			over = append(over, f)
		}
	}
	if len(over) == 0 {
		return
	}
	if t.options.Verbose {
		for _, f := range over {
			t.root(f)
		}
		return
	}
	var codes []checks.Code
	times := map[checks.Code]int{}
	for _, f := range over {
		codes = append(codes, f.Code)
		times[f.Code]++
	}
	slices.Sort(codes)
	line := words(nil, string(state)+":")
	for i, code := range slices.Compact(codes) {
		if i > 0 {
			line = glue(line, ",")
		}
		line = append(line, phrase(t.bold, string(code)), phrase(nil, fmt.Sprintf("×%d", times[code])))
	}
	t.WriteByte('\n')
	mark, s := t.severity(over[0])
	t.row(margin{}.add(s, mark+" "), indent(2), append(line, words(t.dim, "(doctor -v shows them)")...))
}

// closing says it all in few lines.
func (t *text) closing() {
	d := t.document
	if d.NewestSignal != nil {
		t.row(margin{}, margin{}, words(nil, t.signal(d.NewestSignal)))
	}
	mood := t.yellow
	switch d.Summary.Status {
	case Healthy:
		mood = t.green
	case Unhealthy:
		mood = t.bold
	}
	t.row(margin{}, margin{}, words(mood, d.verdict()))
	if next := d.next(); next != "" {
		t.row(margin{}, indent(6), append(words(t.dim, "Next:"), words(t.cyan, next)...))
	}
}

func (t *text) signal(s *Signal) string {
	return "Newest signal (" + t.clock(s.SentAt) + "): " + t.document.whereabouts()
}

// whereabouts is where the newest signal is, as the end of a sentence.
func (d *Document) whereabouts() string {
	s := d.NewestSignal
	line := ""
	switch s.State {
	case SignalArrived:
		line += "arrived in the inbox"
	case SignalMoving:
		line += fmt.Sprintf("on its way, at the %s", s.Stage)
	case SignalUnknown:
		line += fmt.Sprintf("last seen at the %s", s.Stage)
	default:
		line += fmt.Sprintf("%s at the %s", s.State, s.Stage)
	}
	if s.Code != "" {
		line += ", " + string(s.Code)
	}
	if s.Note != "" {
		line += ": " + Line(s.Note)
	}
	return line + "."
}

func (t *text) clock(at time.Time) string { return clock(at, t.document.StartedAt) }

// clock is an instant as the clock of who looked shows it, with the day when that is another one.
func clock(at, looked time.Time) string {
	at = at.In(looked.Location())
	if at.Format(time.DateOnly) == looked.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// looked is how many checks took part.
func (d *Document) looked() int { return len(d.Checks) - d.Summary.Checks[checks.Skipped] }

// verdict is the summary as a sentence.
func (d *Document) verdict() string {
	s := d.Summary
	if d.looked() == 0 {
		return "Nothing was looked at: every check was skipped."
	}
	var counted []string
	if s.Checks[checks.Passed] == d.looked() {
		counted = append(counted, fmt.Sprintf("all %s passed", count(d.looked(), "check", "checks")))
		if d.looked() == 1 {
			counted[0] = "the one check passed"
		}
	} else {
		counted = append(counted, fmt.Sprintf("%d of %s passed", s.Checks[checks.Passed], count(d.looked(), "check", "checks")))
	}
	for _, status := range []checks.Status{checks.Failed, checks.Unknown, checks.Blocked, checks.Skipped} {
		if n := s.Checks[status]; n > 0 {
			said := string(status)
			if status == checks.Failed {
				said = "failed"
			}
			counted = append(counted, fmt.Sprintf("%d %s", n, said))
		}
	}
	sentence := strings.Join(counted, ", ") + "."
	switch {
	case s.Echoes > 0:
		sentence = fmt.Sprintf("%s %s %s; %s", count(s.Roots, "root", "roots"), plural(s.Roots, "explains", "explain"),
			count(s.Echoes, "more finding", "more findings"), sentence)
	case s.Roots > 0:
		sentence = fmt.Sprintf("%s; %s", count(s.Roots, "finding", "findings"), sentence)
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// next is what to type now, or nothing.
func (d *Document) next() string {
	i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Failing() })
	if i < 0 {
		return ""
	}
	explain := "doctor explain " + string(d.Findings[i].Code)
	if d.Mode == Live && len(d.Fixes) == 0 && slices.ContainsFunc(d.Findings, Finding.treatable) {
		return "doctor --fix --dry-run, or " + explain
	}
	return explain
}

// treatable reports whether doctor --fix would do something about the finding.
func (f Finding) treatable() bool {
	return f.Failing() && slices.ContainsFunc(f.Remedies, func(r Remedy) bool { return r.Safety == string(remedies.Safe) })
}

func count(n int, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// seconds says milliseconds as people do: 0.09 s, 12 s.
func seconds(ms float64) string {
	if ms >= 10_000 {
		return fmt.Sprintf("%.0f s", ms/1000)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// span says a length of time in its largest whole units: 24 h, 90 min, 7 d.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d > day && d%day == 0:
		return fmt.Sprintf("%d d", d/day)
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return d.String()
}
