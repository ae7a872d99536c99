package sandbox

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// SetupFailure is why a run failed before its agent could begin.
type SetupFailure struct {
	Code checks.Code
	Said string // in the pipeline's words
	At   checks.Evidence
}

// setupWords are the beginnings of the messages by which the steps of a set-up fail
// (products/tasks/backend/logic/services/docker_sandbox.py, and the activities of products/tasks/backend/temporal/process_task).
var setupWords = sync.OnceValue(func() []setupWord {
	return []setupWord{
		{checks.SBX008, regexp.MustCompile(`^Failed to (start agentsh daemon|create agentsh session)`)},
		{checks.SBX009, regexp.MustCompile(`^Sandbox image '[^']*' is not available locally|^LOCAL_POSTHOG_CODE_MONOREPO_ROOT is invalid`)},
		{checks.SBX013, regexp.MustCompile(`^Git clone failed|^Failed to clone|^Failed to get GitHub token|^GitHub user integration for this run requires reauth|^Repository \S+ is not present in the sandbox`)},
		{checks.SBX015, regexp.MustCompile(`^Failed to create (Docker )?sandbox|^DockerSandbox cannot be used|sandbox is for local development only`)},
		{checks.SBX007, regexp.MustCompile(`^Agent-server (failed to start|process failed to launch)|^Failed to start agent server`)},
	}
})

type setupWord struct {
	code  checks.Code
	words *regexp.Regexp
}

// codeOfSetup tells what kind of failure a message is of; "" of another one.
func codeOfSetup(message string) checks.Code {
	for _, kind := range setupWords() {
		if kind.words.MatchString(message) {
			return kind.code
		}
	}
	return ""
}

// opaque is what older code writes of a failed activity into the run's error: no more than that one failed. What it was
// stands in the history of the run's workflow only.
var opaque = []string{"", "Activity task failed", "Activity error", "Workflow execution failed"}

// findSetups finds out which runs failed in their set-up. Newer code writes why into the run's error and its log; only
// where neither says anything is the workflow's history read.
func (r *Runs) findSetups(ctx context.Context, p *checks.Pass) {
	left := recent
	for _, run := range r.All {
		if run.Inactive {
			run.Setup = run.unclonedSetup()
		}
		if run.Status != "failed" && run.Status != "" {
			continue
		}
		if run.Setup = run.ownSetup(); run.Setup != nil || run.Status == "" {
			continue
		}
		agentFailed := run.Log != nil && len(run.Log.Errors) > 0
		if agentFailed || !slices.Contains(opaque, run.Error) || !p.Passed(services.Temporal) {
			continue
		}
		if left--; left < 0 {
			run.SetupErr = fmt.Errorf("the workflows of more than %d failed runs were not read", recent)
			break
		}
		history, err := p.World.Temporal.History(ctx, pipeline.Run{Workflow: run.Workflow()})
		if err != nil && pipeline.KindOf(err) != pipeline.Missing {
			run.SetupErr = err
		}
		run.Setup = run.setupIn(history.Events)
	}
	for _, run := range r.All {
		run.Setup.settle(run)
	}
}

// ownSetup reads a run's own record, and its log.
func (r *Run) ownSetup() *SetupFailure {
	if code := codeOfSetup(r.Error); code != "" {
		at := checks.Evidence{Source: "Postgres", Locator: checks.Locator{Workflow: r.Workflow()}, Time: endOf(r)}
		return &SetupFailure{code, r.Error, at}
	}
	if r.Log == nil {
		return nil
	}
	for _, step := range r.Log.Failed {
		if code := codeOfSetup(step.Detail); code != "" {
			at := checks.Evidence{Source: "agent log", Locator: r.At(step.Spot), Time: step.Time}
			return &SetupFailure{code, step.Detail, at}
		}
	}
	return nil
}

// unclonedSetup tells of a run that had to go on without its repository, which newer code lets it.
func (r *Run) unclonedSetup() *SetupFailure {
	if r.Log == nil {
		return nil
	}
	for _, step := range r.Log.Failed {
		if step.Step == "clone" {
			at := checks.Evidence{Source: "agent log", Locator: r.At(step.Spot), Time: step.Time}
			return &SetupFailure{checks.SBX013, cmp.Or(step.Detail, step.Label), at}
		}
	}
	return nil
}

// setupIn finds the failure of a step of the set-up in the history of the run's workflow.
func (r *Run) setupIn(events []pipeline.Event) *SetupFailure {
	for _, e := range slices.Backward(events) {
		for f := e.Failure; f != nil; f = f.Cause {
			if code := codeOfSetup(f.Message); code != "" {
				at := checks.Evidence{Source: "Temporal", Locator: checks.Locator{Workflow: r.Workflow(), Event: e.ID}, Time: e.Time}
				return &SetupFailure{code, f.Message, at}
			}
		}
	}
	return nil
}

// settle decides what the same words may mean: the start of the agent server covers that of agentsh, and newer code hides
// which of them failed. Where only agentsh had printed something, the agent server never began.
func (f *SetupFailure) settle(run *Run) {
	if f == nil {
		return
	}
	f.Said = checks.Clip(checks.OneLine(f.Said), 300)
	f.At.Excerpt = fmt.Sprintf("%s failed: %s", run.Name(), f.Said)
	if f.Code == checks.SBX007 && len(run.trouble("agentsh")) > 0 && !run.printed("agent-server") {
		f.Code = checks.SBX008
	}
}

// printed reports whether a program of the sandbox had printed anything when the set-up gave up.
func (r *Run) printed(program string) bool {
	return r.Log != nil && slices.ContainsFunc(r.Log.Trouble, func(t pipeline.LogTrouble) bool { return t.Of == program })
}

// trouble is what a program of the sandbox said of its own failure, with where it stands.
func (r *Run) trouble(program string) []checks.Evidence {
	if r.Log == nil {
		return nil
	}
	for _, t := range slices.Backward(r.Log.Trouble) {
		if t.Of != program {
			continue
		}
		var said []checks.Evidence
		for _, line := range t.Lines {
			said = append(said, checks.Evidence{Source: program, Locator: r.At(t.Spot), Excerpt: checks.OneLine(line), Time: t.Time})
		}
		return said
	}
	return nil
}
