package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"doctor/checks/pipeline/settings"
)

// dialContext is how a connection is made.
type dialContext = func(ctx context.Context, network, address string) (net.Conn, error)

// roads is what a world has learnt about the way to its services.
type roads struct {
	resolver *net.Resolver // nil: the default one

	mu       sync.Mutex
	resolves map[string]bool // of host names that are tried on 127.0.0.1
}

// dialer is how every door makes its connections: as package net does, except that a compose host name that does not
// resolve is tried on 127.0.0.1. See [World.detour]. So is what a container calls this machine, and that first: its name
// server would be asked in vain almost everywhere but in a container.
func (w *World) dialer() dialContext {
	dialer := net.Dialer{Resolver: w.roads.resolver}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		loopback := net.JoinHostPort("127.0.0.1", port)
		switch {
		case err != nil:
		case host == settings.ContainersHost:
			conn, err := dialer.DialContext(ctx, network, loopback)
			if err == nil || !w.resolvable(ctx, host) {
				return conn, err
			}
		case slices.Contains(settings.ComposeHosts, host) && !w.resolvable(ctx, host):
			address = loopback
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// straight is how a service is asked over HTTP: at its own address, since credentials would go along to where it points,
// and up to so many bytes of an answer where there is a limit.
type straight struct {
	*http.Transport
	most int64
}

// mostAnswered is how long an answer may be that is read whole, in bytes. Temporal itself answers with a few megabytes at
// most, and of ClickHouse nothing is asked that grows with what is stored.
const mostAnswered = 64 << 20

func (s straight) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := s.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if elsewhere := response.Header.Get("Location"); elsewhere != "" && response.StatusCode/100 == 3 {
		response.Body.Close()
		if place, err := request.URL.Parse(elsewhere); err == nil {
			elsewhere = place.Scheme + "://" + place.Host
		}
		return nil, fmt.Errorf("it answers with HTTP %s to %.200s, which is not followed", response.Status, elsewhere)
	}
	if s.most > 0 {
		response.Body = &bounded{response.Body, s.most}
	}
	return response, nil
}

// bounded is an answer that may not go on for ever.
type bounded struct {
	io.ReadCloser
	left int64
}

var errEndless = errors.New("the answer is longer than any that it gives")

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, errEndless
	}
	n, err := b.ReadCloser.Read(into[:min(int64(len(into)), b.left)])
	b.left -= int64(n)
	return n, err
}

// boundedLine is bounded for protocols in which many questions are asked on one connection: what comes counts since
// the last thing said.
type boundedLine struct {
	net.Conn
	read atomic.Int64
}

func (b *boundedLine) Write(said []byte) (int, error) {
	b.read.Store(0)
	return b.Conn.Write(said)
}

func (b *boundedLine) Read(into []byte) (int, error) {
	if b.read.Load() >= mostAnswered {
		return 0, errEndless
	}
	n, err := b.Conn.Read(into)
	b.read.Add(int64(n))
	return n, err
}

// resolvable looks a host name up, once a run. A name server that says nothing for a quarter of the time that
// an observation may take does not know the name: /etc/hosts would have been read by then.
func (w *World) resolvable(ctx context.Context, host string) bool {
	w.roads.mu.Lock()
	resolves, known := w.roads.resolves[host]
	w.roads.mu.Unlock()
	if known {
		return resolves
	}
	bounded, cancel := context.WithTimeout(ctx, w.observation/4)
	defer cancel()
	_, err := w.roads.resolver.LookupHost(bounded, host)
	if ctx.Err() != nil {
		return true // out of time: nothing was learnt
	}
	w.roads.mu.Lock()
	defer w.roads.mu.Unlock()
	if w.roads.resolves == nil {
		w.roads.resolves = map[string]bool{}
	}
	w.roads.resolves[host] = err == nil
	return err == nil
}

// detour says that a source's host name was tried on 127.0.0.1 because it does not resolve. It is "" when that was not
// so, or nothing was dialled yet.
func (w *World) detour(source Source) string {
	address, err := url.Parse(w.address(source))
	if err != nil {
		return ""
	}
	return w.detourTo(address.Hostname())
}

// detourTo is detour for a host.
func (w *World) detourTo(host string) string {
	w.roads.mu.Lock()
	defer w.roads.mu.Unlock()
	if resolves, known := w.roads.resolves[host]; !known || resolves {
		return ""
	}
	return fmt.Sprintf("the host name %s does not resolve and was tried on 127.0.0.1", host)
}

// address is where a source is expected, without credentials.
func (w *World) address(source Source) string {
	switch source {
	case SourceTemporal:
		return w.Settings.Temporal.URL
	case SourceClickHouse:
		return w.Settings.ClickHouse.URL
	case SourceObjectStorage:
		return w.Settings.ObjectStorage.URL
	case SourceDocker:
		return w.Settings.Docker.URL
	case SourcePostgres:
		return w.Settings.Postgres.URL
	}
	return ""
}

// reached is what a door returns when its service answered.
func (w *World) reached(source Source, version string) Reached {
	return Reached{Address: w.address(source), Version: version, Note: w.detour(source)}
}
