package remedies

import (
	"fmt"
	"slices"
	"strings"

	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// around is how many lines of a file are shown around a change.
const around = 3

// unified shows a change of an env file as a unified diff, in which no secret of its lines can be read. It is not made to be
// applied by another program.
func (s splice) unified(label, text string) string {
	changed := s.apply(text)
	before, after := masked(text), masked(changed)
	// Which lines differ is decided by the texts themselves: what is masked may look the same.
	same := func(a, b string) bool { return strings.TrimRight(a, "\r\n") == strings.TrimRight(b, "\r\n") }
	was, is := strings.SplitAfter(text, "\n"), strings.SplitAfter(changed, "\n")
	was, is = was[:len(before)], is[:len(after)]
	first := 0
	for first < min(len(was), len(is)) && same(was[first], is[first]) {
		first++
	}
	last := 0
	for last < min(len(was), len(is))-first && same(was[len(was)-1-last], is[len(is)-1-last]) {
		last++
	}
	from, to := max(first-around, 0), min(last, around)
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", label, label)
	fmt.Fprintf(&b, "@@ -%s +%s @@\n", span(from, len(was)-last+to), span(from, len(is)-last+to))
	for _, part := range []struct {
		mark  string
		lines []string
	}{
		{" ", before[from:first]},
		{"-", before[first : len(before)-last]},
		{"+", after[first : len(after)-last]},
		{" ", after[len(after)-last:][:to]},
	} {
		for _, line := range part.lines {
			b.WriteString(part.mark + line + "\n")
		}
	}
	return b.String()
}

// span is a range of lines in the head of a hunk.
func span(from, to int) string {
	if from == to {
		return fmt.Sprintf("%d,0", from)
	}
	return fmt.Sprintf("%d,%d", from+1, to-from)
}

// masked is the lines of an env file's text, without what is secret in them.
func masked(text string) []string {
	lines := strings.Split(strings.TrimPrefix(text, byteOrderMark), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	shown := slices.Clone(lines)
	for i, line := range shown {
		shown[i] = maskShapes(strings.TrimSuffix(line, "\r"))
	}
	assignments, err := settings.Parse(text)
	if err != nil { // then nothing says which lines are secret
		return slices.Repeat([]string{"…"}, len(lines))
	}
	e := editor{text: text, starts: lineStarts(text)}
	hidden := -1
	for _, a := range assignments {
		first := a.Number - 1
		if isSecret(a.Name, a.Value) && hidden != first { // what shares a line with a secret is hidden with it
			head, _, _ := strings.Cut(lines[first], a.Name)
			shown[first], hidden = maskShapes(head)+a.Name+"=…", first
		}
		// The further lines of a value have no name that says what they are.
		for at := first + 1; !a.Commented && at < len(lines) && e.starts[at] < e.endOf(a); at++ {
			shown[at] = "…"
		}
	}
	return shown
}

// maskShapes hides the secrets whose shape tells them.
func maskShapes(text string) string {
	for _, m := range slices.Backward(redact.Find(text)) {
		text = text[:m.Start] + m.Mask() + text[m.End:]
	}
	return text
}

// isSecret reports whether a value is better not shown: its setting's name says so, or a part of it looks as if a machine
// had drawn it.
func isSecret(name, value string) bool {
	if redact.SaysSecret(name) || len(redact.Find(value)) > 0 {
		return true
	}
	for start, end := range redact.Words(value) {
		if redact.Random(value[start:end]) {
			return true
		}
	}
	return false
}
