package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"

	"github.com/go-resty/resty/v2"
)

// What the pipeline starts a buffer with (products/signals/backend/facade/api.py, products/signals/backend/temporal/buffer.py).
const (
	bufferType       = "buffer-signals"
	bufferRunTimeout = "3600s"
)

// Sent is a signal as the history of a run has it.
type Sent struct {
	Run   Run
	Event int64
	Name  string
	Input []Payload
}

// Identity is who the doctor says it is when it delivers the signal again. In a history it tells which signal this was.
func (s Sent) Identity() string { return fmt.Sprintf(Mark+"%s/%d", s.Run.ID, s.Event) }

// Mark is how the identities of the doctor's own deliveries begin.
const Mark = "doctor/"

// Path is where [Hands.DeliverToBuffer] sends it, for people.
func (s Sent) Path(namespace string, team int64) string {
	return namespacePath(namespace) + s.path(bufferOf(team))
}

func (s Sent) path(workflow string) string {
	return workflowPath(workflow) + "/signal-with-start/" + url.PathEscape(s.Name)
}

func bufferOf(team int64) string { return fmt.Sprintf("%s-%d", bufferType, team) }

// DeliverToBuffer sends a signal again to the buffer of a team, which it starts on a task queue if none runs, as the emitter
// does. It returns the id of the run that has it. Its input needs no encryption: it holds the team's number and nothing else, and
// what is not encrypted is taken as it is (posthog/temporal/common/codec.py).
func (h *Hands) DeliverToBuffer(ctx context.Context, sent Sent, team int64, queue string) (run string, err error) {
	asking := fmt.Sprintf("the delivery of event %d of %s to a buffer that is started for it", sent.Event, sent.Run)
	err = h.act(ctx, SourceTemporal, asking, func(ctx context.Context) error {
		input, err := json.Marshal(map[string]any{"team_id": team, "pending_signals": []any{}})
		if err != nil {
			return err
		}
		var started struct{ RunID string }
		err = h.post(ctx, sent.path(bufferOf(team)), wireAct{
			Type: &wireName{bufferType}, TaskQueue: &wireName{queue}, RunTimeout: bufferRunTimeout,
			IDReusePolicy: "WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE", IDConflictPolicy: "WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING",
			Input:       wire([]Payload{{Metadata: map[string][]byte{encodingKey: []byte("json/plain")}, Data: input}}),
			SignalInput: wire(sent.Input), Identity: sent.Identity(), RequestID: sent.Identity(),
		}, &started)
		run = started.RunID
		return err
	})
	return run, err
}

// Terminate ends a run for a reason that its history will show. The error is of kind [Missing] when it has ended, or never was.
func (h *Hands) Terminate(ctx context.Context, run Run, reason string) error {
	return h.act(ctx, SourceTemporal, "the end of "+run.String(), func(ctx context.Context) error {
		return h.post(ctx, terminationPath(run), wireAct{
			Execution: &wireRun{run.Workflow, run.ID}, Reason: reason, Identity: "doctor",
		}, nil)
	})
}

// TerminationPath is where [Hands.Terminate] ends a run, for people.
func TerminationPath(namespace string, run Run) string {
	return namespacePath(namespace) + terminationPath(run)
}

func terminationPath(run Run) string { return workflowPath(run.Workflow) + "/terminate" }

// wireAct is the body of every request that changes something.
type wireAct struct {
	Execution        *wireRun      `json:"workflowExecution,omitempty"`
	Type             *wireName     `json:"workflowType,omitempty"`
	TaskQueue        *wireName     `json:"taskQueue,omitempty"`
	RunTimeout       string        `json:"workflowRunTimeout,omitempty"`
	IDReusePolicy    string        `json:"workflowIdReusePolicy,omitempty"`
	IDConflictPolicy string        `json:"workflowIdConflictPolicy,omitempty"`
	Input            *wirePayloads `json:"input,omitempty"`
	SignalInput      *wirePayloads `json:"signalInput,omitempty"`
	Reason           string        `json:"reason,omitempty"`
	Identity         string        `json:"identity"`
	RequestID        string        `json:"requestId,omitempty"`
}

type wireRun struct {
	Workflow string `json:"workflowId"`
	Run      string `json:"runId"`
}

type wirePayloads struct {
	Payloads []wirePayload `json:"payloads"`
}

type wirePayload struct {
	Metadata map[string][]byte `json:"metadata,omitempty"`
	Data     []byte            `json:"data,omitempty"`
}

func wire(payloads []Payload) *wirePayloads {
	all := &wirePayloads{}
	for _, p := range payloads {
		all.Payloads = append(all.Payloads, wirePayload(p))
	}
	return all
}

// The UI's server lets nobody change anything who does not show it a cookie of its own twice. The frontend's HTTP port wants
// nothing of the kind, and gives no such cookie.
const (
	csrfCookie = "_csrf"
	csrfHeader = "X-CSRF-TOKEN"
)

// post asks the namespace for a change.
func (h *Hands) post(ctx context.Context, path string, body wireAct, into any) error {
	t := h.world.Temporal
	namespace := t.namespacePath()
	greeting, err := t.request(ctx).Get(namespace)
	if err != nil {
		return err
	}
	if greeting.IsError() {
		return refusal(greeting)
	}
	sent := false
	request := t.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent = true }})).SetBody(body)
	for _, cookie := range greeting.Cookies() {
		if cookie.Name == csrfCookie {
			request.SetCookie(cookie).SetHeader(csrfHeader, cookie.Value)
		}
	}
	response, err := request.Post(namespace + path)
	switch {
	case err != nil && sent:
		return kinded{Uncertain, err}
	case err != nil:
		return err
	case response.StatusCode() >= http.StatusInternalServerError:
		return kinded{Uncertain, refusal(response)}
	case response.IsError():
		return refusal(response)
	}
	return answered(response, into)
}

// answered reads the answer to a request that was granted.
func answered(response *resty.Response, into any) error {
	if into == nil || len(response.Body()) == 0 {
		return nil
	}
	if err := json.Unmarshal(response.Body(), into); err != nil {
		return kinded{Uncertain, errors.New("what answers is not Temporal's API: " + strings.TrimSpace(err.Error()))}
	}
	return nil
}
