package inspect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sources"
)

// where is the place of an event.
func where(run pipeline.Run, event int64) checks.Locator {
	return checks.Locator{Workflow: run.Workflow, Run: run.ID, Event: event}
}

func (t *tracer) workflow(of string) string { return fmt.Sprintf("%s-%d", of, t.Team) }

// step is the hop of an activity: how it went, and how long it took.
func (t *tracer) step(name string, stage checks.Stage, run *journey.Run, step *journey.Step, detail string) *Hop {
	h := Hop{Name: name, Stage: stage, State: HopGoing, At: step.Scheduled.Time, Detail: detail, Where: where(run.Run, step.Scheduled.ID)}
	switch {
	case step.Well():
		h.State = HopDone
	case !step.Ended():
		h.Detail = cmp.Or(retried(run, step.Name()), detail)
	default:
		h.State = HopFailed
		if cause := step.End.Failure.Innermost(); cause != nil {
			h.Detail = strings.TrimSpace(cause.Type + " " + cause.Message)
		}
		h.Where.Event = step.End.ID
	}
	if step.Ended() {
		h.At, h.TookMS = step.End.Time, step.End.Time.Sub(step.Scheduled.Time).Milliseconds()
	}
	return t.add(h)
}

// retried is why an activity of a run is tried again; "" when it is not.
func retried(run *journey.Run, activity string) string {
	var said string
	for _, p := range run.Detail.Pending {
		if p.Activity != activity {
			continue
		}
		inner := p.LastFailure.Innermost()
		if said != "" || inner == nil {
			return "" // of several, which is the signal's own is not known
		}
		said = fmt.Sprintf("attempt %d, after %s", p.Attempt, checks.OneLine(strings.TrimSpace(inner.Type+" "+inner.Message)))
	}
	return said
}

// throughEmitter tells of the emitter; it is false when the signal came no further.
func (t *tracer) throughEmitter() bool {
	e := t.emitter
	switch {
	case e == nil && t.passage == nil && t.row == nil:
		t.add(Hop{Name: "emit command", Stage: checks.Emitter, State: HopFailed, Detail: "it started no emitter, whatever it said"})
		t.end(checks.Emitter, inbox.Stopped, "", sources.TakesNoneIn)
		return false
	case e == nil && t.passage == nil:
		t.add(Hop{Name: "emitter", Stage: checks.Emitter, State: HopUnknown, Detail: "it is not among the histories that are kept"})
		return true
	case e == nil:
		t.add(Hop{Name: "emitter", Stage: checks.Emitter, State: HopUnknown, Detail: "no emitter is known that delivered it"})
		return true
	}
	h := t.add(Hop{Name: "emitter", Stage: checks.Emitter, State: HopDone, At: e.Close, Where: where(e.Run, 0), Doubt: t.doubt})
	if !e.Close.IsZero() {
		h.TookMS = e.Close.Sub(e.Start).Milliseconds()
	}
	switch {
	case e.Open():
		h.State, h.At = HopGoing, e.Start
		if t.passage == nil {
			t.end(checks.Emitter, inbox.Moving, "", inbox.HoldsUp(e.Workflow, e.Start), inbox.HoldsUp(t.workflow(journey.BufferWorkflow), e.Start))
			return false
		}
	case e.Status != pipeline.Completed:
		h.State, h.Detail = HopFailed, strings.ToLower(strings.ReplaceAll(string(e.Status), "_", " "))
		if t.passage == nil {
			t.end(checks.Emitter, inbox.Lost, "its emitter is "+h.Detail, inbox.Of(e.Workflow))
			return false
		}
	case t.passage == nil && t.row == nil:
		t.add(Hop{Name: "buffer", Stage: checks.Buffer, State: HopUnknown, Detail: "no run of the buffer shows it"})
		t.end(checks.Buffer, inbox.Unclear, "no run of the buffer shows it")
		return false
	}
	return true
}

// throughBuffer tells of the buffer: its delivery, its batch, and what became of that.
func (t *tracer) throughBuffer() bool {
	p := t.passage
	if p == nil {
		return true
	}
	h := t.add(Hop{Name: "buffer", Stage: checks.Buffer, State: HopDone, At: p.Event.Time, Where: where(p.Link.Run.Run, p.Event.ID)})
	if f := inbox.Stopper(t.diagnosis, inbox.At(p.Link.ID, p.Event.ID)); f != nil {
		h.State = HopFailed
		t.end(checks.Buffer, inbox.Lost, "", inbox.At(p.Link.ID, p.Event.ID))
		return false
	}
	t.batch(h)
	held := inbox.HoldsUp(p.At.Workflow, p.Event.Time)
	switch p.Place {
	case journey.Left:
		t.end(checks.Buffer, inbox.Unclear, "the run that it was to be carried to is not there")
	case journey.Waiting:
		h.State = HopGoing
		t.end(checks.Buffer, inbox.Moving, "it waits for the next batch", held)
	case journey.InHand:
		h.State = HopFailed
		t.end(checks.Buffer, inbox.Lost, "the buffer ended with it in hand", func(f *checks.Finding) bool { return slices.Contains(f.Subject, p.At.ID) })
	case journey.Taken, journey.Dropped, journey.HandedOver:
		return t.throughBatch(held)
	}
	return false
}

