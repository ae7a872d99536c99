package remedies

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"          //nolint:depguard // a Temporal that loses its answers
	"net/http/httptest" //nolint:depguard // the same
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/workflows"
)

// buffer is a Temporal server on which somebody has terminated a buffer with two signals in hand. What is delivered after that
// starts a new one.
type buffer struct {
	mutex    sync.Mutex
	began    time.Time
	received []map[string]any // by the new one
	deaf     bool             // it answers nothing that is to change something, and does nothing
	mute     bool             // it does what is asked, and answers nothing
}

func newBuffer(t testing.TB) (*buffer, string) {
	t.Helper()
	b := &buffer{began: time.Now().Add(-time.Hour).UTC()}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, server.URL
}

func (b *buffer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var answer any
	switch path := strings.TrimPrefix(r.URL.Path, "/api/v1/namespaces/default"); {
	case r.Method == http.MethodPost:
		var asked map[string]any
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if !b.deaf {
			b.received = append(b.received, asked)
		}
		if b.deaf || b.mute {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		answer = map[string]any{"runId": "run-b"}
	case path == "":
		answer = map[string]any{"namespaceInfo": map[string]any{"name": "default"}}
	case path == "/workflows":
		answer = map[string]any{"executions": b.list(r.URL.Query().Get("query"))}
	case strings.HasSuffix(path, "/history"):
		run := r.URL.Query().Get("execution.runId")
		if run == "run-a" || run == "" && len(b.received) == 0 {
			answer = history(b.ended())
		} else {
			answer = history(b.goesOn())
		}
	default:
		answer = map[string]any{}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func history(events []map[string]any) map[string]any {
	for i, e := range events {
		e["eventId"], e["eventTime"] = fmt.Sprint(i+1), "2026-11-24T12:00:00Z"
	}
	return map[string]any{"history": map[string]any{"events": events}}
}

func started(run string) map[string]any {
	return map[string]any{"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "workflowExecutionStartedEventAttributes": map[string]any{"originalExecutionRunId": run}}
}

func signaled(identity string, input any) map[string]any {
	return map[string]any{
		"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED", "workflowExecutionSignaledEventAttributes": map[string]any{
			"signalName": journey.SubmitSignal, "identity": identity, "input": input,
		},
	}
}

func payload(text string) any {
	return map[string]any{"payloads": []any{map[string]any{"metadata": map[string]any{"encoding": []byte("binary/encrypted")}, "data": []byte(text)}}}
}

func (b *buffer) ended() []map[string]any {
	return []map[string]any{
		started("run-a"), signaled("emitter", payload("token 1")), signaled("emitter", payload("token 2")),
		{"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED", "workflowExecutionTerminatedEventAttributes": map[string]any{"reason": "by hand"}},
	}
}

func (b *buffer) goesOn() []map[string]any {
	events := []map[string]any{started("run-b")}
	for _, asked := range b.received {
		events = append(events, signaled(fmt.Sprint(asked["identity"]), asked["signalInput"]))
	}
	return events
}

func (b *buffer) list(query string) []any {
	execution := func(run, status string, start time.Time) map[string]any {
		return map[string]any{
			"execution": map[string]any{"workflowId": "buffer-signals-7", "runId": run}, "type": map[string]any{"name": journey.BufferWorkflow},
			"status": "WORKFLOW_EXECUTION_STATUS_" + status, "taskQueue": "development-task-queue", "startTime": start,
		}
	}
	if strings.HasPrefix(query, "WorkflowId STARTS_WITH") {
		return nil // of emitters
	}
	all := []any{execution("run-a", "TERMINATED", b.began)}
	if len(b.received) > 0 {
		all = append(all, execution("run-b", "RUNNING", b.began.Add(time.Minute)))
	}
	return all
}

// expect wants each of the two signals to have been delivered as often as that.
func (b *buffer) expect(t *testing.T, first, second int) {
	t.Helper()
	b.mutex.Lock()
	defer b.mutex.Unlock()
	got := map[string]int{}
	for _, asked := range b.received {
		got[fmt.Sprint(asked["requestId"])]++
	}
	if got["doctor/run-a/2"] != first || got["doctor/run-a/3"] != second {
		t.Errorf("delivered %v, want %d and %d", got, first, second)
	}
}

func bufferEngine(folder, url string) *Engine {
	selection, err := checks.Select(all.All(), []string{string(checks.TMP005)}, nil)
	if err != nil {
		panic(err)
	}
	set := &settings.Settings{Temporal: settings.Temporal{Address: settings.Address{URL: url}, Namespace: "default"}}
	return &Engine{
		Team: 7, Journal: filepath.Join(folder, ".doctor"), Patience: time.Minute,
		Open: func() (*pipeline.World, error) { return pipeline.Live(set, time.Now(), 0), nil },
		Diagnose: func(ctx context.Context, w *pipeline.World) *checks.Diagnosis {
			return checks.Run(ctx, selection, checks.Options{World: w, Team: 7, Since: time.Now().Add(-24 * time.Hour)})
		},
	}
}

func treated(t *testing.T, e *Engine, options Options) *Outcome {
	t.Helper()
	o, err := e.Treat(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestLostSignalsAreDeliveredAgain(t *testing.T) {
	t.Parallel()
	b, url := newBuffer(t)
	folder := t.TempDir()
	e := bufferEngine(folder, url)
	planned := treated(t, e, Options{DryRun: true})
	agenda := planned.Agenda
	if again := treated(t, e, Options{DryRun: true}).Agenda.Hash; len(agenda.Treatments) != 1 || again != agenda.Hash {
		t.Fatalf("planned %+v, and then %s", agenda, again)
	}
	shown := agenda.Treatments[0].Shown[1]
	want := `POST /api/v1/namespaces/default/workflows/buffer-signals-7/signal-with-start/submit_signal
identity    doctor/run-a/3
request id  doctor/run-a/3
payload     7 bytes, as that event has them
task queue  development-task-queue, if no buffer runs`
	if shown.Summary != "deliver event 3 of run run-a again" || shown.Form != "request" || shown.Text != want || len(agenda.Treatments[0].Final) != 2 {
		t.Errorf("shown is %+v", shown)
	}
	b.expect(t, 0, 0)

	o := treated(t, e, Options{Agreed: agenda.Hash})
	got := told(o.Fixes)
	if len(o.Fixes) != 1 || o.Fixes[0].Status != Verified || o.Fixes[0].Final == "" || !strings.Contains(got, "it is there as event 2 of run run-b, event 3 of run run-b") {
		t.Error(got)
	}
	b.expect(t, 1, 1)
	if again := treated(t, e, Options{}); len(again.Agenda.Treatments)+len(again.Fixes) > 0 {
		t.Errorf("once more: %+v %s", again.Agenda, told(again.Fixes))
	}
	undone, err := e.Undo(t.Context(), o.Run)
	if err != nil || strings.Count(told(undone.Fixes), "skipped: cannot be taken back: deliver event") != 2 {
		t.Errorf("undone: %v, %v", undone, err)
	}
	if kept := snapshot(t, e.Journal); strings.Contains(kept, "token") || strings.Contains(kept, "dG9rZW4") {
		t.Error("the journal has what the signals say")
	}
}

func TestADeliveryWithoutAnAnswerIsLookedFor(t *testing.T) {
	t.Parallel()
	b, url := newBuffer(t)
	e := bufferEngine(t.TempDir(), url)
	b.deaf = true
	if got := told(treated(t, e, Options{}).Fixes); !strings.Contains(got, "deliver-again failed: ") || !strings.Contains(got, "not known whether it happened") {
		t.Error(got)
	}
	b.expect(t, 0, 0)
	b.deaf, b.mute = false, true
	if got := told(treated(t, e, Options{}).Fixes); !strings.Contains(got, "deliver-again verified: ") {
		t.Error(got)
	}
	b.expect(t, 1, 1)
}

func init() {
	scenarios["signals"] = func(_ testing.TB, folder string) *Engine {
		url, err := os.ReadFile(filepath.Join(folder, "url"))
		if err != nil {
			panic(err)
		}
		return bufferEngine(folder, string(url))
	}
}

func TestNoSignalIsDeliveredTwiceWhereverATreatmentIsKilled(t *testing.T) {
	t.Parallel()
	var b *buffer
	prepare := func(folder string) {
		var url string
		b, url = newBuffer(t)
		if err := os.WriteFile(filepath.Join(folder, "url"), []byte(url), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	everyPoint(t, "treat signals", prepare, func(t *testing.T, folder string) {
		e := scenarios["signals"](t, folder)
		o := treated(t, e, Options{})
		b.expect(t, 1, 1)
		if strings.Contains(told(o.Fixes), "failed") || len(o.Diagnosis.Findings()) != 1 || o.Diagnosis.Findings()[0].State != checks.Recovered {
			t.Errorf("%s%v", told(o.Fixes), o.Diagnosis.Findings())
		}
		if again := treated(t, e, Options{}); len(again.Fixes) > 0 {
			t.Errorf("once more: %s", told(again.Fixes))
		}
	})
}

func TestWhatIsNotKnownExactlyIsLeftToPeople(t *testing.T) {
	link := &journey.Link{Run: &journey.Run{Execution: pipeline.Execution{Run: pipeline.Run{Workflow: "buffer-signals-7", ID: "r"}, TaskQueue: "q"}}}
	two := []pipeline.Event{{ID: 2}, {ID: 3}}
	for name, test := range map[string]struct {
		loss workflows.Loss
		want string
	}{
		"exact":                       {workflows.Loss{Link: link, Count: 2, Events: two}, "deliver-again"},
		"one of two":                  {workflows.Loss{Link: link, Count: 1, Events: two}, "emit-again"},
		"more were carried in":        {workflows.Loss{Link: link, Count: 3, Events: two}, "emit-again"},
		"grouping may have the batch": {workflows.Loss{Link: link, Count: 2, Events: two, Unsure: true}, "emit-again"},
		"of another run":              {workflows.Loss{Link: &journey.Link{Run: &journey.Run{}}, Count: 2, Events: two}, "emit-again"},
	} {
		for _, code := range []checks.Code{checks.TMP001, checks.TMP005} {
			f := &checks.Finding{Code: code, Severity: checks.Error, State: checks.Active, Subject: []string{"r"}}
			if told := For(f, Case{Result: []workflows.Loss{test.loss}}); len(told) != 1 || told[0].ID != test.want {
				t.Errorf("%s: %+v, want %s", name, told, test.want)
			}
		}
	}
}

func TestALostSignalIsLookedForInAllLaterRuns(t *testing.T) {
	lost := []pipeline.Payload{{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: []byte("token")}}
	hash, err := hashOf(lost)
	if err != nil {
		t.Fatal(err)
	}
	run := func(id string) pipeline.Run { return pipeline.Run{Workflow: "buffer-signals-7", ID: id} }
	began := checkstest.Since
	d := &delivery{Team: 7, Workflow: "buffer-signals-7", Run: "a", Began: began, Event: 2, Signal: journey.SubmitSignal, Hash: hash}
	start := func(id, from string) pipeline.Event {
		return pipeline.Event{ID: 1, Type: pipeline.WorkflowStarted, Original: id, Previous: from}
	}
	signal := func(data, identity string) pipeline.Event {
		return pipeline.Event{
			ID: 2, Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal, Identity: identity,
			Input: []pipeline.Payload{{Metadata: lost[0].Metadata, Data: []byte(data)}},
		}
	}
	is := func(id string, events ...pipeline.Event) pipeline.Answer {
		return pipeline.Histories.Is(run(id), pipeline.History{Events: events})
	}
	original := is("a", start("a", ""), signal("token", "emitter"))
	next := is("b", start("b", "a"), signal("another", "emitter"))
	for name, test := range map[string]struct {
		answers []pipeline.Answer
		want    State
		seen    string
	}{
		"in none":                 {[]pipeline.Answer{original, next, is("", start("b", "a"))}, Before, "no later run of the buffer has it"},
		"the same bytes":          {[]pipeline.Answer{original, is("b", start("b", "a"), signal("token", "emitter")), is("", start("b", "a"))}, After, "it was delivered again, as event 2 of run b"},
		"the doctor's mark":       {[]pipeline.Answer{original, is("b", start("b", "a"), signal("anew", "doctor/a/2")), is("", start("b", "a"))}, After, "event 2 of run b"},
		"in a run not yet listed": {[]pipeline.Answer{original, next, is("c", start("c", "b"), signal("token", "")), is("", start("d", "c"))}, After, "event 2 of run c"},
		"its history is gone":     {[]pipeline.Answer{pipeline.Histories.Fails(run("a"), pipeline.Missing, nil), next, is("", start("b", "a"))}, Elsewhere, "is gone, and the signal with it"},
		"it is another one now":   {[]pipeline.Answer{is("a", start("a", ""), signal("changed", "")), next, is("", start("b", "a"))}, Elsewhere, "is not what it was"},
		"a later run is unread":   {[]pipeline.Answer{original, pipeline.Histories.Fails(run("b"), pipeline.Failed, nil), is("", start("b", "a"))}, Elsewhere, ""},
	} {
		t.Run(name, func(t *testing.T) {
			listing := pipeline.Listing{Executions: []pipeline.Execution{
				{Run: run("b"), Type: journey.BufferWorkflow, Status: pipeline.ContinuedAsNew, Start: began.Add(time.Minute)},
				{Run: run("a"), Type: journey.BufferWorkflow, Status: pipeline.ContinuedAsNew, Start: began},
			}}
			world := checkstest.World(append(test.answers, pipeline.Executions.Is(checkstest.TeamSince, listing))...)
			tools := &Tools{open: func() (*pipeline.World, error) { return world, nil }}
			state, seen, err := d.Look(t.Context(), tools)
			if state != test.want || (err != nil) != (test.seen == "") || !strings.Contains(seen, test.seen) {
				t.Errorf("state %d, %q, %v", state, seen, err)
			}
		})
	}
}
