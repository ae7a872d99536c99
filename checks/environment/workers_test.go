package environment_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const queue = "development-task-queue"

// polled is a told world of workers, all of which ask the one task queue.
type polled struct {
	since   map[string]time.Duration // how long ago each worker asked for work, by identity
	started map[string]time.Duration // how long ago those that live here were started
	runs    []pipeline.Execution     // one that is open when there are none
}

func (w polled) answers() []pipeline.Answer {
	runs := w.runs
	if runs == nil {
		runs = []pipeline.Execution{open(queue)}
	}
	var pollers []pipeline.Poller
	var present []string
	for identity, ago := range w.since {
		pollers = append(pollers, pipeline.Poller{Identity: identity, LastAccess: now.Add(-ago)})
		if ago < 70*time.Second {
			present = append(present, identity)
		}
	}
	slices.Sort(present)
	started := map[string]time.Time{}
	for identity, ago := range w.started {
		started[identity] = now.Add(-ago)
	}
	return append(listed(runs...),
		pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, pollers),
		pipeline.LocalWorkers.Is(present, started),
	)
}

func open(queue string) pipeline.Execution {
	return pipeline.Execution{Run: pipeline.Run{Workflow: "buffer-signals-7", ID: "5be0c917"}, Status: pipeline.Running, TaskQueue: queue}
}

// aged makes a PostHog folder whose files were changed so long ago.
func aged(t *testing.T, text string, ago map[string]time.Duration) *settings.Settings {
	t.Helper()
	files := map[string]string{}
	for name := range ago {
		files[name] = text
	}
	dir := checkstest.Folder(t, files)
	for name, ago := range ago {
		if err := os.Chtimes(filepath.Join(dir, name), now.Add(-ago), now.Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}
	return loaded(t, dir)
}

func TestWorkers(t *testing.T) {
	const worker, other = "4711@vm", "4712@vm"
	hour := map[string]time.Duration{".env": time.Hour}
	asks := map[string]time.Duration{worker: 10 * time.Second}
	for name, test := range map[string]struct {
		files map[string]time.Duration
		world polled
		says  []string
	}{
		"younger than the file":       {hour, polled{asks, map[string]time.Duration{worker: 59 * time.Minute}, nil}, nil},
		"older than the file":         {hour, polled{asks, map[string]time.Duration{worker: 61 * time.Minute}, nil}, []string{"4711 before .env"}},
		"as old, as far as one knows": {hour, polled{asks, map[string]time.Duration{worker: time.Hour + 2*time.Second}, nil}, nil},
		"older than two of them": {
			map[string]time.Duration{".env": time.Hour, ".env.local": time.Minute, ".env.services": 5 * time.Hour},
			polled{asks, map[string]time.Duration{worker: 2 * time.Hour}, nil},
			[]string{"4711 before .env and .env.local"},
		},
		"two workers": {
			hour,
			polled{
				map[string]time.Duration{other: time.Second, worker: time.Second, "1@elsewhere": time.Second},
				map[string]time.Duration{worker: 2 * time.Hour, other: 3 * time.Hour},
				nil,
			},
			[]string{"4711 before .env", "4712 before .env"},
		},
		"on another machine, or dead":  {hour, polled{asks, nil, nil}, nil},
		"gone for a while":             {hour, polled{map[string]time.Duration{worker: 70 * time.Second}, map[string]time.Duration{worker: 2 * time.Hour}, nil}, nil},
		"its number is another's now":  {map[string]time.Duration{".env": time.Second}, polled{map[string]time.Duration{worker: time.Minute}, map[string]time.Duration{worker: 30 * time.Second}, nil}, nil},
		"nobody asks":                  {hour, polled{}, nil},
		"of the newest run, none open": {hour, polled{asks, map[string]time.Duration{worker: 2 * time.Hour}, []pipeline.Execution{{TaskQueue: queue}, {TaskQueue: "an-older-queue"}}}, []string{"4711 before .env"}},
		"of each open run":             {hour, polled{asks, map[string]time.Duration{worker: 2 * time.Hour}, []pipeline.Execution{{TaskQueue: "a-closed-run's"}, open(queue), open(queue)}}, []string{"4711 before .env"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.Workers, aged(t, "DEBUG=1\n", test.files), test.world.answers()...)
			var got []string
			for _, f := range o.Findings {
				title := strings.NewReplacer("the worker with pid ", "", "was started ", "", " changed", "").Replace(f.Title)
				got = append(got, title)
				pid, _, _ := strings.Cut(title, " ")
				if f.Code != checks.ENV004 || f.Severity != checks.Warning || f.Subject[0] != pid+"@vm" {
					t.Errorf("%s %s %v", f.Code, f.Severity, f.Subject)
				}
				if e := f.Evidence[0]; e.Source != "worker "+f.Subject[0] || !strings.Contains(e.Excerpt, queue) || e.Time.IsZero() {
					t.Errorf("the worker's evidence: %+v", e)
				}
				for _, e := range f.Evidence[1:] {
					if !strings.HasPrefix(e.Source, ".env") || e.Locator.File == "" || !e.Time.After(f.Evidence[0].Time) {
						t.Errorf("a file's evidence: %+v", e)
					}
				}
			}
			if !slices.Equal(got, test.says) {
				t.Errorf("got %q, want %q", got, test.says)
			}
			if want := map[bool]checks.Status{true: checks.Passed, false: checks.Failed}[test.says == nil]; o.Status != want {
				t.Errorf("%s: %s", o.Status, o.Reason)
			}
		})
	}
}

