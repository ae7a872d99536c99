package inspect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

const logFolder = "tasks/logs/team_7/"

func logKey(task, run string) string { return logFolder + "task_" + task + "/run_" + run + ".jsonl" }

// said is n entries of a log of 100 bytes a line, the first of which is the given one.
func said(first, n int) []pipeline.LogEntry {
	var entries []pipeline.LogEntry
	for i := range n {
		entries = append(entries, pipeline.LogEntry{
			Spot: pipeline.Spot{Time: checkstest.Now.Add(time.Duration(first+i) * time.Second)}, Offset: int64(first+i) * 100,
			Kind: pipeline.EntryConsole, Level: "debug", Text: fmt.Sprint(first + i),
		})
	}
	return entries
}

// logWorld has a run that goes on, the same task's run before it, one that has left no log, and the log of an old one.
func logWorld(answers ...pipeline.Answer) *pipeline.World {
	ago := func(hours int) time.Time { return checkstest.Now.Add(-time.Duration(hours) * time.Hour) }
	w := checkstest.World(
		pipeline.TaskRuns.Is(checkstest.TeamSince, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{
			{ID: "run-none", Task: "task-none", Status: "failed", Created: ago(1)},
			{ID: "run-new", Task: "task-a", Status: "in_progress", Purpose: "repo_selection", Created: ago(2)},
			{ID: "run-before", Task: "task-a", Status: "completed", Created: ago(3)},
		}}),
		pipeline.AgentLogs.Is(checkstest.Team, pipeline.LogListing{Logs: []pipeline.LogObject{
			{Key: logKey("task-a", "run-before"), Task: "task-a", Run: "run-before", Size: 100, Modified: ago(0)},
			{Key: logKey("task-a", "run-new"), Task: "task-a", Run: "run-new", Size: 100, Modified: ago(1)},
			{Key: logKey("task-old", "old-run"), Task: "task-old", Run: "old-run", Size: 100, Modified: ago(200)},
		}}),
		pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: checkstest.Team, Tasks: []string{"task-old"}}, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{{ID: "old-run", Task: "task-old", Status: "cancelled"}}}),
		pipeline.LogTails.Is(pipeline.LogTail{Key: logKey("task-a", "run-new"), Entries: recordedEntries}, &pipeline.LogEntries{Size: 30_000, Read: 25_000, From: 10_000, Entries: said(100, 200)}),
		pipeline.LogTails.Is(pipeline.LogTail{Key: logKey("task-a", "run-before"), Entries: recordedEntries}, &pipeline.LogEntries{Size: 300, Read: 300, Entries: said(0, 3), Unreadable: 1}),
		pipeline.LogTails.Is(pipeline.LogTail{Key: logKey("task-old", "old-run"), Entries: recordedEntries}, &pipeline.LogEntries{Size: 300, Read: 300, Entries: said(0, 3)}),
		pipeline.LogTails.Fails(pipeline.LogTail{Key: logKey("task-none", "run-none"), Entries: recordedEntries}, pipeline.Missing, errors.New("no such object")),
	)
	w.Settings.ObjectStorage.Tasks, w.Settings.ObjectStorage.Enabled = "tasks", true
	w.Tell(answers...)
	return w
}

