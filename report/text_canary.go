package report

import (
	"fmt"
	"io"
	"time"

	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

// CanaryText writes how far a test signal came, for a terminal.
func CanaryText(w io.Writer, d *inspect.Canary, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		for _, c := range d.Commands {
			l.row(margin{}.add(l.dim, "$ "), indent(2), words(l.bold, c.Command))
			for _, line := range c.Printed {
				l.row(indent(2), indent(2), words(l.dim, line))
			}
		}
		l.WriteByte('\n')
		hopTable(d.Hops, d.LookedAt, o).write(l)
		said, tone := CanaryLine(d), l.redBold
		switch {
		case d.TimedOut:
			said = "Timed out after " + exactly(time.Duration(d.WaitedMS)*time.Millisecond) + ": " + said
		case d.State == inbox.Arrived:
			tone = l.green
		case d.State == inbox.Waits:
			tone = l.yellow
		}
		l.row(margin{}, margin{}, words(tone, said))
	})
}

// CanaryLine is where the signal is, in one line.
func CanaryLine(d *inspect.Canary) string {
	s := d.Signal
	switch {
	case s != nil:
	case d.State == inbox.Arrived:
		return "Arrived: " + d.Note + "."
	case d.Note != "":
		return "No signal was sent: " + d.Note + "."
	default:
		return "No emitter is seen yet."
	}
	said := string(s.State) + " at the " + string(s.Stage)
	switch s.State {
	case inbox.Arrived:
		said = "Arrived in the inbox after " + exactly(time.Duration(d.WaitedMS)*time.Millisecond)
	case inbox.Moving:
		said = "On its way, at the " + string(s.Stage)
	case inbox.Unclear:
		said = "Last seen at the " + string(s.Stage)
	case inbox.Waits:
		said = "Waits, at the " + string(s.Stage)
	case inbox.Stopped:
		said = "Stopped at the " + string(s.Stage)
	case inbox.Lost:
		said = "Lost at the " + string(s.Stage)
	}
	if s.Code != "" {
		said += fmt.Sprintf(" (%s)", s.Code)
	}
	if s.Note != "" {
		said += ": " + s.Note
	}
	return said + "."
}
