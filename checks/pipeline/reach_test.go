package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const (
	observation = 200 * time.Millisecond // for what never comes
	patient     = 10 * time.Second       // for what comes on the busiest machine
	hang        = 30 * time.Second       // what no busy machine explains
)

const password = "s3cret-of-the-tests"

// greeting is a service's door: how it is pointed at an address, and how it is tried.
type greeting struct {
	name  string
	point func(s *settings.Settings, address string)
	reach reach
}

func greetings() []greeting {
	temporal := func(s *settings.Settings, a string) { s.Temporal.URL, s.Temporal.Namespace = "http://"+a, "default" }
	return []greeting{
		{"Temporal", temporal, reachTemporal},
		{"ClickHouse native", func(s *settings.Settings, a string) { s.ClickHouse.URL = "clickhouse://" + a }, reachClickHouse},
		{"ClickHouse HTTP", func(s *settings.Settings, a string) { s.ClickHouse.URL = "http://" + a }, reachClickHouse},
		{"object storage", func(s *settings.Settings, a string) { s.ObjectStorage.URL = "http://" + a }, reachObjects},
		{"Docker", func(s *settings.Settings, a string) { s.Docker.URL = "tcp://" + a }, reachDocker},
		{"Postgres", func(s *settings.Settings, a string) {
			s.Postgres.URL = "postgres://" + a + "/posthog"
			s.Postgres.DSN = settings.Secret("postgres://posthog:" + password + "@" + a + "/posthog")
		}, reachPostgres},
	}
}

type reach = func(context.Context, *pipeline.World) (pipeline.Reached, error)

func reachTemporal(ctx context.Context, w *pipeline.World) (pipeline.Reached, error) {
	return w.Temporal.Reach(ctx)
}

func reachClickHouse(ctx context.Context, w *pipeline.World) (pipeline.Reached, error) {
	return w.ClickHouse.Reach(ctx)
}

func reachObjects(ctx context.Context, w *pipeline.World) (pipeline.Reached, error) {
	return w.Objects.Reach(ctx)
}

func reachDocker(ctx context.Context, w *pipeline.World) (pipeline.Reached, error) {
	return w.Docker.Reach(ctx)
}

func reachPostgres(ctx context.Context, w *pipeline.World) (pipeline.Reached, error) {
	return w.Postgres.Reach(ctx)
}

func someSettings() *settings.Settings {
	return &settings.Settings{
		ClickHouse:    settings.ClickHouse{User: "default", Password: password, Verify: true},
		ObjectStorage: settings.ObjectStorage{Bucket: "posthog", Region: "us-east-1", AccessKey: "key", SecretKey: password},
	}
}

// try greets once, at the given address, and returns why that failed.
func (g greeting) try(t *testing.T, address string, observation time.Duration) *pipeline.Error {
	t.Helper()
	s := someSettings()
	g.point(s, address)
	return failure(t, s, g.reach, observation)
}

func failure(t *testing.T, s *settings.Settings, reach reach, observation time.Duration) *pipeline.Error {
	t.Helper()
	w := pipeline.Live(s, time.Now(), observation)
	defer w.Close()
	started := time.Now()
	reached, err := reach(t.Context(), w)
	if err == nil {
		t.Fatalf("reached %+v where nothing of the kind is", reached)
	}
	if took := time.Since(started); took > observation+hang {
		t.Errorf("it took %s to say %q, with %s for an observation", took, err, observation)
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("the password is in %q", err)
	}
	var failed *pipeline.Error
	if !errors.As(err, &failed) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return failed
}

func TestReachNothing(t *testing.T) {
	for _, g := range greetings() {
		t.Run(g.name, func(t *testing.T) {
			failed := g.try(t, closed(t), patient)
			if failed.Kind != pipeline.Refused || failed.Reason() != "connection refused" {
				t.Errorf("got %s, %q", failed.Kind, failed.Reason())
			}
		})
	}
}

func TestReachSilence(t *testing.T) {
	for _, g := range greetings() {
		t.Run(g.name, func(t *testing.T) {
			failed := g.try(t, serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }), observation)
			if failed.Kind != pipeline.TimedOut || !strings.HasPrefix(failed.Reason(), "timed out after ") {
				t.Errorf("got %s, %q", failed.Kind, failed.Reason())
			}
		})
	}
}

