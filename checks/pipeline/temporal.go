package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
	"golang.org/x/sync/errgroup"
)

// pageSize is how many rows or events a page may have: the most that a Temporal server gives by default.
const pageSize = 1000

// Temporal is the Temporal server behind the UI's HTTP port, which serves the API under /api/v1. It is asked without
// ORDER BY, which a server with SQLite visibility refuses.
type Temporal struct {
	world *World
	once  sync.Once
	http  *resty.Client
}

// Reach greets the server: it must know the namespace.
func (t *Temporal) Reach(ctx context.Context) (Reached, error) {
	return ask(ctx, t.world, TemporalReached, Nothing{}, func(ctx context.Context) (Reached, error) {
		var namespace struct{ NamespaceInfo struct{ Name string } }
		var cluster struct{ ServerVersion string }
		var clock Clock
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() error { return t.get(ctx, "", nil, &namespace) })
		both.Go(func() error {
			asked := time.Now()
			header, err := t.fetch(ctx, "/api/v1/cluster-info", nil, &cluster)
			clock = clockOf(header, asked)
			return err
		})
		if err := both.Wait(); err != nil {
			return Reached{}, err
		}
		if namespace.NamespaceInfo.Name == "" {
			return Reached{}, errors.New("what answers is not Temporal's API")
		}
		reached := t.world.reached(SourceTemporal, cluster.ServerVersion)
		reached.Clock = clock
		return reached, nil
	})
}

// someEmitters is how many completed emitters are listed. Each signal has one, and its end is all that there is to know.
const someEmitters = 20

// Executions lists the runs of a team's signals workflows: the open ones, and those closed after an instant; of the
// completed emitters only some of the newest. The ids are those of products/signals/backend/temporal.
func (t *Temporal) Executions(ctx context.Context, team int64, since time.Time) (Listing, error) {
	asked := TeamSince{Team: team, Since: since.UTC().Truncate(time.Second)}
	return ask(ctx, t.world, Executions, asked, func(ctx context.Context) (Listing, error) {
		within := fmt.Sprintf(" AND (ExecutionStatus = 'Running' OR CloseTime > '%s')", asked.Since.Format(time.RFC3339))
		emitters := fmt.Sprintf("WorkflowId STARTS_WITH 'signal-emitter-%d-'", team)
		others := fmt.Sprintf("(WorkflowId = 'buffer-signals-%[1]d' OR WorkflowId = 'team-signal-grouping-v2-%[1]d'"+
			" OR WorkflowId STARTS_WITH 'signals-report:%[1]d:' OR %[2]s AND ExecutionStatus != 'Completed')", team, emitters)
		listing := Listing{Listed: time.Now()}
		var completed []Execution
		both, bounded := errgroup.WithContext(ctx)
		both.Go(func() error { return t.list(bounded, others+within, pageSize, true, &listing.Executions) })
		both.Go(func() error {
			return t.list(bounded, emitters+" AND ExecutionStatus = 'Completed'"+within, someEmitters, false, &completed)
		})
		err := both.Wait()
		if err != nil && len(listing.Executions) > 0 && ctx.Err() != nil {
			listing.Truncated, err = true, nil
		}
		listing.Executions = append(listing.Executions, completed...)
		slices.SortStableFunc(listing.Executions, func(a, b Execution) int { return b.Start.Compare(a.Start) })
		return listing, err
	})
}

// mostEmitters is how many emitters are listed of one instant: a burst is of some dozens.
const mostEmitters = 200

// Emitters lists the emitters of a team that were open at an instant, to the second; oldest start first.
func (t *Temporal) Emitters(ctx context.Context, team int64, at time.Time) ([]Execution, error) {
	asked := TeamAt{Team: team, At: at.UTC().Truncate(time.Second)}
	return ask(ctx, t.world, Emitters, asked, func(ctx context.Context) ([]Execution, error) {
		query := fmt.Sprintf("WorkflowId STARTS_WITH 'signal-emitter-%d-' AND StartTime < '%s' AND (ExecutionStatus = 'Running' OR CloseTime >= '%s')",
			team, asked.At.Add(time.Second).Format(time.RFC3339), asked.At.Format(time.RFC3339))
		var found []Execution
		err := t.list(ctx, query, mostEmitters, false, &found)
		slices.SortStableFunc(found, func(a, b Execution) int { return a.Start.Compare(b.Start) })
		return found, err
	})
}

