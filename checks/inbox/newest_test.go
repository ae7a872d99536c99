package inbox_test

import (
	"fmt"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const report = "5b0c2100-0000-4000-8000-000000000001"

// When the newest signal was sent, and when its batch was handed over.
var (
	sent   = now.Add(-30 * time.Minute)
	handed = sent.Add(6800 * time.Millisecond)
)

// way is how far a signal came, in a world in which all services answer.
type way struct {
	emitter pipeline.Status
	task    *pipeline.PendingTask // of an emitter that nobody works on
	buffer  []pipeline.Event      // of the open run of the buffer, after its first event
	ended   pipeline.Status       // how the buffer's run ended instead
	row     bool                  // its row is in ClickHouse
	close   bool                  // another signal's row came in the same second, before its batch was handed over
	shut    bool                  // nothing hands rows on from ClickHouse's buffer
	silent  bool                  // ClickHouse cannot be asked
	status  string                // of its report; "" when there is none
	failed  bool                  // the report's summary failed
}

func (w way) world() *pipeline.World {
	world := checkstest.World()
	emitter := pipeline.Execution{Run: pipeline.Run{Workflow: "signal-emitter-7-a", ID: "e"}, Type: journey.EmitterWorkflow, Status: w.emitter, TaskQueue: "q", Start: sent}
	older := emitter
	older.Run, older.Status, older.Start = pipeline.Run{Workflow: "signal-emitter-7-0", ID: "o"}, pipeline.Completed, sent.Add(-time.Hour)
	older.Close = older.Start.Add(time.Second)
	if w.emitter != pipeline.Running {
		emitter.Close = sent.Add(time.Second)
	}
	buffer := pipeline.Execution{Run: pipeline.Run{Workflow: "buffer-signals-7", ID: "b"}, Type: journey.BufferWorkflow, Status: pipeline.Running, TaskQueue: "q", Start: sent.Add(-time.Minute)}
	if w.ended != "" {
		buffer.Status, buffer.Close = w.ended, sent.Add(time.Minute)
	}
	summary := pipeline.Execution{Run: pipeline.Run{Workflow: "signals-report:7:" + report, ID: "s"}, Type: journey.SummaryWorkflow, Status: pipeline.Completed, Start: sent.Add(time.Minute)}
	if w.failed {
		summary.Status, summary.Close = pipeline.RunFailed, sent.Add(2*time.Minute)
	}
	tellExecutions(world, summary, emitter, buffer, older)
	events := append([]pipeline.Event{{ID: 1, Time: buffer.Start, Type: pipeline.WorkflowStarted}}, w.buffer...)
	if w.ended != "" {
		events = append(events, pipeline.Event{ID: 99, Time: buffer.Close, Type: pipeline.EventType("WORKFLOW_EXECUTION_" + string(w.ended))})
	}
	failure := &pipeline.Failure{Message: "GitHub API returned 401", Type: "GitHubIntegrationError"}
	world.Tell(
		pipeline.Histories.Is(buffer.Run, pipeline.History{Events: events}),
		pipeline.Details.Is(buffer.Run, pipeline.Detail{}),
		pipeline.Details.Is(emitter.Run, pipeline.Detail{Task: w.task}),
		pipeline.Histories.Is(emitter.Run, pipeline.History{Events: []pipeline.Event{{ID: 1, Time: sent, Type: pipeline.WorkflowStarted}}}),
		pipeline.Histories.Is(summary.Run, pipeline.History{Events: []pipeline.Event{
			{ID: 5, Time: sent.Add(time.Minute), Type: pipeline.ActivityScheduled, Activity: "select_repository_activity"},
			{ID: 7, Time: sent.Add(2 * time.Minute), Type: pipeline.ActivityFailed, Scheduled: 5, Failure: failure},
			{ID: 9, Time: sent.Add(2 * time.Minute), Type: pipeline.WorkflowFailed, Failure: failure},
		}}),
		pipeline.Pollers.Is(pipeline.TaskQueue{Name: "q"}, nil),
	)
	w.tellStores(world)
	return world
}

func (w way) tellStores(world *pipeline.World) {
	table := pipeline.Table{Database: "posthog", Name: "sharded_posthog_document_embeddings_text_embedding_3_small_1536", Engine: "ReplacingMergeTree", Columns: []string{"metadata"}}
	signals := pipeline.TeamSignals{Reports: []pipeline.ReportSignals{{Report: "77ae9000-0000-4000-8000-000000000002", Documents: 9, Inserted: sent.Add(-time.Hour)}}}
	asked := []string{"77ae9000-0000-4000-8000-000000000002"}
	if w.close {
		signals.Reports[0].Inserted = handed.Add(-600 * time.Millisecond)
	}
	if w.row {
		signals.Reports = append(signals.Reports, pipeline.ReportSignals{Report: report, Documents: 1, Newest: sent.Add(20 * time.Second), Inserted: sent.Add(30 * time.Second)})
		asked = []string{report, asked[0]}
	}
	var states []pipeline.ReportState
	if w.status != "" {
		states = []pipeline.ReportState{{ID: report, Status: w.status}}
	}
	tables := []pipeline.Table{table}
	if w.shut {
		buffer, model := pipeline.Table{Database: "posthog", Name: "posthog_document_embeddings_buffer", Engine: "MergeTree"}, "text_embedding_3_small_1536"
		store := table
		store.Columns = nil // no part of the question
		tables = append(tables, buffer)
		world.Tell(pipeline.SignalsBuffered.Is(pipeline.BufferedOf{Buffer: buffer, Table: store, Model: model, Team: team}, pipeline.BufferedSignals{Arrived: 1, Newest: handed, Missing: 1, Oldest: handed}))
	}
	world.Tell(
		pipeline.EmbeddingTables.Is(pipeline.Nothing{}, tables),
		pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: table, Team: team, Since: since}, signals),
		pipeline.Mutations.Is(pipeline.Nothing{}, nil),
		pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: []string{report}}, states),
		pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: asked}, append(states, pipeline.ReportState{ID: asked[len(asked)-1], Status: "ready"})),
		pipeline.ReportsUnfinished.Is(team, pipeline.UnfinishedReports{}),
	)
	if w.silent {
		world.Tell(pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.Refused, nil))
	}
}