// TestReachWhenTheRunEnds has much time for an observation, and little for the run.
func TestReachWhenTheRunEnds(t *testing.T) {
	for _, g := range greetings() {
		t.Run(g.name, func(t *testing.T) {
			s := someSettings()
			g.point(s, serve(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
			w := pipeline.Live(s, time.Now(), time.Minute)
			defer w.Close()
			ctx, cancel := context.WithTimeout(t.Context(), observation)
			defer cancel()
			started := time.Now()
			_, err := g.reach(ctx, w)
			if took := time.Since(started); took > hang || pipeline.KindOf(err) != pipeline.RunOver {
				t.Errorf("after %s: %v", took, err)
			}
		})
	}
}

func TestReachAnother(t *testing.T) {
	said := map[string]func(net.Conn){
		"SSH":         func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n") },
		"hangs up":    func(net.Conn) {},
		"empty 200":   func(c net.Conn) { answerHTTP(c, "200 OK", "text/plain", "") },
		"another 200": func(c net.Conn) { answerHTTP(c, "200 OK", "text/html", "<html><body>Welcome</body></html>") },
		"JSON":        func(c net.Conn) { answerHTTP(c, "200 OK", "application/json", "{}") },
		"error":       func(c net.Conn) { answerHTTP(c, "500 Internal Server Error", "text/plain", "oops") },
	}
	for what, speak := range said {
		for _, g := range greetings() {
			t.Run(what+"/"+g.name, func(t *testing.T) {
				if failed := g.try(t, serve(t, speak), patient); failed.Kind != pipeline.Failed {
					t.Errorf("got %s, %q", failed.Kind, failed.Reason())
				}
			})
		}
	}
}

func answerHTTP(c net.Conn, status, contentType, body string) {
	_, _ = c.Read(make([]byte, 4096)) // whatever it is: not all that come here speak HTTP
	_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Type: %s\r\n\r\n%s", status, contentType, body)
}

func TestReachWithWrongTLS(t *testing.T) {
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	t.Cleanup(unknown.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, address := range map[string]string{"unknown authority": unknown.Listener.Addr().String(), "no TLS": plain.Listener.Addr().String()} {
		for _, g := range greetings() {
			t.Run(name+"/"+g.name, func(t *testing.T) {
				s := someSettings()
				g.point(s, address)
				switch g.name {
				case "Temporal":
					s.Temporal.URL = "https://" + address
				case "ClickHouse native":
					s.ClickHouse.Secure = true
				case "ClickHouse HTTP":
					s.ClickHouse.URL = "https://" + address
				case "object storage":
					s.ObjectStorage.URL = "https://" + address
				default:
					t.Skip("is not asked over TLS, or asks in its own protocol first")
				}
				if failed := failure(t, s, g.reach, patient); failed.Kind != pipeline.Insecure {
					t.Errorf("got %s, %q", failed.Kind, failed.Reason())
				}
			})
		}
	}
}

func TestUnverifiedTLS(t *testing.T) {
	stranger := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(stranger.Close)
	s := someSettings()
	s.ClickHouse.URL, s.ClickHouse.Verify = stranger.URL, false
	failed := failure(t, s, reachClickHouse, patient)
	if failed.Kind != pipeline.Failed {
		t.Errorf("got %s, %q: without verification the server's answer counts", failed.Kind, failed.Reason())
	}
}

func TestDockerSocket(t *testing.T) {
	s := someSettings()
	s.Docker.URL = "unix://" + t.TempDir() + "/docker.sock"
	failed := failure(t, s, reachDocker, patient)
	if failed.Kind != pipeline.Refused || failed.Reason() != "no such socket" {
		t.Errorf("got %s, %q", failed.Kind, failed.Reason())
	}
	s.Docker.URL = "ssh://somewhere"
	failed = failure(t, s, reachDocker, patient)
	if failed.Kind != pipeline.Failed || !strings.Contains(failed.Reason(), "ssh://") {
		t.Errorf("got %s, %q", failed.Kind, failed.Reason())
	}
}

func TestObjectStorageRefuses(t *testing.T) {
	for code, want := range map[string]pipeline.Kind{
		"NoSuchBucket": pipeline.Missing, "SignatureDoesNotMatch": pipeline.Denied, "InvalidAccessKeyId": pipeline.Denied,
		"AccessDenied": pipeline.Forbidden, "InternalError": pipeline.Failed,
	} {
		t.Run(code, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("x-amz-request-id", "1")
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>no</Message></Error>")
			}))
			t.Cleanup(server.Close)
			s := someSettings()
			s.ObjectStorage.URL = server.URL
			failed := failure(t, s, reachObjects, patient)
			if failed.Kind != want {
				t.Errorf("got %s, %q, want %s", failed.Kind, failed.Reason(), want)
			}
		})
	}
}

// A storage may say that it sends all of a log, and send less. What it sends is no whole log then, nor a bound of the doctor's.
func TestObjectStorageSendsLess(t *testing.T) {
	const line = `{"type": "notification"}` + "\n"
	for name, sent := range map[string]string{"all": line + line, "less": line, "nothing": ""} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-amz-request-id", "1")
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", 2*len(line)-1, 2*len(line)))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = io.WriteString(w, sent)
		}))
		t.Cleanup(server.Close)
		s := someSettings()
		s.ObjectStorage.URL = server.URL
		w := pipeline.Live(s, time.Now(), patient)
		t.Cleanup(w.Close)
		want := ""
		if short := 2*len(line) - len(sent); short > 0 {
			want = fmt.Sprintf("the last %d bytes of it did not come", short)
		}
		for way, read := range map[string]func() error{
			"its end": func() error { _, err := w.Objects.AgentLog(t.Context(), "log", 1<<20); return err },
			"a search": func() error {
				_, err := w.Objects.SearchLog(t.Context(), pipeline.LogSearch{Key: "log", Bytes: 1 << 20, Pattern: "x"})
				return err
			},
			"its tail": func() error {
				_, err := w.Objects.LogTail(t.Context(), pipeline.LogTail{Key: "log", Entries: 5})
				return err
			},
		} {
			if err := read(); (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: %v, want %q", way, name, err, want)
			}
		}
	}
}

// closed is an address with nobody behind it.
func closed(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serve lets speak handle each connection, and hangs up when it returns.
func serve(t *testing.T, speak func(net.Conn)) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				speak(conn)
			}()
		}
	}()
	return listener.Addr().String()
}
