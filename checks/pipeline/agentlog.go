package pipeline

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// AgentLog is what the log of one run of an agent tells: how far it came, what stood in its way and when it was last
// heard of. What the agent and its user said to each other is left out.
type AgentLog struct {
	Size       int64 // of the whole log, in bytes
	Read       int64 // how many of them were read, from the end
	Lines      int   // of what was read
	Unreadable int   // lines among them that are no JSON

	Network []NetworkEvents
	Errors  []LogError
	Notices []LogNotice // warnings and errors of the backend
	Step    LogStep     // the last one of the set-up
	Failed  []LogStep   // those of the set-up that failed
	Trouble []LogTrouble
	Refused []LogRefusal
	NoTools *Spot       `json:",omitempty"` // where the backend says that the agent has none of PostHog's tools
	Last    LogActivity // the last sign of life of the agent
	Answers int         // messages of the agent
	Stop    string      // why the last turn ended: end_turn, refusal; "" when none has

	Environment string // the sandbox environment's name, where the log says so
	FullNetwork bool   // that environment has no network policy, and so no network events
}

// NoTools is how the set-up of a sandbox says that its agent gets none of PostHog's tools
// (products/tasks/backend/temporal/process_task/activities).
const NoTools = "No MCP configs were resolved"

// Whole reports whether all of the log was read.
func (l *AgentLog) Whole() bool { return l.Read >= l.Size }

// Spot is where in a log something stands.
type Spot struct {
	Line int // from 1; 0 when the log was not read from its beginning
	Time time.Time
}

// NetworkEvents is one message with network events, the newest of them first.
type NetworkEvents struct {
	Spot
	Events []NetworkEvent
}

// LogError is an error that the agent reported, which is how the model's API shows in a log.
type LogError struct {
	Spot
	Message  string
	Category string // such as agent_error or upstream_rate_limit; may be empty
}

// LogNotice is a warning or an error of the backend.
type LogNotice struct {
	Spot
	Level   string
	Message string
}

// LogStep is a step of the sandbox's set-up.
type LogStep struct {
	Spot
	Step   string // sandbox, clone, agent and others
	Status string // in_progress, completed or failed
	Label  string
	Detail string // of one that failed: why
}

// LogActivity is a sign of life of the agent.
type LogActivity struct {
	Spot
	Kind string // agent_message, tool_call and others, as in session/update
	Tool string // of a tool call: its title
}

const (
	longestLine = 1 << 20 // a longer line is counted, and not looked into
	longestText = 2000    // of a message that is kept
)

// logLine is the shape of a log's line (products/tasks/backend/models.py, TaskRun.append_log).
type logLine struct {
	Type         string  `json:"type"`
	Timestamp    logTime `json:"timestamp"`
	Notification struct {
		Method string `json:"method"`
		Params struct {
			Level    string    `json:"level"`
			Message  string    `json:"message"`
			Category string    `json:"error_category"`
			Step     string    `json:"step"`
			Status   string    `json:"status"`
			Label    string    `json:"label"`
			Detail   string    `json:"detail"`
			Content  spoken    `json:"content"`
			Stdout   string    `json:"stdout"`
			Stderr   string    `json:"stderr"`
			ExitCode int       `json:"exitCode"`
			Update   logUpdate `json:"update"`
		} `json:"params"`
		Result struct {
			StopReason string `json:"stopReason"`
		} `json:"result"`
	} `json:"notification"`
	Event struct {
		Type string `json:"type"`
	} `json:"event"`
}

// logUpdate is what a session/update tells of.
type logUpdate struct {
	Kind    string `json:"sessionUpdate"`
	Title   string `json:"title"`
	Call    string `json:"toolCallId"`
	Status  string `json:"status"`
	Message string `json:"message"`
	Content spoken `json:"content"`
}

// spoken is the text of a piece of content, of a list of them, or of one that is within another. Where several hold text
// a line each is theirs. It is decoded when it is asked for: most readers only count it.
type spoken json.RawMessage

func (s *spoken) UnmarshalJSON(raw []byte) error {
	*s = append((*s)[:0], raw...)
	return nil
}

func (s spoken) String() string {
	var content any
	if json.Unmarshal(s, &content) != nil {
		return ""
	}
	var texts []string
	var gather func(any)
	gather = func(content any) {
		switch content := content.(type) {
		case string:
			texts = append(texts, content)
		case []any:
			for _, one := range content {
				gather(one)
			}
		case map[string]any:
			if text, ok := content["text"]; ok {
				gather(text)
			} else {
				gather(content["content"])
			}
		}
	}
	gather(content)
	return strings.Join(texts, "\n")
}

// logTime reads the time of a line. Python leaves the zone out where it is told none: that is UTC then.
type logTime struct{ time.Time }

func (t *logTime) UnmarshalJSON(text []byte) error {
	written := strings.Trim(string(text), `"`)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, written); err == nil {
			t.Time = at
		}
	}
	return nil // a line without a time still says what it says
}

// reading is a log on its way into what it tells.
type reading struct {
	log     *AgentLog
	partial bool   // the first line may be the end of one
	latest  []byte // the last session update, which is looked into at the end only
	spot    Spot
}

