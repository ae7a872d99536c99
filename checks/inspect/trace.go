package inspect

import (
	"context"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sources"
)

// Trace is the way of one signal through the pipeline.
type Trace struct {
	Head
	Signal Traced `json:"signal" jsonschema:"which signal it is, as far as that is known"`
	// Correlated says how its traces in several places were known to be its own.
	Correlated string  `json:"correlated" jsonschema:"key: the payloads say so; order: they are encrypted and no key is set, so order and counts do"`
	Hops       []Hop   `json:"hops"`
	Outcome    Outcome `json:"outcome"`
}

// Traced is a signal by all its names.
type Traced struct {
	Product  string    `json:"source_product,omitempty"`
	Type     string    `json:"source_type,omitempty"`
	SourceID string    `json:"source_id,omitempty"`
	Emitter  string    `json:"emitter,omitempty" jsonschema:"the id of the workflow that brought it"`
	SentAt   time.Time `json:"sent_at,omitzero" jsonschema:"when that was started"`
	Document string    `json:"document_id,omitempty"`
	Report   string    `json:"report_id,omitempty"`
}

// Hop is one step of the way.
type Hop struct {
	Name   string         `json:"hop"`
	Stage  checks.Stage   `json:"stage"`
	State  HopState       `json:"state"`
	At     time.Time      `json:"at,omitzero" jsonschema:"when it was done, or began"`
	TookMS int64          `json:"took_ms,omitempty"`
	Detail string         `json:"detail,omitempty"`
	Why    string         `json:"why,omitempty" jsonschema:"of a match: the reason that the model gave, where a key opens it"`
	Doubt  string         `json:"doubt,omitempty" jsonschema:"what is not certain of it"`
	Where  checks.Locator `json:"where,omitzero"`
}

// HopState is what has become of a hop.
type HopState string

// The states of a hop.
const (
	HopDone    HopState = "done"
	HopSkipped HopState = "skipped" // by design
	HopGoing   HopState = "going"
	HopWaits   HopState = "waits" // by design: for more signals, or for a person
	HopFailed  HopState = "failed"
	HopUnknown HopState = "unknown"
)

// Outcome is where the signal is.
type Outcome struct {
	State  inbox.State  `json:"state"`
	Stage  checks.Stage `json:"stage"`
	Code   checks.Code  `json:"code,omitempty" jsonschema:"of the finding that explains why it is no further"`
	Title  string       `json:"title,omitempty" jsonschema:"of that finding"`
	Root   *Explained   `json:"root,omitempty" jsonschema:"the finding that explains that one"`
	Note   string       `json:"note,omitempty"`
	TookMS int64        `json:"took_ms" jsonschema:"from the start of its emitter, or the first that is known of it, to the last"`
}

// Explained is a finding.
type Explained struct {
	Code  checks.Code `json:"code"`
	Title string      `json:"title"`
}

// ExitCode is 1 when the signal has stopped.
func (t *Trace) ExitCode() int {
	if t.Outcome.State == inbox.Stopped || t.Outcome.State == inbox.Lost {
		return Stopped
	}
	return t.Head.ExitCode()
}

// FollowSignal traces the signal of a name: a source id, a document id, an emitter's workflow id, a report id, RUN/EVENT of
// its delivery to the buffer, a piece of its text, or the beginning of an id. No name is the newest one.
func FollowSignal(ctx context.Context, l *Look, name string) (*Trace, error) {
	t, err := newTracer(ctx, l)
	if err != nil {
		return nil, err
	}
	if err := t.find(ctx, name); err != nil {
		return nil, err
	}
	t.follow(ctx)
	return t.trace, nil
}

func newTracer(ctx context.Context, l *Look) (*tracer, error) {
	t := &tracer{Look: l, diagnosis: l.diagnose(ctx, inbox.Newest, sources.Sources), trace: &Trace{Head: l.head(), Hops: []Hop{}}}
	var err error
	if t.runs, err = resultOf[*journey.Runs](t.diagnosis, journey.Histories); err != nil {
		return nil, err
	}
	if t.runs.Coverage != "" {
		t.trace.Missed = append(t.trace.Missed, t.runs.Coverage)
	}
	t.readRows(ctx)
	return t, nil
}

