package pipeline

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"doctor/checks/pipeline/settings"
)

// listening is a port at which somebody takes connections.
func listening(t *testing.T) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}

// closed is a port at which nobody does.
func closed(t *testing.T) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ = net.SplitHostPort(listener.Addr().String())
	return port
}

func TestConnect(t *testing.T) {
	const kafka = "connection refused (the host name kafka does not resolve and was tried on 127.0.0.1)"
	for name, test := range map[string]struct {
		address string
		kind    Kind
		reason  string
		note    bool
	}{
		"taken":                       {"127.0.0.1:" + listening(t), "", "", false},
		"refused":                     {"127.0.0.1:" + closed(t), Refused, "connection refused", false},
		"from within a container":     {"host.docker.internal:" + listening(t), "", "", false},
		"refused from there":          {"host.docker.internal:" + closed(t), Refused, "connection refused (the host name host.docker.internal does not resolve and was tried on 127.0.0.1)", false},
		"a compose host":              {"kafka:" + listening(t), "", "", true},
		"a compose host that refuses": {"kafka:" + closed(t), Refused, kafka, false},
		"a host that nobody knows":    {"kafka.example:9092", Unresolvable, "", false},
		"an address without its port": {"kafka", Failed, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := Live(&settings.Settings{}, time.Now(), time.Second)
			defer w.Close()
			w.roads.resolver = deaf()
			if _, err := deaf().LookupHost(t.Context(), "kafka"); err == nil {
				t.Skip("this machine's hosts file knows kafka")
			}
			reached, err := w.Support.Connect(t.Context(), test.address)
			if KindOf(err) != test.kind || test.note != (reached.Note != "") {
				t.Fatalf("got %q, %v (%+v)", KindOf(err), err, reached)
			}
			if err == nil && reached.Address != test.address {
				t.Errorf("reached %+v", reached)
			}
			var failed *Error
			if errors.As(err, &failed) && test.reason != "" && (failed.Reason() != test.reason || failed.At != test.address) {
				t.Errorf("at %s: %s", failed.At, failed.Reason())
			}
		})
	}
}

// What a container calls this machine is not looked up where a service is found without, and found where only the name
// leads to it.
func TestContainersHostIsLookedUpLast(t *testing.T) {
	var asked atomic.Int32
	w := Live(&settings.Settings{}, time.Now(), time.Second)
	defer w.Close()
	w.roads.resolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no name server")
	}}
	if _, err := w.Support.Connect(t.Context(), settings.ContainersHost+":"+listening(t)); err != nil || asked.Load() > 0 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
	w.roads.resolves = map[string]bool{settings.ContainersHost: true}
	if _, err := w.Support.Connect(t.Context(), settings.ContainersHost+":"+closed(t)); KindOf(err) != Unresolvable || asked.Load() == 0 {
		t.Errorf("the name was not followed, though it resolves: %v", err)
	}
}
