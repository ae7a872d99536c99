package inspect

import (
	"slices"
	"strings"
	"time"

	"doctor/checks/pipeline"
)

// Step is one thing that a run did: events that belong together, as one.
type Step struct {
	Event    int64      `json:"event" jsonschema:"the first event of it"`
	Kind     string     `json:"kind" jsonschema:"signal, activity, timer, child_workflow, workflow_task, end or event"`
	Name     string     `json:"name" jsonschema:"the signal's, the activity's type, the child's workflow id; of an event its type"`
	State    string     `json:"state" jsonschema:"such as received, scheduled, running, completed, failed, timed_out, canceled, fired, unfinished (the run ended first)"`
	Time     time.Time  `json:"time"`
	Ended    *time.Time `json:"ended,omitempty" jsonschema:"absent of what has no length, or is not over"`
	Seconds  float64    `json:"seconds" jsonschema:"of a timer: how long it is to run"`
	Attempts int        `json:"attempts" jsonschema:"of an activity, where they are known; 0 otherwise"`
	Run      *RunName   `json:"run,omitempty" jsonschema:"of a child workflow and of an end: the other run"`
	Error    *Failure   `json:"error,omitempty" jsonschema:"why it failed, or the last attempt that did"`
}

// The kinds of steps.
const (
	SignalStep   = "signal"
	ActivityStep = "activity"
	TimerStep    = "timer"
	ChildStep    = "child_workflow"
	TaskStep     = "workflow_task"
	EndStep      = "end"
	EventStep    = "event"
)

// fold makes steps of a run's events. pending is what it waits for while it is open.
func fold(events []pipeline.Event, pending []Pending) []Step {
	f := &folder{byEvent: map[int64]int{}, steps: []Step{}}
	for _, e := range events {
		f.add(e)
	}
	for _, p := range pending {
		f.await(p)
	}
	if n := len(events); n > 0 && events[n-1].Type.Ends() {
		f.leave()
	}
	return f.steps
}

// leave says of what a run that has ended had begun and not finished that it will not be.
func (f *folder) leave() {
	for i := range f.steps {
		if s := &f.steps[i]; s.Ended == nil && (s.Kind == ActivityStep || s.Kind == TimerStep) {
			s.State = "unfinished"
		}
	}
}

type folder struct {
	steps   []Step
	byEvent map[int64]int // the step that an event began
}

func (f *folder) begin(e pipeline.Event, kind, name, state string) *Step {
	f.byEvent[e.ID] = len(f.steps)
	f.steps = append(f.steps, Step{Event: e.ID, Kind: kind, Name: name, State: state, Time: e.Time, Error: failure(e.Failure)})
	return &f.steps[len(f.steps)-1]
}

// of is the step that an event began. The beginning may be missing, of a history that was recorded in part.
func (f *folder) of(event int64, e pipeline.Event, kind string) *Step {
	if at, ok := f.byEvent[event]; ok {
		return &f.steps[at]
	}
	return f.begin(e, kind, "", "")
}

func (s *Step) end(e pipeline.Event, state string) {
	s.State, s.Ended = state, &e.Time
	if reason := failure(e.Failure); reason != nil {
		s.Error = reason
	}
}

// add adds an event. What tells nothing of what happened is left out: the start, which the run itself tells; workflow tasks
// that went well; and marks that the code leaves for itself.
func (f *folder) add(e pipeline.Event) {
	kind, verb := classify(e.Type)
	switch {
	case e.Type == pipeline.WorkflowSignaled:
		f.begin(e, SignalStep, e.Signal, "received")
	case e.Type == pipeline.ActivityScheduled:
		f.begin(e, ActivityStep, e.Activity, "scheduled")
	case e.Type == pipeline.ActivityStarted:
		step := f.of(e.Scheduled, e, ActivityStep)
		step.State, step.Attempts, step.Error = "started", e.Attempt, failure(e.Failure)
	case e.Type == pipeline.TimerStarted:
		f.begin(e, TimerStep, "", "running").Seconds = e.Timer.Seconds()
	case kind == TimerStep:
		f.of(e.Started, e, kind).end(e, verb)
	case e.Type == pipeline.ChildInitiated:
		f.begin(e, ChildStep, e.Child.Workflow, "initiated").Run = &RunName{e.Child.Workflow, ""}
	case kind == ChildStep:
		step := f.of(e.Scheduled, e, kind)
		step.Name, step.Run = e.Child.Workflow, &RunName{e.Child.Workflow, e.Child.ID}
		if e.Type == pipeline.ChildStarted {
			step.State = verb
		} else {
			step.end(e, verb)
		}
	case kind == ActivityStep:
		f.of(e.Scheduled, e, kind).end(e, verb)
	case kind == TaskStep && verb != "completed":
		f.begin(e, TaskStep, "", verb).Error = reason(e)
	case e.Type.Ends():
		step := f.begin(e, EndStep, "", small(string(ending[e.Type])))
		step.Error = reason(e)
		if e.Next != "" {
			step.Run = &RunName{"", e.Next}
		}
	case kind == EventStep:
		f.begin(e, EventStep, small(string(e.Type)), "")
	}
}

// reason is why an event says that something failed, or was ended.
func reason(e pipeline.Event) *Failure {
	if inner := failure(e.Failure); inner != nil {
		return inner
	}
	if e.Reason != "" {
		return failure(&pipeline.Failure{Message: e.Reason})
	}
	return nil
}

// classify tells what kind of step an event belongs to, and what it makes of it; "" when it tells nothing.
func classify(of pipeline.EventType) (kind, verb string) {
	text := small(string(of))
	for _, known := range []struct{ prefix, kind string }{
		{"activity_task_", ActivityStep},
		{"timer_", TimerStep},
		{"child_workflow_execution_", ChildStep},
		{"start_child_workflow_execution_", ChildStep},
		{"workflow_task_", TaskStep},
	} {
		if verb, ok := strings.CutPrefix(text, known.prefix); ok {
			if known.kind == TaskStep && verb != "failed" && verb != "timed_out" {
				verb = "completed"
			}
			return known.kind, verb
		}
	}
	quiet := of == pipeline.WorkflowStarted || strings.HasPrefix(text, "marker_") || strings.HasPrefix(text, "upsert_") || strings.HasPrefix(text, "workflow_properties_")
	if quiet {
		return "", ""
	}
	return EventStep, ""
}

// await adds what Temporal knows of an activity that goes on: its history tells nothing of it before its end.
func (f *folder) await(p Pending) {
	at := slices.IndexFunc(f.steps, func(s Step) bool {
		return s.Kind == ActivityStep && s.Name == p.Activity && s.State == "scheduled" && s.Attempts == 0
	})
	if at < 0 || p.Activity == "" {
		return
	}
	step := &f.steps[at]
	step.Attempts, step.Error = p.Attempt, p.Error
	if p.State == "started" {
		step.State = "running"
	}
}
