package report

import (
	"fmt"
	"slices"

	"doctor/checks"
)

// namedChecks is how many checks are named that share one reason for not looking.
const namedChecks = 4

// unlookedCheck is the checks that share a reason for not looking, or not at everything.
type unlookedCheck struct {
	Status checks.Status
	Reason string
	IDs    []string
}

// unlookedChecks are the checks that did not look, or not at everything, in the order of how much that matters.
func unlookedChecks(d *Document) []unlookedCheck {
	var all []unlookedCheck
	add := func(status checks.Status, reason, id string) {
		at := slices.IndexFunc(all, func(u unlookedCheck) bool { return u.Status == status && u.Reason == reason })
		if at < 0 {
			at, all = len(all), append(all, unlookedCheck{Status: status, Reason: reason})
		}
		all[at].IDs = append(all[at].IDs, id)
	}
	for _, c := range d.Checks {
		switch {
		case c.Coverage != "":
			add(checks.Unknown, c.Coverage, c.ID)
		case c.Status != checks.Passed && c.Status != checks.Failed:
			add(c.Status, c.Reason, c.ID)
		}
	}
	order := []checks.Status{checks.Unknown, checks.Blocked, checks.Skipped}
	slices.SortStableFunc(all, func(a, b unlookedCheck) int { return slices.Index(order, a.Status) - slices.Index(order, b.Status) })
	return all
}

// unlooked names the checks that did not look, or not at everything, and why. Those that share a reason share a line;
// those that stand under the finding that blocks them are not repeated.
func (t *text) unlooked() {
	headed := false
	for _, u := range unlookedChecks(t.document) {
		if u.IDs = slices.DeleteFunc(u.IDs, func(id string) bool { return t.shown[id] != "" }); len(u.IDs) == 0 {
			continue
		}
		if !headed {
			t.WriteByte('\n')
			headed = true
		}
		t.unlookedFor(u.Status, u.Reason, u.IDs)
	}
}

func (t *text) unlookedFor(status checks.Status, reason string, ids []string) {
	mark, style := t.status(status)
	line := append(t.some(ids), words(t.dim, string(status)+":")...)
	t.row(margin{}.add(style, mark+" "), indent(4), append(line, words(t.dim, reason)...))
}

// some names checks, unless they are too many for that: then the first few, and how many more there are.
func (t *text) some(ids []string) []word {
	if len(ids) <= namedChecks || t.options.Verbose {
		return list("", ids)
	}
	named := list("", ids[:namedChecks-1])
	return append(named, words(nil, fmt.Sprintf("and %d more", len(ids)-len(named)))...)
}

// checks lists every check.
func (t *text) checks() {
	t.WriteByte('\n')
	id, took := 0, 0
	for _, c := range t.document.Checks {
		id, took = max(id, columns(c.ID)), max(took, columns(millis(c.DurationMS)))
	}
	for _, c := range t.document.Checks {
		mark, style := t.status(c.Status)
		first := indent(2).add(style, mark+" ").add(nil, pad(c.ID, id)+"  ")
		if t.options.Timings {
			duration := ""
			if slices.Contains([]checks.Status{checks.Passed, checks.Failed, checks.Unknown}, c.Status) {
				duration = millis(c.DurationMS)
			}
			first = first.add(t.dim, fmt.Sprintf("%*s  ", took, duration))
		}
		if t.width-first.columns < 24 {
			t.row(first, first, nil)
			first = indent(4)
		}
		t.row(first, indent(first.columns), words(nil, c.Title))
	}
}

func (t *text) status(status checks.Status) (mark string, s style) {
	switch status {
	case checks.Passed:
		return "✓", t.green
	case checks.Failed:
		return "✗", t.redBold
	case checks.Skipped:
		return "–", t.dim
	}
	return "?", t.yellow
}

// millis is a check's duration: 0.4 ms, 12 ms.
func millis(ms float64) string {
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}
