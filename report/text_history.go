package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// HistoryText writes what a run did for a terminal, or what came of the runs of a chain.
func HistoryText(w io.Writer, d *inspect.History, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		t := historyText{l, d}
		switch {
		case d.Chain != nil:
			t.chain(d.Chain)
		case len(d.Events) > 0:
			t.head()
			t.events()
		default:
			t.head()
			t.steps(o.Verbose)
		}
	})
}

type historyText struct {
	*layout
	document *inspect.History
}

// head says which run it is, and how it stands.
func (t historyText) head() {
	run := t.document.Run
	name := []word{{text: Line(run.WorkflowID), style: t.bold, whole: true}}
	if run.Type != "" && !strings.HasPrefix(run.WorkflowID, run.Type) {
		name = append(name, words(t.dim, run.Type)...)
	}
	t.row(margin{}, indent(2), name)
	state := status(run.Status)
	line := append(words(nil, "run "+pipeline.Short(run.RunID)+", "+clock(run.Started, t.document.LookedAt)+":"),
		phrase(t.tone(state.Tone), state.Text))
	if run.Closed == nil {
		line = append(line, words(nil, "for "+took(run, t.document.LookedAt))...)
	} else {
		line = append(line, words(nil, "after "+took(run, t.document.LookedAt))...)
	}
	t.row(margin{}, indent(2), line)
	if parent := t.document.Parent; parent != nil {
		t.row(margin{}, indent(2), words(t.dim, "child of "+parent.WorkflowID+" run "+pipeline.Short(parent.RunID)))
	}
	if previous := t.document.Previous; previous != "" {
		t.row(margin{}, indent(2), words(t.dim, "goes on from run "+pipeline.Short(previous)))
	}
	t.WriteByte('\n')
}

// events are the events as they are.
func (t historyText) events() {
	table := Table{Columns: []string{"event", "time", "type", "detail"}}
	for _, e := range t.document.Events {
		tone := Plain
		if strings.HasPrefix(e.Detail, "FAILED: ") {
			tone = Bad
		}
		table.Records = append(table.Records, Record{Cells: []Cell{
			{fmt.Sprint(e.ID), Dim}, {clock(e.Time, t.document.LookedAt), Plain}, {e.Type, Plain}, {e.Detail, tone},
		}})
	}
	table.write(t.layout)
}

// steps is what the run did, a line each. Like ones that follow each other are one line, unless all are wanted.
func (t historyText) steps(all bool) {
	table := Table{Columns: []string{"time", "event", "took", "step", "outcome"}}
	steps := t.document.Steps
	for len(steps) > 0 {
		n := 1
		for !all && n < len(steps) && alike(steps[0], steps[n]) {
			n++
		}
		const few = 3
		if n <= few {
			n = 1
		}
		table.Records = append(table.Records, t.step(steps[:n]))
		steps = steps[n:]
	}
	if len(table.Records) == 0 {
		t.none("It has done nothing yet.")
	} else {
		table.write(t.layout)
	}
	for _, p := range t.document.Run.Pending {
		if text, tone := pending(p, t.document.LookedAt); p.Activity == "" && tone == Bad {
			t.row(margin{}, indent(2), words(t.red, text))
		}
	}
}

// alike reports whether two steps would be told in the same words.
func alike(a, b inspect.Step) bool {
	return a.Kind == b.Kind && a.Name == b.Name && a.State == b.State && a.Attempts == b.Attempts && a.Error == nil && b.Error == nil && a.Kind != inspect.ChildStep
}

// step is a step, or several that are alike.
func (t historyText) step(like []inspect.Step) Record {
	one, last := like[0], like[len(like)-1]
	events, name := fmt.Sprint(one.Event), stepName(one)
	if len(like) > 1 {
		events, name = fmt.Sprintf("%d…%d", one.Event, last.Event), fmt.Sprintf("%s ×%d", name, len(like))
	}
	lasted := ""
	var end time.Time
	for _, s := range like {
		if s.Ended != nil && s.Ended.After(end) {
			end = *s.Ended
		}
	}
	if !end.IsZero() {
		lasted = lasting(end.Sub(one.Time))
	}
	return Record{Cells: []Cell{
		{clock(one.Time, t.document.LookedAt), Plain}, {events, Dim}, {lasted, Plain}, {name, Strong}, outcome(one),
	}}
}

func stepName(s inspect.Step) string {
	switch s.Kind {
	case inspect.SignalStep:
		return "signal " + s.Name
	case inspect.TimerStep:
		if s.Seconds == 0 {
			return "timer"
		}
		return "timer " + lasting(time.Duration(s.Seconds*float64(time.Second)))
	case inspect.ChildStep:
		return "child " + s.Name
	case inspect.TaskStep:
		return "workflow task"
	case inspect.EndStep:
		return "end"
	case inspect.EventStep:
		return strings.ReplaceAll(s.Name, "_", " ")
	}
	return s.Name
}

