package services_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/services"
)

// subject is one service: its check, where it is expected, and its greeting.
type subject struct {
	check    *checks.Check
	code     checks.Code
	hidden   map[pipeline.Kind]checks.Code // of what is there and cannot be looked into
	greeting pipeline.Fact[pipeline.Nothing, pipeline.Reached]
	address  func(*settings.Settings) *settings.Address
}

var subjects = map[string]subject{
	"Temporal": {services.Temporal, checks.SVC001, nil, pipeline.TemporalReached, func(s *settings.Settings) *settings.Address {
		return &s.Temporal.Address
	}},
	"ClickHouse": {services.ClickHouse, checks.SVC002, nil, pipeline.ClickHouseReached, func(s *settings.Settings) *settings.Address {
		return &s.ClickHouse.Address
	}},
	"object storage": {services.ObjectStorage, checks.SVC003, map[pipeline.Kind]checks.Code{pipeline.Forbidden: checks.SEE002, pipeline.Missing: checks.SEE002}, pipeline.ObjectStorageReached, func(s *settings.Settings) *settings.Address {
		return &s.ObjectStorage.Address
	}},
	"Docker": {services.Docker, checks.SVC004, map[pipeline.Kind]checks.Code{pipeline.Forbidden: checks.SEE003, pipeline.Missing: checks.SEE003}, pipeline.DockerReached, func(s *settings.Settings) *settings.Address {
		return &s.Docker.Address
	}},
	"Postgres": {services.Postgres, checks.SVC005, nil, pipeline.PostgresReached, func(s *settings.Settings) *settings.Address {
		return &s.Postgres.Address
	}},
}

var (
	byDefault = settings.Origin{Default: true}
	inFile    = settings.Origin{File: "/posthog/.env", Line: 7}
)

// examine runs one service check where the settings name the service at service.example:1, from the given origin.
func (s subject) examine(origin settings.Origin, greeted pipeline.Answer, change ...func(*settings.Settings)) checkstest.Outcome {
	w := checkstest.World(greeted)
	w.Settings.Docker.Provider, w.Settings.ObjectStorage.Enabled = "docker", true
	*s.address(w.Settings) = settings.Address{Setting: "SERVICE_HOST", URL: "http://service.example:1/path", Origin: origin}
	for _, alter := range change {
		alter(w.Settings)
	}
	return checkstest.Run(w, s.check)
}

func (s subject) fails(kind pipeline.Kind, cause string) pipeline.Answer {
	return s.greeting.Fails(pipeline.Nothing{}, kind, errors.New(cause))
}

func TestAnswers(t *testing.T) {
	for name, s := range subjects {
		t.Run(name, func(t *testing.T) {
			reached := pipeline.Reached{Address: "http://service.example:1", Version: "1.2"}
			for _, origin := range []settings.Origin{byDefault, inFile} {
				o := s.examine(origin, s.greeting.Is(pipeline.Nothing{}, reached))
				if o.Status != checks.Passed || len(o.Findings) > 0 || o.Result != any(reached) {
					t.Errorf("%s: %s (%s), result %v", origin, o.Status, o.Reason, o.Result)
				}
			}
		})
	}
}

func TestDoesNotAnswer(t *testing.T) {
	for name, s := range subjects {
		for kind, want := range map[pipeline.Kind]string{
			pipeline.Refused:      "connection refused",
			pipeline.Unresolvable: "unresolvable: so it is said",
			pipeline.TimedOut:     "timed out",
			pipeline.Insecure:     "TLS failed: so it is said",
			pipeline.Denied:       "credentials refused: so it is said",
			pipeline.Forbidden:    "not permitted: so it is said",
			pipeline.Missing:      "so it is said",
			pipeline.Failed:       "so it is said",
		} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				o := s.examine(inFile, s.fails(kind, "so it is said"))
				code, how := s.code, "does not answer"
				if hidden, is := s.hidden[kind]; is {
					code, how = hidden, "cannot be looked into"
				}
				f := o.Reports(t, code, "http://service.example:1/path")
				if o.Status != checks.Failed || f.Severity != checks.Error || o.Result != nil {
					t.Errorf("%s (%s), %s, result %v", o.Status, o.Reason, f.Severity, o.Result)
				}
				if got := name + " " + how + " at service.example:1: " + want; f.Title != got {
					t.Errorf("got  %s\nwant %s", f.Title, got)
				}
				setting, service := f.Evidence[0], f.Evidence[1]
				if setting.Source != ".env" || setting.Locator.Line != 7 || setting.Excerpt != "SERVICE_HOST names http://service.example:1/path" {
					t.Errorf("the setting's evidence: %+v", setting)
				}
				if service.Source != name || service.Excerpt != want || service.Locator.URL == "" || service.Time.IsZero() {
					t.Errorf("the service's evidence: %+v", service)
				}
			})
		}
	}
}

