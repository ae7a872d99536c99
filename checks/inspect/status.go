package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Status is how a team's pipeline stands: what is at work, and what has arrived.
type Status struct {
	Head
	State     StatusState    `json:"state" jsonschema:"settled: nothing is at work; stopped: a signal was lost, or something is held up; unknown: not all could be seen"`
	Since     time.Time      `json:"since" jsonschema:"from when on signals count as arrived, and losses stop"`
	Waited    *Waited        `json:"waited,omitempty" jsonschema:"of --wait"`
	Emitters  int            `json:"emitters" jsonschema:"that have not handed their signal to the buffer"`
	Buffer    Perpetual      `json:"buffer"`
	Grouping  Perpetual      `json:"grouping"`
	Summaries []SummaryAt    `json:"summaries" jsonschema:"that are running"`
	Signals   *SignalsStored `json:"signals,omitempty" jsonschema:"in ClickHouse; absent where that could not be seen"`
	Reports   []StatusCount  `json:"reports" jsonschema:"by status, in the order of a report's life"`
	Newest    *NewestSignal  `json:"newest_signal,omitempty" jsonschema:"absent where none was sent in the time that is looked at"`
	Stops     []Stop         `json:"stops" jsonschema:"what has been lost or is held up"`
}

// StatusState is the whole in a word.
type StatusState string

// The states.
const (
	Settled    StatusState = "settled"
	AtWork     StatusState = "at work"
	HeldUp     StatusState = "stopped"
	NotAllSeen StatusState = "unknown"
)

// Perpetual is a workflow that never completes: it continues as new, or rests until it times out.
type Perpetual struct {
	Workflow    string     `json:"workflow"`
	Run         string     `json:"run" jsonschema:"the newest; empty where there is none"`
	Status      string     `json:"status" jsonschema:"of that run, as Temporal calls it; NOT_FOUND where there is none in the time that is looked at; empty where that could not be seen"`
	Started     *time.Time `json:"started,omitempty"`
	Closed      *time.Time `json:"closed,omitempty"`
	Signals     int        `json:"signals" jsonschema:"that the buffer is known to hold"`
	Busy        bool       `json:"busy" jsonschema:"it has, or may have, something in hand"`
	Activity    string     `json:"activity" jsonschema:"that it waits for; empty where it waits for none"`
	PausedUntil *time.Time `json:"paused_until,omitempty" jsonschema:"of grouping: it touches no batch until then"`
}

// SummaryAt is a summary that runs.
type SummaryAt struct {
	Report   string    `json:"report"`
	Workflow string    `json:"workflow"`
	Run      string    `json:"run"`
	Started  time.Time `json:"started"`
	Activity string    `json:"activity" jsonschema:"that it waits for; empty where it waits for none"`
}

// SignalsStored are the signals in the table that new ones are matched against. Of each only the newest version counts.
type SignalsStored struct {
	Table   string     `json:"table"`
	Live    int        `json:"live" jsonschema:"of reports that exist"`
	Stale   int        `json:"stale" jsonschema:"of reports that do not exist: they have not arrived anywhere"`
	Arrived int        `json:"arrived" jsonschema:"of the live ones: given to their report since then"`
	Newest  *time.Time `json:"newest,omitempty" jsonschema:"when the newest live one was given to its report"`
}

// NewestSignal is where the newest signal is.
type NewestSignal struct {
	SentAt time.Time    `json:"sent_at"`
	Stage  checks.Stage `json:"stage" jsonschema:"the last one that it is known to have reached"`
	State  inbox.State  `json:"state"`
	Note   string       `json:"note"`
	Code   string       `json:"code" jsonschema:"of what stopped it; empty where there is none"`
}

// Stop is something that keeps a signal from arriving.
type Stop struct {
	Code  string    `json:"code" jsonschema:"empty where there is no code for it"`
	Title string    `json:"title"`
	Lost  bool      `json:"lost" jsonschema:"waiting does not help"`
	Time  time.Time `json:"time"`
}

// Waited is how it was waited.
type Waited struct {
	Expected int   `json:"expected" jsonschema:"how many signals were to arrive"`
	MS       int64 `json:"waited_ms"`
	Looks    int   `json:"looks"`
	TimedOut bool  `json:"timed_out"`
}

