package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// grace is how long a run that is over still waits for the checks that are just saying why they could not end.
const grace = 100 * time.Millisecond

// Options is what a run is about.
type Options struct {
	World *pipeline.World
	Team  int64
	Since time.Time
	Files []string // see [Pass]
	Policy
	// Progress, when set, is called with the checks that are running whenever that changes, one call at a time.
	Progress func(running []*Check)
}

// Outcome is how one check ended.
type Outcome struct {
	Check      *Check
	Status     Status
	Reason     string // why it is neither passed nor failed; of a failed one: what it could not look at
	BlockedBy  *Check // the nearest failed or unknown check that this one cannot do without
	Needed     bool   // not selected itself: it ran because a selected one requires it
	Deselected bool   // takes no part in the run, and is skipped therefore
	Duration   time.Duration
	Findings   []*Finding
	Cut        []string // what the doctor's own bounds left out
	Result     any      // what Run returned; nil when it could not look
}

// Diagnosis is what a run found.
type Diagnosis struct {
	Outcomes []*Outcome // in declared order
	Duration time.Duration
	// Interrupted says that the run was called off before all checks had ended. What they had found by then is here.
	Interrupted bool
}

// Findings returns all findings, roots before those that they explain, each group in declared order.
func (d *Diagnosis) Findings() []*Finding {
	var roots, echoes []*Finding
	for _, o := range d.Outcomes {
		for _, f := range o.Findings {
			if f.Root() {
				roots = append(roots, f)
			} else {
				echoes = append(echoes, f)
			}
		}
	}
	return append(roots, echoes...)
}

