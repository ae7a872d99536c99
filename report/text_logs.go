package report

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// LogText writes the log of an agent's run for a terminal. Lines that are asked for as they are stand alone, for other
// programs to read.
func LogText(w io.Writer, d *inspect.Log, o TextOptions) error {
	if o.Raw {
		return LogMore(w, d, o)
	}
	return inspection(w, o, d.Missed, func(l *layout) {
		if d.Key == "" {
			l.none("No agent of this team has left a log.")
			return
		}
		l.logHead(d)
		if len(d.Entries) > 0 {
			l.WriteByte('\n')
			l.entries(d, "", "time", "kind", "text")
		}
		l.skipped(d)
	})
}

// LogMore writes what a log has got since, as a part of the same text.
func LogMore(w io.Writer, d *inspect.Log, o TextOptions) error {
	missed := d.Missed
	if o.Raw {
		missed = nil
	}
	return inspection(w, o, missed, func(l *layout) {
		if !o.Raw {
			l.entries(d)
			l.skipped(d)
			return
		}
		for _, e := range d.Entries {
			l.WriteString(visible(e.Raw) + "\n")
		}
	})
}

// logHead says whose log it is, and how much of it follows.
func (l *layout) logHead(d *inspect.Log) {
	if d.Run != nil {
		title := "agent " + pipeline.Short(d.Run.ID)
		if d.Run.Purpose != "" {
			title = spaced(d.Run.Purpose) + " " + title
		}
		if d.Run.Status != "" {
			title += " · " + spaced(d.Run.Status)
		}
		l.row(margin{}, indent(2), words(l.bold, title))
	}
	read := "there is none, see SBX003"
	switch {
	case d.Stored && d.Bytes == 0:
		read = "it is empty, see SBX003"
	case d.Stored && d.BytesRead == 0:
		read = fmt.Sprintf("nothing of %s", size(d.Bytes))
	case d.Stored && d.Whole:
		read = fmt.Sprintf("%s, which is all, %s", entries(len(d.Entries)), size(d.Bytes))
	case d.Stored:
		read = fmt.Sprintf("the last %s, of %s", entries(len(d.Entries)), size(d.Bytes))
	}
	head := Table{}
	add := func(name, value string) {
		if value != "" {
			head.Records = append(head.Records, Record{Cells: []Cell{{name, Dim}, {value, Plain}}})
		}
	}
	if d.Run != nil {
		add("run", d.Run.ID)
	}
	add("task", d.Task)
	add("log", d.Key)
	add("read", read)
	head.indented(l, "  ")
}

// skipped says which lines are not among the entries.
func (l *layout) skipped(d *inspect.Log) {
	for _, skipped := range []struct {
		lines int
		why   string
	}{{d.Unreadable, "not JSON: doctor logs --raw shows such lines"}, {d.TooLong, "longer than 1 MB: not shown"}} {
		if skipped.lines > 0 {
			l.row(margin{}.add(l.yellow, "! "), indent(2), words(nil, checks.Count(skipped.lines, "line")+" "+skipped.why))
		}
	}
}

func (l *layout) entries(d *inspect.Log, headings ...string) {
	table := Table{Columns: headings, Least: []int{1, len(time.TimeOnly), len("tool call update")}, Inset: 5}
	for _, e := range d.Entries {
		table.Records = append(table.Records, entryRecord(e, d.LookedAt))
	}
	table.write(l)
}

// entryRecord is an entry: its first line, and below what else it has.
func entryRecord(e inspect.LogEntry, looked time.Time) Record {
	mark, tone := Cell{}, Plain
	denied := inspect.Denials(e.Events)
	switch {
	case e.Failed() || denied > 0:
		mark, tone = Cell{"✗", Bad}, Bad
	case e.Odd():
		mark, tone = Cell{"!", Odd}, Odd
	}
	at := ""
	if e.Time != nil {
		at = clock(*e.Time, looked)
	}
	first, rest, _ := strings.Cut(entryText(e, denied), "\n")
	kind := spaced(e.Kind)
	if e.Kind == pipeline.EntryConsole {
		kind = "console " + e.Level
	}
	r := Record{Cells: []Cell{mark, {at, Dim}, {kind, Dim}, {first, tone}}}
	for line := range strings.SplitSeq(rest, "\n") {
		if line = strings.TrimSpace(line); line != "" {
			r.Below = append(r.Below, Cell{line, Plain})
		}
	}
	if len(e.Events) > 0 {
		r.Within = networkTable(e.Events, looked)
	}
	return r
}

// entryText is what an entry says.
func entryText(e inspect.LogEntry, denied int) string {
	if e.Kind == pipeline.EntryNetwork {
		return fmt.Sprintf("agentsh denied %d of %s", denied, checks.Count(len(e.Events), "network event"))
	}
	head := e.Title
	switch {
	case head == "":
		head = e.Status
	case e.Status != "":
		head += " (" + spaced(e.Status) + ")"
	}
	text := strings.TrimSpace(e.Text)
	if text == "" && e.Length > 0 {
		text = fmt.Sprintf("%s, left out of the capture", size(int64(e.Length)))
	}
	if head == "" || text == "" {
		return head + text
	}
	return head + ": " + text
}

// networkTable lists network events; what was denied is marked.
func networkTable(events []inspect.NetworkEvent, looked time.Time) *Table {
	table := &Table{}
	for _, e := range events {
		mark, tone := "", Dim
		switch {
		case e.Denied():
			mark, tone = "✗", Bad
		case e.Type == "net_proxy_failed": // everything can be reached then
			mark, tone = "!", Odd
		}
		host, at := e.Host, ""
		if e.Port != "" {
			host = net.JoinHostPort(e.Host, e.Port)
		}
		if e.Time != nil {
			at = clock(*e.Time, looked)
		}
		table.Records = append(table.Records, Record{Cells: []Cell{
			{mark, tone}, {strings.ToUpper(e.Decision), tone}, {host, tone}, {e.Rule, tone}, {e.Type, tone}, {at, Dim},
		}})
	}
	return table
}

// spaced is a word of the pipeline as people write it.
func spaced(word string) string { return strings.ReplaceAll(word, "_", " ") }

// size is an amount of bytes for people: 512 bytes, 14 kB, 3 MB.
func size(bytes int64) string {
	switch {
	case bytes < 1<<10:
		return checks.Count(int(bytes), "byte")
	case bytes < 1<<20:
		return fmt.Sprintf("%d kB", (bytes+1<<9)>>10)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20))
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
