package pipeline

import (
	"cmp"
	"strings"
	"time"
	"unique"
)

// The forms that Temporal's HTTP API gives its answers in: 64-bit numbers as text, enumerations with a prefix, bytes as
// base64. Only what is looked at is decoded.

type wirePage struct {
	Executions    []wireExecution
	History       struct{ Events []wireEvent }
	NextPageToken string
}

type wireName struct {
	Name string `json:"name"`
}

type wireExecution struct {
	Execution struct{ WorkflowID, RunID string }
	Type      wireName
	Status    string
	TaskQueue string
	StartTime time.Time
	CloseTime time.Time
}

func (e wireExecution) execution() Execution {
	return Execution{
		Run:       Run{Workflow: e.Execution.WorkflowID, ID: e.Execution.RunID},
		Type:      e.Type.Name,
		Status:    Status(strings.TrimPrefix(e.Status, "WORKFLOW_EXECUTION_STATUS_")),
		TaskQueue: e.TaskQueue,
		Start:     e.StartTime,
		Close:     e.CloseTime,
	}
}

// wireEvent has one field of attributes for each type of event that is looked at; the attributes' own fields do not
// contradict each other, so one type serves all.
type wireEvent struct {
	EventID   int64 `json:",string"`
	EventTime time.Time
	EventType string

	Started         *attributes `json:"workflowExecutionStartedEventAttributes"`
	Failed          *attributes `json:"workflowExecutionFailedEventAttributes"`
	TimedOut        *attributes `json:"workflowExecutionTimedOutEventAttributes"`
	Terminated      *attributes `json:"workflowExecutionTerminatedEventAttributes"`
	Continued       *attributes `json:"workflowExecutionContinuedAsNewEventAttributes"`
	Signaled        *attributes `json:"workflowExecutionSignaledEventAttributes"`
	TaskStarted     *attributes `json:"workflowTaskStartedEventAttributes"`
	TaskCompleted   *attributes `json:"workflowTaskCompletedEventAttributes"`
	TaskFailed      *attributes `json:"workflowTaskFailedEventAttributes"`
	TaskTimedOut    *attributes `json:"workflowTaskTimedOutEventAttributes"`
	ActivityAsked   *attributes `json:"activityTaskScheduledEventAttributes"`
	ActivityStarted *attributes `json:"activityTaskStartedEventAttributes"`
	ActivityDone    *attributes `json:"activityTaskCompletedEventAttributes"`
	ActivityFailed  *attributes `json:"activityTaskFailedEventAttributes"`
	ActivityLate    *attributes `json:"activityTaskTimedOutEventAttributes"`
	ActivityDropped *attributes `json:"activityTaskCanceledEventAttributes"`
	TimerStarted    *attributes `json:"timerStartedEventAttributes"`
	TimerFired      *attributes `json:"timerFiredEventAttributes"`
	TimerCanceled   *attributes `json:"timerCanceledEventAttributes"`
	ChildAsked      *attributes `json:"startChildWorkflowExecutionInitiatedEventAttributes"`
	ChildUnstarted  *attributes `json:"startChildWorkflowExecutionFailedEventAttributes"`
	ChildStarted    *attributes `json:"childWorkflowExecutionStartedEventAttributes"`
	ChildDone       *attributes `json:"childWorkflowExecutionCompletedEventAttributes"`
	ChildFailed     *attributes `json:"childWorkflowExecutionFailedEventAttributes"`
	ChildDropped    *attributes `json:"childWorkflowExecutionCanceledEventAttributes"`
	ChildLate       *attributes `json:"childWorkflowExecutionTimedOutEventAttributes"`
	ChildTerminated *attributes `json:"childWorkflowExecutionTerminatedEventAttributes"`
}

type attributes struct {
	ActivityType                 wireName
	SignalName                   string
	Input                        struct{ Payloads []Payload }
	Result                       struct{ Payloads []Payload }
	ScheduledEventID             int64 `json:",string"`
	StartedEventID               int64 `json:",string"`
	WorkflowTaskCompletedEventID int64 `json:",string"`
	Attempt                      int
	Identity                     string
	Failure                      *wireFailure
	LastFailure                  *wireFailure
	Reason                       string
	Cause                        string
	RetryState                   string
	ContinuedExecutionRunID      string
	OriginalExecutionRunID       string
	NewExecutionRunID            string

	WorkflowID              string
	WorkflowType            wireName
	WorkflowExecution       wireIDs
	ParentWorkflowExecution wireIDs
	InitiatedEventID        int64 `json:",string"`
	StartToFireTimeout      string
}

type wireIDs struct{ WorkflowID, RunID string }

