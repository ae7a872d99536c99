package pipeline

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Run names one run of a workflow.
type Run struct{ Workflow, ID string }

func (r Run) String() string { return r.Workflow + " run " + Short(r.ID) }

// Short is the first part of an id, enough for people to tell it from its neighbours, and enough as a prefix where an id
// is asked for. Temporal's ids of first runs begin with the time (UUID version 7): those of one minute share eight digits.
func Short(id string) string {
	const version = 14 // where a UUID says which it is
	length := 8
	if len(id) > version && id[version] == '7' {
		length = 13
	}
	return id[:min(length, len(id))]
}

// Status is a run's status in Temporal's words, without its prefix.
type Status string

// The statuses of a run.
const (
	Running        Status = "RUNNING"
	Completed      Status = "COMPLETED"
	RunFailed      Status = "FAILED"
	Canceled       Status = "CANCELED"
	Terminated     Status = "TERMINATED"
	ContinuedAsNew Status = "CONTINUED_AS_NEW"
	RunTimedOut    Status = "TIMED_OUT"
)

// Execution is one run as Temporal lists it.
type Execution struct {
	Run
	Type      string
	Status    Status
	TaskQueue string
	Start     time.Time
	Close     time.Time // zero while it runs
}

// Listing is the runs of a team: the open ones, and those closed since an instant.
type Listing struct {
	Executions []Execution // newest start first
	Truncated  bool        // there were more than could be listed in time
	Listed     time.Time   `json:",omitzero"` // when they were asked for, by this machine's clock; only of a team's own
}

// History is the events of one run, oldest first.
type History struct {
	Events    []Event
	Truncated bool // the newest events are missing, or the oldest of a tail
}

// EventType is the type of an event in Temporal's words, without its prefix.
type EventType string

// The event types that a check looks at; all others are kept with their type only.
const (
	WorkflowStarted        EventType = "WORKFLOW_EXECUTION_STARTED"
	WorkflowCompleted      EventType = "WORKFLOW_EXECUTION_COMPLETED"
	WorkflowFailed         EventType = "WORKFLOW_EXECUTION_FAILED"
	WorkflowTimedOut       EventType = "WORKFLOW_EXECUTION_TIMED_OUT"
	WorkflowTerminated     EventType = "WORKFLOW_EXECUTION_TERMINATED"
	WorkflowCanceled       EventType = "WORKFLOW_EXECUTION_CANCELED"
	WorkflowContinuedAsNew EventType = "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
	WorkflowSignaled       EventType = "WORKFLOW_EXECUTION_SIGNALED"
	WorkflowTaskScheduled  EventType = "WORKFLOW_TASK_SCHEDULED"
	WorkflowTaskStarted    EventType = "WORKFLOW_TASK_STARTED"
	WorkflowTaskCompleted  EventType = "WORKFLOW_TASK_COMPLETED"
	WorkflowTaskFailed     EventType = "WORKFLOW_TASK_FAILED"
	WorkflowTaskTimedOut   EventType = "WORKFLOW_TASK_TIMED_OUT"
	ActivityScheduled      EventType = "ACTIVITY_TASK_SCHEDULED"
	ActivityStarted        EventType = "ACTIVITY_TASK_STARTED"
	ActivityCompleted      EventType = "ACTIVITY_TASK_COMPLETED"
	ActivityFailed         EventType = "ACTIVITY_TASK_FAILED"
	ActivityTimedOut       EventType = "ACTIVITY_TASK_TIMED_OUT"
	ActivityCanceled       EventType = "ACTIVITY_TASK_CANCELED"
	TimerStarted           EventType = "TIMER_STARTED"
	TimerFired             EventType = "TIMER_FIRED"
	TimerCanceled          EventType = "TIMER_CANCELED"
	ChildInitiated         EventType = "START_CHILD_WORKFLOW_EXECUTION_INITIATED"
	ChildStartFailed       EventType = "START_CHILD_WORKFLOW_EXECUTION_FAILED"
	ChildStarted           EventType = "CHILD_WORKFLOW_EXECUTION_STARTED"
	ChildCompleted         EventType = "CHILD_WORKFLOW_EXECUTION_COMPLETED"
	ChildFailed            EventType = "CHILD_WORKFLOW_EXECUTION_FAILED"
	ChildCanceled          EventType = "CHILD_WORKFLOW_EXECUTION_CANCELED"
	ChildTimedOut          EventType = "CHILD_WORKFLOW_EXECUTION_TIMED_OUT"
	ChildTerminated        EventType = "CHILD_WORKFLOW_EXECUTION_TERMINATED"
)

