package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// SandboxesText writes a list of sandboxes for a terminal, and of the one that was asked for what is known of it.
func SandboxesText(w io.Writer, d *inspect.Sandboxes, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		switch {
		case len(d.Sandboxes) == 0:
			l.none("There is no sandbox.")
		case d.Sandboxes[0].Detail != nil:
			l.sandbox(d.Sandboxes[0], d.LookedAt)
		default:
			l.sandboxes(d)
		}
	})
}

func (l *layout) sandboxes(d *inspect.Sandboxes) {
	table := Table{Columns: []string{"sandbox", "age", "state", "image", "processes", "memory", "run"}}
	for _, s := range d.Sandboxes {
		count, memory := "", ""
		if s.Running != nil {
			count, memory = fmt.Sprint(len(s.Running.Processes)), size(s.Running.MemoryBytes)
		}
		table.Records = append(table.Records, Record{Cells: []Cell{
			{s.Name, Strong}, {ago(d.LookedAt.Sub(s.Created)), Plain}, {s.State, Plain}, {s.Image, Plain}, {count, Plain}, {memory, Plain}, sandboxRun(s),
		}})
	}
	table.write(l)
}

// sandboxRun says whom a sandbox is for.
func sandboxRun(s inspect.Sandbox) Cell {
	switch {
	case s.Run == nil:
		return Cell{"of no run of this team", Dim}
	case s.Orphan:
		return Cell{pipeline.Short(s.Run.ID) + ", " + s.Run.Status + ": an orphan (SBX005)", Bad}
	}
	return Cell{strings.TrimSpace(pipeline.Short(s.Run.ID) + " " + spaced(s.Run.Status)), Plain}
}

// sandbox shows all that is known of one.
func (l *layout) sandbox(s inspect.Sandbox, looked time.Time) {
	l.row(margin{}, indent(2), words(l.bold, s.Name))
	head := Table{Records: []Record{
		{Cells: []Cell{{"state", Dim}, {fmt.Sprintf("%s, made %s ago, at %s", s.State, ago(looked.Sub(s.Created)), clock(s.Created, looked)), Plain}}},
		{Cells: []Cell{{"image", Dim}, {s.Image, Plain}}},
		{Cells: []Cell{{"id", Dim}, {s.ID, Plain}}},
		{Cells: []Cell{{"task", Dim}, {s.Task, Plain}}},
		{Cells: []Cell{{"run", Dim}, sandboxRun(s)}},
	}}
	head.indented(l, "  ")
	if s.Running != nil {
		l.WriteByte('\n')
		l.processes(s.Running)
	}
	l.WriteByte('\n')
	l.guard(s.Detail, looked)
	l.WriteByte('\n')
	l.serverLog(s.Detail.ServerLog)
}

func (l *layout) processes(r *inspect.Running) {
	table := Table{Columns: []string{"pid", "age", "memory", "process"}}
	for _, p := range r.Processes {
		age := ""
		if p.AgeSeconds > 0 {
			age = ago(time.Duration(p.AgeSeconds * float64(time.Second)))
		}
		table.Records = append(table.Records, Record{Cells: []Cell{
			{fmt.Sprint(p.PID), Plain}, {age, Plain}, {size(p.MemoryBytes), Plain}, {p.Name, Strong},
		}})
	}
	table.write(l)
}

// guard tells what agentsh has let through and what not. Nothing of a sandbox that has ended: it must run to be asked.
func (l *layout) guard(d *inspect.SandboxDetail, looked time.Time) {
	switch {
	case d.Guarded == nil:
		l.none("Network events: only those of a sandbox that runs can be asked for; doctor logs has those of its end.")
	case !*d.Guarded:
		l.none("Network events: none, since agentsh keeps no store there.")
	default:
		tone := Plain
		denied := inspect.Denials(d.Events)
		if denied > 0 {
			tone = Bad
		}
		Table{Records: []Record{{
			Cells:  []Cell{{fmt.Sprintf("Network events: agentsh denied %d of %d", denied, len(d.Events)), tone}},
			Within: networkTable(d.Events, looked),
		}}}.write(l)
	}
}

func (l *layout) serverLog(log *inspect.ServerLog) {
	switch {
	case log == nil:
		l.none("/tmp/agent-server.log: there is none.")
	case log.Withheld:
		l.none(fmt.Sprintf("/tmp/agent-server.log: %s, left out of the capture.", size(log.Bytes)))
	default:
		part := "all"
		if !log.Whole {
			part = "the last " + checks.Count(len(log.Lines), "line")
		}
		head := Record{Cells: []Cell{{fmt.Sprintf("/tmp/agent-server.log: %s of %s", part, size(log.Bytes)), Plain}}}
		for _, line := range log.Lines {
			head.Below = append(head.Below, Cell{line, Plain})
		}
		Table{Records: []Record{head}}.write(l)
	}
}
