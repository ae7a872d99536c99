package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LogEntry is one line of an agent's log, as people read it.
type LogEntry struct {
	Spot
	Offset int64  // of the line within the log, in bytes
	Kind   string // one of the entries below, else what the pipeline calls it: agent_message, tool_call, task_complete
	Level  string // of a console entry: debug, info, warn, error
	Status string // of a step or a tool call; why a turn ended; the exit code of output
	Title  string // of a step or a tool call; the category of an error
	Text   string // the beginning of it, where it is long
	Length int    // of the whole text, in bytes
	Events []NetworkEvent
	Raw    string // the line itself, where it was asked for
}

// The kinds of entries that the pipeline itself writes. What comes of an agent's session has the kind that it has there
// (sessionUpdate).
const (
	EntryProgress   = "progress"       // a step of the sandbox's set-up
	EntryConsole    = "console"        // a message of the backend
	EntryNetwork    = "network_events" // a message of the backend that lists what agentsh saw
	EntryError      = "error"          // of the agent
	EntryOutput     = "sandbox_output" // what a program in the sandbox printed
	EntryTurnEnd    = "turn_end"
	EntryUnreadable = "unreadable" // no JSON; only among lines that are asked for as they are
	EntryOther      = "other"
)

// LogEntries is a part of an agent's log, up to its end.
type LogEntries struct {
	Size       int64      // of the whole log, in bytes
	Read       int64      // how many of them were read
	From       int64      // where the first line stands that was looked into
	Entries    []LogEntry // oldest first
	Unreadable int        // lines that are no JSON
	TooLong    int        // lines of more than 1 MB, which are not looked into
	Cut        string     // why no more was read, where that was not to be
	Mark       LogMark    // up to where it was read

	// What happened to a log since it was read up to a mark.
	Shorter   bool // it ends before the mark
	Rewritten bool // something else stands at the mark
}

// entryText is how much of a text is kept.
const entryText = 16 << 10

// logEntry reads a line. It is false for one that is no JSON; whatever else it holds, it is an entry.
func logEntry(line []byte) (LogEntry, bool) {
	var l logLine
	var mistyped *json.UnmarshalTypeError
	if err := json.Unmarshal(line, &l); err != nil && !errors.As(err, &mistyped) {
		return LogEntry{Kind: EntryUnreadable}, false
	}
	e := LogEntry{Spot: Spot{Time: l.Timestamp.Time}}
	text := e.tell(&l)
	e.Kind, e.Level, e.Status, e.Title = brief(e.Kind), brief(e.Level), brief(e.Status), clipText(e.Title)
	e.Text, e.Length = clipTo(text, entryText), len(text)
	return e, true
}

// brief bounds what is a word where all is well.
func brief(word string) string { return clipTo(word, 80) }

// tell fills in what an entry is, and returns its text.
func (e *LogEntry) tell(l *logLine) (text string) {
	said := &l.Notification.Params
	switch method := l.Notification.Method; method {
	case "_posthog/console":
		if events, ok := networkEvents(said.Message, e.Time); ok {
			e.Kind, e.Level, e.Events = EntryNetwork, said.Level, events
			return ""
		}
		e.Kind, e.Level = EntryConsole, said.Level
		return said.Message
	case "_posthog/progress":
		e.Kind, e.Status, e.Title = EntryProgress, said.Status, strings.TrimSpace(said.Label)
		if e.Title == "" {
			e.Title = said.Step
		}
		return said.Detail
	case "_posthog/error":
		e.Kind, e.Title = EntryError, said.Category
		return said.Message
	case "_posthog/sandbox_output":
		e.Kind, e.Status = EntryOutput, fmt.Sprintf("exit code %d", said.ExitCode)
		return strings.TrimSpace(said.Stdout + "\n" + said.Stderr)
	case "session/update":
		return e.update(&said.Update)
	case "":
		return e.unnamed(l)
	default:
		e.Kind, e.Status = strings.TrimPrefix(method, "_posthog/"), said.Status
		return said.Message + said.Content.String()
	}
}

// update tells what the agent and its user said and did.
func (e *LogEntry) update(u *logUpdate) (text string) {
	e.Kind, e.Status, e.Title = u.Kind, u.Status, u.Title
	if e.Kind == "" {
		e.Kind = EntryOther
	}
	if e.Title == "" {
		e.Title = u.Call
	}
	return u.Message + u.Content.String()
}

// unnamed tells what has no method: the answer to a prompt, and what other runtimes write.
func (e *LogEntry) unnamed(l *logLine) (text string) {
	switch {
	case l.Notification.Result.StopReason != "":
		e.Kind, e.Status = EntryTurnEnd, l.Notification.Result.StopReason
	case l.Type != "" && l.Type != "notification":
		e.Kind, e.Title = l.Type, l.Event.Type
	default:
		e.Kind = EntryOther
	}
	return ""
}

// serverLogTail begins a message of the backend that holds what the agent printed.
const serverLogTail = "agent-server log tail:"

// spoken reports whether an entry's text is that of an agent, of its user or of the programs that it runs, as against that
// of the pipeline.
func (e *LogEntry) spoken() bool {
	switch e.Kind {
	case EntryProgress, EntryNetwork, EntryError, EntryTurnEnd:
		return false
	case EntryConsole:
		return strings.HasPrefix(e.Text, serverLogTail)
	}
	return true
}

// withoutTexts is the same entries without what agents and their users said to each other. Lines as they are go, too.
func (l *LogEntries) withoutTexts() *LogEntries {
	bare := *l
	bare.Entries = slices.Clone(l.Entries)
	for i := range bare.Entries {
		e := &bare.Entries[i]
		e.Raw = ""
		if e.spoken() {
			e.Text = ""
		}
		e.Text = clipText(e.Text)
	}
	return &bare
}
