package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Inactivity finds runs that were ended because their agent was silent for too long. Their status is completed, as that of
// a run that ended well: older code leaves an error, newer a mark in the run's state
// (products/tasks/backend/temporal/process_task/workflow.py).
var Inactivity = &checks.Check{
	ID:       "sandbox.inactivity",
	Title:    "no agent is silent for longer than it may be",
	Codes:    []checks.Code{checks.SBX002},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{Network, Refusals, Memory, Setup, Logs, Model, Tools, environment.Inactivity, environment.Gateway, journey.Histories},
	Reads:    []checks.Source{checks.Optional(checks.Postgres), checks.Optional(checks.ObjectStorage), checks.Optional(checks.Temporal)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		if !runs.Postgres {
			markInactive(p, runs)
		}
		for _, timedOut := range together(p, runs) {
			timedOut.report(p, runs)
		}
		return nil, nil
	},
}

// inactive is runs that timed out for the same reason.
type inactive struct {
	runs   []*Run // newest first
	causes []*checks.Finding
	over   bool // others have ended well since
}

// together puts runs of the same purpose into one finding where the same explains them: an activity that is tried again
// makes a new run each time. Those that are over are apart: something else may have kept them silent.
func together(p *checks.Pass, runs *Runs) []*inactive {
	var all []*inactive
	for _, run := range runs.All {
		if !run.Inactive {
			continue
		}
		causes := causesOf(p, run)
		_, over := endedWellSince(runs, run)
		same := slices.IndexFunc(all, func(i *inactive) bool {
			return i.runs[0].Purpose == run.Purpose && i.over == over && slices.Equal(i.causes, causes)
		})
		if same < 0 {
			all = append(all, &inactive{causes: causes, over: over})
			same = len(all) - 1
		}
		all[same].runs = append(all[same].runs, run)
	}
	return all
}

// causesOf names what kept the agent of a run from working: what it was denied comes first, for it explains the rest.
func causesOf(p *checks.Pass, run *Run) []*checks.Finding {
	for _, check := range []*checks.Check{Network, Refusals, Memory, Setup, Logs, Model, Tools} {
		if causes := About(p.Findings(check), run); len(causes) > 0 {
			return causes
		}
	}
	if log := run.Log; log != nil && log.Whole() && log.Last.Kind == "" && log.Answers == 0 && len(log.Errors) == 0 {
		return p.Findings(environment.Gateway)
	}
	return nil
}

// About chooses the findings that rest on evidence of a run.
func About(findings []*checks.Finding, run *Run) []*checks.Finding {
	return slices.DeleteFunc(findings, func(f *checks.Finding) bool {
		return !slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool {
			return e.Locator.Object == run.Key || e.Locator.Workflow == run.Workflow() || run.Sandbox != nil && e.Locator.Container == run.Sandbox.Name
		})
	})
}

func (i *inactive) report(p *checks.Pass, runs *Runs) {
	newest := i.runs[0]
	finding := p.Report(checks.SBX002, newest.ID).CausedBy(i.causes...)
	switch n := len(i.runs); n {
	case 1:
		finding.Titlef("%s was silent for too long, and its run was ended", newest.Name())
	default:
		finding.Titlef("%d agents were silent for too long, and their runs were ended", n)
	}
	limit := limitOf(p, newest)
	finding.With(limit.evidence)
	const shown = 3
	for _, run := range i.runs[:min(shown, len(i.runs))] {
		finding.With(lastDeed(run))
	}
	finding.Detailf("%s", strings.TrimSpace(limit.advice+" "+unexplained(i.causes, newest)))
	if proof, ok := endedWellSince(runs, newest); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}

func unexplained(causes []*checks.Finding, run *Run) string {
	switch {
	case len(causes) > 0:
		return ""
	case run.Log == nil:
		return "Its log could not be read, so that nothing is known of why."
	}
	return "No denied connection, no error of the model's API and no empty log explains it."
}