func TestWhichLog(t *testing.T) {
	for name, want := range map[string]string{
		"": "run-new in_progress", "run-n": "", "run-new": "run-new in_progress", "run-b": "run-before completed", "task-a": "run-new in_progress",
		"old": "old-run cancelled", "task-old": "old-run cancelled", "run-none": "run-none failed", "task": "", "nothing": "",
		"task-processing-task-a": "run-new in_progress", "task-processing-task-a-run-before": "run-before completed", logKey("task-a", "run-before"): "run-before completed",
	} {
		d, err := ReadLog(t.Context(), looking(logWorld()), LogQuery{Name: name, Tail: 2})
		if want == "" {
			if !errors.As(err, new(UnknownError)) && !errors.As(err, new(AmbiguousError)) {
				t.Errorf("%s: %+v, %v", name, d, err)
			}
			continue
		}
		if err != nil || d.Run.ID+" "+d.Run.Status != want || d.ExitCode() != Seen || d.Stored != (name != "run-none") {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

func TestHowMuchOfALog(t *testing.T) {
	for tail, want := range map[int]struct {
		entries int
		whole   bool
		exit    int
	}{1: {1, false, Seen}, UsualTail: {50, false, Seen}, recordedEntries: {200, false, Seen}, 201: {200, false, Unseen}, 0: {200, false, Unseen}} {
		d, err := ReadLog(t.Context(), looking(logWorld()), LogQuery{Tail: tail})
		if err != nil || d == nil || len(d.Entries) != want.entries || d.Whole != want.whole || d.ExitCode() != want.exit || d.Entries[want.entries-1].Text != "299" {
			t.Errorf("--tail %d: %d entries, whole %v, missed %q, %v", tail, len(d.Entries), d.Whole, d.Missed, err)
		}
	}
	for tail, whole := range map[int]bool{2: false, 3: true, 4: true, 0: true} {
		d, err := ReadLog(t.Context(), looking(logWorld()), LogQuery{Name: "run-before", Tail: tail})
		if err != nil || d.Whole != whole || d.ExitCode() != Seen || d.Unreadable != 1 {
			t.Errorf("--tail %d of a small log: %+v, %v", tail, d, err)
		}
	}
	if d, err := ReadLog(t.Context(), looking(logWorld()), LogQuery{Tail: 2, Raw: true}); err != nil || d.ExitCode() != Unseen {
		t.Errorf("lines as they are are in no recording: %+v, %v", d, err)
	}
}

func TestALogWithoutPostgres(t *testing.T) {
	refused := pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused"))
	d, err := ReadLog(t.Context(), looking(logWorld(refused)), LogQuery{Name: "run-before", Tail: 2})
	if err != nil || d.ExitCode() != Unseen || d.Run.Status != "" || len(d.Entries) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	d, err = ReadLog(t.Context(), looking(logWorld(refused)), LogQuery{Key: logKey("task-a", "run-before"), Tail: 2})
	if err != nil || d.ExitCode() != Seen || d.Run.ID != "run-before" || d.Task != "task-a" {
		t.Errorf("--log-key: %+v, %v", d, err)
	}
	if _, err = ReadLog(t.Context(), looking(logWorld(refused)), LogQuery{Key: logKey("task-none", "run-none")}); err == nil {
		t.Error("--log-key of no log is no error")
	}
	gone := pipeline.ObjectStorageReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused"))
	if d, err := ReadLog(t.Context(), looking(logWorld(gone)), LogQuery{}); err == nil {
		t.Errorf("without object storage there is %+v", d)
	}
}

func TestNoLogAtAll(t *testing.T) {
	w := logWorld(pipeline.AgentLogs.Is(checkstest.Team, pipeline.LogListing{}))
	if d, err := ReadLog(t.Context(), looking(w), LogQuery{}); err != nil || d.Key != "" || d.ExitCode() != Seen {
		t.Errorf("%+v, %v", d, err)
	}
}

// follow follows the log of run-new. Looks are what a log is at one look after another; after the last the context ends.
func follow(t *testing.T, looks ...[]pipeline.Answer) (shown []string, status string, err error) {
	t.Helper()
	begun, err := ReadLog(t.Context(), looking(logWorld()), LogQuery{Tail: 2})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ticks := make(chan time.Time, len(looks)+1)
	for range len(looks) + 1 {
		ticks <- checkstest.Now
	}
	n := 0
	f := Follower{
		Log: begun, Query: LogQuery{Tail: 2},
		Anew: func() *Look {
			if n++; n > len(looks) {
				cancel()
				return looking(logWorld())
			}
			return looking(logWorld(looks[n-1]...))
		},
		Show: func(d *Log) error {
			for _, e := range d.Entries {
				shown = append(shown, e.Text)
			}
			shown = append(shown, d.Missed...)
			return nil
		},
	}
	err = f.Follow(ctx, ticks)
	return shown, begun.Run.Status, err
}

func grows(from, to pipeline.LogMark, entries ...pipeline.LogEntry) []pipeline.Answer {
	return []pipeline.Answer{pipeline.LogGrowths.Is(pipeline.LogGrowth{Key: logKey("task-a", "run-new"), Mark: from}, &pipeline.LogEntries{Mark: to, Entries: entries})}
}

func TestFollow(t *testing.T) {
	start, one, two := pipeline.LogMark{}, pipeline.LogMark{Offset: 1}, pipeline.LogMark{Offset: 2}
	unseen := []pipeline.Answer{}
	shown, _, err := follow(t, grows(start, start), grows(start, one, said(300, 2)...), unseen, grows(one, two, said(302, 1)...))
	if strings.Join(shown, " ") != "300 301 302" || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", shown, err)
	}

	ended := pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: checkstest.Team, Tasks: []string{"task-a"}}, pipeline.TaskRunListing{Runs: []pipeline.TaskRun{{ID: "run-new", Status: "failed"}}})
	quiet := append(grows(one, one), ended)
	shown, status, err := follow(t, quiet, grows(start, one, said(300, 1)...), quiet, quiet, quiet, quiet, quiet, quiet)
	if strings.Join(shown, " ") != "300" || status != "failed" || err != nil {
		t.Errorf("a run that ends: %q, %s, %v", shown, status, err)
	}
}

