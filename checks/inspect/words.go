package inspect

import (
	"slices"
	"strings"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// workflowTypes are the types of workflows that a team has, each with what people may call it instead.
var workflowTypes = [][]string{
	{journey.EmitterWorkflow, "emitter"},
	{journey.BufferWorkflow},
	{journey.GroupingWorkflow, "grouping"},
	{journey.SummaryWorkflow, "summary"},
	{agentWorkflow, "task", "agent"},
}

// workflowStatuses are the statuses that a run can have, each with what people may call it instead.
var workflowStatuses = [][]string{
	{string(pipeline.Running), "open"},
	{string(pipeline.Completed)},
	{string(pipeline.RunFailed)},
	{string(pipeline.Canceled), "cancelled"},
	{string(pipeline.Terminated)},
	{string(pipeline.ContinuedAsNew), "continued"},
	{string(pipeline.RunTimedOut), "timeout"},
}

// query understands the words of a filter.
func (f WorkflowFilter) query(l *Look) (pipeline.TeamQuery, error) {
	query := pipeline.TeamQuery{Team: l.Team, Since: l.Since, Limit: f.Limit}
	for _, word := range f.Types {
		chosen, err := meant(workflowTypes, "type of workflow", word)
		if err != nil {
			return query, err
		}
		query.Types = append(query.Types, chosen)
	}
	for _, word := range f.Statuses {
		chosen, err := meant(workflowStatuses, "status", word)
		if err != nil {
			return query, err
		}
		query.Statuses = append(query.Statuses, pipeline.Status(chosen))
	}
	query.Brief = len(f.Types)+len(f.Statuses) == 0
	slices.Sort(query.Types)
	slices.Sort(query.Statuses)
	query.Types, query.Statuses = slices.Compact(query.Types), slices.Compact(query.Statuses)
	return query, nil
}

// meant finds the word that is meant: in any case, with dashes or underscores, and its beginning is enough.
func meant(among [][]string, noun, word string) (string, error) {
	dashed := func(word string) string { return strings.ReplaceAll(small(word), "_", "-") }
	names := func(of []string) (spelled []string) {
		for _, name := range of {
			spelled = append(spelled, dashed(name))
		}
		slices.Reverse(spelled) // of several that fit, the last is told
		return spelled
	}
	chosen, err := choose(among, names, noun, dashed(word), "doctor workflows --help")
	if err != nil {
		return "", err
	}
	return chosen[0], nil
}

// small is one of Temporal's words as documents spell it.
func small(word string) string { return strings.ToLower(word) }
