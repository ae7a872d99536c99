package inspect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// execution is a run that began a while ago, and goes on or has ended since.
func lastMinute(workflow, kind string, status pipeline.Status) pipeline.Execution {
	e := pipeline.Execution{Run: pipeline.Run{Workflow: workflow, ID: "run-of-" + workflow}, Type: kind, Status: status, Start: checkstest.Now.Add(-time.Minute)}
	if status != pipeline.Running {
		e.Close = checkstest.Now.Add(-time.Second)
	}
	return e
}

var (
	emitter  = lastMinute("signal-emitter-7-a", journey.EmitterWorkflow, pipeline.Running)
	buffer   = lastMinute("buffer-signals-7", journey.BufferWorkflow, pipeline.Running)
	grouping = lastMinute("team-signal-grouping-v2-7", journey.GroupingWorkflow, pipeline.Running)
)

func ended(e pipeline.Execution, status pipeline.Status) pipeline.Execution {
	return lastMinute(e.Workflow, e.Type, status)
}

// idleEvents are the first events of a run that nothing was carried into, or that has a run before it.
func idleEvents(previous string) []pipeline.Event {
	at := checkstest.Now.Add(-time.Minute)
	return []pipeline.Event{
		{ID: 1, Time: at, Type: pipeline.WorkflowStarted, Previous: previous},
		{ID: 2, Time: at, Type: pipeline.WorkflowTaskScheduled},
		{ID: 3, Time: at, Type: pipeline.WorkflowTaskStarted, Scheduled: 2},
		{ID: 4, Time: at, Type: pipeline.WorkflowTaskCompleted, Scheduled: 2, Started: 3},
	}
}

func signaled(name string) []pipeline.Event {
	return append(idleEvents(""), pipeline.Event{ID: 5, Time: checkstest.Now, Type: pipeline.WorkflowSignaled, Signal: name})
}

// filtering is a buffer's run with two signals in a batch that is being filtered.
func filtering() []pipeline.Event {
	at := checkstest.Now
	events := append(signaled(journey.SubmitSignal), pipeline.Event{ID: 6, Time: at, Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal},
		pipeline.Event{ID: 7, Time: at, Type: pipeline.WorkflowTaskScheduled}, pipeline.Event{ID: 8, Time: at, Type: pipeline.WorkflowTaskStarted, Scheduled: 7},
		pipeline.Event{ID: 9, Time: at, Type: pipeline.WorkflowTaskCompleted, Scheduled: 7, Started: 8})
	for i := range int64(2) {
		events = append(events, pipeline.Event{ID: 10 + i, Time: at, Type: pipeline.ActivityScheduled, Activity: journey.SafetyFilterActivity, TaskCompleted: 9})
	}
	return events
}

// dropping is filtering, and a continue-as-new after which nothing was handed on.
func dropping() []pipeline.Event {
	at := checkstest.Now
	return append(filtering(),
		pipeline.Event{ID: 12, Time: at, Type: pipeline.ActivityCompleted, Scheduled: 10},
		pipeline.Event{ID: 13, Time: at, Type: pipeline.ActivityCompleted, Scheduled: 11},
		pipeline.Event{ID: 14, Time: at, Type: pipeline.WorkflowContinuedAsNew, Next: "next"})
}

func runsOf(runs ...pipeline.Execution) []pipeline.Execution { return runs }

