package pipeline

import (
	"os"
	"strings"
	"testing"
	"time"
)

// recorded is what a real agentsh wrote of a real sandbox's network, in the two texts of the pipeline: its messages in turn.
func recorded(t testing.TB) (messages []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/agentsh/network-events.txt")
	if err != nil {
		t.Fatal(err)
	}
	var message []string
	for line := range strings.Lines(string(text)) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, networkEventsHead):
			if message != nil {
				messages = append(messages, strings.Join(message, ""))
			}
			message = []string{line}
		default:
			message = append(message, line)
		}
	}
	return append(messages, strings.Join(message, ""))
}

func TestEveryRecordedNetworkEventIsRead(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	read := 0
	for _, message := range recorded(t) {
		events, ok := networkEvents(message, at)
		lines := strings.Count(strings.TrimSpace(message), "\n")
		if !ok || len(events) != lines {
			t.Errorf("%d events of %d lines in\n%s", len(events), lines, message)
		}
		for _, e := range events {
			if e.Host == "" || !e.Time.Equal(at) || strings.Contains(e.Rule, ":") {
				t.Errorf("%+v", e)
			}
		}
		read += len(events)
	}
	if read < 283 {
		t.Errorf("%d events were read", read)
	}
}

// The text of a sandbox's end and the store that it was made from tell the same events.
func TestTextAndStoreAgree(t *testing.T) {
	rows, err := os.ReadFile("testdata/agentsh/stored-events.json")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := storedEvents(rows)
	if err != nil {
		t.Fatal(err)
	}
	told, _ := networkEvents(recorded(t)[0], time.Time{})
	if len(stored) != 50 || len(told) != 50 {
		t.Fatalf("%d stored, %d told", len(stored), len(told))
	}
	ports := 0
	for i, s := range stored {
		if w := told[i]; s.Host != w.Host || s.Decision != w.Decision || s.Rule != w.Rule || s.Type != w.Type {
			t.Errorf("row %d: stored %+v, told %+v", i, s, w)
		}
		if s.Port != "" {
			ports++
		}
	}
	if ports == 0 {
		t.Error("the store knows no port")
	}
}

func TestNetworkEvents(t *testing.T) {
	for _, test := range []struct {
		line string
		want NetworkEvent
	}{
		{"  DENY  host.docker.internal (rule: default-deny-network, type: net_connect)", NetworkEvent{Decision: "deny", Host: "host.docker.internal", Rule: "default-deny-network", Type: "net_connect"}},
		{"  DENY  host.docker.internal (rule: default-deny-network)", NetworkEvent{Decision: "deny", Host: "host.docker.internal", Rule: "default-deny-network"}},
		{"  DENY  Host.Docker.Internal:8787 (rule: default-deny-network, type: net_connect)", NetworkEvent{Decision: "deny", Host: "host.docker.internal", Port: "8787", Rule: "default-deny-network", Type: "net_connect"}},
		{"  ALLOW 10.0.0.1:443 (rule: , type: )", NetworkEvent{Decision: "allow", Host: "10.0.0.1", Port: "443"}},
		{"  DENY  [2001:db8::1]:8443 (rule: r, type: t)", NetworkEvent{Decision: "deny", Host: "2001:db8::1", Port: "8443", Rule: "r", Type: "t"}},
		{"  DENY  2001:db8::1 (rule: r)", NetworkEvent{Decision: "deny", Host: "2001:db8::1", Rule: "r"}},
		{"        unknown (rule: , type: net_proxy_failed)\r", NetworkEvent{Host: "unknown", Type: "net_proxy_failed"}},
	} {
		events, ok := networkEvents(networkEventsHead+"\n"+test.line, time.Time{})
		if !ok || len(events) != 1 || events[0] != test.want {
			t.Errorf("%q: %+v", test.line, events)
		}
	}
	for _, line := range []string{"", "DENY", "(rule: x)", "deny a (rule: b)", "DENY a b (rule: c)", "DENY a (rule: b", "curl: (56) DENY"} {
		if events, ok := networkEvents(networkEventsHead+"\n"+line, time.Time{}); !ok || len(events) != 0 {
			t.Errorf("%q: %+v", line, events)
		}
	}
	if _, ok := networkEvents("the agentsh network events:\n  DENY  a (rule: b)", time.Time{}); ok {
		t.Error("a message that only speaks of network events was taken for one")
	}
}

func TestStoredEvents(t *testing.T) {
	for _, none := range []string{"", " \n", "[]"} {
		if events, err := storedEvents([]byte(none)); err != nil || len(events) != 0 {
			t.Errorf("%q: %v, %v", none, events, err)
		}
	}
	for _, broken := range []string{"{", `{"ts_unix_ns":1}`, `[{"ts_unix_ns":"now"}]`, "Error: no such table: events"} {
		if _, err := storedEvents([]byte(broken)); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

func TestTaskOfASandbox(t *testing.T) {
	const task = "0e0d6a5c-3c8f-4f6e-9a62-0a8f2d1c9b10"
	if got, ok := taskOf("/task-sandbox-" + task + "-0a1b2c"); !ok || got != task {
		t.Errorf("%q, %v", got, ok)
	}
	for _, name := range []string{"/postgres", "/my-task-sandbox-x-1", "/task-sandbox-", ""} {
		if got, ok := taskOf(name); ok {
			t.Errorf("%q is taken for a sandbox of %q", name, got)
		}
	}
}

func FuzzNetworkEvents(f *testing.F) {
	for _, message := range recorded(f) {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		events, ok := networkEvents(message, time.Time{})
		if !ok && len(events) > 0 || len(events) > strings.Count(message, "\n")+1 {
			t.Fatalf("%d events of %q", len(events), message)
		}
		for _, e := range events {
			if e.Host != strings.ToLower(e.Host) || strings.ContainsAny(e.Host+e.Port, " \n\t") {
				t.Fatalf("%+v of %q", e, message)
			}
		}
	})
}
