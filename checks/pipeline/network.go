package pipeline

import (
	"net"
	"regexp"
	"strings"
	"time"
)

// NetworkEvent is what agentsh, which guards a sandbox's network, recorded of one attempt to reach something.
type NetworkEvent struct {
	Time     time.Time // of the attempt; in a log, of the message that tells of it
	Decision string    // allow, deny or another in lower case; "" where nothing was decided
	Host     string    // as asked for, lower case; "unknown" where agentsh names none
	Port     string    // "" where agentsh did not keep it: it does so for a CONNECT only
	Rule     string    // the rule of the policy that decided
	Type     string    // net_connect, dns_query and others; "" where the writer left it out
}

// Denied reports whether the attempt was turned down.
func (e NetworkEvent) Denied() bool { return e.Decision == "deny" }

// Failed reports whether agentsh could not set itself up. It fails open: everything is then reachable, and nothing recorded.
func (e NetworkEvent) Failed() bool { return e.Type == "net_proxy_failed" }

// networkEventsHead begins the message that lists network events.
const networkEventsHead = "agentsh network events:"

// networkLine is one event in text (products/tasks/backend/temporal/process_task/activities/read_sandbox_logs.py at the
// end of a run, relay_sandbox_events.py at the end of a turn, without the type). The decision is padded, and may be blank.
var networkLine = regexp.MustCompile(`^\s*(ALLOW|DENY|[A-Z]*)\s+(\S+)\s+\(rule: ([^,)]*)(?:, type: ([^)]*))?\)\s*$`)

// networkEvents reads the events of a console message, in its order, which is newest first. It is false for a message of
// another kind. Lines that are no events are left out.
func networkEvents(message string, at time.Time) (events []NetworkEvent, ok bool) {
	lines, ok := strings.CutPrefix(message, networkEventsHead)
	if !ok {
		return nil, false
	}
	for line := range strings.SplitSeq(lines, "\n") {
		if m := networkLine.FindStringSubmatch(line); m != nil {
			event := NetworkEvent{Time: at, Decision: strings.ToLower(m[1]), Rule: m[3], Type: m[4]}
			event.Host, event.Port = target(m[2])
			events = append(events, event)
		}
	}
	return events, true
}

// target parts a host from its port, where there is one.
func target(text string) (host, port string) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), ""
	}
	return strings.ToLower(host), port
}
