package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Programs name who refused them in their own ways, within what a tool printed or in a message.
func TestWhoRefused(t *testing.T) {
	for text, want := range map[string]string{
		"connect ECONNREFUSED 172.17.0.1:8787":                                                                                        "172.17.0.1:8787",
		"Error: connect ECONNREFUSED ::1:3308":                                                                                        "[::1]:3308",
		"curl: (7) Failed to connect to host.docker.internal port 8787 after 0 ms: Connection refused":                                "host.docker.internal:8787",
		"curl: (7) Failed to connect to HOST.docker.internal port 8000 after 2 ms: Couldn't connect to server":                        "host.docker.internal:8000",
		"dial tcp 172.17.0.1:8000: connect: connection refused":                                                                       "172.17.0.1:8000",
		"HTTPConnectionPool(host='host.docker.internal', port=8010): Max retries exceeded (Caused by [Errno 111] Connection refused)": "host.docker.internal:8010",
		"curl: (28) Failed to connect to host.docker.internal port 8787 after 3000 ms: Timeout was reached":                           "",
		"the offer was refused":            "",
		"ECONNREFUSED":                     "",
		"ECONNREFUSED \u001b[31m:99999999": "",
	} {
		quoted, _ := json.Marshal(text)
		line := fmt.Sprintf(`{"type":"notification","timestamp":"2026-11-24T12:00:00Z","notification":{"method":"session/update","params":{"update":{"sessionUpdate":"tool_call_update","content":{"type":"text","text":%s}}}}}`, quoted)
		said := fmt.Sprintf(`{"type":"notification","notification":{"method":"_posthog/error","params":{"message":%s}}}`, quoted)
		log, err := readAgentLog(strings.NewReader(line+"\n"+line+"\n"), 1, false)
		if err != nil {
			t.Fatal(err)
		}
		own, _ := readAgentLog(strings.NewReader(said), 1, false)
		if want == "" {
			if len(log.Refused) > 0 {
				t.Errorf("%q: %+v", text, log.Refused)
			}
			continue
		}
		if len(log.Refused) != 1 || log.Refused[0].Address() != want || log.Refused[0].Times != 2 || !log.Refused[0].ByTool || log.Refused[0].Line != 2 {
			t.Errorf("%q: %+v", text, log.Refused)
		}
		if len(own.Refused) != 1 || own.Refused[0].ByTool {
			t.Errorf("%q: %+v", text, own.Refused)
		}
	}
}
