package report

import (
	"io"
	"strings"

	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// SandboxesText writes a list of sandboxes for a terminal.
func SandboxesText(w io.Writer, d *inspect.Sandboxes, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		if len(d.Sandboxes) == 0 {
			l.none("There is no sandbox.")
			return
		}
		table := Table{Columns: []string{"sandbox", "age", "state", "image", "run"}}
		for _, s := range d.Sandboxes {
			table.Records = append(table.Records, Record{Cells: []Cell{
				{s.Name, Strong}, {ago(d.LookedAt.Sub(s.Created)), Plain}, {s.State, Plain}, {s.Image, Plain}, sandboxRun(s),
			}})
		}
		table.write(l)
	})
}

// sandboxRun says whom a sandbox is for.
func sandboxRun(s inspect.Sandbox) Cell {
	switch {
	case s.Run == nil:
		return Cell{"of no run of this team", Dim}
	case s.Orphan:
		return Cell{pipeline.Short(s.Run.ID) + ", " + s.Run.Status + ": an orphan (SBX005)", Bad}
	}
	return Cell{strings.TrimSpace(pipeline.Short(s.Run.ID) + " " + strings.ReplaceAll(s.Run.Status, "_", " ")), Plain}
}
