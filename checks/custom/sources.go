package custom

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// source is an observation whose rows a check can put conditions on.
type source struct {
	name     string
	what     string // its rows are
	of       checks.Source
	requires string
	row      reflect.Type
	look     func(context.Context, *checks.Pass) (seen, error)
}

// seen is rows.
type seen struct {
	rows    reflect.Value // a slice
	total   int           // how many there are, listed or not; 0 where all are listed
	partial bool          // there are more than are listed
}

func rowsOf[R any](rows []R, partial bool, err error) (seen, error) {
	return seen{rows: reflect.ValueOf(rows), partial: partial}, err
}

func typed[R any](s source, look func(context.Context, *checks.Pass) ([]R, bool, error)) *source {
	s.row = reflect.TypeFor[R]()
	s.look = func(ctx context.Context, p *checks.Pass) (seen, error) {
		rows, partial, err := look(ctx, p)
		return rowsOf(rows, partial, err)
	}
	return &s
}

// observations are the named ones, in the order in which they are listed. Each is asked by a built-in check as well, so that
// one of a team's own costs no further question.
var observations = []*source{
	typed(source{name: "workflows", what: "runs of the team's workflows", of: checks.Temporal, requires: "services.temporal"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.Execution, bool, error) {
			listing, err := p.World.Temporal.Executions(ctx, p.Team, p.Since)
			return listing.Executions, listing.Truncated, err
		}),
	typed(source{name: "embedding-tables", what: "tables of embeddings", of: checks.ClickHouse, requires: "services.clickhouse"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.Table, bool, error) {
			tables, err := p.World.ClickHouse.EmbeddingTables(ctx)
			return tables, false, err
		}),
	typed(source{name: "mutations", what: "unfinished mutations of the embedding tables", of: checks.ClickHouse, requires: "services.clickhouse"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.Mutation, bool, error) {
			mutations, err := p.World.ClickHouse.Mutations(ctx)
			return mutations, false, err
		}),
	typed(source{name: "agent-logs", what: "logs of the team's agents", of: checks.ObjectStorage, requires: "services.object-storage"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.LogObject, bool, error) {
			listing, err := p.World.Objects.AgentLogs(ctx, p.Team)
			return listing.Logs, listing.Truncated, err
		}),
	typed(source{name: "sandboxes", what: "sandboxes of all teams", of: checks.Docker, requires: "services.docker"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.Sandbox, bool, error) {
			sandboxes, err := p.World.Docker.Sandboxes(ctx)
			return sandboxes, false, err
		}),
	typed(source{name: "task-runs", what: "runs of the team's agents", of: checks.Postgres, requires: "services.postgres"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.TaskRun, bool, error) {
			listing, err := p.World.Postgres.TaskRuns(ctx, p.Team, p.Since)
			return listing.Runs, listing.Truncated, err
		}),
	typed(source{name: "unfinished-reports", what: "reports of the team that are not finished", of: checks.Postgres, requires: "services.postgres"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.UnfinishedReport, bool, error) {
			listing, err := p.World.Postgres.UnfinishedReports(ctx, p.Team)
			return listing.Reports, listing.Truncated, err
		}),
	typed(source{name: "signal-sources", what: "switches of the team's signal sources", of: checks.Postgres, requires: "services.postgres"},
		func(ctx context.Context, p *checks.Pass) ([]pipeline.SourceRow, bool, error) {
			sources, err := p.World.Postgres.Sources(ctx, p.Team)
			return sources.Rows, false, err
		}),
}

// foundBy is what a search for workflows finds.
func foundBy(query string) *source {
	s := &source{
		name: "workflows", what: "workflows that `" + strings.ReplaceAll(query, "`", "'") + "` finds", of: checks.Temporal, requires: "services.temporal",
		row: reflect.TypeFor[pipeline.Execution](),
	}
	s.look = func(ctx context.Context, p *checks.Pass) (seen, error) {
		listing, err := p.World.Temporal.FindWorkflows(ctx, pipeline.WorkflowSearch{Query: filled(query, p), Limit: mostFound})
		rows, err := rowsOf(listing.Executions, listing.Total > len(listing.Executions), err)
		rows.total = listing.Total
		return rows, err
	}
	return s
}

// mostFound is how many workflows of a search are listed, for conditions and evidence. They are counted all.
const mostFound = 100

// names are the fields of a row that hold one value.
func (s *source) names() []string {
	var names []string
	for _, f := range reflect.VisibleFields(s.row) {
		if f.IsExported() && !f.Anonymous && comparable(f.Type) {
			names = append(names, f.Name)
		}
	}
	return names
}

func comparable(t reflect.Type) bool {
	return t == reflectTime || slices.Contains([]reflect.Kind{reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64}, t.Kind())
}

// fieldNamed is the name of a field in full, however it is capitalized.
func (s *source) fieldNamed(name string) (full string, ok bool) {
	for _, known := range s.names() {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

// Observation is a named observation as it is documented.
type Observation struct {
	Name, Rows string
	Fields     []string
}

// Observations are all that a check of one's own can put conditions on.
func Observations() []Observation {
	var all []Observation
	for _, s := range observations {
		all = append(all, Observation{s.name, s.what, s.names()})
	}
	slices.SortFunc(all, func(a, b Observation) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
