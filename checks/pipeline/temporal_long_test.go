package pipeline

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// longHistory serves the history of a run, which has so many events, from either end. It counts the requests, and after so many
// the time is over.
func longHistory(t *testing.T, events, answers int, over func()) (*World, *atomic.Int64) {
	t.Helper()
	var requests atomic.Int64
	return temporal(t, func(rw http.ResponseWriter, r *http.Request) {
		if int(requests.Add(1)) > answers {
			over()
			<-r.Context().Done()
			return
		}
		size, _ := strconv.Atoi(r.URL.Query().Get("maximumPageSize"))
		skip, _ := strconv.Atoi(r.URL.Query().Get("nextPageToken"))
		var page []string
		for n := skip + 1; n <= min(skip+size, events); n++ {
			id := n
			if strings.HasSuffix(r.URL.Path, "/history-reverse") {
				id = events + 1 - n
			}
			page = append(page, fmt.Sprintf(`{"eventId":"%d","eventType":"EVENT_TYPE_TIMER_FIRED"}`, id))
		}
		token := ""
		if skip+size < events {
			token = strconv.Itoa(skip + size)
		}
		fmt.Fprintf(rw, `{"history":{"events":[%s]},"nextPageToken":%q}`, strings.Join(page, ","), token)
	}), &requests
}

func TestLongHistoriesAreReadFromBothEnds(t *testing.T) {
	for _, test := range []struct {
		events   int
		id       string
		want     int // of them
		requests int64
		middle   bool // is left out
	}{
		{events: 999, id: "r", want: 999, requests: 1},
		{events: 1000, id: "r", want: 1000, requests: 1},
		{events: 1001, id: "r", want: 1001, requests: 2},
		{events: 4500, id: "r", want: 4500, requests: 5},
		{events: 4500, id: "", want: 4500, requests: 5},
		{events: 50_000, id: "r", want: longestHistory, requests: 10, middle: true},
	} {
		w, requests := longHistory(t, test.events, 99, func() { t.Error("it is asked without end") })
		history, err := w.Temporal.History(t.Context(), Run{Workflow: "w", ID: test.id})
		if err != nil || len(history.Events) != test.want || history.Truncated != test.middle || requests.Load() != test.requests {
			t.Errorf("%+v: %d events in %d requests, truncated %v, %v", test, len(history.Events), requests.Load(), history.Truncated, err)
			continue
		}
		for i, e := range history.Events {
			want := int64(i + 1)
			if i >= pageSize {
				want += int64(test.events - test.want)
			}
			if e.ID != want {
				t.Errorf("%+v: event %d stands at place %d", test, e.ID, i)
				break
			}
		}
	}
}

// What was read before the time was over is kept: the beginning and the end.
func TestALongHistoryEndsWithTheTime(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const answered = 2
	w, requests := longHistory(t, 4500, answered, cancel)
	run := Run{Workflow: "w", ID: "r"}
	history := History{Events: []Event{{ID: 1}, {ID: 2}}}
	err := w.Temporal.readBack(ctx, run, &history)
	if err == nil || !history.Truncated || len(history.Events) != 2+answered*pageSize || requests.Load() != answered+1 {
		t.Fatalf("%d events in %d requests, truncated %v, %v", len(history.Events), requests.Load(), history.Truncated, err)
	}
	if second, last := history.Events[2].ID, history.Events[len(history.Events)-1].ID; second != 2501 || last != 4500 {
		t.Errorf("the end is from %d to %d", second, last)
	}
}
