package report

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

var lookedAt = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func head(missed ...string) inspect.Head {
	return inspect.Head{SchemaVersion: inspect.SchemaVersion, LookedAt: lookedAt, TeamID: 1, Missed: append([]string{}, missed...)}
}

// shown is a document of an inspection, with the way that it is written.
type shown struct {
	command string
	text    func(io.Writer, TextOptions) error
	data    any
}

func show[D any](command string, document D, text func(io.Writer, D, TextOptions) error) shown {
	return shown{command, func(w io.Writer, o TextOptions) error { return text(w, document, o) }, document}
}

// inspections are documents that show all that there is to show.
func inspections() map[string]shown {
	hour := lookedAt.Add(-time.Hour)
	return map[string]shown{
		"logs":      show("logs", agentLog(), LogText),
		"logs-raw":  show("logs", agentLog(), rawly),
		"logs-none": show("logs", &inspect.Log{Head: head(), Entries: []inspect.LogEntry{}}, LogText),
		"logs-empty": show("logs", &inspect.Log{
			Head: head(), Run: &inspect.AgentRun{ID: "5b0c2100-aaaa", Status: "failed"}, Task: "77ae9000", Key: "tasks/logs/x.jsonl", Entries: []inspect.LogEntry{},
		}, LogText),
		"sandbox": show("sandboxes", oneSandbox(), SandboxesText),
		"sandboxes": show("sandboxes", &inspect.Sandboxes{Head: head("timed out after 3 s asking Postgres for the agents' runs of team 1"), Sandboxes: []inspect.Sandbox{
			{Name: "task-sandbox-one-1a2b3c", ID: "aaaa", State: "running", Created: hour, Image: "posthog-sandbox-base", Task: "one", Run: &inspect.AgentRun{ID: "5b0c2100-aaaa", Purpose: "repo_selection", Status: "in_progress"}, Running: &inspect.Running{MemoryBytes: 1 << 20, Processes: []inspect.Process{{PID: 7, AgeSeconds: 9, MemoryBytes: 1 << 20, Name: "tail"}}}},
			{Name: "task-sandbox-two-1a2b3c", ID: "bbbb", State: "running", Created: hour.Add(-72 * time.Hour), Image: "posthog-sandbox-base", Task: "two", Run: &inspect.AgentRun{ID: "77ae9000-aaaa", Status: "completed"}, Orphan: true},
			{Name: "task-sandbox-\x1b[2J", ID: "cccc", State: "exited", Created: lookedAt.Add(-5 * time.Second), Image: "posthog-sandbox-base", Task: "far"},
		}}, SandboxesText),
		"workflows":      show("workflows", workflows(), WorkflowsText),
		"workflows-none": show("workflows", &inspect.Workflows{Head: head(), Since: lookedAt.Add(-24 * time.Hour), Workflows: []inspect.Workflow{}}, WorkflowsText),
		"history":        show("history", steps(), HistoryText),
		"history-none":   show("history", &inspect.History{Head: head(), Run: openRun(lookedAt.Add(-90 * time.Second)), Steps: []inspect.Step{}, Events: []inspect.Event{}}, HistoryText),
		"history-events": show("history", events(), HistoryText),
		"history-chain":  show("history", runChain(), HistoryText),
		"reports":        show("reports", listedReports(), ReportsText),
		"reports-none":   show("reports", &inspect.Reports{Head: head(), Threshold: 1, Counts: []inspect.StatusCount{}, Reports: []inspect.Report{}}, ReportsText),
		"reports-one":    show("reports", oneReport(), ReportsText),
		"canary":         show("canary", sentCanary(), CanaryText),
		"canary-never": show("canary", &inspect.Canary{
			Head: head(), Commands: sentCanary().Commands, State: inbox.Stopped, Hops: []inspect.Hop{}, WaitedMS: 15_400,
			Note: "no emitter was started, whatever the command printed: signals of zendesk/ticket are not taken in: the source is switched off (INB001)",
		}, CanaryText),
		"status":         show("status", workingStatus(), StatusText),
		"status-settled": show("status", settledStatus(), StatusText),
		"status-blind": show("status", &inspect.Status{
			Head: head("Temporal does not answer at 127.0.0.1:8081: connection refused"), State: inspect.NotAllSeen, Since: hour, Summaries: []inspect.SummaryAt{},
			Reports: []inspect.StatusCount{{Status: "ready", Reports: 3}}, Stops: []inspect.Stop{},
		}, StatusText),
		"trace":          show("trace", arrivedSignal(), TraceText),
		"trace-lost":     show("trace", lostSignal(), TraceText),
		"sandboxes-none": show("sandboxes", &inspect.Sandboxes{Head: head(), Sandboxes: []inspect.Sandbox{}}, SandboxesText),
	}
}

