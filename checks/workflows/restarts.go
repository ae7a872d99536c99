package workflows

import (
	"context"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// heartbeat is the time-out of an activity that its worker has not said anything of for too long.
const heartbeat = "HEARTBEAT"

// Restarts finds workers that were restarted while an activity ran in them: Temporal missed the activity's heartbeat, another
// worker has taken its place, and nothing was seen of the first one since. A worker that lives and was only slow is no finding.
var Restarts = &checks.Check{
	ID:       "workflows.restarts",
	Title:    "no worker was restarted while an activity ran in it",
	Codes:    []checks.Code{checks.TMP015},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Temporal},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		var reported [][]string
		for _, run := range slices.Backward(runs.All) {
			for _, missed := range missedBeats(run) {
				other, err := missed.replaced(ctx, p, runs)
				if err != nil {
					return nil, err
				}
				subject := []string{run.Workflow, missed.activity}
				told := slices.ContainsFunc(reported, func(s []string) bool { return slices.Equal(s, subject) })
				if other != (successor{}) && !told {
					reported = append(reported, subject)
					missed.report(p, runs, other)
				}
			}
		}
		return nil, nil
	},
}

// missedBeat is an attempt of an activity that its worker fell silent in.
type missedBeat struct {
	run      *journey.Run
	activity string
	asked    time.Time      // when the activity was given
	event    pipeline.Event // that tells of it; of an attempt that is to be made again, only its time
	worker   string         // that gave the activity, or had it
	next     string         // that went on in this run; "" where the history does not tell yet
}

// missedBeats are the attempts of a run's activities that ended by a missed heartbeat. The history names the worker of an
// activity's last attempt only; that of the first is the one that gave it.
func missedBeats(run *journey.Run) []missedBeat {
	var all []missedBeat
	scheduled, started, tasks := map[int64]pipeline.Event{}, map[int64]pipeline.Event{}, map[int64]string{}
	for i, e := range run.Events {
		late, asked := e.Failure.Innermost(), scheduled[e.Scheduled]
		switch {
		case e.Type == pipeline.WorkflowTaskCompleted:
			tasks[e.ID] = e.Identity
		case e.Type == pipeline.ActivityScheduled:
			scheduled[e.ID] = e
		case e.Type == pipeline.ActivityStarted:
			started[e.Scheduled] = e
			if late != nil && late.Timeout == heartbeat {
				all = append(all, missedBeat{run, asked.Activity, asked.Time, e, tasks[asked.TaskCompleted], e.Identity})
			}
		case e.Type == pipeline.ActivityTimedOut && late != nil && late.Timeout == heartbeat:
			all = append(all, missedBeat{run, asked.Activity, asked.Time, e, started[e.Scheduled].Identity, nextWorker(run.Events[i+1:])})
		}
	}
	for _, a := range run.Detail.Pending {
		if late := a.LastFailure.Innermost(); late == nil || late.Timeout != heartbeat || a.Attempt < 2 {
			continue
		}
		for _, e := range slices.Backward(run.Events) {
			if e.Type == pipeline.ActivityScheduled && e.Activity == a.Activity {
				all = append(all, missedBeat{run, a.Activity, e.Time, pipeline.Event{Time: a.LastStarted}, tasks[e.TaskCompleted], ""})
				break
			}
		}
	}
	return all
}

func nextWorker(events []pipeline.Event) string {
	for _, e := range events {
		if e.Type == pipeline.WorkflowTaskCompleted {
			return e.Identity
		}
	}
	return ""
}

// successor is the worker that took the place of one that was restarted.
type successor struct {
	identity string
	seen     time.Time
}

// replaced is the worker that has taken the place of the silent one; the zero one when that is not shown: the worker is still
// seen, or no new one is.
func (m missedBeat) replaced(ctx context.Context, p *checks.Pass, runs *journey.Runs) (successor, error) {
	since := func(e pipeline.Event) bool { return e.Time.After(m.event.Time) && e.Type != pipeline.ActivityTimedOut }
	before := func(e pipeline.Event) bool { return e.Time.Before(m.asked) }
	switch {
	case m.worker == "" || m.next == m.worker || m.event.ID != 0 && seen(runs, m.worker, since):
		return successor{}, nil
	case m.next != "" && seen(runs, m.next, before):
		return successor{}, nil
	case m.next != "":
		return successor{m.next, m.event.Time}, nil
	}
	pollers, err := p.World.Temporal.Pollers(ctx, pipeline.TaskQueue{Name: m.run.TaskQueue})
	if err != nil {
		return successor{}, err
	}
	var other successor
	for _, poller := range pollers {
		switch {
		case !poller.Present(p.World.Now):
		case poller.Identity == m.worker:
			return successor{}, nil
		case !seen(runs, poller.Identity, before):
			other = successor{poller.Identity, poller.LastAccess}
		}
	}
	return other, nil
}

// seen reports whether a worker has done anything at such an event.
func seen(runs *journey.Runs, worker string, when func(pipeline.Event) bool) bool {
	return slices.ContainsFunc(runs.All, func(run *journey.Run) bool {
		return slices.ContainsFunc(run.Events, func(e pipeline.Event) bool { return e.Identity == worker && when(e) })
	})
}

func (m missedBeat) report(p *checks.Pass, runs *journey.Runs, other successor) {
	f := p.Report(checks.TMP015, m.run.Workflow, m.activity).
		Titlef("the worker was restarted while %s ran in it", m.activity).
		Detailf("What it had done so far is gone. Temporal noticed when the next heartbeat of the activity did not come.").
		At(stageOf(m.activity, m.run.Type)).
		With(evidence(p, m.run.Run, m.event, "no heartbeat any more from "+checks.Clip(checks.OneLine(m.worker), 100))).
		With(checks.Evidence{Source: "worker", Excerpt: checks.Clip(checks.OneLine(other.identity), 100) + " is in its place", Time: other.seen})
	again := fault{workflowType: m.run.Type, activity: m.activity}
	if proof, ok := again.succeededSince(p, runs, m.event.Time); ok {
		f.Healed(proof)
	}
}
