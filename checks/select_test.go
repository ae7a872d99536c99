package checks_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"doctor/checks"
)

func TestSelect(t *testing.T) {
	nothing := func(context.Context, *checks.Pass) (any, error) { return "looked", nil }
	service := check("services.one", nothing)
	service.Codes = []checks.Code{checks.SVC001}
	first := check("part.first", nothing)
	first.Requires = []*checks.Check{service}
	second := check("part.second", nothing)
	second.Codes = []checks.Code{checks.TMP001}
	second.After = []*checks.Check{first}
	all := []*checks.Check{service, first, second}

	for name, test := range map[string]struct {
		only, skip []string
		want       string // one letter a check: pass, needed, skipped
	}{
		"all":                      {nil, nil, "ppp"},
		"an id, with its need":     {[]string{"part.first"}, nil, "nps"},
		"a code in lower case":     {[]string{"tmp001"}, nil, "ssp"},
		"a part":                   {[]string{"part"}, nil, "npp"},
		"skipping":                 {nil, []string{"part.second"}, "pps"},
		"skipping what is needed":  {nil, []string{"SVC001"}, "ssp"},
		"skipping beats selecting": {[]string{"part"}, []string{"part.first"}, "nsp"},
	} {
		t.Run(name, func(t *testing.T) {
			selection, err := checks.Select(all, test.only, test.skip)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, o := range checks.Run(context.Background(), selection, checks.Options{}).Outcomes {
				switch {
				case o.Status == checks.Skipped:
					got += "s"
				case o.Needed:
					got += "n"
				default:
					got += "p"
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}

	_, err := checks.Select(all, []string{"part.frist"}, nil)
	var unknown checks.UnknownNameError
	if !errors.As(err, &unknown) || unknown.Name != "part.frist" || len(unknown.Known) == 0 {
		t.Errorf("an unknown name gives %v", err)
	}
}

// What a check waits for may take no part in a run: then the check knows nothing of it, and runs all the same.
func TestKeep(t *testing.T) {
	var findings []*checks.Finding
	service := check("services.one", func(context.Context, *checks.Pass) (any, error) { panic("it takes no part") })
	static := check("part.static", func(_ context.Context, p *checks.Pass) (any, error) {
		findings = p.Findings(service)
		if status, reason := p.Why(service); status != checks.Skipped || reason == "" || !p.Deselected(service) || p.Passed(service) {
			t.Errorf("%s (%s)", status, reason)
		}
		return nil, nil
	})
	static.Codes, static.After, static.Static = nil, []*checks.Check{service}, true
	needy := check("part.needy", func(context.Context, *checks.Pass) (any, error) { panic("it cannot look") })
	needy.Codes, needy.Requires, needy.Static = nil, []*checks.Check{service}, true
	selection, err := checks.Select([]*checks.Check{service, static, needy}, []string{"part"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept := selection.Keep(func(c *checks.Check) bool { return c.Static })
	d := checks.Run(context.Background(), kept, checks.Options{})
	expect(t, d, checks.Passed, checks.Skipped)
	if len(selection) != 3 || len(findings) > 0 || d.Outcomes[1].Reason != "needs services.one: takes no part in this run" {
		t.Errorf("%d choices, %d findings, %q", len(selection), len(findings), d.Outcomes[1].Reason)
	}
	if services := selection.Keep(func(c *checks.Check) bool { return !c.Static }); !selection.Chosen() || services.Chosen() {
		t.Error("what a chosen check needs is not chosen for its own sake")
	}
}

func TestValidate(t *testing.T) {
	nothing := func(context.Context, *checks.Pass) (any, error) { return nil, nil }
	two := func() (a, b *checks.Check) {
		a, b = check("part.a", nothing), check("part.b", nothing)
		b.Codes = nil
		return a, b
	}
	for want, spoil := range map[string]func(a, b *checks.Check) []*checks.Check{
		"":                                  func(a, b *checks.Check) []*checks.Check { return []*checks.Check{a, b} },
		`check "Part.a": an id is`:          func(a, b *checks.Check) []*checks.Check { a.ID = "Part.a"; return []*checks.Check{a, b} },
		"check part.a is listed twice":      func(a, b *checks.Check) []*checks.Check { b.ID = a.ID; return []*checks.Check{a, b} },
		"check part.b: a check has a title": func(a, b *checks.Check) []*checks.Check { b.Title = ""; return []*checks.Check{a, b} },
		"check part.b reports XYZ001": func(a, b *checks.Check) []*checks.Check {
			b.Codes = []checks.Code{"XYZ001"}
			return []*checks.Check{a, b}
		},
		"code TMP002 has two checks": func(a, b *checks.Check) []*checks.Check { b.Codes = a.Codes; return []*checks.Check{a, b} },
		"check part.b names part.a":  func(a, b *checks.Check) []*checks.Check { b.After = []*checks.Check{a}; return []*checks.Check{b} },
		"check part.b is static and requires": func(a, b *checks.Check) []*checks.Check {
			b.Static, b.Requires = true, []*checks.Check{a}
			return []*checks.Check{a, b}
		},
		"check part.b names part.a, which takes part in commits only": func(a, b *checks.Check) []*checks.Check {
			a.Static, a.Commit, b.After = true, true, []*checks.Check{a}
			return []*checks.Check{a, b}
		},
		"check part.a judges a commit": func(a, b *checks.Check) []*checks.Check { a.Commit = true; return []*checks.Check{a, b} },
		"waits for itself": func(a, b *checks.Check) []*checks.Check {
			a.Requires, b.After = []*checks.Check{b}, []*checks.Check{a}
			return []*checks.Check{a, b}
		},
	} {
		err := checks.Validate(spoil(two()))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
