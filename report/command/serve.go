package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"doctor/report"
)

// latest is the last diagnosis.
type latest struct {
	document atomic.Pointer[report.Document]
}

func (l *latest) set(d *report.Document) { l.document.Store(d) }

// pages are what is served, by path: in which format, and as what.
var pages = map[string]struct{ format, contentType string }{
	"/":        {"html", "text/html; charset=utf-8"},
	"/metrics": {"prometheus", "text/plain; version=0.0.4; charset=utf-8"},
}

// listen serves the last diagnosis until it is stopped. No request makes another one.
func (p *program) listen(address string, seen *latest) (stop func(), err error) {
	host, port, err := listenAddress(address)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		var failed *net.OpError
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, fmt.Errorf("cannot --listen at %s: %w", net.JoinHostPort(host, port), err)
	}
	server := &http.Server{Handler: seen.handler(local(host)), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 14}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	fmt.Fprintf(p.stderr, "doctor: listening at http://%s\n", listener.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		<-ended
	}, nil
}

// listenAddress is where to listen: a port alone is one of this machine only.
func listenAddress(address string) (host, port string, err error) {
	host, port = "127.0.0.1", strings.TrimPrefix(address, ":")
	if named, at, cut := net.SplitHostPort(address); cut == nil && named != "" {
		host, port = named, at
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", "", fmt.Errorf("--listen takes a port or HOST:PORT, not %q", address)
	}
	return host, port, nil
}

// local reports whether a host is this machine, for this machine only.
func local(host string) bool {
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// handler answers from what was seen last. On this machine only, a request must have been meant for this machine: a page
// elsewhere could lead a browser here by a name of its own (DNS rebinding).
func (l *latest) handler(onlyLocal bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		switch {
		case onlyLocal && !local(host):
			http.Error(w, "this is for this machine only", http.StatusForbidden)
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "nothing can be changed here", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		document := l.document.Load()
		page, known := pages[r.URL.Path]
		switch {
		case !known && r.URL.Path != "/healthz":
			http.Error(w, "there are /, /metrics and /healthz", http.StatusNotFound)
		case document == nil:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "the first look is not over", http.StatusServiceUnavailable)
		case !known:
			health(w, document)
		default:
			var content bytes.Buffer
			if err := report.Render(&content, document, page.format); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", page.contentType)
			_, _ = w.Write(content.Bytes())
		}
	})
}

// health answers what watches the watcher: well, or the codes of what is wrong.
func health(w http.ResponseWriter, d *report.Document) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if d.Summary.Status != report.Healthy {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	said := []string{string(d.Summary.Status)}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Failing() && f.Root {
			said = append(said, string(f.Code))
		}
	}
	_, _ = fmt.Fprintln(w, strings.Join(slices.Compact(said), " "))
}
