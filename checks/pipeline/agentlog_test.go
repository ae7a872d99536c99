package pipeline

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const (
	consoleLine = `{"type":"notification","timestamp":"2026-11-24T10:00:01.5+00:00","notification":{"jsonrpc":"2.0","method":"_posthog/console","params":{"sessionId":"r","level":%q,"message":%q}}}`
	updateLine  = `{"type":"notification","timestamp":"2026-11-24T10:00:02","notification":{"jsonrpc":"2.0","method":"session/update","params":{"update":{"sessionUpdate":%q,"title":%q,"content":{"type":"text","text":"a secret of a customer"}}}}}`
	errorLine   = `{"type":"notification","timestamp":"2026-11-24T10:00:03Z","notification":{"jsonrpc":"2.0","method":"_posthog/error","params":{"message":%q,"error_category":%q}}}`
	stopLine    = `{"type":"notification","timestamp":"2026-11-24T10:00:04Z","notification":{"jsonrpc":"2.0","id":1,"result":{"stopReason":"end_turn"}}}`
	stepLine    = `{"type":"notification","timestamp":"2026-11-24T10:00:00Z","notification":{"jsonrpc":"2.0","method":"_posthog/progress","params":{"step":"clone","status":"completed","label":"Cloning repository","group":"setup"}}}`
)

func readLog(t *testing.T, partial bool, lines ...string) *AgentLog {
	t.Helper()
	text := strings.Join(lines, "\n") + "\n"
	log, err := readAgentLog(strings.NewReader(text), int64(len(text)), partial)
	if err != nil {
		t.Fatal(err)
	}
	if !log.Whole() {
		t.Errorf("%d bytes read of %d", log.Read, log.Size)
	}
	return log
}

func TestAgentLogTellsWhatHappened(t *testing.T) {
	log := readLog(t, false,
		stepLine,
		fmt.Sprintf(consoleLine, "debug", "Resolved sandbox environment 'SIGNALS_REPO_DISCOVERY' with agentsh allowlist: github.com, +5 more"),
		fmt.Sprintf(consoleLine, "warn", "No MCP configs were resolved for this run."),
		fmt.Sprintf(updateLine, "tool_call", "grep for the checkout"),
		"not json at all",
		fmt.Sprintf(errorLine, "Overloaded", "overloaded"),
		fmt.Sprintf(updateLine, "agent_message", ""),
		stopLine,
		fmt.Sprintf(consoleLine, "debug", networkEventsHead+"\n  DENY  host.docker.internal (rule: default-deny-network, type: net_connect)\n"),
		`{"type":"notification","timestamp":"2026-11-24T10:00:09Z","notification":{"method":"_posthog/console","params":{"message":`,
	)
	at := func(line int, second float64) Spot {
		return Spot{line, time.Date(2026, 11, 24, 10, 0, 0, int(second*1e9), time.UTC)}
	}
	sameSpot := func(what string, got, want Spot) {
		t.Helper()
		if got.Line != want.Line || !got.Time.Equal(want.Time) {
			t.Errorf("%s stands at %v, want %v", what, got, want)
		}
	}
	if log.Lines != 10 || log.Unreadable != 2 {
		t.Errorf("%d lines, %d unreadable", log.Lines, log.Unreadable)
	}
	if log.Environment != "SIGNALS_REPO_DISCOVERY" || log.FullNetwork {
		t.Errorf("environment %q, full network %v", log.Environment, log.FullNetwork)
	}
	if len(log.Notices) != 1 || log.Notices[0].Level != "warn" {
		t.Errorf("notices %+v", log.Notices)
	}
	if len(log.Errors) != 1 || log.Errors[0].Message != "Overloaded" || log.Errors[0].Category != "overloaded" {
		t.Errorf("errors %+v", log.Errors)
	}
	if log.Answers != 1 || log.Stop != "end_turn" || log.Last.Kind != "agent_message" {
		t.Errorf("%d answers, stop %q, last %+v", log.Answers, log.Stop, log.Last)
	}
	if len(log.Network) != 1 || len(log.Network[0].Events) != 1 {
		t.Fatalf("network %+v", log.Network)
	}
	sameSpot("the error", log.Errors[0].Spot, at(6, 3))
	sameSpot("the answer", log.Last.Spot, at(7, 2))
	sameSpot("the denial", log.Network[0].Spot, at(9, 1.5))
	sameSpot("the step", log.Step.Spot, at(1, 0))
	if said := fmt.Sprintf("%+v", log); strings.Contains(said, "customer") {
		t.Errorf("what the agent said is kept: %s", said)
	}
}

