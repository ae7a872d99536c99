package pipeline

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fernet/fernet-go"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"doctor/checks/pipeline/settings"
)

// temporal is a world whose Temporal gives the answers of a handler. The forms are those of server 1.29 behind UI 2.42.
func temporal(t *testing.T, handler http.HandlerFunc) *World {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w := Live(&settings.Settings{Temporal: settings.Temporal{Address: settings.Address{URL: server.URL}, Namespace: "default"}}, time.Now(), time.Second)
	t.Cleanup(w.Close)
	return w
}

func TestListsArePagedToTheirEnd(t *testing.T) {
	queries := make(chan string, 10)
	w := temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("maximumPageSize") {
			t.Error("lists take pageSize; maximumPageSize is silently ignored")
		}
		token := r.URL.Query().Get("nextPageToken")
		query := r.URL.Query().Get("query")
		queries <- query + token
		if strings.Contains(query, "ExecutionStatus = 'Completed'") {
			fmt.Fprint(rw, `{"nextPageToken":"bmV2ZXI="}`) // completed emitters: one page is enough
			return
		}
		row := func(id, start, status string) string {
			return fmt.Sprintf(`{"execution":{"workflowId":%q,"runId":"r"},"type":{"name":"buffer-signals"},"startTime":%q,"status":"WORKFLOW_EXECUTION_STATUS_%s","taskQueue":"q"}`, id, start, status)
		}
		switch token {
		case "":
			fmt.Fprintf(rw, `{"executions":[%s],"nextPageToken":"YWI+/w=="}`, row("a", "2026-11-24T06:00:00Z", "RUNNING"))
		case "YWI+/w==":
			fmt.Fprintf(rw, `{"executions":[%s]}`, row("b", "2026-11-24T07:00:00.5Z", "CONTINUED_AS_NEW"))
		default:
			t.Errorf("token %q was not escaped", token)
		}
	})
	listing, err := w.Temporal.Executions(context.Background(), 7, time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(listing.Executions) != 2 || listing.Executions[0].Workflow != "b" || listing.Executions[1].Status != Running || listing.Truncated {
		t.Errorf("got %+v", listing)
	}
	if len(queries) != 3 {
		t.Errorf("asked %d times", len(queries))
	}
	for range len(queries) {
		if query := <-queries; strings.Contains(query, "ORDER BY") || !strings.Contains(query, "signal-emitter-7-") || !strings.Contains(query, "CloseTime > '2026-11-23T00:00:00Z'") {
			t.Errorf("asked %q", query)
		}
	}
}

func TestAnEmptyListHasNoRows(t *testing.T) {
	w := temporal(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "{}") })
	listing, err := w.Temporal.Executions(context.Background(), 7, time.Now())
	if err != nil || len(listing.Executions) != 0 || listing.Truncated {
		t.Errorf("got %+v, %v", listing, err)
	}
}

func TestHistory(t *testing.T) {
	w := temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.EscapedPath(), "/workflows/signals-report:7:x%2Fy/history") && !strings.Contains(r.URL.EscapedPath(), "signals-report%3A7%3Ax%2Fy") {
			t.Errorf("asked %s", r.URL.EscapedPath())
		}
		fmt.Fprint(rw, `{"history":{"events":[
			{"eventId":"1","eventTime":"2026-11-24T07:11:12.110950355Z","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":
				{"originalExecutionRunId":"r","continuedExecutionRunId":"p","attempt":1,"input":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"e30="}]}}},
			{"eventId":"2","eventType":"EVENT_TYPE_WORKFLOW_TASK_COMPLETED","workflowTaskCompletedEventAttributes":{"scheduledEventId":"1","startedEventId":"9007199254740993"}},
			{"eventId":"3","eventType":"EVENT_TYPE_ACTIVITY_TASK_FAILED","activityTaskFailedEventAttributes":{"scheduledEventId":"2","retryState":"RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED",
				"failure":{"message":"Activity task failed","cause":{"message":"SignalReport matching query does not exist.","applicationFailureInfo":{"type":"DoesNotExist"}}}}},
			{"eventId":"4","eventType":"EVENT_TYPE_WORKFLOW_TASK_FAILED","workflowTaskFailedEventAttributes":{"cause":"WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND"}},
			{"eventId":"5","eventType":"EVENT_TYPE_SOMETHING_NEW","somethingNewEventAttributes":{"x":1}}]}}`)
	})
	history, err := w.Temporal.History(context.Background(), Run{Workflow: "signals-report:7:x/y", ID: "r"})
	if err != nil {
		t.Fatal(err)
	}
	e := history.Events
	if len(e) != 5 || e[0].Type != WorkflowStarted || e[0].Previous != "p" || string(e[0].Input[0].Data) != "{}" || string(e[0].Input[0].Metadata["encoding"]) != "json/plain" {
		t.Errorf("start: %+v", e[0])
	}
	if e[1].Started != 9007199254740993 {
		t.Errorf("a 64-bit number became %d", e[1].Started)
	}
	if inner := e[2].Failure.Innermost(); inner.Type != "DoesNotExist" || e[2].Scheduled != 2 || e[2].RetryState != "MAXIMUM_ATTEMPTS_REACHED" {
		t.Errorf("failure: %+v", e[2])
	}
	if e[3].Reason != "UNHANDLED_COMMAND" || e[4].Type != "SOMETHING_NEW" {
		t.Errorf("got %+v, %+v", e[3], e[4])
	}
}

