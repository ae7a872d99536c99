package pipeline

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"doctor/checks/pipeline/settings"
)

func TestAToldWorldHasNoHands(t *testing.T) {
	for name, w := range map[string]*World{"told": Told(&settings.Settings{}, time.Now()), "replayed": Replayed(&settings.Settings{}, time.Now(), nil)} {
		if _, err := HandsOf(w); !errors.Is(err, ErrNoHands) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// request is what a Temporal server was asked.
type request struct {
	path, token, cookie string
	body                map[string]any
}

// hands are those for a world whose Temporal gives a cookie with each answer to a question, as the UI's port does, and
// answers a change as the handler does.
func hands(t *testing.T, handler http.HandlerFunc) (*Hands, chan request) {
	t.Helper()
	requests := make(chan request, 10)
	w := temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.SetCookie(rw, &http.Cookie{Name: "_csrf", Value: "of this answer"})
			fmt.Fprint(rw, `{"namespaceInfo":{"name":"default"}}`)
			return
		}
		asked := request{path: r.URL.EscapedPath(), token: r.Header.Get("X-CSRF-TOKEN")}
		if cookie, err := r.Cookie("_csrf"); err == nil {
			asked.cookie = cookie.Value
		}
		if err := json.NewDecoder(r.Body).Decode(&asked.body); err != nil {
			t.Error(err)
		}
		requests <- asked
		handler(rw, r)
	})
	h, err := HandsOf(w)
	if err != nil {
		t.Fatal(err)
	}
	return h, requests
}

var lostSignal = Sent{
	Run: Run{Workflow: "buffer-signals-7", ID: "r1"}, Event: 31, Name: "submit_signal",
	Input: []Payload{{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: []byte{0, 255, '"', '\n'}}},
}

func TestABufferIsStartedForASignal(t *testing.T) {
	h, requests := hands(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, `{"runId":"r3","started":true}`) })
	run, err := h.DeliverToBuffer(context.Background(), lostSignal, 7, "development-task-queue")
	if err != nil || run != "r3" {
		t.Fatalf("got %q, %v", run, err)
	}
	asked := <-requests
	if asked.path != "/api/v1/namespaces/default/workflows/buffer-signals-7/signal-with-start/submit_signal" || asked.token != "of this answer" || asked.cookie != asked.token {
		t.Errorf("asked %+v", asked)
	}
	input := base64.StdEncoding.EncodeToString([]byte(`{"pending_signals":[],"team_id":7}`))
	expectBody(t, asked.body, `{"workflowType":{"name":"buffer-signals"},"taskQueue":{"name":"development-task-queue"},"workflowRunTimeout":"3600s",
		"workflowIdReusePolicy":"WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE","workflowIdConflictPolicy":"WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING",
		"input":{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"`+input+`"}]},
		"signalInput":{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA=="},"data":"AP8iCg=="}]},
		"identity":"doctor/r1/31","requestId":"doctor/r1/31"}`)
}

func TestARunIsTerminatedForAReason(t *testing.T) {
	h, requests := hands(t, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprint(rw, "{}") })
	if err := h.Terminate(context.Background(), Run{Workflow: "w", ID: "r"}, `a "poison" batch`); err != nil {
		t.Fatal(err)
	}
	asked := <-requests
	if asked.path != "/api/v1/namespaces/default/workflows/w/terminate" {
		t.Errorf("asked %s", asked.path)
	}
	expectBody(t, asked.body, `{"workflowExecution":{"workflowId":"w","runId":"r"},"reason":"a \"poison\" batch","identity":"doctor"}`)
}

func expectBody(t *testing.T, body map[string]any, want string) {
	t.Helper()
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(body)
	expected, _ := json.Marshal(wanted)
	if !bytes.Equal(got, expected) {
		t.Errorf("the body is\n%s, want\n%s", got, expected)
	}
}