func TestTheEndOfALog(t *testing.T) {
	log := readLog(t, true, `half of a line","message":"x"}}}`, fmt.Sprintf(errorLine, "Overloaded", ""), fmt.Sprintf(updateLine, "tool_call", "x"))
	if log.Unreadable != 0 || len(log.Errors) != 1 || log.Errors[0].Line != 0 || log.Last.Line != 0 {
		t.Errorf("%+v", log)
	}
}

func TestAToolsOutputIsNoEvent(t *testing.T) {
	quoted := strings.ReplaceAll(fmt.Sprintf(errorLine, "invalid x-api-key", "authentication"), `"`, `\"`)
	log := readLog(t, false, fmt.Sprintf(`{"timestamp":"2026-11-24T10:00:02Z","notification":{"method":"session/update","params":{"update":{"sessionUpdate":"tool_call_update","content":"%s"}}}}`, quoted))
	if len(log.Errors) != 0 || log.Answers != 0 || log.Last.Kind != "tool_call_update" {
		t.Errorf("%+v", log)
	}
}

func TestAQuestionIsNoSignOfLife(t *testing.T) {
	log := readLog(t, false, stepLine, fmt.Sprintf(updateLine, "user_message", ""), fmt.Sprintf(updateLine, "user_message_chunk", ""))
	if log.Last.Kind != "" || log.Unreadable != 0 || log.Step.Step != "clone" {
		t.Errorf("%+v", log)
	}
}

func TestLongLinesAreCountedOnly(t *testing.T) {
	long := `{"type":"notification","x":"` + strings.Repeat("x", 3*longestLine) + `"}`
	log := readLog(t, false, long, fmt.Sprintf(errorLine, strings.Repeat("é", longestText), ""))
	if log.Lines != 2 || log.Unreadable != 0 || len(log.Errors) != 1 || len(log.Errors[0].Message) > longestText+len("…") {
		t.Errorf("%d lines, %d unreadable, %d errors", log.Lines, log.Unreadable, len(log.Errors))
	}
}

func TestALogThatBreaksOff(t *testing.T) {
	whole := stepLine + "\n" + stepLine
	log, err := readAgentLog(io.MultiReader(strings.NewReader(whole[:len(stepLine)+9]), iotest.ErrReader(errors.New("reset"))), int64(len(whole)), false)
	if err == nil || log.Whole() || log.Step.Step != "clone" {
		t.Errorf("%+v, %v", log, err)
	}
}

func FuzzAgentLog(f *testing.F) {
	f.Add(stepLine+"\n"+stopLine, false)
	f.Add(fmt.Sprintf(consoleLine, "debug", networkEventsHead+"\n  DENY  a (rule: b)"), true)
	f.Add("\n\n{\"notification\":{\"method\":\"session/update\"}}\n\x00", false)
	f.Fuzz(func(t *testing.T, text string, partial bool) {
		log, err := readAgentLog(strings.NewReader(text), int64(len(text)), partial)
		if err != nil || !log.Whole() || log.Lines > strings.Count(text, "\n")+1 || log.Unreadable > log.Lines {
			t.Fatalf("%+v, %v", log, err)
		}
	})
}

func TestKindOfUpdate(t *testing.T) {
	for line, want := range map[string]string{
		fmt.Sprintf(updateLine, "tool_call", "of a file"):                                                         "tool_call",
		`{"update": {"content": "\"sessionUpdate\": \"agent_message\"", "sessionUpdate" : "user_message_chunk"}}`: "user_message_chunk",
		`{"update":{"sessionUpdate":7}}`:                                                                          "",
		`{"update":{"sessionUpdate":"agent_m`:                                                                     "",
		`{"method":"session/update","update":`:                                                                    "",
	} {
		if got := kindOfUpdate([]byte(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// Lines that fit into what is read at a time and lines that do not are given out as they are, one after the other.
func TestLogLines(t *testing.T) {
	want := []string{"short", strings.Repeat("long ", 40_000), "", strings.Repeat("longer ", 30_000), "short", "without an end"}
	lines := linesOf(iotest.OneByteReader(strings.NewReader(strings.Join(want, "\n"))))
	for i := range want {
		line, skipped, err := lines.next()
		if got := strings.TrimSuffix(string(line), "\n"); got != want[i] || skipped != 0 || (err == nil) != (i < len(want)-1) {
			t.Errorf("line %d has %d bytes, want %d; %d skipped, %v", i, len(got), len(want[i]), skipped, err)
		}
	}
}
