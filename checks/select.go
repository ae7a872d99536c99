package checks

import (
	"fmt"
	"slices"
	"strings"
)

// Choice says whether a check takes part in a run, and why.
type Choice struct {
	Check      *Check
	Needed     bool   // only because a selected check requires it
	Deselected string // why it does not take part; "" when it does
}

// Selection is a choice for each check, in declared order.
type Selection []Choice

// UnknownNameError is the error of [Select] for a word that is no check's id, no code and no part.
type UnknownNameError struct {
	Name  string
	Known []string // what would have been understood
}

func (e UnknownNameError) Error() string {
	return fmt.Sprintf("%q is no check, code or part", e.Name)
}

// Part is the part of the pipeline that a check belongs to: the first word of its id.
func (c *Check) Part() string {
	part, _, _ := strings.Cut(c.ID, ".")
	return part
}

// Select chooses among all checks. only and skip hold check ids, codes or parts; with an empty only all are chosen. What a
// chosen check requires runs, too; what requires a skipped check is skipped by [Run].
func Select(all []*Check, only, skip []string) (Selection, error) {
	for _, name := range slices.Concat(only, skip) {
		if !slices.ContainsFunc(all, func(c *Check) bool { return c.answersTo(name) }) {
			return nil, UnknownNameError{name, names(all)}
		}
	}
	selected, needed := map[*Check]bool{}, map[*Check]bool{}
	for _, c := range all {
		if len(only) == 0 || slices.ContainsFunc(only, c.answersTo) {
			selected[c] = true
			c.require(needed)
		}
	}
	var selection Selection
	for _, c := range all {
		choice := Choice{Check: c, Needed: !selected[c]}
		switch {
		case slices.ContainsFunc(skip, c.answersTo):
			choice.Deselected = "deselected by --skip"
		case !selected[c] && !needed[c]:
			choice.Deselected = "not among --only"
		}
		selection = append(selection, choice)
	}
	return selection, nil
}

// Selecting chooses some checks and all that they wait for, each after what it waits for.
func Selecting(of ...*Check) Selection {
	var selection Selection
	var add func(c *Check, needed bool)
	add = func(c *Check, needed bool) {
		for _, before := range slices.Concat(c.Requires, c.After) {
			add(before, true)
		}
		at := slices.IndexFunc(selection, func(choice Choice) bool { return choice.Check == c })
		switch {
		case at < 0:
			selection = append(selection, Choice{Check: c, Needed: needed})
		case !needed:
			selection[at].Needed = false
		}
	}
	for _, c := range of {
		add(c, false)
	}
	return selection
}

// Keep returns the choices for checks of one kind, in a run that the others take no part in: nothing is told of them.
func (s Selection) Keep(kind func(*Check) bool) Selection {
	return slices.DeleteFunc(slices.Clone(s), func(choice Choice) bool { return !kind(choice.Check) })
}

// Chosen reports whether any check was chosen for its own sake.
func (s Selection) Chosen() bool {
	return slices.ContainsFunc(s, func(choice Choice) bool { return choice.Deselected == "" && !choice.Needed })
}

func (c *Check) answersTo(name string) bool {
	return name == c.ID || name == c.Part() || slices.ContainsFunc(c.Codes, func(code Code) bool {
		return strings.EqualFold(name, string(code))
	})
}

// require adds all that the check cannot do without.
func (c *Check) require(needed map[*Check]bool) {
	for _, required := range c.Requires {
		if !needed[required] {
			needed[required] = true
			required.require(needed)
		}
	}
}

func names(all []*Check) []string {
	var known []string
	for _, c := range all {
		known = append(known, c.ID, c.Part())
		for _, code := range c.Codes {
			known = append(known, string(code))
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}
