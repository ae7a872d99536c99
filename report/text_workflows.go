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

// WorkflowsText writes a list of workflows for a terminal.
func WorkflowsText(w io.Writer, d *inspect.Workflows, o TextOptions) error {
	return inspection(w, o, d.Missed, func(l *layout) {
		if len(d.Workflows) == 0 {
			l.none("There is no such workflow in the last " + span(d.LookedAt.Sub(d.Since)) + ".")
		} else {
			workflowTable(d).write(l)
		}
		if more := d.Total - len(d.Workflows); more > 0 {
			l.none(fmt.Sprintf("The newest %d of %s: --limit lists more.", len(d.Workflows), checks.Count(d.Total, "workflow")))
		}
		if d.LeftOut > 0 {
			l.none(checks.Count(d.LeftOut, "completed emitter") + " left out: --type emitter lists them.")
		}
	})
}

func workflowTable(d *inspect.Workflows) Table {
	queues := map[string]bool{}
	for _, run := range d.Workflows {
		queues[run.TaskQueue] = true
	}
	table := Table{Columns: []string{"started", "took", "status", "type", "run", "workflow"}}
	if len(queues) > 1 {
		table.Columns = []string{"started", "took", "status", "type", "run", "task queue", "workflow"}
	}
	for _, run := range d.Workflows {
		cells := []Cell{
			{clock(run.Started, d.LookedAt), Plain},
			{took(run, d.LookedAt), Plain},
			status(run.Status),
			{run.Type, Plain},
			{pipeline.Short(run.RunID), Plain},
		}
		if len(queues) > 1 {
			cells = append(cells, Cell{run.TaskQueue, Plain})
		}
		table.Records = append(table.Records, Record{Cells: append(cells, waiting(run, d.LookedAt))})
	}
	return table
}

// waiting names a workflow, and what it waits for, or why it failed.
func waiting(run inspect.Workflow, now time.Time) Cell {
	cell := Cell{run.WorkflowID, Strong}
	if run.Error != nil {
		return Cell{run.WorkflowID + ": " + said(run.Error), Bad}
	}
	for _, p := range run.Pending {
		text, tone := pending(p, now)
		if tone == Bad || cell.Tone != Bad {
			cell = Cell{run.WorkflowID + ": " + text, tone}
		}
	}
	return cell
}

// pending says what a run waits for.
func pending(p inspect.Pending, now time.Time) (string, Tone) {
	age := ago(now.Sub(p.Since))
	switch {
	case p.Activity == "" && p.State == "scheduled" && now.Sub(p.Since) > idle:
		return "no worker has taken its workflow task for " + age, Bad
	case p.Activity == "":
		return "its workflow task is being worked on", Plain
	case p.Error != nil:
		return fmt.Sprintf("%s, attempt %s: %s", p.Activity, attempts(p), said(p.Error)), Bad
	case p.State == "scheduled":
		return fmt.Sprintf("%s waits for a worker, %s", p.Activity, age), Odd
	}
	return fmt.Sprintf("%s, %s", p.Activity, age), Plain
}

// idle is how long a workflow task may wait before no worker seems to be there.
const idle = 15 * time.Second

func attempts(p inspect.Pending) string {
	if p.MaxAttempts > 0 {
		return fmt.Sprintf("%d of %d", p.Attempt, p.MaxAttempts)
	}
	return fmt.Sprint(p.Attempt)
}

// said is a failure in words.
func said(f *inspect.Failure) string {
	return strings.TrimPrefix(f.Type+": "+f.Message, ": ")
}

// status is a workflow's status, in words.
func status(of string) Cell {
	tone := Plain
	switch of {
	case "running":
		tone = Strong
	case "completed", "continued_as_new":
		tone = Good
	case "failed":
		tone = Bad
	case "timed_out", "terminated", "canceled":
		tone = Odd
	}
	return Cell{strings.ReplaceAll(of, "_", " "), tone}
}

// took is how long a run took, or has gone on for.
func took(run inspect.Workflow, now time.Time) string {
	if run.Closed == nil {
		return ago(now.Sub(run.Started))
	}
	return lasting(run.Closed.Sub(run.Started))
}
