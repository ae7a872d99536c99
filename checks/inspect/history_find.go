package inspect

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// mostFound is how many runs are looked at for the one that an id means.
const mostFound = 100

// find finds the run that an id means: of a workflow's id its newest run, or the one that run begins the id of.
//
// All of an id means what has it, whosever it is. Otherwise buffer and grouping, and the beginnings of these workflows' ids,
// mean the team's own; and any other beginning must be that of one workflow's id or run's, of the team's own if there is one.
func (l *Look) find(ctx context.Context, id, run string) (pipeline.Execution, error) {
	runs, err := l.named(ctx, pipeline.RunsQuery{Name: id, Limit: mostFound})
	if err == nil && len(runs) == 0 {
		if own, ok := l.own(id); ok {
			id = own
			runs, err = l.named(ctx, pipeline.RunsQuery{Name: id, Limit: mostFound})
		} else {
			runs, err = l.beginning(ctx, id)
		}
	}
	if err != nil {
		return pipeline.Execution{}, err
	}
	if len(runs) == 0 {
		if runs, err = l.unlisted(ctx, id); err != nil {
			return pipeline.Execution{}, err
		}
	}
	if len(runs) == 0 {
		return pipeline.Execution{}, UnknownError{"workflow or run", id, []string{"buffer", "grouping"}, "doctor workflows"}
	}
	found, err := l.chooseRuns(runs, id)
	if err != nil {
		return pipeline.Execution{}, err
	}
	if run == "" {
		return found[0], nil
	}
	return l.chooseRun(ctx, found, run)
}

// chooseRun finds one of a workflow's runs by the beginning of its id.
func (l *Look) chooseRun(ctx context.Context, known []pipeline.Execution, run string) (pipeline.Execution, error) {
	workflow := known[0].Workflow
	others, err := l.named(ctx, pipeline.RunsQuery{Name: run, Begins: true, Limit: mostFound}) // a chain can be long
	if err != nil {
		return pipeline.Execution{}, err
	}
	for _, e := range others {
		if e.Workflow == workflow && !slices.ContainsFunc(known, func(k pipeline.Execution) bool { return k.ID == e.ID }) {
			known = append(known, e)
		}
	}
	id := func(e pipeline.Execution) []string { return []string{e.ID} }
	return choose(known, id, "run of "+workflow, run, "doctor history "+workflow+" --chain")
}

// beginning lists the runs whose ids a name begins. Where the team's own ids begin so, too, it lists theirs.
func (l *Look) beginning(ctx context.Context, name string) ([]pipeline.Execution, error) {
	names := []string{name}
	if own := slices.DeleteFunc(l.prefixes(), func(of string) bool { return !strings.HasPrefix(of, name) }); len(own) > 0 {
		names = own
	}
	var all []pipeline.Execution
	for _, name := range names {
		runs, err := l.named(ctx, pipeline.RunsQuery{Name: name, Begins: true, Limit: mostFound})
		if err != nil {
			return nil, err
		}
		all = append(all, runs...)
	}
	return all, nil
}

// prefixes are what the ids of the team's workflows begin with, of those of which there are many.
func (l *Look) prefixes() []string {
	return []string{fmt.Sprintf("signal-emitter-%d-", l.Team), fmt.Sprintf("signals-report:%d:", l.Team)}
}

// own is the id of the team's workflow of which there is one only, where a name is its type's or a beginning of either.
func (l *Look) own(name string) (string, bool) {
	team := strconv.FormatInt(l.Team, 10)
	ids := [][]string{
		{journey.BufferWorkflow + "-" + team, "buffer"},
		{journey.GroupingWorkflow + "-" + team, "grouping"},
	}
	chosen, err := choose(ids, func(of []string) []string { return of }, "workflow", name, "")
	if err != nil {
		return "", false
	}
	return chosen[0], true
}

// named lists runs, newest start first. A capture has those of the team's.
func (l *Look) named(ctx context.Context, query pipeline.RunsQuery) ([]pipeline.Execution, error) {
	listing, err := l.World.Temporal.NamedRuns(ctx, query)
	if pipeline.KindOf(err) != pipeline.NotRecorded {
		return listing.Executions, err
	}
	recorded, err := l.recorded(ctx)
	if err != nil {
		return nil, err
	}
	matches := func(id string) bool { return id == query.Name || query.Begins && strings.HasPrefix(id, query.Name) }
	var found []pipeline.Execution
	for _, e := range recorded {
		if matches(e.Workflow) || matches(e.ID) {
			found = append(found, e)
		}
	}
	return found[:min(len(found), query.Limit)], nil
}

// recorded lists the runs that a capture has.
func (l *Look) recorded(ctx context.Context) ([]pipeline.Execution, error) {
	listing, err := l.World.Temporal.Executions(ctx, l.Team, l.Since)
	if err != nil {
		return nil, err
	}
	agents, _ := l.agents(ctx) // a capture of before they were recorded has none
	return slices.Concat(listing.Executions, agents), nil
}

// unlisted looks for a first run of the team's buffer or grouping that has begun only now: Temporal lists a run a moment later.
// Its first event tells its id.
func (l *Look) unlisted(ctx context.Context, workflow string) ([]pipeline.Execution, error) {
	if own, ok := l.own(workflow); !ok || own != workflow {
		return nil, nil
	}
	history, err := l.World.Temporal.History(ctx, pipeline.Run{Workflow: workflow})
	switch {
	case pipeline.KindOf(err) == pipeline.Missing || pipeline.KindOf(err) == pipeline.NotRecorded:
		return nil, nil
	case err != nil || len(history.Events) == 0 || history.Events[0].Original == "":
		return nil, err
	}
	kind := strings.TrimSuffix(workflow, fmt.Sprintf("-%d", l.Team)) // the id is the type, and the team
	return []pipeline.Execution{{
		Run: pipeline.Run{Workflow: workflow, ID: history.Events[0].Original}, Type: kind, Status: pipeline.Running, Start: history.Events[0].Time,
	}}, nil
}

// chooseRuns finds the runs that a name means: those of one workflow, or the one that has it.
func (l *Look) chooseRuns(runs []pipeline.Execution, name string) ([]pipeline.Execution, error) {
	byWorkflow := func(e pipeline.Execution) bool { return strings.HasPrefix(e.Workflow, name) }
	if slices.ContainsFunc(runs, func(e pipeline.Execution) bool { return e.Workflow == name }) {
		byWorkflow = func(e pipeline.Execution) bool { return e.Workflow == name }
	}
	var groups [][]pipeline.Execution // runs of one workflow, or one run
	for _, run := range runs {
		at := slices.IndexFunc(groups, func(g []pipeline.Execution) bool { return g[0].Workflow == run.Workflow && byWorkflow(run) })
		if at < 0 {
			groups = append(groups, []pipeline.Execution{run})
		} else {
			groups[at] = append(groups[at], run)
		}
	}
	names := func(g []pipeline.Execution) []string {
		if byWorkflow(g[0]) {
			return []string{g[0].Workflow}
		}
		return []string{g[0].ID}
	}
	if own := slices.DeleteFunc(slices.Clone(groups), func(g []pipeline.Execution) bool { return !l.owns(g[0].Workflow) }); len(own) > 0 {
		groups = own
	}
	chosen, err := choose(groups, names, "workflow or run", name, "doctor workflows")
	return chosen, err
}

// owns reports whether a workflow's id tells that it is the team's.
func (l *Look) owns(workflow string) bool {
	own, only := l.own(workflow)
	return only && own == workflow || slices.ContainsFunc(l.prefixes(), func(of string) bool { return strings.HasPrefix(workflow, of) })
}
