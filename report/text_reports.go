package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/checks/pipeline"
)

// titleColumns is how much of a title stands in a list: what can be long and is wanted whole comes after it.
const titleColumns = 30

// ReportsText writes a list of reports, or one with what belongs to it, for a terminal.
func ReportsText(w io.Writer, d *inspect.Reports, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		if d.Detail != nil {
			l.report(d, d.Reports[0], d.Detail)
			return
		}
		if len(d.Counts) == 0 {
			l.none("There is no report.")
			return
		}
		if len(d.Reports) == 0 {
			l.none("There is no such report" + counted(d.Counts, "; of others there are ") + ".")
			return
		}
		table := Table{Columns: []string{"report", "changed", "status", "weight", "signals", "title", "why"}}
		for _, r := range d.Reports {
			table.Records = append(table.Records, Record{Cells: []Cell{
				{pipeline.Short(r.ID), Strong},
				{clock(r.Updated, d.LookedAt), Plain},
				{inWords(r.Status), toneOfReport(r)},
				{inspect.Weight(r.Weight) + "/" + inspect.Weight(d.Threshold), Plain},
				{fmt.Sprint(r.Signals), Plain},
				{Clip(r.Title, titleColumns), Dim},
				{withCode(r), toneOfReport(r)},
			}})
		}
		table.write(l)
		if d.Unlisted > 0 {
			l.none(fmt.Sprintf("%d more: --limit lists up to %d of a status.", d.Unlisted, inspect.MostReports))
		}
	})
}

// report writes all that is known of one report.
func (l *layout) report(d *inspect.Reports, r inspect.Report, detail *inspect.ReportDetail) {
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return clock(*t, d.LookedAt)
	}
	var facts Table
	fact := func(name, text string, tone Tone) {
		if text != "" {
			facts.Records = append(facts.Records, Record{Cells: []Cell{{name, Dim}, {text, tone}}})
		}
	}
	fact("report", r.ID, Strong)
	fact("title", r.Title, Plain)
	fact("status", inWords(r.Status), toneOfReport(r))
	fact("why", withCode(r), Plain)
	fact("weight", fmt.Sprintf("%s of %s, by %s", inspect.Weight(r.Weight), inspect.Weight(d.Threshold), checks.Count(r.Signals, "signal")), Plain)
	fact("created", clock(r.Created, d.LookedAt), Plain)
	fact("changed", clock(r.Updated, d.LookedAt), Plain)
	fact("promoted", at(r.Promoted), Plain)
	fact("worked on", strings.TrimPrefix(cmp.Or(at(r.LastRun), "never")+times(r.Runs), " "), Plain)
	fact("in inbox", at(r.Visible), Plain)
	fact("error", r.Error, Plain)
	if r.Workflow != "" {
		fact("workflow", r.Workflow+" run "+pipeline.Short(r.Run), Plain)
	}
	facts.write(l)
	l.WriteByte('\n')
	l.reportSignals(d, r, detail)
	if len(detail.Artefacts) == 0 {
		return
	}
	l.WriteByte('\n')
	artefacts := Table{Columns: []string{"created", "artefact", "result"}}
	for _, a := range detail.Artefacts {
		cells := []Cell{{clock(a.Created, d.LookedAt), Plain}, {a.Type, Plain}}
		if a.Result != "" {
			cells = append(cells, Cell{a.Result, Plain})
		}
		artefacts.Records = append(artefacts.Records, Record{Cells: cells})
	}
	artefacts.write(l)
	if detail.MoreLeftover {
		l.none("There are more, which are older.")
	}
}

func (l *layout) reportSignals(d *inspect.Reports, r inspect.Report, detail *inspect.ReportDetail) {
	if len(detail.Signals) == 0 {
		if detail.SignalsIn != "" {
			l.none("No live signal of it is in " + detail.SignalsIn + ".")
		}
		return
	}
	table := Table{Columns: []string{"signal", "given", "weight", "source", "source id"}}
	for _, s := range detail.Signals {
		table.Records = append(table.Records, Record{Cells: []Cell{
			{pipeline.Short(s.ID), Plain}, {clock(s.Timestamp, d.LookedAt), Plain}, {inspect.Weight(s.Weight), Plain}, {s.SourceProduct + "/" + s.SourceType, Plain}, {s.SourceID, Plain},
		}})
	}
	table.write(l)
	if more := r.Signals - len(detail.Signals); more > 0 {
		l.none(fmt.Sprintf("Postgres counts %d more: older, deleted, or not in ClickHouse.", more))
	}
}

func toneOfReport(r inspect.Report) Tone {
	switch {
	case r.Code != "" || r.Status == pipeline.ReportFailed:
		return Bad
	case r.Status == pipeline.ReportPendingInput:
		return Odd
	case r.Status == pipeline.ReportReady, r.Status == pipeline.ReportResolved:
		return Good
	case r.Status == pipeline.ReportCandidate, r.Status == pipeline.ReportInProgress:
		return Plain
	}
	return Dim
}

func withCode(r inspect.Report) string {
	if r.Code == "" {
		return r.Why
	}
	return r.Why + " (" + r.Code + ")"
}

func inWords(status string) string { return strings.ReplaceAll(status, "_", " ") }

func times(runs int) string {
	if runs < 2 {
		return ""
	}
	return fmt.Sprintf(", the %d. time", runs)
}

// counted is counts in words behind a beginning; nothing where there are none.
func counted(counts []inspect.StatusCount, beginning string) string {
	var all []string
	for _, c := range counts {
		all = append(all, fmt.Sprintf("%d %s", c.Reports, inWords(c.Status)))
	}
	if len(all) == 0 {
		return ""
	}
	return beginning + strings.Join(all, ", ")
}