func (e wireEvent) event() Event {
	event := Event{ID: e.EventID, Time: e.EventTime, Type: EventType(shared(strings.TrimPrefix(e.EventType, "EVENT_TYPE_")))}
	a := e.attributes()
	if a == nil {
		return event
	}
	event.Activity = shared(a.ActivityType.Name)
	event.Scheduled, event.Started, event.TaskCompleted = a.ScheduledEventID, a.StartedEventID, a.WorkflowTaskCompletedEventID
	event.Attempt, event.Signal, event.Input, event.Identity = a.Attempt, shared(a.SignalName), a.Input.Payloads, shared(a.Identity)
	if event.Activity == searchActivity {
		event.Input = nil
	}
	if event.Type == ActivityCompleted {
		event.Result = small(a.Result.Payloads)
	}
	event.Failure = a.Failure.failure()
	if event.Failure == nil {
		event.Failure = a.LastFailure.failure()
	}
	event.Reason = a.Reason
	if a.Cause != "" {
		event.Reason = strings.TrimPrefix(a.Cause, "WORKFLOW_TASK_FAILED_CAUSE_")
	}
	event.RetryState = strings.TrimPrefix(a.RetryState, "RETRY_STATE_")
	event.Previous, event.Original, event.Next = a.ContinuedExecutionRunID, a.OriginalExecutionRunID, a.NewExecutionRunID
	event.Parent = Run{a.ParentWorkflowExecution.WorkflowID, a.ParentWorkflowExecution.RunID}
	event.Timer, _ = time.ParseDuration(a.StartToFireTimeout) // Temporal writes seconds, as in 30s and 0.200s; nothing is no time
	if e.child() == a {
		event.Child = Run{cmp.Or(a.WorkflowExecution.WorkflowID, a.WorkflowID), a.WorkflowExecution.RunID}
		event.ChildType, event.Scheduled = a.WorkflowType.Name, a.InitiatedEventID
	}
	return event
}

// shared is a text that many events have, once for all of them: a day's histories are held at the same time.
func shared(text string) string { return unique.Make(text).Value() }

// searchActivity is given an embedding, which tells nothing and is the largest part of a history
// (products/signals/backend/temporal/grouping.py).
const searchActivity = "run_signal_semantic_search_activity"

// mostResult is how much of an activity's result is kept: what it decided fits in, and an embedding does not.
const mostResult = 4 << 10

func small(payloads []Payload) []Payload {
	size := 0
	for _, p := range payloads {
		size += len(p.Data)
	}
	if size > mostResult {
		return nil
	}
	return payloads
}

func (e wireEvent) attributes() *attributes {
	return cmp.Or(
		e.Started, e.Failed, e.TimedOut, e.Terminated, e.Continued, e.Signaled, e.TaskStarted, e.TaskCompleted, e.TaskFailed, e.TaskTimedOut,
		e.ActivityAsked, e.ActivityStarted, e.ActivityDone, e.ActivityFailed, e.ActivityLate, e.ActivityDropped,
		e.TimerStarted, e.TimerFired, e.TimerCanceled, e.child(),
	)
}

// child is what an event says of a child workflow, if it is about one.
func (e wireEvent) child() *attributes {
	return cmp.Or(e.ChildAsked, e.ChildUnstarted, e.ChildStarted, e.ChildDone, e.ChildFailed, e.ChildDropped, e.ChildLate, e.ChildTerminated)
}

type wireFailure struct {
	Message                string
	Cause                  *wireFailure
	ApplicationFailureInfo *struct{ Type string }
	TimeoutFailureInfo     *struct{ TimeoutType string }
}

func (f *wireFailure) failure() *Failure {
	if f == nil {
		return nil
	}
	failure := &Failure{Message: f.Message, Cause: f.Cause.failure()}
	if f.ApplicationFailureInfo != nil {
		failure.Type = f.ApplicationFailureInfo.Type
	}
	if f.TimeoutFailureInfo != nil {
		failure.Timeout = strings.TrimPrefix(f.TimeoutFailureInfo.TimeoutType, "TIMEOUT_TYPE_")
	}
	return failure
}

type wireDescription struct {
	PendingActivities []struct {
		ActivityID      string
		ActivityType    wireName
		State           string
		Attempt         int
		MaximumAttempts int
		ScheduledTime   time.Time
		LastStartedTime time.Time
		LastFailure     *wireFailure
	}
	PendingWorkflowTask *struct {
		State         string
		ScheduledTime time.Time
		Attempt       int
	}
}

func (d wireDescription) detail() Detail {
	var detail Detail
	for _, a := range d.PendingActivities {
		detail.Pending = append(detail.Pending, PendingActivity{
			ID: a.ActivityID, Activity: a.ActivityType.Name, State: strings.TrimPrefix(a.State, "PENDING_ACTIVITY_STATE_"),
			Attempt: max(a.Attempt, 1), MaxAttempts: a.MaximumAttempts, Scheduled: a.ScheduledTime, LastStarted: a.LastStartedTime,
			LastFailure: a.LastFailure.failure(),
		})
	}
	if t := d.PendingWorkflowTask; t != nil {
		detail.Task = &PendingTask{State: strings.TrimPrefix(t.State, "PENDING_WORKFLOW_TASK_STATE_"), Scheduled: t.ScheduledTime, Attempt: max(t.Attempt, 1)}
	}
	return detail
}