// outcome says what came of a step.
func outcome(s inspect.Step) Cell {
	text, tone := strings.ReplaceAll(s.State, "_", " "), Plain
	switch s.State {
	case "completed", "continued_as_new":
		tone = Good
	case "failed", "timed_out":
		tone = Bad
	case "canceled", "terminated", "unfinished":
		tone = Odd
	case "received", "fired":
		tone = Dim
	case "scheduled":
		text, tone = "waits for a worker", Odd
	}
	switch {
	case s.State == "scheduled" && s.Attempts > 1:
		text = fmt.Sprintf("waits for attempt %d", s.Attempts)
	case s.Attempts > 1:
		text += fmt.Sprintf(" at attempt %d", s.Attempts)
		if tone == Good {
			tone = Odd
		}
	}
	if s.Run != nil && s.Run.RunID != "" {
		text += ": run " + pipeline.Short(s.Run.RunID)
	}
	switch {
	case s.Error == nil:
	case s.State == "completed":
		text += ", after " + said(s.Error)
	default:
		text += ": " + said(s.Error)
		if s.State != "terminated" {
			tone = Bad
		}
	}
	return Cell{text, tone}
}

// chain is the runs of a workflow, a line each, and when it went wrong.
func (t historyText) chain(c *inspect.Chain) {
	t.row(margin{}, indent(2), append(words(t.bold, t.document.Run.WorkflowID), words(t.dim, checks.Count(len(c.Runs), "run"))...))
	t.WriteByte('\n')
	table := Table{Columns: []string{"run", "started", "took", "status", "signals", "batches", "activities", "outcome"}}
	ends := 0
	for i, run := range c.Runs {
		if run.Read == "end" {
			ends++
		}
		table.Records = append(table.Records, t.chainRun(run, i == len(c.Runs)-1 || run.Previous != ""))
	}
	table.write(t.layout)
	t.WriteByte('\n')
	t.wrong(c.Wrong)
	if ends > 0 {
		t.none(fmt.Sprintf("Of %s only the end was read, which went well.", checks.Count(ends, "run")))
	}
	if c.Older != "" {
		t.none("Older runs are not shown: " + c.Older + ".")
	}
}

func (t historyText) chainRun(run inspect.ChainRun, continues bool) Record {
	count := func(n int) Cell {
		if run.Read != "all" {
			return Cell{"–", Dim}
		}
		return Cell{fmt.Sprint(n), Plain}
	}
	result := Cell{run.State, Dim}
	switch run.State {
	case inspect.Well:
		result.Tone = Good
	case inspect.Failed, inspect.Failing:
		result.Tone = Bad
	case inspect.Ended, inspect.Unread:
		result.Tone = Odd
	}
	if n := len(run.Failures); n > 0 {
		result.Text += ": " + failureIn(run.Failures[0])
		if n > 1 {
			result.Text += fmt.Sprintf(" (and %d more)", n-1)
		}
	}
	if !continues {
		result.Text += ", started anew"
	}
	of := inspect.Workflow{Started: run.Started, Closed: run.Closed}
	return Record{Cells: []Cell{
		{pipeline.Short(run.RunID), Strong},
		{clock(run.Started, t.document.LookedAt), Plain},
		{took(of, t.document.LookedAt), Plain},
		status(run.Status),
		count(run.Signals), count(run.Batches), count(run.Activities), result,
	}}
}

func failureIn(f inspect.RunFailure) string {
	return strings.TrimPrefix(f.Activity+": "+said(&f.Failure), ": ")
}

// wrong says when it started to go wrong.
func (t historyText) wrong(w *inspect.Wrong) {
	if w == nil {
		t.row(margin{}, indent(2), words(t.green, "No run that was read has a failure."))
		return
	}
	line := words(t.bold, fmt.Sprintf("Went wrong from run %s on, at %s:", pipeline.Short(w.RunID), clock(w.First.Time, t.document.LookedAt)))
	line = append(line, words(t.red, strings.TrimSuffix(failureIn(w.First), ".")+".")...)
	failed := "One run failed"
	if w.Runs > 1 {
		failed = fmt.Sprintf("%d runs failed one after another", w.Runs)
	}
	line = append(line, words(nil, fmt.Sprintf("%s; before it %s, and since then %s.", failed, wereWell(w.WellBefore), wereWell(w.WellSince)))...)
	if !w.Certain {
		line = append(line, words(t.yellow, "It may have begun earlier: not all runs before that were read.")...)
	}
	t.row(margin{}, indent(2), line)
}

func wereWell(n int) string {
	switch n {
	case 0:
		return "none was well"
	case 1:
		return "1 was well"
	}
	return fmt.Sprintf("%d were well", n)
}