// Ends reports whether the event is a run's last.
func (t EventType) Ends() bool {
	switch t {
	case WorkflowCompleted, WorkflowFailed, WorkflowTimedOut, WorkflowTerminated, WorkflowCanceled, WorkflowContinuedAsNew:
		return true
	}
	return false
}

// Event is one event of a history: what of it a check may look at. Fields that the event's type has not are zero.
type Event struct {
	ID            int64
	Time          time.Time
	Type          EventType
	Activity      string    // scheduled: the activity's type
	Scheduled     int64     // of an activity's, a workflow task's or a child workflow's later events: its scheduling
	Started       int64     // of a completed workflow task, or a timer that is over: its start
	TaskCompleted int64     // of a scheduled activity, a timer, a continue-as-new: the workflow task that gave it
	Attempt       int       // of a started activity or a run
	Signal        string    // signaled: the signal's name
	Input         []Payload // of a signal, a start, a continue-as-new, a scheduled activity
	Result        []Payload `json:",omitempty"` // of a completed activity, unless it is large: no embedding is kept
	Identity      string
	Failure       *Failure
	Reason        string // terminated: the reason given; workflow task failed: the cause
	RetryState    string // why there was no further attempt
	Previous      string // started: the run that this one continues
	Original      string // started: this run's id before any reset
	Next          string // continued as new: the run that goes on; also a failed or timed-out run's retry

	Child     Run           // of a child workflow: which one; its run is known from its start on
	ChildType string        // of a child workflow: its workflow type
	Parent    Run           // started: the run whose child this one is
	Timer     time.Duration // timer started: how long it is to run
}

// Payload is an argument as Temporal keeps it: encrypted, see [Key].
type Payload struct {
	Metadata map[string][]byte
	Data     []byte
}

// payloadJSON is a payload in Temporal's form, and in a recording's: text is what was not encrypted, so that it can be read
// there, and a secret in it be found.
type payloadJSON struct {
	Metadata map[string][]byte `json:"metadata,omitempty"`
	Data     []byte            `json:"data,omitempty"`
	Text     *string           `json:"text,omitempty"`
}

// MarshalJSON writes a payload for a recording.
func (p Payload) MarshalJSON() ([]byte, error) {
	written := payloadJSON{Metadata: p.Metadata, Data: p.Data}
	if text := string(p.Data); !p.Encrypted() && utf8.ValidString(text) {
		written.Data, written.Text = nil, &text
	}
	return json.Marshal(written)
}

// UnmarshalJSON reads what Temporal answers, and what was recorded of it.
func (p *Payload) UnmarshalJSON(data []byte) error {
	var read payloadJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	p.Metadata, p.Data = read.Metadata, read.Data
	if read.Text != nil {
		p.Data = []byte(*read.Text)
	}
	return nil
}

// Failure is why an activity or a workflow failed. The outer failures only say that something inside them did.
type Failure struct {
	Message string
	Type    string // the exception's class, of an application's failure
	Timeout string // of a time-out: which one, such as START_TO_CLOSE
	Cause   *Failure
}

// Innermost is the failure that all others are about.
func (f *Failure) Innermost() *Failure {
	for f != nil && f.Cause != nil {
		f = f.Cause
	}
	return f
}

// Detail is the present state of a run: what its history does not tell.
type Detail struct {
	Pending []PendingActivity
	Task    *PendingTask // the workflow task that waits or is being worked on
}

// PendingActivity is an activity that is waiting, running or being retried.
type PendingActivity struct {
	ID          string
	Activity    string
	State       string // SCHEDULED or STARTED
	Attempt     int
	MaxAttempts int // 0: without end
	Scheduled   time.Time
	LastStarted time.Time
	LastFailure *Failure
}

// PendingTask is a workflow task that is not done.
type PendingTask struct {
	State     string // SCHEDULED or STARTED
	Scheduled time.Time
	Attempt   int
}

// Poller is a worker as a task queue saw it last. Temporal keeps listing a dead one for minutes.
type Poller struct {
	Identity   string // pid@host of the worker process
	LastAccess time.Time
}

// unseen is how long ago a worker must have asked for work to count as gone. An idle worker asks again every minute, and
// Temporal keeps listing one that has died for five.
const unseen = 70 * time.Second

// Present reports whether the worker asks for work.
func (p Poller) Present(now time.Time) bool { return now.Sub(p.LastAccess) < unseen }
