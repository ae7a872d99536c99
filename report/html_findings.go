package report

import (
	"slices"

	"doctor/checks"
)

// htmlFinding is a finding with what it explains.
type htmlFinding struct {
	*Finding
	Level    int // of its heading
	Echoes   []*htmlFinding
	Again    []*Finding // what it explains, too, and is shown under another cause
	Causes   []*Finding // when it is explained by more than the one that it is shown under
	Remedies []Remedy   // its own; of a root also those of all that it explains
	Blocks   []string   // the checks that could not look because of it
}

// deepest is the last level of a heading.
const deepest = 6

// htmlFindings parts the findings into failing ones, as trees, what only informs, and what is over. Each is shown once.
func htmlFindings(d *Document) (roots, informs, over []*htmlFinding) {
	b := &treeBuilder{document: d, shown: map[string]bool{}}
	for pass := range 2 { // what has no failing root stands for itself
		for i := range d.Findings {
			if f := &d.Findings[i]; f.Failing() && !b.shown[f.Fingerprint] && (f.Root || pass > 0) {
				root := b.tree(f, 3)
				root.Remedies = allRemedies(root, nil)
				roots = append(roots, root)
			}
		}
	}
	for i := range d.Findings {
		switch f := &d.Findings[i]; {
		case b.shown[f.Fingerprint]:
		case f.State == checks.Recovered:
			over = append(over, b.single(f))
		default:
			informs = append(informs, b.single(f))
		}
	}
	b.blocked(roots)
	return roots, informs, over
}

type treeBuilder struct {
	document *Document
	shown    map[string]bool
}

func (b *treeBuilder) single(f *Finding) *htmlFinding {
	b.shown[f.Fingerprint] = true
	return &htmlFinding{Finding: f, Level: 3, Remedies: f.Remedies}
}

func (b *treeBuilder) tree(f *Finding, level int) *htmlFinding {
	made := b.single(f)
	made.Level = min(level, deepest)
	for i := range b.document.Findings {
		other := &b.document.Findings[i]
		switch {
		case other.Fingerprint != f.Fingerprint && slices.Contains(f.CausedBy, other.Fingerprint) && len(f.CausedBy) > 1:
			made.Causes = append(made.Causes, other)
		case other.State != checks.Active || !slices.Contains(other.CausedBy, f.Fingerprint):
		case b.shown[other.Fingerprint]:
			made.Again = append(made.Again, other)
		default:
			made.Echoes = append(made.Echoes, b.tree(other, level+1))
		}
	}
	return made
}

// allRemedies are the remedies of a tree, in the order in which it is read, each once.
func allRemedies(f *htmlFinding, before []Remedy) []Remedy {
	for _, r := range f.Finding.Remedies {
		if !slices.Contains(before, r) {
			before = append(before, r)
		}
	}
	for _, echo := range f.Echoes {
		before = allRemedies(echo, before)
	}
	return before
}

// blocked puts the checks that could not look under the first finding of the check that they cannot do without.
func (b *treeBuilder) blocked(roots []*htmlFinding) {
	for _, root := range roots {
		for _, c := range b.document.Checks {
			if c.Status == checks.Blocked && c.BlockedBy == root.Check && !b.shown[c.ID] {
				root.Blocks, b.shown[c.ID] = append(root.Blocks, c.ID), true
			}
		}
		b.blocked(root.Echoes)
	}
}

// unlookedElsewhere are the checks that did not look and do not stand under the finding that blocks them.
func unlookedElsewhere(d *Document, roots []*htmlFinding) []unlookedCheck {
	shown := map[string]bool{}
	var note func([]*htmlFinding)
	note = func(all []*htmlFinding) {
		for _, f := range all {
			for _, id := range f.Blocks {
				shown[id] = true
			}
			note(f.Echoes)
		}
	}
	note(roots)
	var rest []unlookedCheck
	for _, u := range unlookedChecks(d) {
		if u.IDs = slices.DeleteFunc(u.IDs, func(id string) bool { return shown[id] }); len(u.IDs) > 0 {
			rest = append(rest, u)
		}
	}
	return rest
}

// Mark is the sign of how grave it is.
func (f *htmlFinding) Mark() string {
	if f.State == checks.Recovered {
		return "✓"
	}
	return markOf(f.Severity)
}

// Grave is the word for how grave it is.
func (f *htmlFinding) Grave() string {
	if f.State == checks.Recovered {
		return "recovered"
	}
	return string(f.Severity)
}