func TestHistoryOfTimersAndChildren(t *testing.T) {
	w := temporal(t, func(rw http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(rw, `{"history":{"events":[
			{"eventId":"1","eventType":"EVENT_TYPE_WORKFLOW_EXECUTION_STARTED","workflowExecutionStartedEventAttributes":
				{"parentWorkflowExecution":{"workflowId":"above","runId":"r0"},"workflowId":"self","workflowType":{"name":"own"}}},
			{"eventId":"2","eventType":"EVENT_TYPE_TIMER_STARTED","timerStartedEventAttributes":{"timerId":"2","startToFireTimeout":"0.200s"}},
			{"eventId":"3","eventType":"EVENT_TYPE_TIMER_FIRED","timerFiredEventAttributes":{"timerId":"2","startedEventId":"2"}},
			{"eventId":"4","eventType":"EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED","startChildWorkflowExecutionInitiatedEventAttributes":
				{"workflowId":"signals-report:7:x","workflowType":{"name":"signal-report-summary"},"workflowTaskCompletedEventId":"1"}},
			{"eventId":"5","eventType":"EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED","childWorkflowExecutionStartedEventAttributes":
				{"initiatedEventId":"4","workflowExecution":{"workflowId":"signals-report:7:x","runId":"r2"},"workflowType":{"name":"signal-report-summary"}}},
			{"eventId":"6","eventType":"EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED","childWorkflowExecutionFailedEventAttributes":
				{"initiatedEventId":"4","startedEventId":"5","failure":{"message":"it failed"},"workflowExecution":{"workflowId":"signals-report:7:x","runId":"r2"}}}]}}`)
	})
	history, err := w.Temporal.History(context.Background(), Run{Workflow: "w", ID: "r"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Event{
		{ID: 1, Type: WorkflowStarted, Parent: Run{"above", "r0"}},
		{ID: 2, Type: TimerStarted, Timer: 200 * time.Millisecond},
		{ID: 3, Type: TimerFired, Started: 2},
		{ID: 4, Type: ChildInitiated, Child: Run{"signals-report:7:x", ""}, ChildType: "signal-report-summary", TaskCompleted: 1},
		{ID: 5, Type: ChildStarted, Child: Run{"signals-report:7:x", "r2"}, ChildType: "signal-report-summary", Scheduled: 4},
		{ID: 6, Type: ChildFailed, Child: Run{"signals-report:7:x", "r2"}, Scheduled: 4, Started: 5, Failure: &Failure{Message: "it failed"}},
	}
	if diff := cmp.Diff(want, history.Events); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefusalsOfTemporal(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		kind   Kind
		text   string
	}{
		"missing":     {404, `{"code":5,"message":"workflow execution not found"}`, Missing, "workflow execution not found"},
		"forbidden":   {403, `{"message":"not you"}`, Denied, "not you"},
		"broken":      {500, `<html>`, Failed, "500 Internal Server Error"},
		"other pages": {200, `<html>hello</html>`, Failed, "what answers is not Temporal's API"},
	} {
		t.Run(name, func(t *testing.T) {
			w := temporal(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(test.status); fmt.Fprint(rw, test.body) })
			_, err := w.Temporal.Detail(context.Background(), Run{Workflow: "w", ID: "r"})
			if KindOf(err) != test.kind || !strings.Contains(err.Error(), test.text) {
				t.Errorf("kind %q: %v", KindOf(err), err)
			}
		})
	}
}

func TestTheSameQuestionIsAskedOnce(t *testing.T) {
	asked := make(chan struct{}, 10)
	w := temporal(t, func(rw http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		fmt.Fprint(rw, `{"pollers":[{"identity":"12@host","lastAccessTime":"2026-11-24T06:47:12.667387309Z"}]}`)
	})
	done := make(chan []Poller)
	for range 5 {
		go func() {
			pollers, _ := w.Temporal.Pollers(context.Background(), TaskQueue{Name: "q"})
			done <- pollers
		}()
	}
	for range 5 {
		if pollers := <-done; len(pollers) != 1 || pollers[0].Identity != "12@host" {
			t.Errorf("got %+v", pollers)
		}
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
}

// What is told of one question goes before what is told of all.
func TestAToldWorldAnswersAnyQuestionOfAFact(t *testing.T) {
	w := Told(&settings.Settings{}, time.Now(),
		Pollers.By(func(q TaskQueue) ([]Poller, error) { return []Poller{{Identity: "any@" + q.Name}}, nil }),
		Pollers.Is(TaskQueue{Name: "known"}, []Poller{{Identity: "1@h"}}),
	)
	for queue, want := range map[string]string{"known": "1@h", "other": "any@other"} {
		pollers, err := w.Temporal.Pollers(t.Context(), TaskQueue{Name: queue})
		if err != nil || len(pollers) != 1 || pollers[0].Identity != want {
			t.Errorf("%s: %v (%v), want %s", queue, pollers, err, want)
		}
	}
}

func TestAToldWorldKnowsNothingElse(t *testing.T) {
	w := Told(&settings.Settings{}, time.Now(), Pollers.Is(TaskQueue{Name: "q"}, []Poller{{Identity: "1@h"}}))
	if pollers, err := w.Temporal.Pollers(context.Background(), TaskQueue{Name: "q"}); err != nil || len(pollers) != 1 {
		t.Errorf("got %v, %v", pollers, err)
	}
	if _, err := w.Temporal.Pollers(context.Background(), TaskQueue{Name: "other"}); KindOf(err) != NotRecorded {
		t.Errorf("got %v", err)
	}
}

func TestPayloadsOpenWithTheirKeyOnly(t *testing.T) {
	const content = `{"source_id":"26"}`
	var message []byte
	message = protowire.AppendTag(message, 1, protowire.BytesType)
	message = protowire.AppendBytes(message, []byte("metadata"))
	message = protowire.AppendTag(message, 2, protowire.BytesType)
	message = protowire.AppendBytes(message, []byte(content))
	sealed := func(secret string) Payload {
		key, ok := fernetKey(secret)
		if !ok {
			t.Fatalf("%q is no key", secret)
		}
		token, err := fernet.EncryptAndSign(message, key)
		if err != nil {
			t.Fatal(err)
		}
		return Payload{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: token}
	}
	w := Told(&settings.Settings{PayloadKeys: []settings.Secret{"first", "<randomly generated secret key>", "hex:00ff", "not hex:zz"}}, time.Now())
	for _, secret := range []string{"first", "<randomly generated secret key>", "hex:00ff"} {
		if data, ok := w.Open(sealed(secret)); !ok || string(data) != content {
			t.Errorf("%s: %q, %t", secret, data, ok)
		}
	}
	if data, ok := w.Open(sealed("another")); ok {
		t.Errorf("opened to %q without the key", data)
	}
	if data, ok := w.Open(Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte("{}")}); !ok || string(data) != "{}" {
		t.Errorf("a plain payload: %q, %t", data, ok)
	}
	// Short keys are padded on the left with zero bytes, long ones cut: posthog/temporal/common/codec.py.
	short, _ := fernetKey("abc")
	if want := strings.Repeat("\x00", 29) + "abc"; string(short[:]) != want {
		t.Errorf("key %q", short[:])
	}
	long, _ := fernetKey("base64:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 40))))
	if string(long[:]) != strings.Repeat("x", 32) {
		t.Errorf("key %q", long[:])
	}
}

func FuzzHistoryPage(f *testing.F) {
	f.Fuzz(func(_ *testing.T, body []byte) {
		var page wirePage
		if json.Unmarshal(body, &page) != nil {
			return
		}
		for _, e := range page.History.Events {
			e.event().Failure.Innermost()
		}
		for _, e := range page.Executions {
			e.execution()
		}
	})
}

func FuzzPayloadData(f *testing.F) {
	f.Fuzz(func(t *testing.T, message []byte) {
		if data, err := payloadData(message); err == nil && len(data) > len(message) {
			t.Error("more data than message")
		}
	})
}
