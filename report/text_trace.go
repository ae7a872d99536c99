package report

import (
	"io"
	"strings"
	"time"

	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

// TraceText writes a signal's way for a terminal: one line a hop.
func TraceText(w io.Writer, d *inspect.Trace, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		l.row(margin{}, indent(2), words(l.bold, tracedName(d.Signal)))
		l.row(margin{}, indent(2), words(l.dim, correlated(d.Correlated)))
		l.WriteByte('\n')
		hopTable(d.Hops, d.LookedAt, o).write(l)
		l.WriteByte('\n')
		l.outcome(d.Outcome)
	})
}

// hopTable is the hops of a signal's way, a line each.
func hopTable(hops []inspect.Hop, looked time.Time, o TextOptions) Table {
	table := Table{}
	for _, h := range hops {
		mark, tone := hopMark(h.State)
		record := Record{Cells: []Cell{{mark, tone}, {h.Name, Strong}, {hopTime(h.At, looked), Plain}, {hopTook(h.TookMS), Dim}, {hopDetail(h), Plain}}}
		if h.Doubt != "" {
			record.Below = append(record.Below, Cell{"not certain: " + h.Doubt, Odd})
		}
		if place := h.Where.String(); o.Verbose && place != "" {
			record.Below = append(record.Below, Cell{place, Dim})
		}
		table.Records = append(table.Records, record)
	}
	return table
}

func tracedName(s inspect.Traced) string {
	switch {
	case s.SourceID != "":
		return s.Product + "/" + s.Type + " " + s.SourceID
	case s.Emitter != "":
		return s.Emitter
	case s.Report != "":
		return "a signal of report " + s.Report
	}
	return "a signal"
}

func correlated(by string) string {
	if by == "key" {
		return "followed by what the payloads say"
	}
	return "followed by order and counts: no key opens the payloads"
}

func hopMark(state inspect.HopState) (string, Tone) {
	switch state {
	case inspect.HopDone:
		return "✓", Good
	case inspect.HopSkipped:
		return "–", Dim
	case inspect.HopFailed:
		return "✗", Bad
	case inspect.HopGoing, inspect.HopWaits:
		return "…", Odd
	}
	return "?", Odd
}

// hopDetail is what there is to say of a hop, with the run and the event that say so.
func hopDetail(h inspect.Hop) string {
	var said []string
	if h.Detail != "" {
		said = append(said, strings.TrimSuffix(h.Detail+": "+h.Why, ": "))
	}
	if h.Where.Run != "" {
		place := h.Where
		place.Workflow, place.Object = "", ""
		said = append(said, place.String())
	}
	return strings.Join(said, " · ")
}

func hopTime(at, looked time.Time) string {
	if at.IsZero() {
		return ""
	}
	return clock(at, looked)
}

func hopTook(ms int64) string {
	if ms == 0 {
		return ""
	}
	return lasting(time.Duration(ms) * time.Millisecond)
}

// outcome says in a sentence where the signal is.
func (l *layout) outcome(o inspect.Outcome) {
	said, s := "", l.yellow
	switch o.State {
	case inbox.Arrived:
		said, s = "Arrived in the inbox", l.green
		if o.TookMS > 0 {
			said += " after " + exactly(time.Duration(o.TookMS)*time.Millisecond)
		}
	case inbox.Moving:
		said = "On its way, at the " + string(o.Stage)
	case inbox.Waits:
		said = "Waits at the " + string(o.Stage)
	case inbox.Stopped:
		said, s = "Stopped at the "+string(o.Stage), l.redBold
	case inbox.Lost:
		said, s = "Lost at the "+string(o.Stage), l.redBold
	default:
		said = "Not known further than the " + string(o.Stage)
	}
	line := words(s, said)
	switch {
	case o.Code != "":
		line = append(glue(line, ":"), words(l.bold, string(o.Code))...)
		line = append(line, words(nil, o.Title)...)
	case o.Note != "":
		line = append(glue(line, ":"), words(nil, o.Note)...)
	}
	l.row(margin{}, indent(2), glue(line, "."))
	if o.Code == "" {
		return
	}
	root := o.Code
	if o.Root != nil {
		root = o.Root.Code
		l.row(margin{}, indent(2), append(append(words(nil, "Because of"), words(l.bold, string(root))...), glue(words(nil, o.Root.Title), ".")...))
	}
	l.row(margin{}, indent(2), words(l.dim, "Next: doctor explain "+string(root)+", or doctor for the whole diagnosis"))
}
