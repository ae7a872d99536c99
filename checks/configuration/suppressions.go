package configuration

import (
	"context"
	"slices"

	"doctor/checks"
)

const id = "configuration.suppressions"

// Judges reports whether a check is the one that judges suppressions. Where there are none it would only be in the way.
func Judges(c *checks.Check) bool { return c.ID == id }

// Suppressions makes the check of what is suppressed, which asks after all the given ones. A suppression that has expired
// hides nothing any more, and one that covers nothing would hide the next fault of its kind unseen.
func Suppressions(all []*checks.Check) *checks.Check {
	return &checks.Check{
		ID:     id,
		Title:  "every suppression of " + Name + " covers a finding, and holds",
		Codes:  []checks.Code{checks.CFG001, checks.CFG002},
		After:  all,
		Reads:  []checks.Source{checks.Settings},
		Static: true,
		Run: func(_ context.Context, p *checks.Pass) (any, error) {
			if len(p.Policy.Suppressions) == 0 {
				return nil, checks.Skip("nothing is suppressed")
			}
			for _, s := range p.Policy.Suppressions {
				switch {
				case s.Expired(p.World.Now):
					report(p, checks.CFG001, s, "the suppression of %s by %s was until %s", s.Code, s.Owner, s.LastDay())
				case covers(p, all, s) == nothing:
					report(p, checks.CFG002, s, "the suppression of %s by %s covers nothing", s.Code, s.Owner)
				}
			}
			return nil, nil
		},
	}
}

func report(p *checks.Pass, code checks.Code, s *checks.Suppression, title string, args ...any) {
	p.Report(code, string(s.Code), s.Subject).Titlef(title, args...).
		With(checks.Evidence{Source: Name, Locator: s.Where, Excerpt: s.Reason})
}

type coverage int

const (
	unknown coverage = iota // whether there is such a finding was not looked at, or not wholly
	nothing
	something
)

// covers reports what a suppression covers just now.
func covers(p *checks.Pass, all []*checks.Check, s *checks.Suppression) coverage {
	for _, c := range all {
		if !slices.Contains(c.Codes, s.Code) {
			continue
		}
		status, missed := p.Why(c)
		switch {
		case slices.ContainsFunc(p.Suppressed(c), func(f *checks.Finding) bool { return f.Suppression == s || s.Covers(f) }):
			return something
		case status == checks.Passed, status == checks.Failed && missed == "":
			return nothing
		}
	}
	return unknown
}
