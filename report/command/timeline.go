package command

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
	"doctor/checks/workflows"
	"doctor/report"
)

// Bounds of a time line: it is to be seen at once.
const (
	drawnLives = 8  // of one kind: the newest, and as many older ones that findings speak of
	drawnMarks = 40 // of one life
)

// timeline puts together what the checks have read of the runs and containers. Nothing is judged here: what was lost or
// failed, and when, is said by the evidence of the findings.
func timeline(d *checks.Diagnosis, findings []report.Finding) *report.Timeline {
	m := &marker{findings: findings, unsure: map[string]bool{}}
	for _, o := range d.Outcomes {
		losses, _ := o.Result.([]workflows.Loss)
		for _, loss := range losses {
			m.unsure[loss.Link.ID] = m.unsure[loss.Link.ID] || !loss.Exact()
		}
	}
	var lanes []report.Lane
	for _, o := range d.Outcomes {
		switch read := o.Result.(type) {
		case *journey.Runs:
			lanes = append(lanes, m.workflows(read)...)
		case *sandbox.Runs:
			lanes = append(lanes, m.agents(read), m.containers(read))
		}
	}
	lanes = slices.DeleteFunc(lanes, func(l report.Lane) bool { return len(l.Runs) == 0 })
	if len(lanes) == 0 {
		return nil
	}
	return &report.Timeline{Lanes: lanes}
}

// marker finds what the findings have to say of a life.
type marker struct {
	findings []report.Finding
	unsure   map[string]bool // runs of which it is not known which of their signals are lost
}

// lane keeps the newest lives, and the newest older ones with a fault, with what went on from those.
func (m *marker) lane(name string, lives []report.Life) report.Lane {
	slices.SortStableFunc(lives, func(a, b report.Life) int { return b.Start.Compare(a.Start) })
	lane, older, wanted := report.Lane{Name: name}, 0, map[string]bool{}
	for _, life := range lives {
		if at := slices.IndexFunc(life.Marks, func(mark report.Mark) bool { return mark.Code != "" }); at >= 0 {
			wanted[life.ID], wanted[life.Next] = true, true
		}
	}
	for i, life := range lives {
		switch {
		case i < drawnLives:
		case wanted[life.ID] && older < drawnLives:
			older++
		default:
			lane.More++
			continue
		}
		lane.Runs = append(lane.Runs, life)
	}
	slices.Reverse(lane.Runs)
	return lane
}

func (m *marker) workflows(runs *journey.Runs) []report.Lane {
	ledgers, next := map[string]journey.Ledger{}, map[string]string{}
	for _, link := range runs.Buffer {
		ledgers[link.ID] = link.Ledger
		if link.Next != nil {
			next[link.ID] = link.Next.ID
		}
	}
	var lanes []report.Lane
	for _, kind := range []struct{ name, workflow string }{
		{"Emitters", journey.EmitterWorkflow},
		{"Buffer runs", journey.BufferWorkflow},
		{"Grouping runs", journey.GroupingWorkflow},
		{"Report summaries", journey.SummaryWorkflow},
	} {
		var lives []report.Life
		for _, run := range runs.OfType(kind.workflow) {
			life := report.Life{
				ID: run.ID, Name: "run " + pipeline.Short(run.ID), Of: run.Workflow, Start: run.Start, End: run.Close,
				State: strings.ToLower(strings.ReplaceAll(string(run.Status), "_", " ")), Ended: ended(run.Status), Next: cmp.Or(next[run.ID], run.End().Next),
			}
			life.Marks = m.marks(run, received(run, ledgers[run.ID]))
			lives = append(lives, life)
		}
		lanes = append(lanes, m.lane(kind.name, lives))
	}
	return lanes
}

func ended(s pipeline.Status) report.EndState {
	switch s {
	case pipeline.Running:
		return report.EndOpen
	case pipeline.Completed, pipeline.ContinuedAsNew:
		return report.EndWell
	}
	return report.EndBad
}

// received is what a run has taken in and handed on. The place of a mark is its event, as in the evidence of findings.
func received(run *journey.Run, ledger journey.Ledger) map[int64]report.Mark {
	marks := map[int64]report.Mark{}
	for _, e := range run.Events {
		if e.Type == pipeline.WorkflowSignaled && (e.Signal == journey.SubmitSignal || e.Signal == journey.SubmitBatch) {
			marks[e.ID] = report.Mark{Kind: report.MarkReceived, Time: e.Time, Text: e.Signal + " received"}
		}
	}
	before := 0
	for _, drain := range ledger.Drains {
		at := slices.IndexFunc(run.Events, func(e pipeline.Event) bool { return e.ID == drain.Task })
		if at >= 0 {
			marks[drain.Task] = report.Mark{
				Kind: report.MarkTaken, Time: run.Events[at].Time,
				Text: fmt.Sprintf("a batch was taken, with %s received since the one before", checks.Count(drain.Received-before, "signal")),
			}
		}
		before = drain.Received
		if drain.HandedOver {
			marks[drain.Hand.End.ID] = report.Mark{Kind: report.MarkHanded, Time: drain.HandedAt, Text: "the batch was handed to grouping"}
		}
	}
	return marks
}