// ExitCode is 1 where a signal was stopped, or it was waited in vain.
func (s *Status) ExitCode() int {
	switch {
	case s.State == HeldUp, s.Waited != nil && s.Waited.TimedOut:
		return Stopped
	}
	return s.Head.ExitCode()
}

// LookAtStatus looks once. Signals count as arrived since the time that is looked at. It fails where nothing can be seen.
func LookAtStatus(ctx context.Context, l *Look) (*Status, error) {
	return lookAtStatus(ctx, l, l.Since.Truncate(time.Second), nil) // as a [checks.Pass] has it
}

func lookAtStatus(ctx context.Context, l *Look, from time.Time, awaited *Awaited) (*Status, error) {
	d := l.diagnose(ctx, inbox.Newest, embeddings.Stale)
	s := &Status{
		Head: l.head(), Since: from, Summaries: []SummaryAt{}, Stops: []Stop{},
		Buffer:   Perpetual{Workflow: fmt.Sprintf("%s-%d", journey.BufferWorkflow, l.Team)},
		Grouping: Perpetual{Workflow: fmt.Sprintf("%s-%d", journey.GroupingWorkflow, l.Team)},
	}
	runs, noRuns := resultOf[*journey.Runs](d, journey.Histories)
	s.miss(noRuns)
	var noSignals error
	s.Signals, noSignals = l.stored(ctx, d, from, &s.Head)
	s.miss(noSignals)
	reports, noReports := l.World.Postgres.Reports(ctx, l.Team)
	s.miss(noReports)
	s.Reports = countStatuses(reports.Counts)
	if noRuns != nil && noSignals != nil && noReports != nil {
		return nil, errors.New(strings.Join(s.Missed, "; "))
	}
	if runs != nil {
		s.gaps(d, journey.Histories)
		l.workflows(s, runs)
		l.stops(s, d, from)
		if awaited != nil {
			s.dropped(runs, from)
		}
	}
	s.judge(awaited)
	return s, nil
}

// workflows says what runs.
func (l *Look) workflows(s *Status, runs *journey.Runs) {
	for _, run := range runs.OfType(journey.EmitterWorkflow) {
		if run.Open() {
			s.Emitters++
		}
	}
	held := runs.Buffer.Held()
	if buffers := runs.OfType(journey.BufferWorkflow); len(buffers) > 0 {
		s.Buffer.show(buffers[0], held)
	} else {
		s.Buffer.Status = notFound
	}
	grouping, inHand := runs.Grouping(l.World.Open)
	if grouping != nil {
		s.Grouping.show(grouping, inHand)
		if until, ok := grouping.PausedUntil(l.World.Open); ok && until.After(l.World.Now) && grouping.Open() {
			s.Grouping.PausedUntil = &until
		}
	} else {
		s.Grouping.Status = notFound
	}
	for _, run := range runs.OfType(journey.SummaryWorkflow) {
		if run.Open() {
			report := strings.TrimPrefix(run.Workflow, journey.SummaryID(l.Team, ""))
			report, _, _ = strings.Cut(report, ":")
			s.Summaries = append(s.Summaries, SummaryAt{report, run.Workflow, run.ID, run.Start, pending(run)})
		}
	}
}

// notFound is what the pipeline's own command calls a workflow that has no run.
const notFound = "NOT_FOUND"

func (p *Perpetual) show(run *journey.Run, held journey.Held) {
	p.Run, p.Status, p.Started, p.Closed = run.ID, string(run.Status), known(run.Start), known(run.Close)
	p.Signals, p.Busy, p.Activity = held.Signals, !held.Nothing(), pending(run)
}

// pending is the activity that an open run waits for.
func pending(run *journey.Run) string {
	if !run.Open() || len(run.Detail.Pending) == 0 {
		return ""
	}
	return run.Detail.Pending[0].Activity
}

