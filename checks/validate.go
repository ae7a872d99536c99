package checks

import (
	"fmt"
	"regexp"
	"slices"
)

var idForm = regexp.MustCompile(`^[a-z]+\.[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Validate reports the first mistake in a list of checks: an id that is malformed or taken, a check without title,
// sources or Run, a code that is not in the table or has two checks, an edge that leaves the list or closes a circle, a
// static check that would have to look further than files, a check that leans on a commit which is not always being made.
func Validate(all []*Check) error {
	ids, codes := map[string]bool{}, map[Code]*Check{}
	for _, c := range all {
		switch {
		case !idForm.MatchString(c.ID):
			return fmt.Errorf("check %q: an id is part.name in lower case", c.ID)
		case ids[c.ID]:
			return fmt.Errorf("check %s is listed twice", c.ID)
		case c.Title == "" || c.Run == nil || len(c.Reads) == 0:
			return fmt.Errorf("check %s: a check has a title, sources that it reads, and Run", c.ID)
		case c.Commit && !c.Static:
			return fmt.Errorf("check %s judges a commit, which no network may delay, and is not static", c.ID)
		}
		ids[c.ID] = true
		for _, code := range c.Codes {
			if c.Info(code).Code == "" {
				return fmt.Errorf("check %s reports %s, which is not in the table of codes", c.ID, code)
			}
			if other := codes[code]; other != nil {
				return fmt.Errorf("code %s has two checks, %s and %s", code, other.ID, c.ID)
			}
			codes[code] = c
		}
	}
	return validateEdges(all)
}

func validateEdges(all []*Check) error {
	for _, c := range all {
		for _, other := range slices.Concat(c.Requires, c.After) {
			if !slices.Contains(all, other) {
				return fmt.Errorf("check %s names %s, which is not listed", c.ID, other.ID)
			}
			if other.Commit && !c.Commit {
				return fmt.Errorf("check %s names %s, which takes part in commits only", c.ID, other.ID)
			}
		}
		for _, required := range c.Requires {
			if c.Static && !required.Static {
				return fmt.Errorf("check %s is static and requires %s, which is not", c.ID, required.ID)
			}
		}
	}
	const grey, black = 1, 2
	color := map[*Check]int{}
	var visit func(c *Check) error
	visit = func(c *Check) error {
		if color[c] == grey {
			return fmt.Errorf("check %s waits for itself", c.ID)
		}
		if color[c] == black {
			return nil
		}
		color[c] = grey
		for _, other := range slices.Concat(c.Requires, c.After) {
			if err := visit(other); err != nil {
				return err
			}
		}
		color[c] = black
		return nil
	}
	for _, c := range all {
		if err := visit(c); err != nil {
			return err
		}
	}
	return nil
}