// marks adds to what a run did what the findings say of it.
func (m *marker) marks(run *journey.Run, marks map[int64]report.Mark) []report.Mark {
	var found []report.Mark
	for _, f := range m.findings {
		for _, e := range f.Evidence {
			if e.Locator.Run != run.ID || e.Time.IsZero() {
				continue
			}
			mark := markFrom(f, e)
			if taken, ok := marks[e.Locator.Event]; ok && taken.Kind == report.MarkReceived && losesReceived(f) {
				mark.Kind = m.loss(f, run.ID)
				delete(marks, e.Locator.Event)
			}
			found = append(found, mark)
		}
	}
	for _, mark := range marks {
		found = append(found, mark)
	}
	return newestMarks(found)
}

// losesReceived reports whether the signals that the finding's evidence shows coming in are lost.
func losesReceived(f report.Finding) bool { return f.Code == checks.TMP001 || f.Code == checks.TMP005 }

func (m *marker) loss(f report.Finding, run string) report.MarkKind {
	switch {
	case f.State == checks.Recovered:
		return report.MarkDelivered
	case m.unsure[run]:
		return report.MarkUnsure
	}
	return report.MarkLost
}

// markFrom is a piece of evidence as a mark. Where grouping has dropped a signal, that is the event.
func markFrom(f report.Finding, e report.Evidence) report.Mark {
	mark := report.Mark{Kind: report.MarkFault, Time: e.Time, Text: checks.Clip(e.Excerpt, 200), Code: f.Code, Finding: f.Fingerprint}
	switch {
	case !f.Failing():
		mark.Kind = report.MarkNote
	case f.Code == checks.TMP006 && slices.Contains(f.Subject, strconv.FormatInt(e.Locator.Event, 10)): // its subject is the run and these events
		mark.Kind = report.MarkDropped
	}
	return mark
}

// newestMarks puts marks in order and bounds them: those of findings stay first of all.
func newestMarks(marks []report.Mark) []report.Mark {
	slices.SortFunc(marks, func(a, b report.Mark) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text))
	})
	slices.SortStableFunc(marks, func(a, b report.Mark) int { return cmp.Compare(ordinary(a), ordinary(b)) })
	marks = marks[:min(len(marks), drawnMarks)]
	slices.SortStableFunc(marks, func(a, b report.Mark) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(onTop(a), onTop(b))) })
	return marks
}

// onTop puts the loss of a signal before the eye, where the event is also a fault.
func onTop(m report.Mark) int {
	switch m.Kind {
	case report.MarkLost, report.MarkUnsure, report.MarkDropped:
		return 1
	}
	return 0
}

func ordinary(m report.Mark) int {
	if m.Code == "" {
		return 1
	}
	return 0
}

func (m *marker) agents(runs *sandbox.Runs) report.Lane {
	var lives []report.Life
	for _, run := range runs.All {
		life := report.Life{ID: run.ID, Name: run.Name(), State: cmp.Or(strings.ReplaceAll(run.Status, "_", " "), "known from its log"), Start: run.Created, Ended: report.EndOpen}
		if run.Ended() {
			life.End, life.Ended = cmp.Or(run.Completed, run.Updated), report.EndWell
			if !run.EndedWell() {
				life.Ended = report.EndBad
			}
		}
		if run.Inactive {
			life.State += ", silent for too long"
		}
		life.Marks = m.about(func(at checks.Locator) bool { return run.Key != "" && at.Object == run.Key })
		lives = append(lives, life)
	}
	return m.lane("Agents", lives)
}

func (m *marker) containers(runs *sandbox.Runs) report.Lane {
	var lives []report.Life
	for _, run := range slices.Concat(runs.All, runs.Past) {
		box := run.Sandbox
		if box == nil || slices.ContainsFunc(lives, func(l report.Life) bool { return l.ID == box.ID }) {
			continue
		}
		life := report.Life{ID: box.ID, Name: box.Name, State: box.State, Start: box.Created, Ended: report.EndOpen}
		if !box.Running() { // Docker's list does not say since when
			life.End, life.Ended = cmp.Or(run.Completed, run.Updated), report.EndWell
		}
		life.Marks = m.about(func(at checks.Locator) bool { return at.Container == box.Name })
		lives = append(lives, life)
	}
	return m.lane("Containers", lives)
}

// about is the evidence that is to be seen at a place.
func (m *marker) about(is func(checks.Locator) bool) []report.Mark {
	var found []report.Mark
	for _, f := range m.findings {
		for _, e := range f.Evidence {
			if !e.Time.IsZero() && is(e.Locator) {
				found = append(found, markFrom(f, e))
			}
		}
	}
	return newestMarks(found)
}
