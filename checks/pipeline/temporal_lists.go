package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// TeamQuery says which of a team's workflows are asked for: those that are open, and those closed since an instant.
type TeamQuery struct {
	Team     int64
	Since    time.Time
	Types    []string // any, when there are none; a type whose ids do not tell the team finds nothing
	Statuses []Status // any, when there are none
	Brief    bool     // without completed emitters: each signal has one, and its end is all that there is to know
	Limit    int      // the newest so many are listed; 0: they are only counted
}

// TeamListing is the workflows that were asked for.
type TeamListing struct {
	Executions []Execution // newest start first
	Total      int         // how many there are, listed or not
}

// TeamWorkflows lists and counts a team's workflows. Temporal chooses them: what this costs depends on what is asked for,
// not on what is stored.
func (t *Temporal) TeamWorkflows(ctx context.Context, asked TeamQuery) (TeamListing, error) {
	asked.Since = asked.Since.UTC().Truncate(time.Second)
	return ask(ctx, t.world, TeamWorkflows, asked, func(ctx context.Context) (TeamListing, error) {
		query, ok := asked.query()
		if !ok {
			return TeamListing{}, nil
		}
		return t.find(ctx, query, asked.Limit)
	})
}

// WorkflowSearch is a question in Temporal's own language of list filters, which only finds.
type WorkflowSearch struct {
	Query string
	Limit int // the newest so many are listed
}

// FindWorkflows lists and counts the workflows that a filter finds, of any team.
func (t *Temporal) FindWorkflows(ctx context.Context, asked WorkflowSearch) (TeamListing, error) {
	return ask(ctx, t.world, WorkflowsFound, asked, func(ctx context.Context) (TeamListing, error) {
		return t.find(ctx, asked.Query, asked.Limit)
	})
}

// find lists and counts what a query finds.
func (t *Temporal) find(ctx context.Context, query string, limit int) (listing TeamListing, err error) {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		listing.Executions, err = t.newest(ctx, query, limit)
		return err
	})
	both.Go(func() error {
		var counted struct {
			Count int `json:",string"`
		}
		err := t.get(ctx, "/workflow-count", url.Values{"query": {query}}, &counted)
		listing.Total = counted.Count
		return err
	})
	err = both.Wait()
	return listing, err
}

// teamTypes are the workflows whose ids tell the team, with what these ids are or begin with (products/signals/backend/temporal).
var teamTypes = []struct{ name, condition string }{
	{"signal-emitter", "WorkflowId STARTS_WITH 'signal-emitter-%d-'"},
	{"buffer-signals", "WorkflowId = 'buffer-signals-%d'"},
	{"team-signal-grouping-v2", "WorkflowId = 'team-signal-grouping-v2-%d'"},
	{"signal-report-summary", "WorkflowId STARTS_WITH 'signals-report:%d:'"},
}

// query writes the question in Temporal's language. It is false when nothing can be found.
func (q TeamQuery) query() (string, bool) {
	var ids, statuses []string
	for _, known := range teamTypes {
		if len(q.Types) > 0 && !slices.Contains(q.Types, known.name) {
			continue
		}
		condition := fmt.Sprintf(known.condition, q.Team)
		if known.name == "signal-emitter" && q.Brief {
			condition = "(" + condition + " AND ExecutionStatus != 'Completed')"
		}
		ids = append(ids, condition)
	}
	for _, status := range q.Statuses {
		statuses = append(statuses, "ExecutionStatus = '"+queried[status]+"'")
	}
	query := fmt.Sprintf("(%s) AND (ExecutionStatus = 'Running' OR CloseTime > '%s')", strings.Join(ids, " OR "), q.Since.Format(time.RFC3339))
	if len(statuses) > 0 {
		query += " AND (" + strings.Join(statuses, " OR ") + ")"
	}
	return query, len(ids) > 0
}

// queried are the statuses as queries spell them.
var queried = map[Status]string{
	Running: "Running", Completed: "Completed", RunFailed: "Failed", Canceled: "Canceled", Terminated: "Terminated",
	ContinuedAsNew: "ContinuedAsNew", RunTimedOut: "TimedOut",
}

// mostPages is how many pages of a list are read at most.
const mostPages = 5

// newest lists the runs with the newest start that a query finds. Temporal lists the open ones first, and then those that
// were closed last: nothing newer is left when all that is wanted began after the last one listed was closed.
func (t *Temporal) newest(ctx context.Context, query string, limit int) ([]Execution, error) {
	if limit <= 0 {
		return nil, nil
	}
	var found []Execution
	pages := 0
	asked := url.Values{"query": {query}, "pageSize": {strconv.Itoa(min(2*limit+20, pageSize))}}
	err := t.pages(ctx, "/workflows", asked, func(body []byte) (string, error) {
		var page wirePage
		if err := json.Unmarshal(body, &page); err != nil {
			return "", err
		}
		var last Execution
		for _, e := range page.Executions {
			last = e.execution()
			found = append(found, last)
		}
		slices.SortStableFunc(found, func(a, b Execution) int { return b.Start.Compare(a.Start) })
		pages++
		if pages == mostPages || len(found) >= limit && !last.Close.IsZero() && found[limit-1].Start.After(last.Close) {
			return "", nil
		}
		return page.NextPageToken, nil
	})
	return found[:min(limit, len(found))], err
}

// RunsQuery names runs by the id of their workflow or their own.
type RunsQuery struct {
	Name   string
	Begins bool // also those whose ids only begin with the name
	Limit  int  // the newest so many
}

// NamedRuns lists the runs whose workflow's id or own id a name is, of any team.
func (t *Temporal) NamedRuns(ctx context.Context, asked RunsQuery) (Listing, error) {
	return ask(ctx, t.world, NamedRuns, asked, func(ctx context.Context) (Listing, error) {
		compared := " = "
		if asked.Begins {
			compared = " STARTS_WITH "
		}
		name := inQuery(asked.Name)
		found, err := t.newest(ctx, "WorkflowId"+compared+name+" OR RunId"+compared+name, asked.Limit+1)
		return Listing{Executions: found[:min(asked.Limit, len(found))], Truncated: len(found) > asked.Limit}, err
	})
}

// WorkflowsCalled lists the runs of the workflows with these ids.
func (t *Temporal) WorkflowsCalled(ctx context.Context, ids []string) (Listing, error) {
	return ask(ctx, t.world, WorkflowsCalled, ids, func(ctx context.Context) (Listing, error) {
		var listing Listing
		var names []string
		for _, id := range ids {
			names = append(names, inQuery(id))
		}
		if len(names) == 0 {
			return listing, nil
		}
		found, err := t.newest(ctx, "WorkflowId IN ("+strings.Join(names, ", ")+")", pageSize)
		return Listing{Executions: found, Truncated: len(found) == pageSize}, err
	})
}

// inQuery is a text as a value in Temporal's language.
func inQuery(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}