// list adds the runs that a query finds: all of them, or those of its first page.
func (t *Temporal) list(ctx context.Context, query string, size int, all bool, found *[]Execution) error {
	return t.pages(ctx, "/workflows", url.Values{"query": {query}, "pageSize": {strconv.Itoa(size)}}, func(body []byte) (string, error) {
		var page wirePage
		if err := json.Unmarshal(body, &page); err != nil {
			return "", err
		}
		for _, e := range page.Executions {
			*found = append(*found, e.execution())
		}
		if !all {
			return "", nil
		}
		return page.NextPageToken, nil
	})
}

// longestHistory is how many events of one run are read, to the page. Temporal itself warns of runs with more (limit.historyCount.warn).
const longestHistory = 10 * pageSize

// History reads the events of one run, oldest first. After the first page it reads from the end: where the time, or longestHistory,
// does not reach, the middle is what is left out, and the history is Truncated. One without an id, which is the newest, is not
// the newest any more when it is asked for again: its pages are read in their order.
func (t *Temporal) History(ctx context.Context, run Run) (History, error) {
	return ask(ctx, t.world, Histories, run, func(ctx context.Context) (History, error) {
		var history History
		long := false
		query := url.Values{"execution.runId": {run.ID}, "maximumPageSize": {strconv.Itoa(pageSize)}}
		err := t.pages(ctx, workflowPath(run.Workflow)+"/history", query, func(body []byte) (string, error) {
			var page wirePage
			if err := json.Unmarshal(body, &page); err != nil {
				return "", err
			}
			history.Events = slices.Grow(history.Events, len(page.History.Events)) // most histories have no further page
			for _, e := range page.History.Events {
				history.Events = append(history.Events, e.event())
			}
			if long = run.ID != "" && page.NextPageToken != ""; long {
				return "", nil
			}
			return page.NextPageToken, nil
		})
		if err == nil && long {
			err = t.readBack(ctx, run, &history)
		}
		if err != nil && len(history.Events) > 0 && ctx.Err() != nil {
			history.Truncated, err = true, nil
		}
		return history, err
	})
}

// readBack adds the events that stand behind those of a history, newest first.
func (t *Temporal) readBack(ctx context.Context, run Run, history *History) error {
	var last int64
	if n := len(history.Events); n > 0 {
		last = history.Events[n-1].ID
	}
	var newest []Event
	query := url.Values{"execution.runId": {run.ID}, "maximumPageSize": {strconv.Itoa(pageSize)}}
	err := t.pages(ctx, workflowPath(run.Workflow)+"/history-reverse", query, func(body []byte) (string, error) {
		var page wirePage
		if err := json.Unmarshal(body, &page); err != nil {
			return "", err
		}
		for _, e := range page.History.Events {
			if e.EventID <= last {
				return "", nil
			}
			newest = append(newest, e.event())
		}
		if len(history.Events)+len(newest) >= longestHistory {
			return "", nil
		}
		return page.NextPageToken, nil
	})
	slices.Reverse(newest)
	history.Truncated = len(newest) == 0 || newest[0].ID != last+1
	history.Events = append(history.Events, newest...)
	return err
}

// Tail reads the newest events of one run, oldest first. It costs a fraction of the whole history, which holds what every
// activity was given and gave.
func (t *Temporal) Tail(ctx context.Context, run Run, events int) (History, error) {
	return ask(ctx, t.world, Tails, RunTail{run, events}, func(ctx context.Context) (History, error) {
		var page wirePage
		query := url.Values{"execution.runId": {run.ID}, "maximumPageSize": {strconv.Itoa(events)}}
		if err := t.get(ctx, workflowPath(run.Workflow)+"/history-reverse", query, &page); err != nil {
			return History{}, err
		}
		tail := History{Truncated: page.NextPageToken != ""}
		for _, e := range slices.Backward(page.History.Events) {
			tail.Events = append(tail.Events, e.event())
		}
		return tail, nil
	})
}

