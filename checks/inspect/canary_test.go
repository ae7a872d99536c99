package inspect

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
)

func TestFitForCanary(t *testing.T) {
	stale := told{signals: []pipeline.ReportSignals{{Report: gone, Documents: 9}}}
	if err := FitForCanary(t.Context(), looking(stale.world())); !errors.As(err, new(StaleError)) {
		t.Error(err)
	}
	well := told{reports: []pipeline.Report{report("5", "ready", nil)}, signals: []pipeline.ReportSignals{{Report: reportID("5"), Documents: 9}}}
	if err := FitForCanary(t.Context(), looking(well.world())); err != nil {
		t.Error(err)
	}
	down := pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("refused"))
	if err := FitForCanary(t.Context(), looking(well.world(down))); err == nil || errors.As(err, new(StaleError)) || !strings.Contains(err.Error(), "ClickHouse") {
		t.Error(err)
	}
}

func TestCleanedUp(t *testing.T) {
	for name, test := range map[string]struct {
		told
		want string
	}{
		"all is gone":      {told{}, ""},
		"rows are left":    {told{signals: []pipeline.ReportSignals{{Report: gone, Documents: 9}}}, "9 signals of the team are left in posthog." + table},
		"a report is left": {told{reports: []pipeline.Report{report("5", "ready", nil)}}, "1 report of the team are left in Postgres"},
	} {
		err := CleanedUp(t.Context(), looking(test.world()))
		if got := ""; err != nil {
			if got = err.Error(); got != test.want {
				t.Errorf("%s: %s", name, got)
			}
		} else if test.want != "" {
			t.Errorf("%s: nothing is said", name)
		}
	}
}

func TestFollowCanary(t *testing.T) {
	sent := emitter
	lost := ended(emitter, pipeline.RunTimedOut)
	for name, test := range map[string]struct {
		worlds []told
		from   time.Time
		want   inbox.State
		note   string
	}{
		"its emitter is at work":    {[]told{{runs: runsOf(sent)}}, sent.Start, inbox.Moving, ""},
		"its emitter ran out":       {[]told{{runs: runsOf(sent)}, {runs: runsOf(lost)}}, sent.Start, inbox.Lost, ""},
		"an older one is not it":    {[]told{{runs: runsOf(sent)}}, checkstest.Now.Add(-time.Second), inbox.Moving, ""},
		"none was ever started":     {[]told{{}}, checkstest.Now.Add(-settledIn - 1), inbox.Stopped, "no emitter was started, whatever the command printed"},
		"none has been started yet": {[]told{{}}, checkstest.Now, inbox.Moving, ""},
	} {
		t.Run(name, func(t *testing.T) {
			worlds := test.worlds
			l := looking(worlds[0].world())
			c := NewCanary(l, []CommandRun{})
			err := FollowCanary(t.Context(), l, c, Followed{
				From: test.from, Tell: func(*Canary) {},
				Next: func(context.Context) (*pipeline.World, error) {
					if worlds = worlds[1:]; len(worlds) == 0 {
						return nil, context.DeadlineExceeded
					}
					return worlds[0].world(), nil
				},
			})
			if err != nil || c.State != test.want || c.Note != test.note || c.TimedOut != (test.want == inbox.Moving) || c.ExitCode() != Stopped {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}
