package report

import (
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

func listedReports() *inspect.Reports {
	hour, yesterday := lookedAt.Add(-time.Hour), lookedAt.Add(-25*time.Hour)
	of := func(id, status string, weight float64, signals int, title, why, code string) inspect.Report {
		return inspect.Report{ID: id + "ab-0000-4000-8000-000000000001", Status: status, Weight: weight, Signals: signals, Title: title, Why: why, Code: code, Created: yesterday, Updated: hour}
	}
	d := &inspect.Reports{
		Head: head(), Threshold: 1, Unlisted: 3,
		Counts: []inspect.StatusCount{{Status: "potential", Reports: 4}, {Status: "ready", Reports: 3}},
		Reports: []inspect.Report{
			of("5b0c21", "in_progress", 1.25, 3, "Checkout fails on Safari when the cart holds more than ten things", "being worked on by signals-report:1:5b0c21ab-0000-4000-8000-000000000001, in select_repository_activity", ""),
			of("77ae90", "candidate", 1, 2, "Charts are empty", "stuck since 10:59:00: no run of its summary is known", "INB002"),
			of("91d2f4", "failed", 1.5, 4, "Exports time out", "select_repository_activity failed: GitHub API returned 401", "TMP002"),
			of("a0b1c2", "pending_input", 1, 2, "Dark mode \x1b[2J is too\nbright", "waits for a person: No GitHub integration connected to a team/user.", ""),
			of("c3d4e5", "potential", 0.5, 1, "", "below the threshold: has 0.5 of 1.0", ""),
			of("f60718", "ready", 12, 40, "Invites never arrive", "in the inbox since 2026-11-23 10:59:00", ""),
		},
	}
	d.Reports[5].Updated = yesterday
	return d
}

func oneReport() *inspect.Reports {
	hour := lookedAt.Add(-time.Hour)
	all := listedReports()
	r := all.Reports[2]
	r.Workflow, r.Run, r.Runs, r.Error, r.Promoted, r.LastRun = "signals-report:1:"+r.ID, "8f31c2aa-0000", 2, "Activity task failed", &hour, &hour
	all.Reports, all.Unlisted, all.Missed = []inspect.Report{r}, 0, []string{"not recorded: the artefacts"}
	all.Detail = &inspect.ReportDetail{
		SignalsIn: "posthog.sharded_1536", MoreLeftover: true,
		Signals: []inspect.ReportSignal{
			{ID: "0f6e0000-aaaa", SourceProduct: "zendesk", SourceType: "ticket", SourceID: "4711", Weight: 0.5, Timestamp: hour},
			{ID: "0f6e0001-aaaa", SourceProduct: "github", SourceType: "issue", SourceID: "a/b#1 \x1b[31m", Weight: 1, Timestamp: hour.Add(-48 * time.Hour)},
		},
		Artefacts: []inspect.ReportArtefact{{Type: "repo_selection", Result: "PostHog/posthog", Created: hour}, {Type: "note", Created: hour}},
	}
	return all
}

func workingStatus() *inspect.Status {
	minute := lookedAt.Add(-time.Minute)
	later := lookedAt.Add(time.Minute)
	return &inspect.Status{
		Head: head(), State: inspect.HeldUp, Since: lookedAt.Add(-24 * time.Hour), Emitters: 1,
		Buffer:    inspect.Perpetual{Workflow: "buffer-signals-1", Run: "b", Status: "RUNNING", Started: &minute, Signals: 2, Busy: true, Activity: "safety_filter_activity"},
		Grouping:  inspect.Perpetual{Workflow: "team-signal-grouping-v2-1", Run: "g", Status: "RUNNING", Started: &minute, Busy: true, PausedUntil: &later},
		Summaries: []inspect.SummaryAt{{Report: "5b0c21ab-0000", Workflow: "signals-report:1:5b0c21ab-0000", Run: "s", Started: minute, Activity: "select_repository_activity"}},
		Signals:   &inspect.SignalsStored{Table: "posthog.t", Live: 214, Stale: 12, Arrived: 3, Newest: &minute},
		Reports:   []inspect.StatusCount{{Status: "in_progress", Reports: 1}, {Status: "ready", Reports: 3}},
		Newest:    &inspect.NewestSignal{SentAt: minute, Stage: checks.Grouping, State: inbox.Lost, Code: "TMP006", Note: "1 signal was dropped by grouping: match_signal_to_report_activity failed for good"},
		Stops:     []inspect.Stop{{Code: "TMP006", Title: "1 signal was dropped by grouping: match_signal_to_report_activity failed for good", Lost: true, Time: minute}},
	}
}

func settledStatus() *inspect.Status {
	minute := lookedAt.Add(-time.Minute)
	return &inspect.Status{
		Head: head(), State: inspect.Settled, Since: minute, Waited: &inspect.Waited{Expected: 5, MS: 42_480, Looks: 20},
		Buffer:    inspect.Perpetual{Workflow: "buffer-signals-1", Run: "b", Status: "TIMED_OUT", Started: &minute, Closed: &minute},
		Grouping:  inspect.Perpetual{Workflow: "team-signal-grouping-v2-1", Status: "NOT_FOUND"},
		Summaries: []inspect.SummaryAt{}, Stops: []inspect.Stop{},
		Signals: &inspect.SignalsStored{Table: "posthog.t", Live: 5, Arrived: 5, Newest: &minute},
		Reports: []inspect.StatusCount{},
		Newest:  &inspect.NewestSignal{SentAt: minute, Stage: checks.Inbox, State: inbox.Arrived},
	}
}

func sentCanary() *inspect.Canary {
	return &inspect.Canary{
		Head: head(), State: inbox.Arrived, WaitedMS: 42_480,
		Commands: []inspect.CommandRun{{
			Command: "python manage.py emit_signals_from_fixture --type zendesk --offset 26 --limit 1 --team-id 1",
			Printed: []string{"Loaded 1 zendesk records from \x1b[2Jx", "Pipeline finished: {'status': 'success', 'signals_emitted': 1}"},
		}},
		Signal: &inspect.NewestSignal{SentAt: lookedAt, Stage: checks.Inbox, State: inbox.Arrived},
		Hops: []inspect.Hop{
			{Name: "emitter", Stage: checks.Emitter, State: inspect.HopDone, At: lookedAt.Add(-42 * time.Second), TookMS: 200},
			{Name: "grouping", Stage: checks.Grouping, State: inspect.HopDone, At: lookedAt.Add(-36 * time.Second), TookMS: 6_000},
			{Name: "inbox", Stage: checks.Inbox, State: inspect.HopDone, At: lookedAt, TookMS: 480},
		},
	}
}