// Object storage may answer with what was there before, and a writer may lose what another has written.
func TestFollowALogThatShrinks(t *testing.T) {
	start, one := pipeline.LogMark{}, pipeline.LogMark{Offset: 1}
	key := logKey("task-a", "run-new")
	shorter := []pipeline.Answer{pipeline.LogGrowths.Is(pipeline.LogGrowth{Key: key}, &pipeline.LogEntries{Shorter: true})}
	shown, _, _ := follow(t, shorter, shorter, grows(start, one, said(300, 1)...))
	if strings.Join(shown, " ") != "300" {
		t.Errorf("short for a moment: %q", shown)
	}
	anew := []pipeline.Answer{
		pipeline.LogGrowths.Is(pipeline.LogGrowth{Key: key}, &pipeline.LogEntries{Rewritten: true}),
		pipeline.LogTails.Is(pipeline.LogTail{Key: key, Entries: recordedEntries}, &pipeline.LogEntries{Mark: one, Entries: said(298, 4)}),
	}
	shown, _, _ = follow(t, anew, grows(one, one, said(302, 1)...))
	if strings.Join(shown[:2], " ") != "300 301" || !strings.Contains(shown[2], "written anew") || shown[3] != "302" {
		t.Errorf("written anew: %q", shown)
	}
}

// What doctor capture asks for is what the inspections ask of it again.
func TestLogsAreRecorded(t *testing.T) {
	w := logWorld(insides()...)
	w.Tell(pipeline.TaskRunsOf.Is(pipeline.TasksOf{Team: checkstest.Team, Tasks: []string{"one", "two", "far"}}, pipeline.TaskRunListing{}))
	recordLogs(t.Context(), looking(w))
	recorded, err := w.Record(false)
	if err != nil {
		t.Fatal(err)
	}
	replayed := pipeline.Replayed(w.Settings, w.Now, recorded)
	for _, name := range []string{"", "run-before", "old-run"} {
		if d, err := ReadLog(t.Context(), looking(replayed), LogQuery{Name: name, Tail: UsualTail}); err != nil || d.ExitCode() != Seen || len(d.Entries) == 0 {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
	if d, err := ListSandboxes(t.Context(), looking(replayed), ""); err != nil || d.Sandboxes[0].Running == nil {
		t.Errorf("%+v, %v", d, err)
	}
}