// batch says which place in which batch the signal has.
func (t *tracer) batch(h *Hop) {
	p := t.passage
	var said []string
	if p.Drain != nil && p.Drain.Filters > 0 {
		place := fmt.Sprintf("in a batch of %d", p.Drain.Filters)
		switch {
		case p.Drain.Filters == 1:
			place = "alone in its batch"
		case p.Number > 0:
			place = fmt.Sprintf("%s of the %d in its batch", ordinal(p.Number), p.Drain.Filters)
		}
		said = append(said, place)
	}
	if p.At.ID != p.Link.ID {
		said = append(said, "carried on to run "+pipeline.Short(p.At.ID))
	}
	h.Detail = strings.Join(said, ", ")
}

func ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// throughBatch tells of the safety filter and of the batch.
func (t *tracer) throughBatch(held inbox.Explains) bool {
	p := t.passage
	switch {
	case p.Filter != nil:
		h := t.step("safety filter", checks.Batch, p.At.Run, p.Filter, "")
		if p.Unsafe {
			h.State, h.Detail = HopFailed, "judged unsafe, and dropped"
			t.end(checks.Batch, inbox.Lost, "the safety filter judged it unsafe; the worker's log says why (Safety filter dropped signal)", inbox.At(p.At.ID, p.Filter.Scheduled.ID))
			return false
		}
	case p.Drain.Filters == 0 && p.Place == journey.Dropped:
		t.add(Hop{Name: "quota", Stage: checks.Batch, State: HopFailed, Detail: "its batch was over the quota", Where: where(p.At.Run.Run, 0)})
	default:
		t.add(Hop{Name: "safety filter", Stage: checks.Batch, State: HopUnknown, Detail: "which of its batch's filters was its own is not known", Where: where(p.At.Run.Run, 0)})
	}
	switch p.Place {
	case journey.Dropped:
		t.end(checks.Buffer, inbox.Lost, "its batch was dropped: judged unsafe, or over the quota", inbox.At(p.Link.ID, p.Event.ID))
		return false
	case journey.Taken:
		t.end(checks.Batch, inbox.Moving, "its batch is being made", held)
		return false
	}
	h := t.step("batch", checks.Batch, p.At.Run, &p.Drain.Hand, p.Key)
	if p.Key == "" {
		h.Detail = "written, and handed to grouping"
	}
	return true
}

// throughGrouping tells of what grouping did with the signal.
func (t *tracer) throughGrouping() bool {
	p := t.passage
	if p == nil {
		return t.inClickHouse()
	}
	grouping := t.workflow(journey.GroupingWorkflow)
	held, dropped := inbox.HoldsUp(grouping, p.Handed), inbox.Dropped(grouping, p.Handed)
	if p.Round == nil {
		if t.row != nil {
			return t.inClickHouse()
		}
		h := t.add(Hop{Name: "grouping", Stage: checks.Grouping, State: HopGoing, At: p.Handed, Detail: "it has not read the batch", Doubt: p.Doubt})
		if p.Grouping != nil {
			h.Where = where(p.Grouping.Run, 0)
		}
		state := inbox.Moving
		if p.Doubt != "" {
			h.State, state = HopUnknown, inbox.Unclear
		}
		t.end(checks.Grouping, state, "", dropped, held)
		return false
	}
	detail := ""
	if p.Rounds > 1 {
		detail = fmt.Sprintf("read %d times", p.Rounds)
	}
	h := t.step("grouping", checks.Grouping, p.Grouping, p.Read, detail)
	h.Doubt = p.Doubt
	if !p.Read.Well() {
		state := inbox.Moving
		if p.Read.Ended() { // grouping fails as a whole, and loses what it has in hand
			state = inbox.Lost
		}
		t.end(checks.Grouping, state, "", inbox.At(p.Grouping.ID, p.Read.End.ID), held)
		return false
	}
	if failed := p.Round.Failed; failed != nil {
		t.step("preparation", checks.Grouping, p.Grouping, &journey.Step{Scheduled: failed.Scheduled, End: failed.Event}, "")
		if p.Doubt != "" {
			t.end(checks.Grouping, inbox.Unclear, "whether its batch was tried again is not known", dropped, held)
			return false
		}
		t.end(checks.Grouping, inbox.Moving, "", dropped, held)
		if t.trace.Outcome.Code == checks.TMP006 {
			t.trace.Outcome.State = inbox.Lost
		}
		return false
	}
	return t.throughMatch(held)
}

