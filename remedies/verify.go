package remedies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
)

// verify looks whether a treatment has helped.
func (c *course) verify(ctx context.Context, t *Treatment, after *sight) {
	fix := Fix{Remedy: t.Remedy, Code: t.Code, Status: Applied, Detail: t.Summary() + "; ", Final: strings.Join(t.Final, "; ")}
	proof, err := t.prove(ctx, after)
	if err != nil {
		fix.Detail += err.Error()
	} else {
		fix.Status, fix.Detail = Verified, fix.Detail+proof
		c.cured[t.Finding] = true
	}
	c.Fixes = append(c.Fixes, fix)
	if t.plan.Then != nil {
		c.then = append(c.then, t.plan.Then)
	}
}

// prove finds what shows that a treatment has helped.
func (t *Treatment) prove(ctx context.Context, after *sight) (string, error) {
	if t.plan.Prove == nil {
		return t.Proof, t.stillFound(after)
	}
	proof, err := t.plan.Prove(ctx, after.world)
	if err == nil && t.plan.Both && after.named(t.Finding) != nil {
		err = fmt.Errorf("%s finds it still", t.finding.Check.ID)
	}
	return proof, err
}

// stillFound is nil when the check that found the disease does not find it any more.
func (t *Treatment) stillFound(after *sight) error {
	o := after.outcome(t.finding.Check)
	switch {
	case after.named(t.Finding) != nil:
		return fmt.Errorf("%s finds it still", o.Check.ID)
	case o.Status != checks.Passed && o.Status != checks.Failed:
		return fmt.Errorf("whether it helped is not known: %s is %s (%s)", o.Check.ID, o.Status, o.Reason)
	case o.Reason != "": // a failed check that could look at a part only
		return fmt.Errorf("whether it helped is not known: %s", o.Reason)
	}
	return nil
}

// conclude says of all that was not done why.
func (c *course) conclude(s *sight) {
	c.Diagnosis, c.World = s.Diagnosis, s.world
	for _, t := range c.Agenda.Treatments {
		fix := Fix{Remedy: t.Remedy, Code: t.Code, Status: Skipped, Detail: t.Summary() + ": not needed any more"}
		if c.options.DryRun {
			fix.Status, fix.Detail = Planned, t.Summary()
			if len(t.After) > 0 {
				fix.Detail += fmt.Sprintf(", if it is still needed when %s is cured", listed(t.After))
			}
		}
		if c.options.DryRun || !c.tried[t.Remedy+" "+t.Finding] && s.named(t.Finding) == nil {
			c.Fixes = append(c.Fixes, fix)
		}
	}
	for _, f := range s.Findings() {
		r, of := c.remedy(s, f)
		if r == nil || c.tried[key(r, f)] || c.options.DryRun && c.Agenda.find(f.Fingerprint()) != nil {
			continue
		}
		why, _ := c.standing(s, f)
		if why == "" {
			why = "interrupted"
		}
		c.Fixes = append(c.Fixes, Fix{Remedy: r.ID, Code: f.Code, Status: Skipped, Detail: r.Says(of) + ": " + why})
	}
	for _, then := range c.then {
		for _, line := range then(s.Diagnosis) {
			if !slices.Contains(c.Then, line) {
				c.Then = append(c.Then, line)
			}
		}
	}
}

func listed(codes []checks.Code) string {
	var words []string
	for _, code := range codes {
		words = append(words, string(code))
	}
	return strings.Join(words, " and ")
}
