package pipeline_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A service that points elsewhere gets no request there: it would bring the credentials along.
func TestNobodyIsFollowed(t *testing.T) {
	var followed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, g := range greetings() {
		if strings.Contains(g.name, "native") || g.name == "Postgres" {
			continue
		}
		for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect} {
			server := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/?token="+password, status))
			err := g.try(t, server.Listener.Addr().String(), patient)
			server.Close()
			if err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("%s, %d: %v", g.name, status, err)
			}
		}
	}
	if n := followed.Load(); n > 0 {
		t.Errorf("%d requests were sent where the services pointed", n)
	}
}

func TestAnswersEnd(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for chunk := []byte(strings.Repeat(" ", 1<<20)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	for _, g := range greetings() {
		if g.name != "Temporal" && g.name != "ClickHouse HTTP" {
			continue
		}
		if err := g.try(t, server.Listener.Addr().String(), hang); err == nil {
			t.Errorf("%s: an answer without end is one", g.name)
		} else {
			t.Log(g.name, err)
		}
	}
}
