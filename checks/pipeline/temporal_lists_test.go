package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// keptRun is a Temporal with so many runs of a buffer, one a minute, that each took 90 s, newest close first, behind so many open
// ones. It counts the pages that it gave.
func keptRun(t *testing.T, open, closed int, pages *int) *World {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/workflow-count") {
			fmt.Fprintf(rw, `{"count":"%d"}`, open+closed)
			return
		}
		*pages++
		size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
		from, _ := strconv.Atoi(r.URL.Query().Get("nextPageToken"))
		var rows []string
		for i := from; i < min(from+size, open+closed); i++ {
			start := now.Add(-time.Duration(i) * time.Minute)
			end := fmt.Sprintf(`,"closeTime":%q`, start.Add(90*time.Second).Format(time.RFC3339))
			if i < open {
				start, end = start.Add(-time.Hour), ""
			}
			rows = append(rows, fmt.Sprintf(`{"execution":{"workflowId":"w","runId":"%d"},"startTime":%q%s}`, i, start.Format(time.RFC3339), end))
		}
		fmt.Fprintf(rw, `{"executions":[%s],"nextPageToken":"%d"}`, strings.Join(rows, ","), from+size)
	})
}

func TestAListCostsWhatIsAskedFor(t *testing.T) {
	for _, test := range []struct {
		open, closed, limit, pages int
		first                      string
	}{
		{0, 50_000, 50, 1, "0"},
		{3, 50_000, 50, 1, "3"},   // the open ones began before
		{120, 50_000, 50, 2, "0"}, // a page of open ones does not tell what began last,
		{0, 50_000, 1, 1, "0"},
		{50_000, 0, 50, mostPages, "0"},
		{0, 50_000, 0, 0, ""},
	} {
		pages := 0
		w := keptRun(t, test.open, test.closed, &pages)
		listing, err := w.Temporal.TeamWorkflows(context.Background(), TeamQuery{Team: 7, Limit: test.limit})
		if err != nil || listing.Total != test.open+test.closed || len(listing.Executions) != test.limit || pages != test.pages {
			t.Fatalf("%+v: %d of %d in %d pages, %v", test, len(listing.Executions), listing.Total, pages, err)
		}
		if test.limit > 0 && listing.Executions[0].ID != test.first {
			t.Errorf("%+v: the first is %s", test, listing.Executions[0].ID)
		}
	}
}

func TestWhatIsAskedForIsChosenByTemporal(t *testing.T) {
	since := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	within := " AND (ExecutionStatus = 'Running' OR CloseTime > '2026-11-23T00:00:00Z')"
	for want, asked := range map[string]TeamQuery{
		"(WorkflowId STARTS_WITH 'signal-emitter-7-' OR WorkflowId = 'buffer-signals-7' OR WorkflowId = 'team-signal-grouping-v2-7' OR WorkflowId STARTS_WITH 'signals-report:7:')" + within: {},
		"(WorkflowId = 'buffer-signals-7')" + within + " AND (ExecutionStatus = 'Failed' OR ExecutionStatus = 'TimedOut')":                                                                   {Types: []string{"buffer-signals"}, Statuses: []Status{RunFailed, RunTimedOut}},
		"((WorkflowId STARTS_WITH 'signal-emitter-7-' AND ExecutionStatus != 'Completed'))" + within:                                                                                         {Types: []string{"signal-emitter"}, Brief: true},
	} {
		asked.Team, asked.Since = 7, since
		if got, ok := asked.query(); !ok || got != want {
			t.Errorf("%+v asks\n%s, not\n%s", asked, got, want)
		}
	}
	if got, ok := (TeamQuery{Types: []string{"process-task"}}).query(); ok {
		t.Errorf("asks %s", got)
	}
}

func TestNamesAreQuotedInQueries(t *testing.T) {
	queries := make(chan string, 10)
	w := temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		queries <- r.URL.Query().Get("query")
		fmt.Fprint(rw, `{"executions":[{"execution":{"workflowId":"w","runId":"r1"}},{"execution":{"workflowId":"w","runId":"r2"}}]}`)
	})
	named, err := w.Temporal.NamedRuns(context.Background(), RunsQuery{Name: `it's\`, Begins: true, Limit: 1})
	if err != nil || len(named.Executions) != 1 || !named.Truncated {
		t.Errorf("%+v, %v", named, err)
	}
	called, err := w.Temporal.WorkflowsCalled(context.Background(), []string{"a", "b'"})
	if err != nil || len(called.Executions) != 2 || called.Truncated {
		t.Errorf("%+v, %v", called, err)
	}
	for _, want := range []string{`WorkflowId STARTS_WITH 'it''s\\' OR RunId STARTS_WITH 'it''s\\'`, `WorkflowId IN ('a', 'b''')`} {
		if got := <-queries; got != want {
			t.Errorf("asked %s, not %s", got, want)
		}
	}
	if none, err := w.Temporal.WorkflowsCalled(context.Background(), nil); err != nil || len(none.Executions)+len(queries) > 0 {
		t.Errorf("%+v, %v", none, err)
	}
}