// received is the buffer's taking in of the signal.
func received() []pipeline.Event {
	return []pipeline.Event{
		{ID: 2, Time: sent.Add(500 * time.Millisecond), Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal},
		{ID: 3, Time: sent.Add(500 * time.Millisecond), Type: pipeline.WorkflowTaskScheduled},
		{ID: 4, Time: sent.Add(500 * time.Millisecond), Type: pipeline.WorkflowTaskStarted, Scheduled: 3},
		{ID: 5, Time: sent.Add(500 * time.Millisecond), Type: pipeline.WorkflowTaskCompleted, Scheduled: 3, Started: 4},
	}
}

// taken is received, and a batch on its way through these activities.
func taken(activities ...string) []pipeline.Event {
	events := received()
	for i, activity := range activities {
		id := int64(10 + 10*i)
		events = append(events,
			pipeline.Event{ID: id, Time: handed, Type: pipeline.ActivityScheduled, Activity: activity, TaskCompleted: 5},
			pipeline.Event{ID: id + 2, Time: handed, Type: pipeline.ActivityCompleted, Scheduled: id})
	}
	return events
}

func handedOver() []pipeline.Event {
	return taken(journey.SafetyFilterActivity, journey.FlushActivity, journey.HandOverActivity)
}

func TestTheNewestSignal(t *testing.T) {
	waiting := &pipeline.PendingTask{State: "SCHEDULED", Scheduled: sent}
	for name, test := range map[string]struct {
		way  way
		want string
	}{
		"its emitter is at work":           {way{emitter: pipeline.Running}, "moving at emitter"},
		"no worker takes up its emitter":   {way{emitter: pipeline.Running, task: waiting}, "stopped at emitter TMP003"},
		"its emitter ran out of time":      {way{emitter: pipeline.RunTimedOut}, "lost at emitter TMP004"},
		"its emitter was terminated":       {way{emitter: pipeline.Terminated}, "lost at emitter"},
		"nobody received it":               {way{emitter: pipeline.Completed}, "unknown at buffer"},
		"it is in the buffer":              {way{emitter: pipeline.Completed, buffer: received()}, "moving at buffer"},
		"its batch is being filtered":      {way{emitter: pipeline.Completed, buffer: taken(journey.SafetyFilterActivity)}, "moving at batch"},
		"the buffer was terminated":        {way{emitter: pipeline.Completed, buffer: received(), ended: pipeline.Terminated}, "lost at buffer TMP005"},
		"it is in grouping for too long":   {way{emitter: pipeline.Completed, buffer: handedOver()}, "unknown at grouping"},
		"its row stays in the buffer":      {way{emitter: pipeline.Completed, buffer: handedOver(), shut: true}, "stopped at embeddings CLK005"},
		"another one's row came before":    {way{emitter: pipeline.Completed, buffer: handedOver(), close: true}, "unknown at grouping"},
		"ClickHouse cannot be asked":       {way{emitter: pipeline.Completed, buffer: handedOver(), silent: true}, "unknown at grouping"},
		"its report is not there":          {way{emitter: pipeline.Completed, buffer: handedOver(), row: true}, "lost at report CLK001"},
		"its report is light":              {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "potential"}, "waiting at report"},
		"its report is being worked on":    {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "in_progress"}, "moving at report"},
		"its report waits for a person":    {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "pending_input"}, "waiting at inbox"},
		"its report's summary failed":      {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "failed", failed: true}, "stopped at report TMP002"},
		"its report failed without a word": {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "failed"}, "stopped at report"},
		"it has arrived":                   {way{emitter: pipeline.Completed, buffer: handedOver(), row: true, status: "ready"}, "arrived at inbox"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(test.way.world(), inbox.Newest)
			at, ok := o.Result.(*inbox.Position)
			if !ok {
				t.Fatalf("%s: %s", o.Status, o.Reason)
			}
			got := fmt.Sprintf("%s at %s", at.State, at.Stage)
			if at.Finding != nil {
				got += " " + string(at.Finding.Code)
			}
			if got != test.want || !at.SentAt.Equal(sent) {
				t.Errorf("%s (%s), sent at %s; want %s", got, at.Note, at.SentAt, test.want)
			}
			if (at.State == inbox.Waits || at.State == inbox.Unclear) && at.Note == "" {
				t.Error("it is not said why")
			}
		})
	}
}

func TestNoSignalWasSent(t *testing.T) {
	w := checkstest.World()
	tellExecutions(w)
	o := checkstest.Run(w, inbox.Newest)
	if o.Silent(t); o.Result != nil {
		t.Errorf("%v", o.Result)
	}
}