func rawly(w io.Writer, d *inspect.Log, o TextOptions) error {
	o.Raw = true
	return LogText(w, d, o)
}

// agentLog has each kind of entry, and some that are hostile.
func agentLog() *inspect.Log {
	d := &inspect.Log{
		Head: head("the log before its last 64 MB"), Task: "77ae9000-aaaa", Key: "tasks/logs/team_1/task_77ae9000-aaaa/run_5b0c2100-aaaa.jsonl",
		Run: &inspect.AgentRun{ID: "5b0c2100-aaaa", Purpose: "repo_selection", Status: "in_progress"}, Stored: true, Bytes: 217_000_000, BytesRead: 65_536, Unreadable: 1, TooLong: 2,
	}
	events := []inspect.NetworkEvent{
		{Decision: "deny", Host: "host.docker.internal", Port: "8787", Rule: "default-deny-network", Type: "net_connect"},
		{Decision: "allow", Host: "2001:db8::1", Port: "443", Rule: "allow-domains", Type: "net_connect"},
		{Host: "unknown", Type: "net_proxy_failed"},
	}
	for i, e := range []inspect.LogEntry{
		{Kind: "progress", Title: "Cloning repository", Status: "completed", Text: "PostHog/posthog"},
		{Kind: "console", Level: "debug", Text: "agentsh logs:\n  listening\n\nINFO proxy started"},
		{Kind: "console", Level: "warn", Text: "No MCP configs were resolved for this run."},
		{Kind: "user_message", Length: 38},
		{Kind: "tool_call", Title: "curl http://host.docker.internal:8787/mcp", Status: "pending"},
		{Kind: "tool_call_update", Title: "toolu_000002", Status: "failed", Text: "curl: (56)\x1b[2J\u202e"},
		{Kind: "error", Title: "upstream_provider_failure", Text: "API Error: 529 Overloaded"},
		{Kind: "turn_end", Status: "end_turn"},
		{Kind: "sandbox_output", Status: "exit code 1", Text: "no such file", Raw: "{\"no\":  \"tab\t\"}"},
		{Kind: "network_events", Level: "debug", Events: events},
	} {
		at := lookedAt.Add(time.Duration(i-100) * time.Second)
		e.Time, e.Offset, e.Length = &at, int64(i)*100, max(e.Length, len(e.Text))
		if e.Events == nil {
			e.Events = []inspect.NetworkEvent{}
		}
		for n := range e.Events {
			e.Events[n].Time = &at
		}
		d.Entries = append(d.Entries, e)
	}
	d.Entries[0].Time = nil
	return d
}

func oneSandbox() *inspect.Sandboxes {
	guarded, at := true, lookedAt.Add(-24*time.Hour)
	return &inspect.Sandboxes{Head: head(), Sandboxes: []inspect.Sandbox{{
		Name: "task-sandbox-one-1a2b3c", ID: "aaaa", State: "running", Created: at, Image: "posthog-sandbox-base", Task: "one",
		Run:     &inspect.AgentRun{ID: "5b0c2100-aaaa", Purpose: "repo_selection", Status: "in_progress"},
		Running: &inspect.Running{MemoryBytes: 300 << 20, Processes: []inspect.Process{{PID: 3360, AgeSeconds: 3600, MemoryBytes: 1400 << 10, Name: "tail"}, {PID: 3401, AgeSeconds: 59, MemoryBytes: 299 << 20, Name: "node\x1b[2J"}}},
		Detail: &inspect.SandboxDetail{
			Guarded: &guarded, Events: []inspect.NetworkEvent{{Time: &at, Decision: "deny", Host: "host.docker.internal", Port: "8787", Rule: "default-deny-network", Type: "net_connect"}},
			ServerLog: &inspect.ServerLog{Bytes: 9000, Lines: []string{"listening on 47821", "\x1b]0;pwned\a"}},
		},
	}}}
}

func TestInspectionsGolden(t *testing.T) {
	for name, d := range inspections() {
		plain, colored := written(t, d, TextOptions{}), written(t, d, TextOptions{Color: true})
		golden(t, name+".txt", plain)
		if stripped := escapes.ReplaceAllString(colored, ""); stripped != plain {
			t.Errorf("%s: color changes more than color:\n%s", name, cmp.Diff(plain, stripped))
		}
	}
}

func written(t *testing.T, d shown, o TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := d.text(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestInspectionsFollowTheirSchemas(t *testing.T) {
	for name, d := range inspections() {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, d.data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t, inspect.Schemas()[d.command]).Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
