package pipeline

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"doctor/checks/pipeline/settings"
)

// deaf is a resolver whose name server cannot be reached.
func deaf() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no name server")
	}}
}

func TestComposeHostsAreTriedOnLoopback(t *testing.T) {
	if _, err := deaf().LookupHost(t.Context(), "clickhouse"); err == nil {
		t.Skip("this machine's hosts file knows clickhouse")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())

	s := &settings.Settings{}
	s.ClickHouse.URL = "clickhouse://clickhouse:" + port
	s.Postgres.URL = "postgres://database.example:" + port + "/posthog"
	w := Live(s, time.Now(), time.Second)
	w.roads.resolver = deaf()
	if note := w.detour(SourceClickHouse); note != "" {
		t.Errorf("before the first dial: %q", note)
	}
	conn, err := w.dialer()(t.Context(), "tcp", "clickhouse:"+port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if note := w.detour(SourceClickHouse); note != "the host name clickhouse does not resolve and was tried on 127.0.0.1" {
		t.Errorf("got %q", note)
	}
	if _, err := w.dialer()(t.Context(), "tcp", "database.example:"+port); kindOf(t.Context(), err) != Unresolvable {
		t.Errorf("another host's name: %v", err)
	}
	if note := w.detour(SourcePostgres); note != "" {
		t.Errorf("another host's name: %q", note)
	}
}

func TestSilentNameServerIsNotWaitedFor(t *testing.T) {
	if _, err := deaf().LookupHost(t.Context(), "clickhouse"); err == nil {
		t.Skip("this machine's hosts file knows clickhouse")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	w := Live(&settings.Settings{}, time.Now(), 400*time.Millisecond)
	w.roads.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := w.dialer()(ctx, "tcp", "clickhouse:"+port)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestKindOf(t *testing.T) {
	for want, errs := range map[Kind][]error{
		Refused:      {syscall.ECONNREFUSED, syscall.ENOENT},
		Unresolvable: {&net.DNSError{IsNotFound: true}, &net.DNSError{IsTimeout: true}},
		TimedOut:     {context.DeadlineExceeded, os.ErrDeadlineExceeded, syscall.ETIMEDOUT},
		Insecure:     {http.ErrSchemeMismatch, x509.UnknownAuthorityError{}, x509.HostnameError{Certificate: &x509.Certificate{}}, tls.RecordHeaderError{}},
		Denied:       {kinded{Denied, syscall.ECONNREFUSED}},
		Forbidden:    {syscall.EACCES, syscall.EPERM},
		Failed:       {io.EOF, syscall.ECONNRESET, syscall.EHOSTUNREACH},
	} {
		for _, err := range errs {
			if got := kindOf(t.Context(), &net.OpError{Op: "dial", Err: err}); got != want {
				t.Errorf("%T %v: got %q, want %q", err, err, got, want)
			}
		}
	}
}

func TestDetourIsInTheError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	s := &settings.Settings{}
	s.ClickHouse.URL = "clickhouse://clickhouse:" + port
	w := Live(s, time.Now(), time.Second)
	defer w.Close()
	w.roads.resolves = map[string]bool{"clickhouse": false}
	_, err = w.ClickHouse.Reach(t.Context())
	var failed *Error
	if !errors.As(err, &failed) || failed.Kind != Refused {
		t.Fatalf("got %v", err)
	}
	if want := "connection refused (the host name clickhouse does not resolve and was tried on 127.0.0.1)"; failed.Reason() != want {
		t.Errorf("got %q", failed.Reason())
	}
}

func TestResolvedComposeHostsAreNoDetour(t *testing.T) {
	s := &settings.Settings{}
	s.ClickHouse.URL = "clickhouse://clickhouse:9000"
	w := Live(s, time.Now(), time.Second)
	w.roads.resolves = map[string]bool{"clickhouse": true}
	if note := w.detour(SourceClickHouse); note != "" {
		t.Errorf("got %q", note)
	}
}

func TestErrorsHoldNoCredentials(t *testing.T) {
	for said, want := range map[string]string{
		`parse "postgres://posthog:p/w@rd@db:5432": invalid port`: `parse "postgres://db:5432": invalid port`,
		"cannot connect to http://u:pw@host/ and\n https://v:x@h": "cannot connect to http://host/ and https://h",
		`host=db password='two words' user=posthog`:               `host=db password= user=posthog`,
		`host=db password=word user=posthog`:                      `host=db password= user=posthog`,
		`dial tcp 127.0.0.1:1: refused`:                           `dial tcp 127.0.0.1:1: refused`,
	} {
		e := &Error{Kind: Failed, Source: SourcePostgres, Asking: "its version", Err: errors.New(said)}
		if got := e.Reason(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if !strings.HasSuffix(e.Error(), want) {
			t.Errorf("got %q", e.Error())
		}
	}
}

func TestMetadataFieldsByVersion(t *testing.T) {
	for version, old := range map[string]bool{"18.16.1": true, "19.17.4.11": true, "20.1": false, "26.7.2.1": false, "": false} {
		text, deleted := metadataFields(version, "said")
		if got := strings.HasPrefix(text("report_id"), "extract("); got != old || strings.HasPrefix(deleted, "match(") != old {
			t.Errorf("%s: %s, %s", version, text("report_id"), deleted)
		}
	}
}

func TestIdentifierIsQuoted(t *testing.T) {
	if got := identifier("a`b\\c"); got != "`a\\`b\\\\c`" {
		t.Errorf("got %s", got)
	}
}