// TestWhetherAnActHasHappened holds what is said of an act against what the server may have made of it.
func TestWhetherAnActHasHappened(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   Kind
	}{
		"gone": {func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusNotFound)
			fmt.Fprint(rw, `{"message":"workflow execution already completed"}`)
		}, Missing},
		"forbidden":  {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusForbidden) }, Denied},
		"bad":        {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusBadRequest) }, Failed},
		"overloaded": {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }, Uncertain},
		"gone silent": {func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, Uncertain},
		"hung up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, requests := hands(t, test.answer)
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := h.DeliverToBuffer(ctx, lostSignal, 7, "queue")
			if KindOf(err) != test.kind {
				t.Errorf("kind %q: %v", KindOf(err), err)
			}
			if len(requests) != 1 {
				t.Errorf("sent %d times", len(requests))
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		h, _ := hands(t, func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := h.DeliverToBuffer(ctx, lostSignal, 7, "queue"); KindOf(err) != Uncertain || !strings.Contains(err.Error(), "not known whether it happened") {
			t.Errorf("kind %q: %v", KindOf(err), err)
		}
	})
	t.Run("never there", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener.Close()
		s := &settings.Settings{Temporal: settings.Temporal{Address: settings.Address{URL: "http://" + listener.Addr().String()}, Namespace: "default"}}
		w := Live(s, time.Now(), time.Second)
		defer w.Close()
		h, err := HandsOf(w)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Terminate(context.Background(), Run{Workflow: "w", ID: "r"}, "why"); KindOf(err) != Refused {
			t.Errorf("kind %q: %v", KindOf(err), err)
		}
	})
}

func TestTheFrontendsPortWantsNoToken(t *testing.T) {
	w := temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && (r.Header.Get("X-CSRF-TOKEN") != "" || r.Header.Get("Cookie") != "") {
			t.Error("sent a token that nobody gave")
		}
		fmt.Fprint(rw, "{}")
	})
	h, err := HandsOf(w)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Terminate(context.Background(), Run{Workflow: "w", ID: "r"}, "why"); err != nil {
		t.Error(err)
	}
}

func TestOnlySandboxesAreRemoved(t *testing.T) {
	const id = "4f0c1a2b3c4d5e6f"
	for name, test := range map[string]struct {
		listed string
		kind   Kind
	}{
		"a sandbox":       {`[{"Id":"` + id + `","Names":["/task-sandbox-1-a"]}]`, ""},
		"another":         {`[{"Id":"` + id + `","Names":["/posthog-db-1"]}]`, Failed},
		"one like it":     {`[{"Id":"` + id + `","Names":["/my-task-sandbox-1-a"]}]`, Failed},
		"another's id":    {`[{"Id":"ffff1a2b3c4d5e6f","Names":["/task-sandbox-1-a"]}]`, Missing},
		"none of this id": {`[]`, Missing},
	} {
		t.Run(name, func(t *testing.T) {
			removed := make(chan string, 1)
			server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Api-Version", "1.41")
				switch {
				case r.Method == http.MethodDelete:
					removed <- r.URL.Path
				case strings.HasSuffix(r.URL.Path, "/containers/json"):
					_, _ = io.WriteString(rw, test.listed)
				case !strings.HasSuffix(r.URL.Path, "/_ping"):
					t.Errorf("asked %s %s", r.Method, r.URL)
				}
			}))
			defer server.Close()
			w := Live(&settings.Settings{Docker: settings.Docker{Address: settings.Address{URL: "tcp://" + server.Listener.Addr().String()}}}, time.Now(), time.Second)
			defer w.Close()
			h, err := HandsOf(w)
			if err != nil {
				t.Fatal(err)
			}
			if err := h.RemoveSandbox(context.Background(), id[:12]); KindOf(err) != test.kind {
				t.Errorf("kind %q: %v", KindOf(err), err)
			}
			if (len(removed) == 1) != (test.kind == "") {
				t.Errorf("removed %d", len(removed))
			}
		})
	}
}

func TestAStatementIsShownWithItsValues(t *testing.T) {
	s := statement{text: "WHERE team_id = ?"}.add(" AND report IN ?", int64(7), []string{`it's \`, "b?"}).
		with(statement{" AND at < ?", []any{time.UnixMilli(1_700_000_000_123)}})
	if got, want := s.String(), `WHERE team_id = 7 AND report IN ('it\'s \\', 'b?') AND at < 1700000000.123`; got != want {
		t.Errorf("got %s", got)
	}
}