// Detail asks for the present state of a run.
func (t *Temporal) Detail(ctx context.Context, run Run) (Detail, error) {
	return ask(ctx, t.world, Details, run, func(ctx context.Context) (Detail, error) {
		var described wireDescription
		err := t.get(ctx, workflowPath(run.Workflow), url.Values{"execution.runId": {run.ID}}, &described)
		return described.detail(), err
	})
}

// Pollers lists the workers that asked a task queue for work, also those that have not done so for minutes.
func (t *Temporal) Pollers(ctx context.Context, queue TaskQueue) ([]Poller, error) {
	return ask(ctx, t.world, Pollers, queue, func(ctx context.Context) ([]Poller, error) {
		query := url.Values{}
		if queue.Activity {
			query.Set("taskQueueType", "TASK_QUEUE_TYPE_ACTIVITY")
		}
		var answer struct {
			Pollers []struct {
				Identity       string
				LastAccessTime time.Time
			}
		}
		err := t.get(ctx, "/task-queues/"+url.PathEscape(queue.Name), query, &answer)
		var pollers []Poller
		for _, p := range answer.Pollers {
			pollers = append(pollers, Poller{Identity: p.Identity, LastAccess: p.LastAccessTime})
		}
		return pollers, err
	})
}

// Page is the address of a run's page in the Temporal UI.
func (t *Temporal) Page(run Run) string {
	s := t.world.Settings.Temporal
	return strings.TrimSuffix(s.URL, "/") + "/namespaces/" + url.PathEscape(s.Namespace) + workflowPath(run.Workflow) + "/" + url.PathEscape(run.ID) + "/history"
}

func workflowPath(id string) string { return "/workflows/" + url.PathEscape(id) }

// pages reads page after page until there is no further one. read returns the next page's token.
func (t *Temporal) pages(ctx context.Context, path string, query url.Values, read func([]byte) (string, error)) error {
	for {
		var body json.RawMessage
		if err := t.get(ctx, path, query, &body); err != nil {
			return err
		}
		token, err := read(body)
		if err != nil || token == "" {
			return err
		}
		query.Set("nextPageToken", token)
	}
}

// get asks something of the namespace.
func (t *Temporal) get(ctx context.Context, path string, query url.Values, into any) error {
	_, err := t.fetch(ctx, t.namespacePath()+path, query, into)
	return err
}

func (t *Temporal) namespacePath() string { return namespacePath(t.world.Settings.Temporal.Namespace) }

func namespacePath(namespace string) string { return "/api/v1/namespaces/" + url.PathEscape(namespace) }

func (t *Temporal) fetch(ctx context.Context, path string, query url.Values, into any) (http.Header, error) {
	response, err := t.request(ctx).SetQueryParamsFromValues(query).Get(path)
	if err != nil {
		return nil, err
	}
	if response.IsError() {
		return nil, refusal(response)
	}
	if err := json.Unmarshal(response.Body(), into); err != nil {
		return nil, fmt.Errorf("what answers is not Temporal's API: %w", err)
	}
	return response.Header(), nil
}

// wholePayloads asks the frontend's own HTTP port for payloads as they are: it decodes them otherwise, and loses some of what they
// are. The UI's port always gives them so.
const wholePayloads = "application/json+no-payload-shorthand"

func (t *Temporal) request(ctx context.Context) *resty.Request {
	t.once.Do(func() {
		// Over loopback, compressing costs more than it saves.
		transport := &http.Transport{DialContext: t.world.dialer(), MaxIdleConnsPerHost: 16, DisableCompression: true}
		t.http = resty.NewWithClient(&http.Client{Transport: straight{transport, mostAnswered}}).
			SetBaseURL(strings.TrimSuffix(t.world.Settings.Temporal.URL, "/")).SetHeader("Accept", wholePayloads)
		t.world.onClose(transport.CloseIdleConnections)
	})
	return t.http.R().SetContext(ctx)
}

// refusal makes an error of an answer that is none.
func refusal(response *resty.Response) error {
	var said struct{ Message string }
	text := response.Status()
	if json.Unmarshal(response.Body(), &said) == nil && said.Message != "" {
		text += ": " + said.Message
	}
	kind := Failed
	switch response.StatusCode() {
	case http.StatusNotFound:
		kind = Missing
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = Denied
	}
	return kinded{kind, errors.New(text)}
}
