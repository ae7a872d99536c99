package environment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
	"doctor/checks/services"
)

// Workers finds workers on this machine that were started before an env file was last changed: they go on with what was
// read then. The result is an [OldWorkers].
var Workers = &checks.Check{
	ID:       "environment.workers",
	Title:    "the workers on this machine have read the env files as they are",
	Codes:    []checks.Code{checks.ENV004},
	Requires: []*checks.Check{services.Temporal},
	Reads:    []checks.Source{checks.Settings, checks.Temporal, checks.Machine},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		if !slices.ContainsFunc(p.World.Settings.EnvFiles, func(f settings.EnvFile) bool { return !f.Absent }) {
			return nil, checks.Skip("there is no env file that a worker could have read")
		}
		seen, err := present(ctx, p)
		if err != nil {
			return nil, err
		}
		old, err := older(ctx, p, seen)
		for _, worker := range old {
			worker.report(p, seen[worker.Identity])
		}
		return old, err
	},
}

// OldWorkers are the workers that have not read some env files as they are.
type OldWorkers []OldWorker

// OldWorker is one of them.
type OldWorker struct {
	Identity string // pid@host
	Started  time.Time
	Changed  []settings.EnvFile // since then
}

// asking is a worker that asks a task queue for work.
type asking struct {
	queue string
	last  time.Time
}

// present lists the workers that ask for the work of the team, by their identities.
func present(ctx context.Context, p *checks.Pass) (map[string]asking, error) {
	listing, err := p.World.Temporal.Executions(ctx, p.Team, p.Since)
	if err != nil {
		return nil, err
	}
	queues := taskQueues(listing.Executions)
	if len(queues) == 0 {
		return nil, checks.Skip("no workflow of the team has run, which would tell where its workers ask for work")
	}
	seen := map[string]asking{}
	for _, queue := range queues {
		pollers, err := p.World.Temporal.Pollers(ctx, pipeline.TaskQueue{Name: queue})
		if err != nil {
			return nil, err
		}
		for _, poller := range pollers {
			if poller.Present(p.World.Now) {
				seen[poller.Identity] = asking{queue, poller.LastAccess}
			}
		}
	}
	return seen, nil
}

// taskQueues are those of the open runs, else the one of the newest run.
func taskQueues(newestFirst []pipeline.Execution) []string {
	var queues []string
	for _, e := range newestFirst {
		if e.Status == pipeline.Running && e.TaskQueue != "" && !slices.Contains(queues, e.TaskQueue) {
			queues = append(queues, e.TaskQueue)
		}
	}
	if len(queues) == 0 && len(newestFirst) > 0 && newestFirst[0].TaskQueue != "" {
		queues = append(queues, newestFirst[0].TaskQueue)
	}
	return queues
}

// tolerance is by how much the times of a process and of a file may be wrong against each other.
const tolerance = 2 * time.Second

// older returns the workers that are older than an env file. One whose process was started after it last asked for work
// is dead, and its number another's.
func older(ctx context.Context, p *checks.Pass, seen map[string]asking) (OldWorkers, error) {
	if len(seen) == 0 {
		return nil, nil
	}
	identities := slices.Sorted(maps.Keys(seen))
	started, err := p.World.Machine.Workers(ctx, identities)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, checks.Skip("processes of a machine like this one cannot be looked at")
	}
	if err != nil {
		return nil, err
	}
	var old OldWorkers
	for _, identity := range identities {
		start, lives := started[identity]
		if !lives || start.After(seen[identity].last.Add(tolerance)) {
			continue
		}
		worker := OldWorker{Identity: identity, Started: start}
		for _, file := range p.World.Settings.EnvFiles {
			if file.Modified.After(start.Add(tolerance)) {
				worker.Changed = append(worker.Changed, file)
			}
		}
		if len(worker.Changed) > 0 {
			old = append(old, worker)
		}
	}
	return old, nil
}

func (w OldWorker) report(p *checks.Pass, seen asking) {
	var names []string
	for _, file := range w.Changed {
		names = append(names, p.World.Settings.Name(file.Path))
	}
	pid, _, _ := strings.Cut(w.Identity, "@")
	finding := p.Report(checks.ENV004, w.Identity).
		Titlef("the worker with pid %s was started before %s changed", pid, strings.Join(names, " and ")).
		Detailf("It works with the settings that were read when it was started. Restart bin/start, or open a new shell and start the worker from there: a hot reload keeps the old environment.").
		With(checks.Evidence{
			Source: "worker " + w.Identity, Excerpt: fmt.Sprintf("started; it still asks %s for work", seen.queue), Time: w.Started,
		})
	for i, file := range w.Changed {
		finding.With(checks.Evidence{Source: names[i], Locator: checks.Locator{File: file.Path}, Excerpt: "changed", Time: file.Modified})
	}
}

// Unread returns those findings of [Workers], which the asking check names, that explain why a setting is not in effect:
// an env file that was changed since gives it.
func Unread(p *checks.Pass, name string) []*checks.Finding {
	return unread(p, name, func(string) bool { return true })
}

// notConfigured is how the pipeline's code says that a setting is missing (products/signals/backend/temporal/llm.py,
// posthog/settings/utils.py).
var notConfigured = regexp.MustCompile(`\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"? (?:is not configured|is not set|is required)`)

// UnreadBy is Unread for the failure of a worker whose message says that a setting is missing. An empty identity is that
// of any worker.
func UnreadBy(p *checks.Pass, identity, message string) []*checks.Finding {
	name := notConfigured.FindStringSubmatch(message)
	if name == nil {
		return nil
	}
	return unread(p, name[1], func(worker string) bool { return identity == "" || identity == worker })
}

func unread(p *checks.Pass, name string, by func(worker string) bool) []*checks.Finding {
	old, _ := checks.ResultOf[OldWorkers](p, Workers)
	var findings []*checks.Finding
	for _, f := range p.Findings(Workers) {
		at := slices.IndexFunc(old, func(w OldWorker) bool { return f.Subject[0] == w.Identity && by(w.Identity) })
		if at >= 0 && slices.ContainsFunc(old[at].Changed, func(file settings.EnvFile) bool { return gives(file, name) }) {
			findings = append(findings, f)
		}
	}
	return findings
}

// gives reports whether a file has a value for a setting.
func gives(file settings.EnvFile, name string) bool {
	value := file.Values[name]
	return value != "" && !reference(value) && !redact.Placeholder(value)
}