// tracer follows one signal.
type tracer struct {
	*Look
	diagnosis *checks.Diagnosis
	runs      *journey.Runs
	rows      []pipeline.SignalRow // of the team, newest first
	rowsErr   error
	tick      time.Duration // the least that tells two of their times apart

	emitter  *journey.Run // nil when it is not known
	doubt    string       // what keeps emitter and delivery from being certainly of the same signal
	passage  *journey.Passage
	row      *pipeline.SignalRow
	rowDoubt string // what keeps it from being certainly its own
	report   string

	trace *Trace
}

// mostRows is how many signals of the team are looked through in ClickHouse.
const mostRows = 2000

// readRows reads the team's signals from the table that is searched.
func (t *tracer) readRows(ctx context.Context) {
	tables, err := resultOf[[]pipeline.Table](t.diagnosis, embeddings.Tables)
	if err != nil {
		t.rowsErr = err
		return
	}
	at := slices.IndexFunc(tables, pipeline.Table.Searched)
	if at < 0 {
		return
	}
	t.rows, t.rowsErr = t.World.ClickHouse.SignalRows(ctx, tables[at], t.Team, t.Since, mostRows)
	t.tick = time.Second // of old servers
	if slices.ContainsFunc(t.rows, func(r pipeline.SignalRow) bool { return r.Signalled.Nanosecond() != 0 }) {
		t.tick = time.Millisecond
	}
}

// add puts a hop at the end of the way.
func (t *tracer) add(h Hop) *Hop {
	t.trace.Hops = append(t.trace.Hops, h)
	return &t.trace.Hops[len(t.trace.Hops)-1]
}

// end says where the signal is, and why it is no further.
func (t *tracer) end(stage checks.Stage, state inbox.State, note string, explains ...inbox.Explains) {
	o := Outcome{State: state, Stage: stage, Note: note}
	for _, e := range explains {
		if f := inbox.Stopper(t.diagnosis, e); f != nil {
			o.Code, o.Title = f.Code, f.Title
			if root := rootOf(f); root != f {
				o.Root = &Explained{root.Code, root.Title}
			}
			if state == inbox.Moving {
				o.State = inbox.HeldBy(f, t.sent())
			}
			break
		}
	}
	first, last := time.Time{}, time.Time{}
	for _, h := range t.trace.Hops {
		if h.At.IsZero() {
			continue
		}
		if first.IsZero() {
			first = h.At.Add(-time.Duration(h.TookMS) * time.Millisecond)
		}
		// A report that was in the inbox before the signal came is older than its signal.
		if done := h.State == HopDone || h.State == HopFailed; done && h.At.After(last) {
			last = h.At
		}
	}
	if last.After(first) {
		o.TookMS = last.Sub(first).Milliseconds()
	}
	t.trace.Outcome = o
}

// rootOf is the finding at the end of those that explain each other.
func rootOf(f *checks.Finding) *checks.Finding {
	for !f.Root() {
		f = f.Causes[0]
	}
	return f
}

// follow tells the whole way of what was found.
func (t *tracer) follow(ctx context.Context) {
	t.trace.Correlated = "order"
	if t.passage != nil && t.passage.Opened {
		t.trace.Correlated = "key"
	}
	if t.passage != nil && t.row == nil {
		t.row, t.rowDoubt = t.rowOf(t.passage)
	}
	t.name()
	if on := t.throughEmitter() && t.throughBuffer() && t.throughGrouping(); !on {
		return
	}
	t.throughReport(ctx)
}

// sent is when the signal was sent, or, where its emitter is not known, when the buffer received it.
func (t *tracer) sent() time.Time {
	switch {
	case t.emitter != nil:
		return t.emitter.Start
	case t.passage != nil:
		return t.passage.Event.Time
	}
	return time.Time{}
}

// name gathers all that the signal is called.
func (t *tracer) name() {
	s := &t.trace.Signal
	if t.emitter != nil {
		s.Emitter, s.SentAt = t.emitter.Workflow, t.emitter.Start
	}
	if p := t.passage; p != nil && p.Opened {
		s.Product, s.Type, s.SourceID = p.Mention.Product, p.Mention.Type, p.Mention.ID
		if report, _, err := p.Assigned(t.World.Open); err == nil {
			t.report = report
		}
	}
	if t.row != nil {
		s.Product, s.Type, s.SourceID, s.Document = t.row.Product, t.row.Type, t.row.SourceID, t.row.ID
		t.report = t.row.Report
	}
	s.Report = t.report
}