// lastDeed is the evidence of the last thing that the agent of a run did.
func lastDeed(run *Run) checks.Evidence {
	e := checks.Evidence{Source: "agent log", Locator: run.At(pipeline.Spot{}), Time: run.Updated}
	if run.Log == nil {
		e.Excerpt = run.Name() + ": its log was not read"
		if !run.Stored {
			e.Excerpt = run.Name() + " has left no log"
		}
		return e
	}
	last := run.Log.Last
	switch {
	case last.Kind != "":
		e.Locator, e.Time = run.At(last.Spot), last.Time
		e.Excerpt = fmt.Sprintf("the last thing that %s did: %s", run.Name(), deed(last))
	case run.Log.Step.Step != "":
		e.Locator, e.Time = run.At(run.Log.Step.Spot), run.Log.Step.Time
		e.Excerpt = fmt.Sprintf("%s did nothing; its set-up came to %q (%s)", run.Name(), run.Log.Step.Label, run.Log.Step.Status)
	default:
		e.Excerpt = run.Name() + " did nothing"
	}
	return e
}

func deed(a pipeline.LogActivity) string {
	kind := strings.ReplaceAll(a.Kind, "_", " ")
	if a.Tool != "" {
		return fmt.Sprintf("%s %.80q", kind, a.Tool)
	}
	return kind
}

// limit is how long an agent may be silent, and what there is to know of it.
type limit struct {
	evidence checks.Evidence
	advice   string
}

// slowStart is how long the start of a healthy agent can take: a limit below ends those, too.
const slowStart = 2 * time.Minute

// limitOf tells which limit was in force for a run: the one that its state keeps, else the one that is set now, else what
// the code falls back to.
func limitOf(p *checks.Pass, run *Run) limit {
	set, _ := checks.ResultOf[*environment.InactivityTimeout](p, environment.Inactivity)
	l := limit{evidence: checks.Evidence{Source: "limit"}}
	force := run.InactivityLimit
	switch {
	case force > 0:
		l.evidence.Source = "Postgres"
		l.evidence.Excerpt = fmt.Sprintf("the run's state says that its agent may be silent for %s", force)
	case set != nil && set.Limit > 0:
		force = set.Limit
		l.evidence = environment.SeenAt(p.World.Settings, set.Origin, fmt.Sprintf("TASKS_INACTIVITY_TIMEOUT_SECONDS lets an agent be silent for %s", force))
	default:
		l.evidence.Source = "default"
		l.evidence.Excerpt = "nothing sets a limit: 30 minutes for a run in the background (older code: 2 hours)"
	}
	if force > 0 && force < slowStart {
		l.advice = fmt.Sprintf("A limit of %s ends healthy agents, too: a start alone can take longer.", force)
	}
	return l
}

// inactivityCause is what the activity that waits for an agent says of a run that older code ended for inactivity.
const inactivityCause = "(cause: Run timed out due to inactivity)"

// markInactive finds out from the failures of the activities that wait for agents what Postgres would have said. An
// activity names no run: it is taken to be the one that was last heard of while the activity ran.
func markInactive(p *checks.Pass, runs *Runs) {
	histories, ok := checks.ResultOf[*journey.Runs](p, journey.Histories)
	if !ok {
		return
	}
	for _, run := range histories.OfType(journey.SummaryWorkflow) {
		scheduled := map[int64]pipeline.Event{}
		for _, e := range run.Events {
			scheduled[e.ID] = e
			inner := e.Failure.Innermost()
			if e.Type != pipeline.ActivityFailed || inner == nil || !strings.Contains(inner.Message, inactivityCause) {
				continue
			}
			for _, agent := range runs.All {
				if agent.Updated.After(scheduled[e.Scheduled].Time) && !agent.Updated.After(e.Time) {
					agent.Inactive, agent.Status = true, "completed"
				}
			}
		}
	}
}