// stored counts the signals in ClickHouse. Those of reports that do not exist have not arrived anywhere, however new.
func (l *Look) stored(ctx context.Context, d *checks.Diagnosis, from time.Time, head *Head) (*SignalsStored, error) {
	table, err := l.searched(d)
	if err != nil {
		return nil, err
	}
	signals, err := l.World.ClickHouse.LiveSignals(ctx, table, l.Team, from)
	if err != nil {
		return nil, err
	}
	stored := &SignalsStored{Table: table.String()}
	stale := map[string]bool{}
	if len(signals.Reports) > 0 {
		staleness, err := resultOf[*embeddings.Staleness](d, embeddings.Stale)
		head.miss(err)
		head.gaps(d, embeddings.Stale)
		if staleness != nil && staleness.Certain {
			for _, t := range staleness.Tables {
				for _, r := range t.Reports {
					stale[r.Report] = true
				}
			}
		}
	}
	var newest time.Time
	for _, r := range signals.Reports {
		if stale[r.Report] {
			stored.Stale += r.Documents
			continue
		}
		stored.Live += r.Documents
		stored.Arrived += r.Recent
		if r.Newest.After(newest) {
			newest = r.Newest
		}
	}
	stored.Newest = known(newest)
	return stored, nil
}

// lossCodes are the codes of signals that are lost: they come by themselves no more.
var lossCodes = []checks.Code{checks.TMP001, checks.TMP005, checks.TMP006}

// stops says what was lost since an instant, where the newest signal is, and what is held up.
func (l *Look) stops(s *Status, d *checks.Diagnosis, from time.Time) {
	for _, f := range d.Findings() {
		at, lost := lastSeen(f), slices.Contains(lossCodes, f.Code)
		if f.Failing() && (lost && !at.Before(from) || f.Check == inbox.Reports) {
			s.Stops = append(s.Stops, Stop{string(f.Code), f.Title, lost, at})
		}
	}
	position, err := resultOf[*inbox.Position](d, inbox.Newest)
	if position == nil {
		if !passed(d, inbox.Newest) {
			s.miss(err)
		}
		return
	}
	s.gaps(d, inbox.Newest)
	s.Newest = &NewestSignal{SentAt: position.SentAt, Stage: position.Stage, State: position.State, Note: position.Note}
	if f := position.Finding; f != nil {
		s.Newest.Code = string(f.Code)
		if s.Newest.Note == "" {
			s.Newest.Note = f.Title
		}
	}
	told := slices.ContainsFunc(s.Stops, func(stop Stop) bool { return stop.Code == s.Newest.Code })
	if held := position.State == inbox.Stopped || position.State == inbox.Lost; held && !told && !position.SentAt.Before(from) {
		// That a row points at a report that is not there may be about an older signal's row.
		lost := position.State == inbox.Lost && position.Stage != checks.Report
		s.Stops = append(s.Stops, Stop{s.Newest.Code, s.Newest.Note, lost, position.SentAt})
	}
}

// lastSeen is the time of a finding's newest evidence.
func lastSeen(f *checks.Finding) (at time.Time) {
	for _, e := range f.Evidence {
		if e.Time.After(at) {
			at = e.Time
		}
	}
	return at
}

func passed(d *checks.Diagnosis, c *checks.Check) bool {
	return slices.ContainsFunc(d.Outcomes, func(o *checks.Outcome) bool { return o.Check == c && o.Status == checks.Passed })
}

// dropped adds the batches that the buffer dropped since an instant. It does so by design: only who waits for a signal of
// theirs is told.
func (s *Status) dropped(runs *journey.Runs, from time.Time) {
	for _, batch := range runs.Buffer.DroppedBatches() {
		if !batch.Time.Before(from) && !slices.ContainsFunc(s.Stops, func(stop Stop) bool { return stop.Code == "" }) {
			s.Stops = append(s.Stops, Stop{"", "the buffer dropped " + batch.String(), true, batch.Time})
		}
	}
}

// judge says it in a word. Who waits for signals is not stopped by what is held up: somebody may mend it.
func (s *Status) judge(awaited *Awaited) {
	working := s.Emitters > 0 || s.Buffer.Busy || s.Grouping.Busy || len(s.Summaries) > 0 ||
		slices.ContainsFunc(s.Reports, func(c StatusCount) bool {
			return c.Reports > 0 && (c.Status == pipeline.ReportCandidate || c.Status == pipeline.ReportInProgress)
		})
	lost := slices.ContainsFunc(s.Stops, func(stop Stop) bool { return stop.Lost })
	switch {
	case lost, awaited == nil && len(s.Stops) > 0:
		s.State = HeldUp
	case len(s.Missed) > 0:
		s.State = NotAllSeen
	case working, awaited != nil && s.Signals.Arrived < awaited.Signals:
		s.State = AtWork
	default:
		s.State = Settled
	}
}
