package pipeline

import (
	"regexp"
	"strings"
)

// LogTrouble is what a program of the sandbox had printed of its own failure when the set-up gave up on it.
type LogTrouble struct {
	Spot
	Of    string   // agent-server or agentsh
	Lines []string // those that tell of a failure, oldest first
}

const (
	longestTrouble = 300 // bytes of a line
	mostTrouble    = 3   // lines of one program
	mostFailed     = 20  // steps, and programs
)

// tails begin the messages of the backend that hold what a program has printed last
// (products/tasks/backend/temporal/process_task/activities/start_agent_server.py). They are written when a start has
// failed, and also when it was well.
var tails = map[string]string{
	serverLogTail:       "agent-server",
	"agentsh log tail:": "agentsh",
}

// ofFailure are the words by which programs say that they failed. The rest of what they print is nobody's concern here.
var ofFailure = regexp.MustCompile(`(?i)\b(error|fatal|panic|killed|denied|failed|cannot|can't|unable|unknown option|no such file|not found|out of memory|eaddrinuse)`)

// trouble keeps what a program has said of its failure.
func (r *reading) trouble(message string) {
	head, text, _ := strings.Cut(message, "\n")
	of, ok := tails[strings.TrimSpace(head)]
	if !ok || len(r.log.Trouble) == mostFailed {
		return
	}
	trouble := LogTrouble{Spot: r.spot, Of: of}
	for line := range strings.SplitSeq(text, "\n") {
		if ofFailure.MatchString(line) {
			trouble.Lines = append(trouble.Lines, clipTo(strings.TrimSpace(line), longestTrouble))
		}
	}
	trouble.Lines = trouble.Lines[max(0, len(trouble.Lines)-mostTrouble):]
	r.log.Trouble = append(r.log.Trouble, trouble)
}

// step keeps a step of the set-up.
func (r *reading) step(s LogStep) {
	if s.Status != "failed" {
		s.Detail = ""
	} else if len(r.log.Failed) < mostFailed {
		r.log.Failed = append(r.log.Failed, s)
	}
	r.log.Step = s
}
