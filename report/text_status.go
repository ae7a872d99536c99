package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// StatusText writes how a pipeline stands for a terminal.
func StatusText(w io.Writer, d *inspect.Status, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		state, tone := stateOf(d)
		table := Table{Records: []Record{{Cells: []Cell{{fmt.Sprintf("team %d", d.TeamID), Dim}, {state, tone}}}}}
		row := func(name, text string, tone Tone) {
			if text != "" {
				table.Records = append(table.Records, Record{Cells: []Cell{{name, Dim}, {text, tone}}})
			}
		}
		for _, stop := range d.Stops {
			row("stopped", fmt.Sprintf("%s %s", clock(stop.Time, d.LookedAt), strings.TrimSpace(stop.Code+" "+stop.Title)), Bad)
		}
		if d.Buffer.Status != "" { // else nothing of Temporal could be seen
			row("emitters", fmt.Sprintf("%d at work", d.Emitters), busy(d.Emitters > 0))
			row("buffer", perpetual(d.LookedAt, d.Buffer), busy(d.Buffer.Busy))
			row("grouping", perpetual(d.LookedAt, d.Grouping), busy(d.Grouping.Busy))
			row("summaries", fmt.Sprintf("%d at work", len(d.Summaries)), busy(len(d.Summaries) > 0))
			for _, s := range d.Summaries {
				row("", fmt.Sprintf("report %s since %s%s", pipeline.Short(s.Report), clock(s.Started, d.LookedAt), within(s.Activity)), Plain)
			}
		}
		if s := d.Signals; s != nil {
			row("signals", stored(d, s), Plain)
			if s.Stale > 0 {
				row("", fmt.Sprintf("%d more of reports that do not exist (CLK001): these have not arrived", s.Stale), Odd)
			}
		}
		if len(d.Reports) > 0 || len(d.Missed) == 0 { // else it may be that nobody could count them
			row("reports", cmp.Or(counted(d.Reports, ""), "none"), Plain)
		}
		row("newest", newest(d), Plain)
		table.write(l)
	})
}

func stateOf(d *inspect.Status) (string, Tone) {
	said, tone := string(d.State), map[inspect.StatusState]Tone{
		inspect.Settled: Good, inspect.AtWork: Odd, inspect.HeldUp: Bad, inspect.NotAllSeen: Odd,
	}[d.State]
	if w := d.Waited; w != nil {
		after := (time.Duration(w.MS) * time.Millisecond).Round(100 * time.Millisecond).String()
		if w.TimedOut {
			said, tone = "timed out, still "+said, Bad
		}
		said += " after " + after
		if w.Expected > 0 && d.Signals != nil {
			said += fmt.Sprintf(": %d of %s arrived", d.Signals.Arrived, checks.Count(w.Expected, "signal"))
		}
	}
	return said, tone
}

// StatusLine is a status in one short line, for who waits.
func StatusLine(d *inspect.Status) string {
	var parts []string
	part := func(yes bool, text string) {
		if yes {
			parts = append(parts, text)
		}
	}
	if w := d.Waited; w != nil {
		part(true, (time.Duration(w.MS) * time.Millisecond).Round(time.Second).String())
		if w.Expected > 0 && d.Signals != nil {
			part(true, fmt.Sprintf("%d of %d arrived", d.Signals.Arrived, w.Expected))
		}
	}
	part(d.Emitters > 0, checks.Count(d.Emitters, "emitter"))
	part(d.Buffer.Busy, fmt.Sprintf("the buffer holds %d", d.Buffer.Signals))
	part(d.Grouping.Busy, "grouping works"+within(d.Grouping.Activity))
	for _, s := range d.Summaries {
		part(true, "summary of "+pipeline.Short(s.Report)+within(s.Activity))
	}
	return strings.Join(parts, " · ")
}

func busy(yes bool) Tone {
	if yes {
		return Odd
	}
	return Plain
}

// perpetual says how a workflow stands that never completes.
func perpetual(now time.Time, p inspect.Perpetual) string {
	switch {
	case p.Status == "NOT_FOUND":
		return "no run in the time that is looked at"
	case p.Status != string(pipeline.Running) && p.Closed != nil:
		said := strings.ToLower(strings.ReplaceAll(p.Status, "_", " ")) + " at " + clock(*p.Closed, now)
		if p.Busy {
			said += ", its next run is not listed yet"
		}
		return said
	}
	said := "running"
	if p.Started != nil {
		said += " since " + clock(*p.Started, now)
	}
	switch {
	case p.Signals > 0:
		said += ", holds " + checks.Count(p.Signals, "signal")
	case p.Busy:
		said += ", has work in hand"
	default:
		said += ", nothing in hand"
	}
	said += within(p.Activity)
	if p.PausedUntil != nil {
		said += ", paused until " + clock(*p.PausedUntil, now)
	}
	return said
}

func within(activity string) string {
	if activity == "" {
		return ""
	}
	return ", in " + activity
}

func stored(d *inspect.Status, s *inspect.SignalsStored) string {
	said := fmt.Sprintf("%d in ClickHouse, %d since %s", s.Live, s.Arrived, clock(d.Since, d.LookedAt))
	if s.Newest != nil {
		said += ", the newest at " + clock(*s.Newest, d.LookedAt)
	}
	return said
}

// newest says where the newest signal is.
func newest(d *inspect.Status) string {
	n := d.Newest
	if n == nil {
		return ""
	}
	said := "sent at " + clock(n.SentAt, d.LookedAt) + ": "
	switch n.State {
	case inbox.Arrived:
		said += "arrived in the inbox"
	case inbox.Moving:
		said += "on its way, at the " + string(n.Stage)
	case inbox.Unclear:
		said += "last seen at the " + string(n.Stage)
	default:
		said += string(n.State) + " at the " + string(n.Stage)
	}
	if n.Code != "" {
		said += ", " + n.Code
	}
	if n.Note != "" {
		said += ": " + n.Note
	}
	return said
}
