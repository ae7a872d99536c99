package journey

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"doctor/checks/pipeline"
)

// MatchActivity is the first step for one signal after the preparation of its batch
// (products/signals/backend/temporal/grouping_v2.py).
const MatchActivity = "match_signal_to_report_activity"

// mostRounds is how many runs of grouping are read after a batch, at most: it is tried again in each that could not
// prepare it.
const mostRounds = 30

// sorter follows a batch through the runs of grouping, and a signal through the one that matched it.
type sorter struct {
	*Passage
	runs  *Runs
	world *pipeline.World
}

func (s *sorter) sort(ctx context.Context) error {
	if content, ok := Content(s.Drain.Hand.Scheduled, s.world.Open); ok {
		var input struct {
			Key string `json:"object_key"`
		}
		_ = json.Unmarshal(content, &input)
		s.Key = input.Key
	}
	later := s.after()
	var err error
	if s.Key != "" {
		err = s.byKey(ctx, later)
	} else {
		err = s.byOrder(ctx, later)
	}
	if err != nil || s.Round == nil || s.Round.Failed != nil || !s.Read.Well() {
		return err
	}
	s.find()
	return nil
}

// after are the runs of grouping that can have been told of the batch, oldest first.
func (s *sorter) after() []*Run {
	var later []*Run
	for _, run := range slices.Backward(s.runs.OfType(GroupingWorkflow)) {
		if run.Open() || !run.Close.Before(s.Drain.Hand.Scheduled.Time) {
			later = append(later, run)
		}
	}
	return later[:min(len(later), mostRounds)]
}

// whole is a run with all of its history.
func (s *sorter) whole(ctx context.Context, run *Run) (*Run, error) {
	if !run.Tail && run.Err == nil && len(run.Events) > 0 {
		return run, nil
	}
	full := *run
	full.readAll(ctx, s.world)
	return &full, full.Err
}

// byKey looks for the readings of the batch by its name.
func (s *sorter) byKey(ctx context.Context, later []*Run) error {
	for _, run := range later {
		whole, err := s.whole(ctx, run)
		if pipeline.KindOf(err) == pipeline.Missing {
			continue
		}
		if err != nil {
			return err
		}
		for _, step := range Steps(whole.Events) {
			content, _ := Content(step.Scheduled, s.world.Open)
			if step.Name() == ReadBatchActivity && strings.Contains(string(content), s.Key) {
				s.read(whole, step)
				s.Rounds++
			}
		}
		if s.Round != nil && s.Round.Failed == nil {
			return nil
		}
	}
	return nil
}

func (s *sorter) read(run *Run, step *Step) {
	round := KeepRound(run.Events, s.world.Open)
	s.Grouping, s.Read, s.Round = run, step, &round
}

// byOrder counts: grouping reads what it was handed by the run before, and then what it was told of, in that order.
func (s *sorter) byOrder(ctx context.Context, later []*Run) error {
	place := -1 // of the batch among those that a run has to read
	var before Round
	given := -1 // how many batches the run was handed; below 0 that is not known
	for _, run := range later {
		whole, err := s.whole(ctx, run)
		if err != nil {
			return err
		}
		round := KeepRound(whole.Events, s.world.Open)
		handed := given
		if given, err = s.given(ctx, whole, &round); err != nil {
			return err
		}
		switch {
		case place < 0:
			told := s.toldAt(whole)
			if told < 0 {
				continue
			}
			if given < 0 {
				s.Doubt = "how many batches grouping had in hand when it was told of this one"
				return nil
			}
			place = given + told
		case before.Failed != nil:
			again, sure := before.tried(handed, given)
			if !sure {
				s.Doubt = "which batches of a failed round were tried again"
			}
			if !again || !sure {
				return nil
			}
		}
		before, s.Grouping = round, whole
		if round.paused {
			s.Doubt = "grouping was paused, and read its batches anew"
			return nil
		}
		if place >= len(round.Batches) { // carried on
			if place -= len(round.Batches); round.Failed != nil {
				place += len(round.Batches) // behind those that are tried again
			}
			continue
		}
		reading := round.Batches[place]
		steps := Steps(whole.Events)
		at := slices.IndexFunc(steps, func(step *Step) bool { return step.Scheduled.ID == reading.ID })
		s.read(whole, steps[at])
		s.Rounds++
		if round.Failed == nil {
			return nil
		}
	}
	return nil
}

// given is how many batches a run was handed by the run before: as its own events tell, else as that one's do, unless that
// failed, for then some may have been dropped. Below 0 it is not known.
func (s *sorter) given(ctx context.Context, run *Run, round *Round) (int, error) {
	least, most := round.Given()
	if least == most {
		return least, nil
	}
	at := slices.IndexFunc(s.runs.All, func(r *Run) bool { return r.ID == run.started().Previous })
	if at < 0 {
		return -1, nil
	}
	previous, err := s.whole(ctx, s.runs.All[at])
	if err != nil {
		return -1, err
	}
	before := KeepRound(previous.Events, s.world.Open)
	if before.Failed != nil {
		return -1, nil
	}
	carried, err := s.given(ctx, previous, &before)
	owed, ok := before.Owed(carried)
	if err != nil || !ok || owed < least || owed > most {
		return -1, err
	}
	return owed, nil
}