// throughMatch tells of the signal's own steps in grouping.
func (t *tracer) throughMatch(held inbox.Explains) bool {
	p := t.passage
	if p.Queries != nil {
		t.step("embedding", checks.Grouping, p.Grouping, p.Queries, "")
	}
	if p.Index < 0 && t.row == nil {
		t.end(checks.Grouping, inbox.Unclear, "which of the signals that grouping read is this one is not known", held)
		return false
	}
	for _, step := range p.Matching {
		switch step.Name() {
		case journey.MatchActivity:
			t.step("match", checks.Grouping, p.Grouping, step, t.matched()).Why = t.reasonOf(step)
		case journey.AssignActivity:
			t.step("assigned", checks.Grouping, p.Grouping, step, t.assigned())
		default:
			if !step.Well() {
				t.step(strings.TrimSuffix(step.Name(), "_activity"), checks.Grouping, p.Grouping, step, "")
			}
		}
		if step.Ended() && !step.Well() {
			t.end(checks.Grouping, inbox.Lost, "grouping went on without it", inbox.At(p.Grouping.ID, step.End.ID), inbox.Dropped(p.Grouping.Workflow, p.Handed))
			return false
		}
	}
	if assign := p.Step(journey.AssignActivity); t.row == nil && (assign == nil || !assign.Well()) {
		t.underWay(p.Grouping)
		t.end(checks.Grouping, inbox.Moving, "", held)
		return false
	}
	return t.inClickHouse()
}

// underWay tells of what a grouping run does just now for all that it has read, where no hop of the signal's own does.
func (t *tracer) underWay(run *journey.Run) {
	if t.going(checks.Grouping) || !run.Open() {
		return
	}
	for _, step := range journey.Steps(run.Events) {
		if !step.Ended() {
			t.step(strings.TrimSuffix(step.Name(), "_activity"), checks.Grouping, run, step, "")
			return
		}
	}
}

// matched is what the signal was matched with.
func (t *tracer) matched() string {
	p := t.passage
	switch {
	case p.Step("fetch_signals_for_report_activity") != nil || p.Step("verify_match_specificity_activity") != nil:
		return "a report that there was"
	case p.Step(journey.AssignActivity) != nil:
		return "a new report"
	}
	return ""
}

// reasonOf is why the model matched as it did (match_metadata.reason, products/signals/backend/signal_metadata.py). A capture has
// no more of it than its length.
func (t *tracer) reasonOf(step *journey.Step) string {
	if len(step.End.Result) == 0 {
		return ""
	}
	var said struct {
		Metadata struct{ Reason string } `json:"match_metadata"`
	}
	content, ok := t.World.Open(step.End.Result[0])
	if !ok || json.Unmarshal(content, &said) != nil || pipeline.Withheld(said.Metadata.Reason) {
		return ""
	}
	const shown = 200
	return checks.Clip(checks.OneLine(said.Metadata.Reason), shown)
}

func (t *tracer) assigned() string {
	if t.report == "" {
		return ""
	}
	return "to report " + pipeline.Short(t.report)
}

// waits is the step of a grouping run that waits for the rows of its signals; nil when it has none.
func waits(run *journey.Run) *journey.Step {
	for _, step := range journey.Steps(run.Events) {
		if step.Name() == journey.WaitActivity {
			return step
		}
	}
	return nil
}

// inClickHouse tells of the signal's row.
func (t *tracer) inClickHouse() bool {
	switch {
	case t.row != nil:
		h := t.add(Hop{Name: "row", Stage: checks.Embeddings, State: HopDone, At: t.row.Inserted, Doubt: t.rowDoubt, Detail: "document " + pipeline.Short(t.row.ID)})
		if t.row.Deleted {
			h.Detail += ", deleted since"
		}
		return true
	case t.rowsErr != nil:
		t.trace.miss(t.rowsErr)
		t.add(Hop{Name: "row", Stage: checks.Embeddings, State: HopUnknown, Detail: "ClickHouse could not be asked"})
		if t.report == "" {
			t.end(checks.Embeddings, inbox.Unclear, "whether its row is in ClickHouse is not known")
		}
		return t.report != ""
	}
	h := t.add(Hop{Name: "row", Stage: checks.Embeddings, State: HopGoing, Detail: "there is none in ClickHouse"})
	if step := waits(t.passage.Grouping); step != nil {
		h.At, h.Where = step.Scheduled.Time, where(t.passage.Grouping.Run, step.Scheduled.ID)
	}
	if t.report != "" {
		return true
	}
	t.end(checks.Embeddings, inbox.Moving, "its row is not in ClickHouse yet", inbox.HoldsUp(t.workflow(journey.GroupingWorkflow), t.passage.Handed))
	return false
}
