package sandbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Memory finds sandboxes that ran out of memory, so that the kernel ended something in them. Docker is asked only where a
// run did not end well, or its agent is silent.
var Memory = &checks.Check{
	ID:       "sandbox.memory",
	Title:    "every sandbox has the memory that it needs",
	Codes:    []checks.Code{checks.SBX011},
	Requires: []*checks.Check{AgentRuns, services.Docker},
	Reads:    []checks.Source{checks.Docker, checks.Optional(checks.Postgres), checks.Optional(checks.ObjectStorage)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		if !runs.Docker {
			return nil, checks.Skip("no sandbox of this pipeline runs in Docker here")
		}
		asked := pipeline.KillsOf{Since: p.Since}
		var suspects []*Run
		for _, run := range runs.All {
			if run.boxed() && !run.EndedWell() && (run.Ended() || p.World.Now.Sub(lastSign(run)) > silent) {
				suspects = append(suspects, run)
				if run.Sandbox != nil {
					asked.Containers = append(asked.Containers, run.Sandbox.ID)
				}
			}
		}
		if len(suspects) == 0 {
			return nil, nil
		}
		kills, err := p.World.Docker.MemoryKills(ctx, asked)
		if err != nil {
			return nil, err
		}
		for _, run := range suspects {
			if kill, n := newestKill(kills, run); n > 0 {
				reportKill(p, runs, run, kill, n)
			}
		}
		return nil, nil
	},
}

// boxed reports whether it is known which container the run had.
func (r *Run) boxed() bool { return r.Container != "" || r.Sandbox != nil }

// lastSign is when something was last heard of a run.
func lastSign(run *Run) time.Time { return latest(run.Created, lastOf(run)) }

// newestKill is the last time that the container of a run was short of memory, and how many there were.
func newestKill(kills []pipeline.MemoryKill, run *Run) (newest pipeline.MemoryKill, n int) {
	for _, kill := range kills {
		own := run.Container != "" && strings.HasPrefix(kill.Container, run.Container) || run.Sandbox != nil && kill.Container == run.Sandbox.ID
		if !own {
			continue
		}
		n++
		if n == 1 || kill.At.After(newest.At) {
			newest = kill
		}
	}
	return newest, n
}

// goesOn is how long after the kill an agent must have been heard of to have got over it: what was ended was one of its
// tools then, such as a build.
const goesOn = time.Minute

func reportKill(p *checks.Pass, runs *Runs, run *Run, kill pipeline.MemoryKill, n int) {
	name, limit := run.Container, ""
	if run.Sandbox != nil {
		name = run.Sandbox.Name
	}
	if kill.Limit > 0 {
		limit = fmt.Sprintf(" of %d MB", kill.Limit>>20)
	}
	finding := p.Report(checks.SBX011, run.ID).
		Titlef("the sandbox of %s ran out of its memory%s", run.Name(), limit).
		Detailf("The kernel ended a process in it. Repository selection gets 8 GB, other agents 16 GB, and all of them together what Docker has.").
		With(checks.Evidence{Source: "Docker", Locator: checks.Locator{Container: name}, Excerpt: "out of memory, " + checks.Count(n, "time"), Time: kill.At}).
		With(checks.Evidence{Source: "Postgres", Locator: checks.Locator{Workflow: run.Workflow()}, Excerpt: fmt.Sprintf("%s is %s", run.Name(), stateOf(run)), Time: endOf(run)})
	if lastOf(run).Sub(kill.At) > goesOn {
		finding.As(checks.Info).Detailf("The agent was heard of after that: what was ended was one of its tools.")
	}
	if proof, ok := endedWellSince(runs, run); ok {
		finding.Healed(proof)
	}
}
