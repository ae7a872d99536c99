package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/report"
)

func TestServe(t *testing.T) {
	seen := &latest{}
	server := httptest.NewServer(seen.handler(true))
	t.Cleanup(server.Close)
	get := func(method, path, host string) (int, string, http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body), answer.Header
	}
	if code, _, header := get(http.MethodGet, "/healthz", "127.0.0.1"); code != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("before the first look: %d", code)
	}
	seen.set(&report.Document{StartedAt: time.Now(), Summary: report.Summary{Status: report.Healthy}})
	if code, body, _ := get(http.MethodGet, "/healthz", "localhost:1"); code != http.StatusOK || body != "healthy\n" {
		t.Errorf("%d %q", code, body)
	}
	seen.set(&report.Document{StartedAt: time.Now(), Summary: report.Summary{Status: report.Unhealthy}, Findings: []report.Finding{
		{Code: checks.TMP001, State: checks.Active, Severity: checks.Error, Root: true, Title: "lost"},
		{Code: checks.TMP002, State: checks.Active, Severity: checks.Error, Title: "failed"},
	}})
	if code, body, _ := get(http.MethodGet, "/healthz", "[::1]:1"); code != http.StatusServiceUnavailable || body != "unhealthy TMP001\n" {
		t.Errorf("%d %q", code, body)
	}
	if code, body, header := get(http.MethodGet, "/metrics", "127.0.0.1"); code != http.StatusOK || !strings.Contains(body, `doctor_findings{code="TMP001"`) || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%d %q", code, body)
	}
	for _, refused := range []struct {
		method, path, host string
		code               int
	}{
		{http.MethodGet, "/metrics", "evil.example", http.StatusForbidden},
		{http.MethodPost, "/metrics", "127.0.0.1", http.StatusMethodNotAllowed},
		{http.MethodGet, "/../etc/passwd", "127.0.0.1", http.StatusNotFound},
	} {
		if code, _, _ := get(refused.method, refused.path, refused.host); code != refused.code {
			t.Errorf("%+v: %d", refused, code)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for given, want := range map[string]string{
		"9469": "127.0.0.1 9469", ":9469": "127.0.0.1 9469", "0": "127.0.0.1 0", "0.0.0.0:80": "0.0.0.0 80", "[::1]:80": "::1 80",
		"": "", "http": "", "70000": "", "host": "", "host:": "",
	} {
		host, port, err := listenAddress(given)
		if got := strings.TrimSpace(host + " " + port); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
}
