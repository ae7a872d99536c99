package all

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/catalog"
)

func TestChecksAreValid(t *testing.T) {
	if err := checks.Validate(All()); err != nil {
		t.Error(err)
	}
}

func TestEachCodeHasACheckAndAPage(t *testing.T) {
	reported := map[checks.Code]string{}
	for _, c := range All() {
		for _, code := range c.Codes {
			reported[code] = c.ID
		}
	}
	for _, info := range checks.Codes {
		if reported[info.Code] == "" {
			t.Errorf("no check reports %s", info.Code)
		}
		page, err := catalog.Page(info.Code)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := proper(page, info); err != nil {
			t.Errorf("page of %s: %v", info.Code, err)
		}
	}
}

// A link holds when the check of the effect names that of the cause: otherwise it could not blame it.
func TestLinksCanBeMade(t *testing.T) {
	of := map[checks.Code]*checks.Check{}
	for _, c := range All() {
		for _, code := range c.Codes {
			of[code] = c
		}
	}
	seen := map[[2]checks.Code]bool{}
	for _, l := range checks.Links {
		cause, effect := of[l.Cause], of[l.Effect]
		switch {
		case cause == nil || effect == nil || l.Evidence == "":
			t.Errorf("%s explains %s: no check reports one of them, or no evidence is named", l.Cause, l.Effect)
		case seen[[2]checks.Code{l.Cause, l.Effect}]:
			t.Errorf("%s explains %s twice", l.Cause, l.Effect)
		case !slices.Contains(slices.Concat(effect.Requires, effect.After), cause):
			t.Errorf("%s explains %s, but %s does not wait for %s", l.Cause, l.Effect, effect.ID, cause.ID)
		}
		seen[[2]checks.Code{l.Cause, l.Effect}] = true
	}
}

// proper reports what a page lacks: its first line, a section, text in a section, or the ranking of its causes.
func proper(page string, info checks.CodeInfo) error {
	first, rest, _ := strings.Cut(page, "\n")
	if want := fmt.Sprintf("# %s %s", info.Code, info.Slug); first != want {
		return fmt.Errorf("the first line is %q, want %q", first, want)
	}
	var found []string
	for i, section := range strings.Split("\n"+rest, "\n## ") {
		heading, text, _ := strings.Cut(section, "\n")
		switch {
		case i == 0 && strings.TrimSpace(section) != "":
			return fmt.Errorf("there is text before the first section")
		case i == 0:
			continue
		case strings.TrimSpace(text) == "":
			return fmt.Errorf("section %q is empty", heading)
		case heading == "Causes" && !strings.HasPrefix(strings.TrimSpace(text), "1. "):
			return fmt.Errorf("the causes are not ranked")
		}
		found = append(found, heading)
	}
	if !slices.Equal(found, catalog.Sections) {
		return fmt.Errorf("the sections are %q, want %q", found, catalog.Sections)
	}
	return nil
}

// A page is laid out by report.Page, which knows Markdown of a small kind only.
func TestPagesKeepToTheMarkdownThatIsLaidOut(t *testing.T) {
	for _, info := range checks.Codes {
		page, err := catalog.Page(info.Code)
		if err != nil {
			continue
		}
		fenced := false
		for number, line := range strings.Split(page, "\n") {
			if strings.HasPrefix(line, "```") {
				fenced = !fenced
				continue
			}
			trimmed := strings.TrimSpace(line)
			table := strings.HasPrefix(trimmed, "|")
			indented := strings.HasPrefix(line, "    ") && !strings.HasPrefix(trimmed, "- ")
			if !fenced && (table || indented || strings.Contains(line, "](") || strings.Contains(line, "<br")) {
				t.Errorf("%s, line %d: %q is not laid out", info.Code, number+1, line)
			}
		}
		if fenced {
			t.Errorf("%s: a fence is not closed", info.Code)
		}
	}
}
