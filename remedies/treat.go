package remedies

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Options is how much a treatment may do. Safe remedies run without being asked for.
type Options struct {
	DryRun bool   // plan, show, and write nothing anywhere
	Agreed string // the hash of the agenda that was agreed to: another one is not run; "" for any
	Unsafe bool   // unsafe remedies may run, too
	// Show shows what is going to be done: once at the beginning, and once more each treatment that comes out otherwise than
	// it was shown.
	Show func(Agenda)
	// Ask is asked before each treatment; nil when nobody wants to be asked.
	Ask func(Treatment) (bool, error)
	// Confirm is asked once before anything unsafe is done, and again for what was not shown then. Who cannot be asked
	// leaves it nil, who has agreed beforehand lets it agree.
	Confirm func([]Treatment) (bool, error)
}

// Outcome is what has come of a treatment, or of taking one back.
type Outcome struct {
	Run    string // its id in the journal; "" when nothing was touched
	Folder string // the same as a path
	Agenda Agenda // as it was at the beginning
	Fixes  []Fix
	Then   []string // what is left to do by hand

	// The diagnosis after the last operation, and its world, which is closed. Undo makes none.
	Diagnosis *checks.Diagnosis
	World     *pipeline.World
}

// Treat diagnoses, shows what may be done, does it, and diagnoses again after each treatment, until nothing is left that
// may be done. An error comes with the outcome so far when something may have been touched. Causes come before their effects: what a cause explains is treated when the cause is cured, if it is still
// there then. No remedy is tried twice on the same finding, and none on what has come up since it was run: that may be
// its own doing. What an earlier doctor has left half done is settled first.
func (e *Engine) Treat(ctx context.Context, options Options) (*Outcome, error) {
	if e.Journal == "" && !options.DryRun {
		return nil, ErrNoJournal
	}
	c := &course{
		Engine: e, options: options, Outcome: &Outcome{},
		tried: map[string]bool{}, cured: map[string]bool{}, known: map[string]bool{}, ran: map[string]bool{},
	}
	defer c.end()
	if !options.DryRun && exists(e.Journal) {
		if err := c.begin(ctx); err != nil {
			return nil, err
		}
	}
	s, err := e.look(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { s.world.Close() }()
	if err := c.prepare(ctx, s); err != nil {
		return nil, err
	}
	for !options.DryRun && !c.stopped && ctx.Err() == nil {
		f := c.next(s)
		if f == nil {
			break
		}
		after, err := c.treat(ctx, s, f)
		if err != nil {
			c.conclude(s)
			return c.Outcome, err
		}
		if after != nil {
			s.world.Close()
			s = after
		}
	}
	c.conclude(s)
	return c.Outcome, nil
}

// course is one treatment of a pipeline, from its first diagnosis to its last.
type course struct {
	*Engine
	*Outcome
	options Options

	tried map[string]bool // by remedy and finding
	cured map[string]bool // findings, by fingerprint
	known map[string]bool // by remedy and finding: what was there before the remedy was run for the first time
	ran   map[string]bool // remedies

	confirmed bool
	stopped   bool // the journal cannot be written, or the world not be seen any more
	open      map[string]bool
	journal   *journal
	release   func()
	then      []func(*checks.Diagnosis) []string
}

// begin locks the journal and settles what was interrupted.
func (c *course) begin(ctx context.Context) (err error) {
	if c.release, err = c.hold(ctx); err != nil {
		return err
	}
	settled, open, err := c.recover(ctx)
	c.Fixes, c.open = append(c.Fixes, settled...), open
	return err
}

func (c *course) end() {
	if c.journal != nil {
		c.journal.close()
	}
	if c.journal != nil && c.journal.last == 1 { // no operation came as far as to be written down
		c.journal.discard()
		c.Run, c.Folder = "", ""
	}
	if c.release != nil {
		c.release()
	}
}

// prepare makes the agenda, shows it, and has it agreed to.
func (c *course) prepare(ctx context.Context, s *sight) error {
	c.notice(s)
	for _, f := range c.inOrder(s) {
		r, of := c.remedy(s, f)
		why, after := c.standing(s, f)
		if r == nil || why != "" {
			continue
		}
		t, err := plan(ctx, r, of)
		if err != nil {
			if len(after) == 0 { // what waits for its cause is planned again anyway
				c.fail(r, f, fmt.Errorf("cannot plan it: %w", err))
			}
			continue
		}
		t.After = after
		c.Agenda.add(t)
	}
	if c.options.Show != nil {
		c.options.Show(c.Agenda)
	}
	if c.options.Agreed != "" && c.options.Agreed != c.Agenda.Hash {
		return ErrPlanChanged
	}
	unsafe := slices.DeleteFunc(slices.Clone(c.Agenda.Treatments), func(t Treatment) bool { return t.Safety != Unsafe })
	if len(unsafe) == 0 || c.options.DryRun {
		return nil
	}
	if c.options.Confirm == nil {
		return ErrUnconfirmed
	}
	var err error
	c.confirmed, err = c.options.Confirm(unsafe)
	return err
}

// notice remembers which findings there are for each remedy that has not been run yet.
func (c *course) notice(s *sight) {
	for _, f := range s.Findings() {
		if r, _ := c.remedy(s, f); r != nil && !c.ran[r.ID] {
			c.known[key(r, f)] = true
		}
	}
}

func key(r *Remedy, f *checks.Finding) string { return r.ID + " " + f.Fingerprint() }

// standing says why a finding is not treated; "" when it is, or will be when what has the codes in after is cured.
func (c *course) standing(s *sight, f *checks.Finding) (why string, after []checks.Code) {
	r, _ := c.remedy(s, f)
	switch {
	case r == nil:
		return "nothing can be done by itself", nil
	case c.tried[key(r, f)]:
		return "it was tried", nil
	case !c.known[key(r, f)]:
		return fmt.Sprintf("it has come up since %s was run", r.ID), nil
	case r.Safety == Unsafe && !c.options.Unsafe:
		return "it is unsafe: --unsafe runs it", nil
	}
	for _, cause := range f.Causes {
		if c.cured[cause.Fingerprint()] || cause.State == checks.Recovered {
			continue
		}
		if why, _ := c.standing(s, cause); why != "" {
			return fmt.Sprintf("its cause %s has to be cured first", cause.Code), nil
		}
		after = append(after, cause.Code)
	}
	return "", slices.Compact(after)
}

// next is the finding to treat now: one whose causes are cured, in the order of the table.
func (c *course) next(s *sight) *checks.Finding {
	for _, f := range c.inOrder(s) {
		if why, after := c.standing(s, f); f.Failing() && why == "" && len(after) == 0 {
			return f
		}
	}
	return nil
}

// inOrder is the findings of a sight, those first whose remedies stand first in the table.
func (e *Engine) inOrder(s *sight) []*checks.Finding {
	rank := func(f *checks.Finding) int {
		r, _ := e.remedy(s, f)
		return slices.IndexFunc(e.table(), func(row Remedy) bool { return r != nil && row.ID == r.ID })
	}
	return slices.SortedStableFunc(slices.Values(s.Findings()), func(a, b *checks.Finding) int { return cmp.Compare(rank(a), rank(b)) })
}

// treat does what there is to do about one finding, and looks whether it has helped. It returns what it has seen then; nil
// when nothing was touched.
func (c *course) treat(ctx context.Context, s *sight, f *checks.Finding) (*sight, error) {
	r, of := c.remedy(s, f)
	c.tried[key(r, f)] = true
	t, err := plan(ctx, r, of)
	if err != nil {
		c.fail(r, f, fmt.Errorf("cannot plan it: %w", err))
		return nil, nil
	}
	why, err := c.refusal(t)
	if err != nil {
		return nil, err
	}
	if why != "" {
		c.Fixes = append(c.Fixes, Fix{Remedy: t.Remedy, Code: t.Code, Status: Skipped, Detail: t.Summary() + ": " + why})
		return nil, nil
	}
	late, err := c.write(ctx)
	if err != nil {
		c.stopped = true
		c.fail(r, f, err)
		return nil, nil
	}
	if late { // what was planned may be done already
		delete(c.tried, key(r, f))
		return c.look(ctx)
	}
	c.ran[r.ID] = true
	failure := c.apply(ctx, t)
	after, err := c.look(ctx)
	switch {
	case failure != nil:
		c.fail(r, f, fmt.Errorf("%s: %w", t.Summary(), failure))
	case err != nil:
		detail := fmt.Sprintf("%s; cannot look whether it helped: %v", t.Summary(), err)
		c.Fixes = append(c.Fixes, Fix{Remedy: t.Remedy, Code: t.Code, Status: Applied, Detail: detail, Final: strings.Join(t.Final, "; ")})
	default:
		c.verify(ctx, t, after)
	}
	if after == nil {
		c.stopped = true
		return nil, nil
	}
	c.notice(after)
	return after, nil
}

// apply does the operations of a treatment, up to the first that fails.
func (c *course) apply(ctx context.Context, t *Treatment) error {
	for i, operation := range t.plan.Operations {
		err := c.perform(ctx, c.journal, t, operation)
		if err != nil && i > 0 {
			return fmt.Errorf("%w; what came before it was done: doctor undo takes that back", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refusal asks those who have a say, and returns why a treatment is not to be.
func (c *course) refusal(t *Treatment) (why string, err error) {
	for _, operation := range t.plan.Operations {
		if c.open[operation.Target()] {
			return "what an interrupted treatment did there is not settled", nil
		}
	}
	shown := c.Agenda.find(t.Finding)
	changed := shown == nil || shown.Hash != t.Hash
	if changed && c.options.Agreed != "" {
		return "it is not what was agreed to", nil
	}
	if changed && c.options.Show != nil {
		var one Agenda
		one.add(t)
		c.options.Show(one)
	}
	if c.options.Ask != nil {
		if yes, err := c.options.Ask(*t); err != nil || !yes {
			return "declined", err
		}
	}
	if t.Safety != Unsafe || c.confirmed && !changed {
		return "", nil
	}
	if c.options.Confirm == nil || !changed {
		return "not confirmed", nil
	}
	if yes, err := c.options.Confirm([]Treatment{*t}); err != nil || !yes {
		return "not confirmed", err
	}
	return "", nil
}

// write has the journal ready before the first operation. It is late when another doctor has treated since this one looked.
func (c *course) write(ctx context.Context) (late bool, err error) {
	if c.journal != nil {
		return false, nil
	}
	if err := makeFolder(c.Journal); err != nil { // also what an earlier doctor could not make to its end
		return false, err
	}
	if c.release == nil { // there was no journal when this one looked
		if err := c.begin(ctx); err != nil {
			return false, err
		}
		if runs, err := Runs(c.Journal); err != nil || len(runs) > 0 {
			return err == nil, err
		}
	}
	if c.journal, err = newJournal(c.Journal, time.Now()); err != nil {
		return false, err
	}
	c.Run, c.Folder = filepath.Base(c.journal.folder), c.journal.folder
	c.at("began")
	return false, nil
}

func (c *course) fail(r *Remedy, f *checks.Finding, err error) {
	c.tried[key(r, f)] = true
	c.Fixes = append(c.Fixes, Fix{Remedy: r.ID, Code: f.Code, Status: Failed, Detail: err.Error()})
}
