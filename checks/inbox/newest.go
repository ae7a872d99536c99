package inbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

// Newest follows the newest signal as far as the other checks have looked. It finds nothing by itself: its result is a
// [*Position], or nil where no signal was sent in the time that is looked at.
var Newest = &checks.Check{
	ID:       "inbox.newest-signal",
	Title:    "the way of the newest signal can be followed",
	Requires: []*checks.Check{journey.Histories},
	After:    slices.Concat(stoppers, []*checks.Check{embeddings.Live, services.Postgres}),
	Reads:    []checks.Source{checks.Temporal, checks.Optional(checks.ClickHouse), checks.Optional(checks.Postgres)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		emitter := runs.Newest()
		if emitter == nil {
			return nil, nil
		}
		n := newest{Pass: p, runs: runs, Position: &Position{SentAt: emitter.Start}}
		n.inEmitter(ctx, emitter)
		return n.Position, nil
	},
}

// stoppers are the checks whose findings can be what stopped a signal, the most telling first.
var stoppers = []*checks.Check{
	workflows.CarriedSignals, workflows.Batches, workflows.Dropped, workflows.Emitters, workflows.Grouping,
	workflows.Objects, workflows.Failures, workflows.Workers, workflows.Pause, embeddings.Awaited, embeddings.Ingestion, embeddings.Stale,
	sandbox.Inactivity, sandbox.Network, sandbox.Logs, sandbox.Model, Reports,
}

// Position is where a signal is.
type Position struct {
	SentAt  time.Time
	Stage   checks.Stage // the last one that it is known to have reached
	State   State
	Note    string          // what there is to say of it; may be empty
	Finding *checks.Finding // what stopped it
}

// State is what has become of a signal.
type State string

// The states of a signal.
const (
	Arrived State = "arrived" // in the inbox
	Moving  State = "moving"  // on its way
	Waits   State = "waiting" // by design: for more signals of its matter, or for a person
	Stopped State = "stopped" // held up
	Lost    State = "lost"
	Unclear State = "unknown"
)

type newest struct {
	*checks.Pass
	*Position
	runs *journey.Runs
}

// set says where the signal is.
func (n *newest) set(stage checks.Stage, state State, format string, args ...any) {
	n.Stage, n.State, n.Note = stage, state, fmt.Sprintf(format, args...)
}

// stop says that a finding explains why the signal is no further; it is false when there is no such finding.
func (n *newest) stop(state State, explains Explains) bool {
	for _, check := range stoppers {
		for _, f := range n.Findings(check) {
			if explains(f) {
				if state == Stopped {
					state = HeldBy(f, n.SentAt)
				}
				n.State, n.Finding, n.Note = state, f, ""
				return true
			}
		}
	}
	return false
}

func (n *newest) inEmitter(ctx context.Context, emitter *journey.Run) {
	n.set(checks.Emitter, Moving, "")
	switch emitter.Status {
	case pipeline.Running:
		if !n.stop(Stopped, HoldsUp(emitter.Workflow, emitter.Start)) {
			n.stop(Stopped, HoldsUp(fmt.Sprintf("%s-%d", journey.BufferWorkflow, n.Team), emitter.Start))
		}
	case pipeline.Completed:
		n.inBuffer(ctx, n.runs.Deliver(emitter))
	default:
		if !n.stop(Lost, Of(emitter.Workflow)) {
			n.set(checks.Emitter, Lost, "its emitter is %s", strings.ToLower(string(emitter.Status)))
		}
	}
}

func (n *newest) inBuffer(ctx context.Context, d journey.Delivery) {
	n.set(checks.Buffer, Moving, "")
	if d.Link != nil && n.stop(Lost, At(d.Link.ID, d.Event.ID)) {
		losses, _ := checks.ResultOf[[]workflows.Loss](n.Pass, workflows.CarriedSignals)
		for _, loss := range losses {
			if loss.Link.ID == d.Link.ID && !loss.Exact() {
				n.State, n.Note = Unclear, "it may be among the lost"
			}
		}
		return
	}
	switch d.Place {
	case journey.Nowhere:
		n.set(checks.Buffer, Unclear, "no run of the buffer shows it")
	case journey.Left:
		n.set(checks.Buffer, Unclear, "the run that it was to be carried to is not there")
	case journey.Waiting, journey.Taken:
		if d.Place == journey.Taken {
			n.Stage = checks.Batch
		}
		n.stop(Stopped, HoldsUp(d.At.Workflow, d.Event.Time))
	case journey.InHand:
		if !n.stop(Lost, func(f *checks.Finding) bool { return slices.Contains(f.Subject, d.At.ID) }) {
			n.set(checks.Buffer, Lost, "the buffer ended with it in hand")
		}
	case journey.Dropped:
		n.set(checks.Buffer, Lost, "its batch was dropped: judged unsafe, or over the quota")
	case journey.HandedOver:
		n.inGrouping(ctx, d.Handed)
	}
}