func TestWorkersThatCannotBeLookedAt(t *testing.T) {
	set := aged(t, "DEBUG=1\n", map[string]time.Duration{".env": time.Hour})
	asks := polled{since: map[string]time.Duration{"4711@vm": time.Second}}
	for name, test := range map[string]struct {
		set     *settings.Settings
		answers []pipeline.Answer
		want    checks.Status
		reason  string
	}{
		"no env file":           {loaded(t, checkstest.Folder(t, map[string]string{"manage.py": ""})), asks.answers(), checks.Skipped, "no env file"},
		"no workflow":           {set, listed(), checks.Skipped, "no workflow"},
		"no task queue is told": {set, listed(open("")), checks.Skipped, "no workflow"},
		"Temporal is down":      {set, []pipeline.Answer{pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.TimedOut, errors.New("silence"))}, checks.Blocked, ""},
		"the queue says nothing": {
			set, append(listed(open(queue)), pipeline.Pollers.Fails(pipeline.TaskQueue{Name: queue}, pipeline.TimedOut, errors.New("silence"))), checks.Unknown, "timed out",
		},
		"the machine says nothing": {set, append(asks.answers(), pipeline.LocalWorkers.Fails([]string{"4711@vm"}, pipeline.Failed, errors.New("no /proc"))), checks.Unknown, "no /proc"},
		"a strange machine":        {set, append(asks.answers(), pipeline.LocalWorkers.Fails([]string{"4711@vm"}, pipeline.Failed, fmt.Errorf("ask: %w", errors.ErrUnsupported))), checks.Skipped, "cannot be looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.Workers, test.set, test.answers...)
			if o.Is(t, test.want, test.reason); len(o.Findings) > 0 {
				t.Errorf("%d findings", len(o.Findings))
			}
		})
	}
}

// What a worker has not read is what an env file gives that was changed since it was started.
func TestUnread(t *testing.T) {
	set := aged(t, "ANTHROPIC_API_KEY=sk-ant-abc\nEMPTY_KEY=\nPLACE_KEY=your-key-here\nSITE_URL=http://localhost:8010\n", map[string]time.Duration{".env": time.Hour})
	world := polled{
		since:   map[string]time.Duration{"4711@vm": time.Second, "4712@vm": time.Second},
		started: map[string]time.Duration{"4711@vm": 2 * time.Hour, "4712@vm": time.Minute},
	}
	for name, test := range map[string]struct {
		ask  func(*checks.Pass) []*checks.Finding
		want int
	}{
		"a setting that the file gives": {func(p *checks.Pass) []*checks.Finding { return environment.Unread(p, "SITE_URL") }, 1},
		"one that it does not":          {func(p *checks.Pass) []*checks.Finding { return environment.Unread(p, "OTHER_URL") }, 0},
		"one that is empty":             {func(p *checks.Pass) []*checks.Finding { return environment.Unread(p, "EMPTY_KEY") }, 0},
		"one that is a placeholder":     {func(p *checks.Pass) []*checks.Finding { return environment.Unread(p, "PLACE_KEY") }, 0},
		"what the old worker misses":    {func(p *checks.Pass) []*checks.Finding { return environment.UnreadBy(p, "4711@vm", unconfigured) }, 1},
		"what some worker misses":       {func(p *checks.Pass) []*checks.Finding { return environment.UnreadBy(p, "", unconfigured) }, 1},
		"what the young worker misses":  {func(p *checks.Pass) []*checks.Finding { return environment.UnreadBy(p, "4712@vm", unconfigured) }, 0},
		"as Django says it": {func(p *checks.Pass) []*checks.Finding {
			return environment.UnreadBy(p, "", `The environment variable "SITE_URL" is required to run PostHog!`)
		}, 1},
		"a message about something else": {func(p *checks.Pass) []*checks.Finding {
			return environment.UnreadBy(p, "", "SITE_URL answers 500; LLM is not configured")
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var found []*checks.Finding
			asker := &checks.Check{
				ID: "some.thing", Title: "t", After: []*checks.Check{environment.Workers}, Reads: []checks.Source{checks.Settings},
				Run: func(_ context.Context, p *checks.Pass) (any, error) { found = test.ask(p); return nil, nil },
			}
			judge(asker, set, world.answers()...)
			if len(found) != test.want {
				t.Errorf("got %d findings, want %d", len(found), test.want)
			}
		})
	}
}