func TestWhatIsAtWork(t *testing.T) {
	both := runsOf(buffer, grouping)
	idle := map[string][]pipeline.Event{buffer.ID: idleEvents(""), grouping.ID: idleEvents("")}
	with := func(run pipeline.Execution, events []pipeline.Event) map[string][]pipeline.Event {
		all := map[string][]pipeline.Event{buffer.ID: idleEvents(""), grouping.ID: idleEvents("")}
		all[run.ID] = events
		return all
	}
	for name, test := range map[string]struct {
		told
		want StatusState
	}{
		"nothing has ever been":           {told{}, Settled},
		"both rest":                       {told{runs: both, events: idle}, Settled},
		"both timed out idle":             {told{runs: runsOf(ended(buffer, pipeline.RunTimedOut), ended(grouping, pipeline.RunTimedOut)), events: idle}, Settled},
		"an emitter":                      {told{runs: append(runsOf(emitter), both...), events: idle}, AtWork},
		"a signal in the buffer":          {told{runs: both, events: with(buffer, signaled(journey.SubmitSignal))}, AtWork},
		"a batch being filtered":          {told{runs: both, events: with(buffer, filtering())}, AtWork},
		"the buffer's next run unlisted":  {told{runs: runsOf(ended(buffer, pipeline.ContinuedAsNew), grouping), events: idle}, AtWork},
		"grouping's next run unlisted":    {told{runs: runsOf(buffer, ended(grouping, pipeline.ContinuedAsNew)), events: idle}, AtWork},
		"a run that has not begun":        {told{runs: both, events: with(grouping, idleEvents("before")[:2])}, AtWork},
		"a run that carried nothing in":   {told{runs: both, events: with(grouping, idleEvents("before"))}, Settled},
		"a batch that waits for grouping": {told{runs: both, events: with(grouping, signaled(journey.SubmitBatch))}, AtWork},
		"grouping in an activity":         {told{runs: both, events: idle, pending: map[string]string{grouping.Workflow: journey.WaitActivity}}, AtWork},
		"a summary":                       {told{runs: append(runsOf(summaryOf(report("5", "ready", nil), pipeline.Running)), both...), events: idle}, AtWork},
		"a report to be worked on":        {told{runs: both, events: idle, reports: []pipeline.Report{report("5", "candidate", func(r *pipeline.Report) { r.Promoted = checkstest.Now })}}, AtWork},
		"a stuck report":                  {told{runs: both, events: idle, reports: []pipeline.Report{report("5", "in_progress", nil)}}, HeldUp},
		"a report that waits":             {told{runs: both, events: idle, reports: []pipeline.Report{report("5", "pending_input", nil)}}, Settled},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := LookAtStatus(t.Context(), looking(test.world()))
			if err != nil || d.State != test.want || len(d.Missed) > 0 {
				t.Errorf("%+v, %v; want %s", d, err, test.want)
			}
		})
	}
}

func TestStaleSignalsHaveNotArrived(t *testing.T) {
	w := told{
		reports: []pipeline.Report{report("5", "ready", nil)},
		signals: []pipeline.ReportSignals{{Report: reportID("5"), Documents: 4, Recent: 3, Newest: hourAgo}, {Report: gone, Documents: 9, Recent: 9, Newest: checkstest.Now}},
	}
	d, err := LookAtStatus(t.Context(), looking(w.world()))
	if err != nil || d.Signals == nil {
		t.Fatal(d, err)
	}
	if s := d.Signals; s.Live != 4 || s.Arrived != 3 || s.Stale != 9 || !s.Newest.Equal(hourAgo) {
		t.Errorf("%+v", s)
	}
}

func TestWhatCannotBeSeenIsNoZero(t *testing.T) {
	down := errors.New("refused")
	refused := map[string]pipeline.Answer{
		"ClickHouse": pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.Refused, down),
		"Postgres":   pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, down),
		"Temporal":   pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.Refused, down),
	}
	w := some()
	w.signals = []pipeline.ReportSignals{{Report: gone, Documents: 9}}
	for name, answer := range refused {
		answers := []pipeline.Answer{answer}
		if name == "Postgres" {
			answers = append(answers, pipeline.ReportsListed.Fails(team, pipeline.Refused, down))
		}
		d, err := LookAtStatus(t.Context(), looking(w.world(answers...)))
		if err != nil || d.State != NotAllSeen || d.ExitCode() != Unseen || !strings.Contains(strings.Join(d.Missed, "\n"), name) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if name == "ClickHouse" && d.Signals != nil {
			t.Errorf("%+v", d.Signals)
		}
	}
	all := some().world(refused["ClickHouse"], refused["Postgres"], refused["Temporal"], pipeline.ReportsListed.Fails(team, pipeline.Refused, down))
	if d, err := LookAtStatus(t.Context(), looking(all)); err == nil {
		t.Errorf("%+v", d)
	}
}

