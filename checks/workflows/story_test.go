package workflows_test

import (
	"fmt"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const (
	team     = checkstest.Team
	bufferID = "buffer-signals-7"
	queue    = "development-task-queue"
)

var noon, day = checkstest.Now, checkstest.Since

// story writes down the histories of one workflow as a Temporal server would: in the order in which it writes events,
// with the ids by which they refer to each other.
type story struct {
	workflow, kind string
	runs           []*told
	deliveries     int
	sealed         bool // no key opens the payloads of grouping
}

// told is one run of a story.
type told struct {
	story  *story
	run    pipeline.Execution
	events []pipeline.Event
	lacks  pipeline.Kind // why there is no history of it; empty where there is one
	detail pipeline.Detail
}

func buffers() *story { return &story{workflow: bufferID, kind: journey.BufferWorkflow} }

// begin starts the next run, which goes on from the one before when that continued as new.
func (s *story) begin() *told {
	n := len(s.runs)
	t := &told{story: s, run: pipeline.Execution{
		Run: pipeline.Run{Workflow: s.workflow, ID: fmt.Sprintf("run-%03d", n)}, Type: s.kind, Status: pipeline.Running,
		TaskQueue: queue, Start: day.Add(time.Duration(n+1) * time.Minute),
	}}
	start := pipeline.Event{Type: pipeline.WorkflowStarted, Original: t.run.ID}
	if n > 0 && s.runs[n-1].run.Status == pipeline.ContinuedAsNew {
		start.Previous = s.runs[n-1].run.ID
	}
	t.write(start)
	s.runs = append(s.runs, t)
	return t
}

func (t *told) write(e pipeline.Event) int64 {
	e.ID = int64(len(t.events) + 1)
	e.Time = t.run.Start.Add(time.Duration(e.ID) * time.Second)
	t.events = append(t.events, e)
	return e.ID
}

// signal delivers n signals, each with a payload of its own.
func (t *told) signal(n int) *told {
	for range n {
		t.story.deliveries++
		t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal, Input: []pipeline.Payload{{
			Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: fmt.Appendf(nil, "token %d", t.story.deliveries),
		}}})
	}
	return t
}

// redeliver delivers the same bytes as the given event of an earlier run.
func (t *told) redeliver(from *told, event int) *told {
	t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal, Input: from.events[event-1].Input})
	return t
}

// task lets the code work once; it then knows all signals that came before. It returns the event by which commands name it.
func (t *told) task() int64 {
	scheduled := t.write(pipeline.Event{Type: pipeline.WorkflowTaskScheduled})
	started := t.write(pipeline.Event{Type: pipeline.WorkflowTaskStarted, Scheduled: scheduled})
	return t.write(pipeline.Event{Type: pipeline.WorkflowTaskCompleted, Scheduled: scheduled, Started: started})
}

// refused is a workflow task whose continue-as-new the server refused, because signals came during it.
func (t *told) refused(arrivals int) *told {
	scheduled := t.write(pipeline.Event{Type: pipeline.WorkflowTaskScheduled})
	t.write(pipeline.Event{Type: pipeline.WorkflowTaskStarted, Scheduled: scheduled})
	t.write(pipeline.Event{Type: pipeline.WorkflowTaskFailed, Scheduled: scheduled, Reason: "UNHANDLED_COMMAND"})
	return t.signal(arrivals)
}

// wait is a workflow task that gives the flush timer, as the buffer does when it holds something.
func (t *told) wait() *told {
	t.write(pipeline.Event{Type: pipeline.TimerStarted, TaskCompleted: t.task()})
	return t
}

// idle is a workflow task in which there was nothing to do.
func (t *told) idle() *told {
	t.task()
	return t
}

// ask schedules activities in one workflow task and returns their events.
func (t *told) ask(activities ...string) []int64 {
	task := t.task()
	var scheduled []int64
	for _, activity := range activities {
		scheduled = append(scheduled, t.write(pipeline.Event{Type: pipeline.ActivityScheduled, Activity: activity, TaskCompleted: task}))
	}
	return scheduled
}

// complete ends activities well.
func (t *told) complete(scheduled ...int64) *told {
	for _, id := range scheduled {
		t.write(pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: id, Attempt: 1})
		t.write(pipeline.Event{Type: pipeline.ActivityCompleted, Scheduled: id})
	}
	return t
}

// fail ends an activity badly.
func (t *told) fail(scheduled int64, kind, message string) *told {
	t.write(pipeline.Event{Type: pipeline.ActivityStarted, Scheduled: scheduled, Attempt: 3})
	t.write(pipeline.Event{Type: pipeline.ActivityFailed, Scheduled: scheduled, Failure: &pipeline.Failure{Message: message, Type: kind}})
	return t
}

// batch drains: n safety filters, and what follows when all goes well. Signals may come during each step.
func (t *told) batch(n, duringFilters, duringFlush, duringHandOver int) *told {
	filters := make([]string, n)
	for i := range filters {
		filters[i] = journey.SafetyFilterActivity
	}
	scheduled := t.ask(filters...)
	t.signal(duringFilters).complete(scheduled...)
	flush := t.ask(journey.FlushActivity)
	t.signal(duringFlush).complete(flush...)
	handOver := t.ask(journey.HandOverActivity)
	return t.signal(duringHandOver).complete(handOver...)
}

// goOn continues as new.
func (t *told) goOn() *told {
	t.write(pipeline.Event{Type: pipeline.WorkflowContinuedAsNew, TaskCompleted: t.task(), Next: fmt.Sprintf("run-%03d", len(t.story.runs))})
	t.close(pipeline.ContinuedAsNew)
	return t.story.begin()
}

// end closes the run with an event.
func (t *told) end(status pipeline.Status, e pipeline.Event) *told {
	e.Type = pipeline.EventType("WORKFLOW_EXECUTION_" + string(status))
	t.write(e)
	t.close(status)
	return t
}

func (t *told) close(status pipeline.Status) {
	t.run.Status, t.run.Close = status, t.events[len(t.events)-1].Time
}

// world is a world in which Temporal tells these stories.
func world(stories ...*story) *pipeline.World {
	var listing pipeline.Listing
	var answers []pipeline.Answer
	for _, s := range stories {
		for _, t := range s.runs {
			listing.Executions = append([]pipeline.Execution{t.run}, listing.Executions...)
			if t.lacks != "" {
				answers = append(answers, pipeline.Histories.Fails(t.run.Run, t.lacks, nil))
			} else {
				answers = append(answers, pipeline.Histories.Is(t.run.Run, pipeline.History{Events: t.events}))
			}
			if t.run.Status == pipeline.Running {
				answers = append(answers, pipeline.Details.Is(t.run.Run, t.detail))
			}
		}
	}
	return checkstest.World(append(answers, pipeline.Executions.Is(checkstest.TeamSince, listing))...)
}