// readAgentLog reads a log line by line, so that its size costs time only. An error of the reader is returned with what was
// read before.
func readAgentLog(from io.Reader, size int64, partial bool) (*AgentLog, error) {
	r := &reading{log: &AgentLog{Size: size}, partial: partial}
	lines := linesOf(from)
	for {
		line, long, err := lines.next()
		r.log.Read += int64(len(line)) + long
		if len(line) > 0 {
			r.take(line, long > 0)
		}
		if err != nil {
			r.finish()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return r.log, err
		}
	}
}

// logLines gives out the lines of a log, and holds no more than one of them.
type logLines struct {
	from *bufio.Reader
	long []byte // a line that does not fit into what is read at a time
}

func linesOf(from io.Reader) *logLines {
	const readAtOnce = 64 << 10 // few lines are longer
	return &logLines{from: bufio.NewReaderSize(from, readAtOnce)}
}

// next reads a line; of one that is too long only the beginning. skipped is how many bytes the rest had. The line is good
// until the next is read.
func (l *logLines) next() (line []byte, skipped int64, err error) {
	line, err = l.from.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, 0, err
	}
	for l.long = append(l.long[:0], line...); errors.Is(err, bufio.ErrBufferFull); {
		if line, err = l.from.ReadSlice('\n'); len(l.long)+len(line) <= longestLine {
			l.long = append(l.long, line...)
		} else {
			skipped += int64(len(line))
		}
	}
	return l.long, skipped, err
}

var (
	sessionUpdate = []byte(`"session/update"`)
	updateKind    = []byte(`"sessionUpdate"`)
	ofBackend     = [][]byte{[]byte(`"_posthog/`), []byte(`"stopReason"`)}
)

// take looks into a line if it is one of those that tell something. Most lines of a log are the agent's tools at work:
// of these only the last counts.
func (r *reading) take(line []byte, long bool) {
	r.log.Lines++
	first := r.log.Lines == 1
	if r.partial && first {
		return
	}
	if !r.partial {
		r.spot.Line = r.log.Lines
	}
	switch {
	case long || len(bytes.TrimSpace(line)) == 0:
	case bytes.Contains(line, sessionUpdate):
		kind := kindOfUpdate(line)
		if strings.HasPrefix(kind, "user_message") { // no sign of life of the agent
			return
		}
		r.latest = append(r.latest[:0], line...)
		r.refusals(line, Spot{Line: r.spot.Line}, true)
		r.log.Last.Line = r.spot.Line
		if kind == "agent_message" {
			r.log.Answers++
		}
	case containsAny(line, ofBackend):
		var l logLine
		if json.Unmarshal(line, &l) != nil {
			r.log.Unreadable++
			return
		}
		r.tell(l)
	case !json.Valid(line):
		r.log.Unreadable++
	}
}

// kindOfUpdate finds what a session/update tells of without decoding it: mostly that stands at its beginning. Within texts
// quotes are escaped, so it is none of those.
func kindOfUpdate(line []byte) string {
	_, value, _ := bytes.Cut(line, updateKind)
	value, quoted := bytes.CutPrefix(bytes.TrimLeft(value, " :"), []byte{'"'})
	kind, _, ended := bytes.Cut(value, []byte{'"'})
	if !quoted || !ended {
		return ""
	}
	return string(kind)
}

func containsAny(line []byte, marks [][]byte) bool {
	for _, mark := range marks {
		if bytes.Contains(line, mark) {
			return true
		}
	}
	return false
}

// tell keeps what a line of the backend says.
func (r *reading) tell(l logLine) {
	r.spot.Time = l.Timestamp.Time
	said := l.Notification.Params
	if said.Message != "" {
		r.refusals([]byte(said.Message), r.spot, false)
	}
	switch l.Notification.Method {
	case "_posthog/console":
		r.console(said.Level, said.Message)
	case "_posthog/progress":
		r.step(LogStep{r.spot, said.Step, said.Status, clipText(said.Label), clipTo(said.Detail, longestTrouble)})
	case "_posthog/error":
		r.log.Errors = append(r.log.Errors, LogError{r.spot, clipText(said.Message), said.Category})
	case "":
		if stop := l.Notification.Result.StopReason; stop != "" {
			r.log.Stop = stop
		}
	}
}

func (r *reading) console(level, message string) {
	if events, ok := networkEvents(message, r.spot.Time); ok {
		r.log.Network = append(r.log.Network, NetworkEvents{r.spot, events})
		return
	}
	r.trouble(message)
	if level == "warn" || level == "error" {
		r.log.Notices = append(r.log.Notices, LogNotice{r.spot, level, clipText(message)})
	}
	if strings.HasPrefix(message, NoTools) {
		here := r.spot
		r.log.NoTools = &here
	}
	const resolved = "Resolved sandbox environment '"
	if rest, ok := strings.CutPrefix(message, resolved); ok {
		name, how, _ := strings.Cut(rest, "'")
		r.log.Environment, r.log.FullNetwork = clipText(name), strings.HasSuffix(how, "with full network access")
	}
}

// finish looks into the last sign of life.
func (r *reading) finish() {
	var l logLine
	if r.latest == nil || json.Unmarshal(r.latest, &l) != nil {
		return
	}
	update := l.Notification.Params.Update
	r.log.Last = LogActivity{Spot{r.log.Last.Line, l.Timestamp.Time}, update.Kind, clipText(update.Title)}
}

func clipText(text string) string { return clipTo(text, longestText) }

func clipTo(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	return strings.ToValidUTF8(text[:bytes], "") + "…"
}