// await waits in worlds that come one after another, of which the last stays.
func await(ctx context.Context, expected int, worlds ...*pipeline.World) (*Status, int, error) {
	told := 0
	d, err := AwaitStatus(ctx, looking(worlds[0]), Awaited{
		Signals: expected, From: checkstest.Since, Tell: func(*Status) { told++ },
		Next: func(context.Context) (*pipeline.World, error) {
			if len(worlds) == 1 {
				return nil, context.DeadlineExceeded
			}
			worlds = worlds[1:]
			return worlds[0], nil
		},
	})
	return d, told, err
}

func TestAwaitStatus(t *testing.T) {
	arrived := func(n int) *pipeline.World {
		return told{reports: []pipeline.Report{report("5", "ready", nil)}, signals: []pipeline.ReportSignals{{Report: reportID("5"), Documents: 9, Recent: n}}}.world()
	}
	stale := func() *pipeline.World {
		return told{signals: []pipeline.ReportSignals{{Report: gone, Documents: 9, Recent: 9}}}.world()
	}
	busy := func() *pipeline.World { return told{runs: runsOf(emitter)}.world() }
	dropped := func() *pipeline.World {
		return told{runs: runsOf(ended(buffer, pipeline.ContinuedAsNew)), events: map[string][]pipeline.Event{buffer.ID: dropping()}}.world()
	}
	terminated := func() *pipeline.World {
		return told{runs: runsOf(ended(buffer, pipeline.Terminated)), events: map[string][]pipeline.Event{buffer.ID: append(signaled(journey.SubmitSignal), pipeline.Event{ID: 9, Time: checkstest.Now, Type: pipeline.WorkflowTerminated})}}.world()
	}
	blind := func() *pipeline.World {
		return told{}.world(pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused")))
	}
	for name, test := range map[string]struct {
		expected int
		worlds   []*pipeline.World
		want     string // state, exit code, looks
	}{
		"settled at once":       {0, []*pipeline.World{arrived(0)}, "settled 0 1"},
		"settled at last":       {0, []*pipeline.World{busy(), busy(), arrived(0)}, "settled 0 3"},
		"arrived one by one":    {5, []*pipeline.World{arrived(0), arrived(4), arrived(5)}, "settled 0 3"},
		"stale ones only":       {5, []*pipeline.World{stale(), stale()}, "at work, timed out 1 2"},
		"too few":               {5, []*pipeline.World{arrived(4)}, "at work, timed out 1 1"},
		"dropped by the buffer": {5, []*pipeline.World{busy(), dropped()}, "stopped 1 2"},
		"lost with the buffer":  {5, []*pipeline.World{busy(), terminated()}, "stopped TMP005 1 2"},
		"ClickHouse goes away":  {5, []*pipeline.World{arrived(3), blind()}, "unknown 3 2"},
	} {
		t.Run(name, func(t *testing.T) {
			d, told, err := await(t.Context(), test.expected, test.worlds...)
			if err != nil {
				t.Fatal(err)
			}
			got := string(d.State)
			if len(d.Stops) > 0 && d.Stops[0].Code != "" {
				got += " " + d.Stops[0].Code
			}
			if d.Waited.TimedOut {
				got += ", timed out"
			}
			if got = fmt.Sprintf("%s %d %d", got, d.ExitCode(), d.Waited.Looks); got != test.want {
				t.Errorf("%s, want %s\n%+v", got, test.want, d)
			}
			if last := d.Waited.Looks; told != last && told != last-1 {
				t.Errorf("%d looks were told of %d", told, last)
			}
		})
	}
}
