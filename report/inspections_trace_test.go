package report

import (
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

// arrivedSignal is the way of a signal that has all kinds of hops.
func arrivedSignal() *inspect.Trace {
	at := func(before time.Duration) time.Time { return lookedAt.Add(-before) }
	return &inspect.Trace{
		Head: head(), Correlated: "order",
		Signal: inspect.Traced{Product: "zendesk", Type: "ticket", SourceID: "4711", Emitter: "signal-emitter-1-aa", SentAt: at(5 * time.Minute), Document: "0f6e0000", Report: "91d2f4ab"},
		Hops: []inspect.Hop{
			{Name: "emitter", Stage: checks.Emitter, State: inspect.HopDone, At: at(5 * time.Minute), TookMS: 63, Doubt: "3 emitters were delivering at that moment; their order tells them apart"},
			{Name: "buffer", Stage: checks.Buffer, State: inspect.HopDone, At: at(5 * time.Minute), Detail: "2nd of the 5 in its batch", Where: checks.Locator{Workflow: "buffer-signals-1", Run: "8f31c2aa", Event: 31}},
			{Name: "safety filter", Stage: checks.Batch, State: inspect.HopUnknown, Detail: "which of its batch's filters was its own is not known"},
			{Name: "match", Stage: checks.Grouping, State: inspect.HopDone, At: at(4 * time.Minute), TookMS: 2100, Detail: "a new report", Why: "nothing like it yet \x1b[2J"},
			{Name: "repository", Stage: checks.Sandbox, State: inspect.HopSkipped, At: at(26 * time.Hour), Detail: "PostHog/posthog: no sandbox was needed"},
			{Name: "inbox", Stage: checks.Inbox, State: inspect.HopDone, At: at(48 * time.Second), Detail: "ready"},
		},
		Outcome: inspect.Outcome{State: inbox.Arrived, Stage: checks.Inbox, TookMS: 252_000},
	}
}

// lostSignal is the way of a signal that was lost, for a reason that has one itself.
func lostSignal() *inspect.Trace {
	return &inspect.Trace{
		Head: head("timed out after 3 s asking ClickHouse for the newest signals of team 1"), Correlated: "key", Signal: inspect.Traced{Emitter: "signal-emitter-1-aa"},
		Hops: []inspect.Hop{
			{Name: "emitter", Stage: checks.Emitter, State: inspect.HopGoing, At: lookedAt},
			{Name: "assigned", Stage: checks.Grouping, State: inspect.HopFailed, At: lookedAt, TookMS: 101, Detail: "DoesNotExist SignalReport matching query does not exist."},
		},
		Outcome: inspect.Outcome{
			State: inbox.Lost, Stage: checks.Grouping, Code: checks.TMP006, Title: "1 signal was dropped by grouping",
			Root: &inspect.Explained{Code: checks.ENV001, Title: "CLICKHOUSE_DATABASE is missing from .env"},
		},
	}
}