// Run puts the selected checks to work: each starts as soon as the checks that it names in Requires and After have ended,
// all else in parallel. It returns when all have ended, or shortly after ctx is done; a check that has not ended by then
// is unknown. An error or a panic in one check leaves all others standing.
func Run(ctx context.Context, selection Selection, options Options) *Diagnosis {
	started := time.Now()
	r := &run{options: options, nodes: map[*Check]*node{}}
	for _, choice := range selection {
		r.nodes[choice.Check] = &node{Choice: choice, done: make(chan struct{})}
	}
	var all sync.WaitGroup
	for _, n := range r.nodes {
		all.Go(func() {
			n.outcome = r.exec(ctx, n)
			close(n.done)
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		select {
		case <-ended:
		case <-time.After(grace):
		}
	}
	d := &Diagnosis{Interrupted: errors.Is(context.Cause(ctx), context.Canceled)}
	for _, choice := range selection {
		d.Outcomes = append(d.Outcomes, r.nodes[choice.Check].outcomeNow(ctx))
	}
	d.Duration = time.Since(started)
	return d
}

type run struct {
	options Options
	nodes   map[*Check]*node

	mu      sync.Mutex
	running []*Check
}

// node is the future of one check's outcome.
type node struct {
	Choice
	done    chan struct{}
	outcome *Outcome
}

// outcomeNow is the node's outcome, or what must be said of a check that has not ended though the run has.
func (n *node) outcomeNow(ctx context.Context) *Outcome {
	select {
	case <-n.done:
		return n.outcome
	default:
		return &Outcome{Check: n.Check, Status: Unknown, Reason: overdue(ctx), Needed: n.Needed}
	}
}

func overdue(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time for the whole run was over"
	}
	return "the run was interrupted"
}

// exec waits for the checks before this one, then decides whether it may look, and lets it.
func (r *run) exec(ctx context.Context, n *node) *Outcome {
	outcome := &Outcome{Check: n.Check, Needed: n.Needed}
	if n.Deselected != "" {
		outcome.Status, outcome.Reason, outcome.Deselected = Skipped, n.Deselected, true
		return outcome
	}
	before := map[*Check]*Outcome{}
	for _, c := range slices.Concat(n.Check.Requires, n.Check.After) {
		dependency, selected := r.nodes[c]
		if !selected {
			before[c] = &Outcome{Check: c, Status: Skipped, Reason: "takes no part in this run", Deselected: true}
			continue
		}
		select {
		case <-dependency.done:
			before[c] = dependency.outcome
		case <-ctx.Done():
			outcome.Status, outcome.Reason = Unknown, overdue(ctx)
			return outcome
		}
	}
	missed, may := admit(outcome, before)
	if !may {
		return outcome
	}
	r.note(n.Check, true)
	defer r.note(n.Check, false)
	p := &Pass{World: r.options.World, Team: r.options.Team, Since: r.options.Since.Truncate(time.Second), Files: r.options.Files, Policy: r.options.Policy, check: n.Check, before: before, missed: missed}
	started := time.Now()
	result, err := protect(ctx, p)
	outcome.Duration = time.Since(started)
	p.suppress()
	conclude(outcome, p, result, err)
	return outcome
}

// admit decides whether what a check requires lets it look. A required check that saw only a part has left a result,
// and this one goes on with that part: it misses what that one missed.
func admit(outcome *Outcome, before map[*Check]*Outcome) (missed []string, may bool) {
	for _, c := range outcome.Check.Requires {
		required := before[c]
		blocked := required.Status == Blocked || required.Result == nil && (required.Status == Failed || required.Status == Unknown)
		if !blocked {
			continue
		}
		outcome.Status, outcome.BlockedBy = Blocked, c
		if required.Status == Blocked {
			outcome.BlockedBy = required.BlockedBy
		}
		outcome.Reason = "needs " + outcome.BlockedBy.ID
		return nil, false
	}
	for _, c := range outcome.Check.Requires {
		required := before[c]
		if required.Status == Skipped {
			outcome.Status, outcome.Reason = Skipped, required.Reason
			if !strings.HasPrefix(required.Reason, "needs ") {
				outcome.Reason = fmt.Sprintf("needs %s: %s", c.ID, required.Reason)
			}
			return nil, false
		}
		if required.Status == Unknown {
			missed = append(missed, required.Reason)
		}
	}
	return missed, true
}

type crash struct{ value any }

func (c crash) Error() string { return fmt.Sprintf("crashed: %v", c.value) }

// protect runs the check and makes an error of its panic.
func protect(ctx context.Context, p *Pass) (result any, err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		result, err = nil, crash{r}
		if unasked, ok := r.(settings.NotRecordedError); ok {
			err = unasked
		}
	}()
	result, err = p.check.Run(ctx, p)
	for _, f := range p.findings {
		for _, cause := range f.Causes {
			if _, named := p.before[cause.Check]; !named || !cause.Failing() {
				panic(fmt.Sprintf("check %s blames %s of %s, which it may not", p.check.ID, cause.Code, cause.Check.ID))
			}
		}
	}
	return result, err
}

// conclude turns what the check said into its outcome.
func conclude(outcome *Outcome, p *Pass, result any, err error) {
	p.ended = true
	if err != nil {
		outcome.Status, outcome.Reason = Unknown, err.Error()
		if reason, ok := skipped(err); ok {
			outcome.Status, outcome.Reason = Skipped, reason
		}
		return
	}
	outcome.Result, outcome.Findings, outcome.Cut = result, p.findings, p.cutOff
	outcome.Reason = strings.Join(slices.Compact(p.missed), "; ")
	switch {
	case slices.ContainsFunc(p.findings, (*Finding).Failing):
		outcome.Status = Failed
	case len(p.missed) > 0:
		outcome.Status = Unknown
	default:
		outcome.Status = Passed
	}
}

// note keeps account of the running checks.
func (r *run) note(c *Check, runs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if runs {
		r.running = append(r.running, c)
	} else {
		r.running = slices.DeleteFunc(r.running, func(other *Check) bool { return other == c })
	}
	if r.options.Progress != nil {
		r.options.Progress(slices.Clone(r.running))
	}
}