func TestNothingAtTheDefault(t *testing.T) {
	anyProvider := func(s *settings.Settings) { s.Docker.Provider = "" }
	for name, s := range subjects {
		t.Run(name, func(t *testing.T) {
			o := s.examine(byDefault, s.fails(pipeline.Refused, ""), anyProvider)
			o.Says(t, "skipped: nothing at service.example:1")
			o = s.examine(byDefault, s.fails(pipeline.TimedOut, ""), anyProvider)
			if len(o.Findings) != 1 || !strings.Contains(o.Findings[0].Evidence[0].Excerpt, "is not set, which means http://service.example:1/path") {
				t.Errorf("somebody is there and says nothing: %s (%s), %d findings", o.Status, o.Reason, len(o.Findings))
			}
		})
	}
}

func TestCouldNotLook(t *testing.T) {
	for name, s := range subjects {
		for _, kind := range []pipeline.Kind{pipeline.RunOver, pipeline.NotRecorded} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				o := s.examine(inFile, s.fails(kind, "no time"))
				if o.Is(t, checks.Unknown, ""); len(o.Findings) > 0 {
					t.Errorf("%d findings", len(o.Findings))
				}
			})
		}
	}
}

func TestDockerWhereNoSandboxRuns(t *testing.T) {
	docker := subjects["Docker"]
	for provider, want := range map[string]checks.Severity{"docker": checks.Error, "Docker": checks.Error, "modal": checks.Info, "MODAL_DOCKER": checks.Info, "": checks.Info} {
		o := docker.examine(inFile, docker.fails(pipeline.Refused, ""), func(s *settings.Settings) { s.Docker.Provider = provider })
		if len(o.Findings) != 1 || o.Findings[0].Severity != want {
			t.Errorf("%q: %s, %d findings", provider, o.Status, len(o.Findings))
		}
		if o.Result != nil {
			t.Errorf("%q: nobody was reached, and the result is %v", provider, o.Result)
		}
	}
}

func TestDockerIsNamedByItsProvider(t *testing.T) {
	docker := subjects["Docker"]
	o := docker.examine(byDefault, docker.fails(pipeline.Refused, ""))
	if o.Status != checks.Failed {
		t.Errorf("SANDBOX_PROVIDER is docker, and nothing is there: %s (%s)", o.Status, o.Reason)
	}
}

func TestObjectStorageThatIsOff(t *testing.T) {
	storage := subjects["object storage"]
	o := storage.examine(inFile, storage.fails(pipeline.Refused, ""), func(s *settings.Settings) { s.ObjectStorage.Enabled = false })
	o.Is(t, checks.Skipped, "OBJECT_STORAGE_ENABLED")
}

func TestDependantsAreBlocked(t *testing.T) {
	s := subjects["ClickHouse"]
	dependant := &checks.Check{
		ID: "some.thing", Title: "t", Requires: []*checks.Check{s.check}, Reads: []checks.Source{checks.ClickHouse},
		Run: func(context.Context, *checks.Pass) (any, error) { return nil, errors.New("it looked") },
	}
	for origin, want := range map[settings.Origin]checks.Status{inFile: checks.Blocked, byDefault: checks.Skipped} {
		w := checkstest.World(s.fails(pipeline.Refused, ""))
		w.Settings.ClickHouse.Address = settings.Address{Setting: "CLICKHOUSE_HOST", URL: "clickhouse://localhost:9000", Origin: origin}
		checkstest.Run(w, dependant).Is(t, want, "")
	}
}

func TestUnixSocketIsNamed(t *testing.T) {
	docker := subjects["Docker"]
	// As a process within the macOS development sandbox is told (bin/dev-sandbox), and on Linux one outside the group docker.
	for _, denied := range []error{syscall.EPERM, syscall.EACCES} {
		answer := docker.greeting.Fails(pipeline.Nothing{}, pipeline.Forbidden, denied)
		o := docker.examine(byDefault, answer, func(s *settings.Settings) { s.Docker.URL = "unix:///var/run/docker.sock" })
		f := o.Reports(t, checks.SEE003, "unix:///var/run/docker.sock")
		if want := "Docker cannot be looked into at /var/run/docker.sock: not permitted: " + denied.Error(); f.Title != want {
			t.Errorf("got %s", f.Title)
		}
	}
}