func (n *newest) inGrouping(ctx context.Context, handed time.Time) {
	n.set(checks.Grouping, Moving, "")
	if report, ok := n.insertedSince(handed); ok {
		n.inReport(ctx, report)
		return
	}
	grouping := fmt.Sprintf("%s-%d", journey.GroupingWorkflow, n.Team)
	switch {
	case n.stop(Lost, Dropped(grouping, handed)):
	case n.stop(Stopped, HoldsUp(grouping, handed)):
	case n.stop(Stopped, embeddings.KeepsOut):
		n.Stage = checks.Embeddings
	case !n.Passed(embeddings.Live):
		n.set(checks.Grouping, Unclear, "whether its row is in ClickHouse is not known")
	case n.Now().Sub(handed) > n.Threshold(checks.SlowGrouping):
		n.set(checks.Grouping, Unclear, "no row of it is in ClickHouse after %s", n.Now().Sub(handed).Round(time.Second))
	}
}

// Now is the instant at which the world is looked at.
func (n *newest) Now() time.Time { return n.World.Now }

// insertedSince finds the report of the newest row that came after an instant.
func (n *newest) insertedSince(instant time.Time) (report string, ok bool) {
	signals, _ := checks.ResultOf[*embeddings.Signals](n.Pass, embeddings.Live)
	if signals == nil {
		return "", false
	}
	var latest time.Time
	for _, table := range signals.Tables {
		if !table.Table.Searched() {
			continue
		}
		for _, r := range table.Reports {
			if isSince(r.Inserted, instant) && !r.Inserted.Before(latest) {
				report, latest, ok = r.Report, r.Inserted, true
			}
		}
	}
	return report, ok
}

// isSince reports whether a row may have been inserted after an instant. Old servers keep whole seconds.
func isSince(inserted, instant time.Time) bool {
	if inserted.Nanosecond() == 0 {
		instant = instant.Truncate(time.Second)
	}
	return !inserted.Before(instant)
}

func (n *newest) inReport(ctx context.Context, report string) {
	n.set(checks.Report, Unclear, "what became of its report is not known")
	if !n.Passed(services.Postgres) {
		return
	}
	states, err := n.World.Postgres.ReportStates(ctx, n.Team, []string{report})
	if err != nil {
		n.Incomplete("%v", err)
		return
	}
	if len(states) == 0 {
		n.set(checks.Report, Lost, "its report %s does not exist", pipeline.Short(report))
		n.stop(Lost, func(f *checks.Finding) bool { return f.Code == checks.CLK001 })
		return
	}
	n.withReport(report, states[0].Status)
}

func (n *newest) withReport(report, status string) {
	summary := journey.SummaryID(n.Team, report)
	ofReport := func(f *checks.Finding) bool { return slices.Contains(f.Subject, report) || Of(summary)(f) }
	switch status {
	case "potential":
		n.set(checks.Report, Waits, "its report is below the threshold, and waits for more signals")
	case "ready", "resolved":
		n.set(checks.Inbox, Arrived, "")
	case "pending_input":
		n.set(checks.Inbox, Waits, "its report waits for a person")
	case "suppressed", "deleted":
		n.set(checks.Report, Stopped, "its report is %s", status)
	case "failed":
		n.set(checks.Report, Stopped, "its report has failed")
		n.stop(Stopped, ofReport)
	default: // candidate, in_progress
		n.set(checks.Report, Moving, "")
		if pending := n.pending(summary); slices.Contains(agents, pending) {
			n.Stage = checks.Sandbox
		}
		if !n.stop(Stopped, ofReport) && n.Stage == checks.Sandbox {
			n.stop(Stopped, func(f *checks.Finding) bool { return f.Stage == checks.Sandbox && f.Code != checks.TMP002 })
		}
	}
}

// agents are the activities in which an agent works (products/signals/backend/temporal/summary.py).
var agents = []string{"select_repository_activity", "run_agentic_report_activity"}

// pending is the activity that an open workflow waits for; "" when it waits for none.
func (n *newest) pending(workflow string) string {
	for _, run := range n.runs.All {
		if run.Workflow == workflow && run.Open() && len(run.Detail.Pending) > 0 {
			return run.Detail.Pending[0].Activity
		}
	}
	return ""
}
