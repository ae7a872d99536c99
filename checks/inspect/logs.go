package inspect

import (
	"context"
	"fmt"
	"strings"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Log is the log of one run of an agent, decoded.
type Log struct {
	Head
	Run        *AgentRun  `json:"run,omitempty" jsonschema:"absent where no agent has left a log"`
	Task       string     `json:"task"`
	Key        string     `json:"key" jsonschema:"of the log, in object storage"`
	Stored     bool       `json:"stored" jsonschema:"there is such a log"`
	Bytes      int64      `json:"bytes" jsonschema:"of the whole log"`
	BytesRead  int64      `json:"bytes_read" jsonschema:"how many of them were read, from the end"`
	Whole      bool       `json:"whole" jsonschema:"the entries are all that the log has"`
	Unreadable int        `json:"unreadable_lines" jsonschema:"lines that are no JSON, among those that were read"`
	TooLong    int        `json:"too_long_lines" jsonschema:"lines of more than 1 MB, which are not decoded, among those that were read"`
	Entries    []LogEntry `json:"entries" jsonschema:"oldest first"`

	mark pipeline.LogMark
}

// LogEntry is one line of a log.
type LogEntry struct {
	Line   int            `json:"line,omitempty" jsonschema:"from 1; absent where the log was not read from its beginning"`
	Offset int64          `json:"offset" jsonschema:"of the line within the log, in bytes"`
	Time   *time.Time     `json:"time,omitempty"`
	Kind   string         `json:"kind" jsonschema:"progress, console, network_events, error, sandbox_output, turn_end, or as the pipeline calls it: agent_message, tool_call and others"`
	Level  string         `json:"level" jsonschema:"of what the backend says: debug, info, warn or error"`
	Status string         `json:"status" jsonschema:"of a step or a tool call; why a turn ended; the exit code of output"`
	Title  string         `json:"title" jsonschema:"of a step or a tool call; the category of an error"`
	Text   string         `json:"text" jsonschema:"cut short after 16 kB; left out of a capture where it is an agent's or its user's"`
	Length int            `json:"length" jsonschema:"of the whole text, in bytes"`
	Events []NetworkEvent `json:"network_events"`
	Raw    string         `json:"raw,omitempty" jsonschema:"the line as it is, with --raw"`
}

// NetworkEvent is what agentsh, which guards a sandbox's network, saw of one attempt to reach something.
type NetworkEvent struct {
	Time     *time.Time `json:"time,omitempty" jsonschema:"of the attempt; in a log, of the message that tells of it"`
	Decision string     `json:"decision" jsonschema:"allow, deny or another; empty where nothing was decided"`
	Host     string     `json:"host"`
	Port     string     `json:"port" jsonschema:"empty where agentsh did not keep it"`
	Rule     string     `json:"rule"`
	Type     string     `json:"type" jsonschema:"net_connect, dns_query and others; empty where the writer left it out"`
}

// Denied reports whether the attempt was turned down.
func (e NetworkEvent) Denied() bool { return e.Decision == "deny" }

// UsualTail is how many entries of a log are shown unless somebody asks for another number.
const UsualTail = 50

// LogQuery says which log is asked for, and how much of it.
type LogQuery struct {
	Name string // of a run or a task; none is the newest run that left a log
	Key  string // of the log itself, instead of a name
	Tail int    // how many entries; 0 for all
	Raw  bool   // lines as they are, too
}

// ReadLog reads the end of an agent's log.
func ReadLog(ctx context.Context, l *Look, q LogQuery) (*Log, error) {
	d := &Log{Head: l.head(), Entries: []LogEntry{}, Key: q.Key}
	if q.Key == "" {
		runs, err := l.knownRuns(ctx, &d.Head)
		if err != nil {
			return nil, err
		}
		run, err := chooseRun(runs, q.Name)
		if run == nil || err != nil {
			return d, err
		}
		l.complete(ctx, run, &d.Head)
		d.Run, d.Task, d.Key, d.Stored, d.Bytes = run.agentRun(), run.Task, run.key, run.stored, run.size
	} else {
		if _, err := resultOf[pipeline.Reached](l.diagnose(ctx, services.ObjectStorage), services.ObjectStorage); err != nil {
			return nil, err
		}
		if task, run, ok := l.World.Objects.RunOfKey(q.Key); ok {
			d.Run, d.Task = &AgentRun{ID: run}, task
		}
	}
	return d, d.read(ctx, l, q)
}

// read reads the log, which may not be there: a run that has left none is told of, and a key of none is wrong.
func (d *Log) read(ctx context.Context, l *Look, q LogQuery) error {
	log, err := l.tail(ctx, d.Key, q)
	switch {
	case pipeline.KindOf(err) == pipeline.Missing && q.Key == "":
		d.Stored, d.Bytes = false, 0
		return nil
	case pipeline.KindOf(err) == pipeline.NotRecorded && q.Key == "":
		d.miss(err)
		return nil
	case err != nil:
		return err
	}
	d.Stored, d.Bytes, d.BytesRead, d.Unreadable, d.TooLong, d.mark = true, log.Size, log.Read, log.Unreadable, log.TooLong, log.Mark
	d.Whole = log.From == 0 && log.Cut == ""
	entries := log.Entries
	switch more := len(entries) - q.Tail; {
	case q.Tail > 0 && more >= 0:
		entries, d.Whole = entries[more:], d.Whole && more == 0
	case log.Cut != "":
		d.miss(fmt.Errorf("the log before its last %d kB: %s", log.Read>>10, log.Cut))
	case !d.Whole && l.World.Recorded():
		d.miss(fmt.Errorf("the log before its last %d entries: they were not recorded", len(entries)))
	case !d.Whole:
		d.miss(fmt.Errorf("the log before its last %d MB", log.Read>>20))
	}
	for _, e := range entries {
		d.Entries = append(d.Entries, logEntry(e))
	}
	return nil
}

// tail reads the last entries of a log: of one that was recorded those that were, see [recordLogs].
func (l *Look) tail(ctx context.Context, key string, q LogQuery) (*pipeline.LogEntries, error) {
	asked := pipeline.LogTail{Key: key, Entries: q.Tail, Raw: q.Raw}
	if l.World.Recorded() && !q.Raw {
		asked.Entries = recordedEntries
	}
	return l.World.Objects.LogTail(ctx, asked)
}

func logEntry(e pipeline.LogEntry) LogEntry {
	return LogEntry{
		Line: e.Line, Offset: e.Offset, Time: at(e.Time), Kind: e.Kind, Level: e.Level, Status: e.Status, Title: e.Title,
		Text: e.Text, Length: e.Length, Events: networkEvents(e.Events), Raw: e.Raw,
	}
}

func networkEvents(events []pipeline.NetworkEvent) []NetworkEvent {
	listed := []NetworkEvent{}
	for _, e := range events {
		listed = append(listed, NetworkEvent{at(e.Time), e.Decision, e.Host, e.Port, e.Rule, e.Type})
	}
	return listed
}

// Failed reports whether an entry tells of a failure.
func (e LogEntry) Failed() bool {
	return e.Kind == pipeline.EntryError || e.Level == "error" || e.Status == "failed" || e.Kind == pipeline.EntryTurnEnd && e.Status == "refusal"
}

// Odd reports whether an entry is worth a look.
func (e LogEntry) Odd() bool { return strings.HasPrefix(e.Level, "warn") }

// Denials counts the events of an entry that were turned down.
func Denials(events []NetworkEvent) (denied int) {
	for _, e := range events {
		if e.Denied() {
			denied++
		}
	}
	return denied
}