// tried reports whether the batches of a failed round were tried again, and whether that is sure: all or none of them. It is
// told by how many the next run was given, and how many this one was.
func (r *Round) tried(carried, given int) (again, sure bool) {
	owed, ok := r.Owed(carried)
	if !ok || given < 0 {
		return false, false
	}
	missing := owed - given
	return missing <= 0, missing <= 0 || missing >= len(r.Batches)
}

// toldAt finds, among the batches that a run was told of, the one that the buffer told of while it handed this one over; -1
// when there is none. There is one buffer, and it hands over one batch at a time.
func (s *sorter) toldAt(run *Run) int {
	n := 0
	for _, e := range run.Events {
		if e.Type != pipeline.WorkflowSignaled || e.Signal != SubmitBatch {
			continue
		}
		hand := s.Drain.Hand
		if !e.Time.Before(hand.Scheduled.Time) && !e.Time.After(hand.End.Time) {
			return n
		}
		n++
	}
	return -1
}

// find finds the signal among those of the round, and what was done for it.
func (s *sorter) find() {
	steps := Steps(s.Grouping.Events)
	var queries, matches []int
	for i, step := range steps {
		switch step.Name() {
		case QueriesActivity:
			queries = append(queries, i)
		case MatchActivity:
			matches = append(matches, i)
		}
	}
	if s.Index = s.byMention(steps, queries); s.Index < 0 {
		s.Index = s.byCount(len(queries))
	}
	if s.Index < 0 {
		s.Doubt = "its place among the signals that grouping read together"
		return
	}
	if s.Index < len(queries) {
		s.Queries = steps[queries[s.Index]]
	}
	if s.Index >= len(matches) {
		return
	}
	end := len(steps)
	if s.Index+1 < len(matches) {
		end = matches[s.Index+1]
	}
	for _, step := range steps[matches[s.Index]:end] {
		if slices.Contains(perSignal, step.Name()) {
			s.Matching = append(s.Matching, step)
		}
	}
}

// byMention finds the signal by what the queries were asked for; -1 where no key opens that, or several are about the same.
func (s *sorter) byMention(steps []*Step, queries []int) int {
	found := -1
	for n, at := range queries {
		mention, ok := Mentioned(steps[at].Scheduled, s.world.Open)
		if !ok || !mention.Same(s.Mention) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = n
	}
	return found
}

// byCount adds up the batches that were read before this one in the round. What was handed over in a row is read in a row.
func (s *sorter) byCount(signals int) int {
	reads := slices.IndexFunc(s.Round.Batches, func(e pipeline.Event) bool { return e.ID == s.Read.Scheduled.ID })
	handed, mine := s.handed()
	first := mine - reads
	if reads < 0 || first < 0 || first+len(s.Round.Batches) > len(handed) {
		return -1
	}
	index, total := 0, 0
	for i, h := range handed[first : first+len(s.Round.Batches)] {
		all, before, known := h.kept(s.world.Open)
		if !known {
			all, before = h.Drain.Filters, s.Number-1
		}
		if first+i == mine {
			index = total + before
		}
		total += all
	}
	if s.Number == 0 || total != signals {
		return -1
	}
	return index
}

// handed are the batches that the buffer has handed over, in order, and the place of the signal's own among them.
func (s *sorter) handed() (all []*Passage, mine int) {
	for _, link := range s.runs.Buffer {
		for i := range link.Ledger.Drains {
			drain := &link.Ledger.Drains[i]
			if !drain.HandedOver {
				continue
			}
			h := &Passage{Delivery: Delivery{At: link, Drain: drain}, Number: 1}
			if link == s.At && drain.Task == s.Drain.Task {
				mine, h.Number = len(all), s.Number
			}
			all = append(all, h)
		}
	}
	return all, mine
}

// Assigned is the report that grouping has given the signal to, where a key opens that (AssignAndEmitSignalOutput,
// products/signals/backend/temporal/grouping.py).
func (s *Sorting) Assigned(open func(pipeline.Payload) ([]byte, bool)) (report string, promoted bool, err error) {
	assign := s.Step(AssignActivity)
	if assign == nil || !assign.Well() || len(assign.End.Result) == 0 {
		return "", false, errors.New("it was not assigned")
	}
	content, ok := open(assign.End.Result[0])
	var said struct {
		ReportID string `json:"report_id"`
		Promoted bool   `json:"promoted"`
	}
	if !ok || json.Unmarshal(content, &said) != nil || said.ReportID == "" {
		return "", false, errors.New("no key opens what it was assigned to")
	}
	return said.ReportID, said.Promoted, nil
}

// Step is the signal's own step of a name; nil when it has none.
func (s *Sorting) Step(name string) *Step {
	for _, step := range s.Matching {
		if step.Name() == name {
			return step
		}
	}
	return nil
}
