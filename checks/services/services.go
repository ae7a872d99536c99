// Package services holds the checks of the services that the pipeline stands on. Here, and only here, not reaching a
// service is the finding, and so is one that is reached and does not let the doctor look. Each result is a [pipeline.Reached].
package services

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// Temporal greets the Temporal server, through the HTTP port of its UI.
var Temporal = &checks.Check{
	ID:    "services.temporal",
	Title: "Temporal answers",
	Codes: []checks.Code{checks.SVC001},
	Reads: []checks.Source{checks.Temporal, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		reached, err := p.World.Temporal.Reach(ctx)
		return service{
			code:    checks.SVC001,
			source:  checks.Temporal,
			address: p.World.Settings.Temporal.Address,
			without: "Without it no signal moves, and no workflow can be looked at.",
		}.judge(p, reached, err)
	},
}

// ClickHouse greets the ClickHouse server.
var ClickHouse = &checks.Check{
	ID:    "services.clickhouse",
	Title: "ClickHouse answers",
	Codes: []checks.Code{checks.SVC002},
	Reads: []checks.Source{checks.ClickHouse, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		reached, err := p.World.ClickHouse.Reach(ctx)
		return service{
			code:    checks.SVC002,
			source:  checks.ClickHouse,
			address: p.World.Settings.ClickHouse.Address,
			without: "Without it no signal is matched to a report, and no embedding can be looked at.",
		}.judge(p, reached, err)
	},
}

// ObjectStorage greets the S3 server that holds the signal batches and the agent logs: it lists the bucket.
var ObjectStorage = &checks.Check{
	ID:    "services.object-storage",
	Title: "the object storage answers",
	Codes: []checks.Code{checks.SVC003, checks.SEE002},
	Reads: []checks.Source{checks.ObjectStorage, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		s := p.World.Settings.ObjectStorage
		if !s.Enabled {
			return nil, checks.Skip("OBJECT_STORAGE_ENABLED is off: the pipeline writes no batch and no agent log")
		}
		reached, err := p.World.Objects.Reach(ctx)
		return service{
			code:    checks.SVC003,
			hidden:  checks.SEE002,
			source:  checks.ObjectStorage,
			address: s.Address,
			without: "Without it no batch of signals reaches grouping, and no agent log can be read.",
		}.judge(p, reached, err)
	},
}

// Docker greets the engine that sandboxes run in. An engine that no sandbox runs in is only mentioned when it does not
// answer: the check then passes without a result.
var Docker = &checks.Check{
	ID:    "services.docker",
	Title: "Docker answers, where sandboxes run in it",
	Codes: []checks.Code{checks.SVC004, checks.SEE003},
	Reads: []checks.Source{checks.Docker, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		s := p.World.Settings.Docker
		reached, err := p.World.Docker.Reach(ctx)
		docker := service{
			code:    checks.SVC004,
			hidden:  checks.SEE003,
			source:  checks.Docker,
			address: s.Address,
			named:   true,
			without: "Without it no sandbox starts, so that no repository is selected and no report is researched.",
		}
		if !strings.EqualFold(s.Provider, "docker") {
			docker.named, docker.severity = false, checks.Info
			docker.without = "SANDBOX_PROVIDER is not docker, so that sandboxes may run elsewhere."
		}
		return docker.judge(p, reached, err)
	},
}

// Postgres greets the product's database.
var Postgres = &checks.Check{
	ID:    "services.postgres",
	Title: "Postgres answers",
	Codes: []checks.Code{checks.SVC005},
	Reads: []checks.Source{checks.Postgres, checks.Settings},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		reached, err := p.World.Postgres.Reach(ctx)
		return service{
			code:    checks.SVC005,
			source:  checks.Postgres,
			address: p.World.Settings.Postgres.Address,
			without: "Without it nobody can say which reports exist.",
		}.judge(p, reached, err)
	},
}

// service is what there is to say of a service that does not answer.
type service struct {
	code     checks.Code
	hidden   checks.Code // where it is there, and does not let the doctor look; "" when that is not told apart
	source   checks.Source
	address  settings.Address
	named    bool            // by another setting than that of its address
	severity checks.Severity // "" for the code's own
	without  string          // what that means for the pipeline
}

// judge makes a result or a finding of how a service took its greeting.
func (s service) judge(p *checks.Pass, reached pipeline.Reached, err error) (any, error) {
	var failed *pipeline.Error
	switch {
	case err == nil:
		return reached, nil
	case !errors.As(err, &failed), failed.Kind == pipeline.RunOver, failed.Kind == pipeline.NotRecorded:
		return nil, err
	case failed.Kind == pipeline.Refused && s.address.Origin.Default && !s.named:
		return nil, checks.Skip("nothing at %s", place(s.address.URL))
	}
	name := string(s.source.Source)
	code, how := s.code, "does not answer"
	if s.hidden != "" && (failed.Kind == pipeline.Forbidden || failed.Kind == pipeline.Missing) {
		code, how = s.hidden, "cannot be looked into"
	}
	finding := p.Report(code, s.address.URL).
		Titlef("%s %s at %s: %s", name, how, place(s.address.URL), failed.Reason()).
		Detailf("%s", s.without).
		With(setting(s.address), checks.Evidence{
			Source:  name,
			Locator: checks.Locator{URL: s.address.URL},
			Excerpt: failed.Reason(),
			Time:    p.World.Now,
		})
	if s.severity != "" {
		finding.As(s.severity)
	}
	return nil, nil
}

// setting is the evidence of where an address comes from.
func setting(address settings.Address) checks.Evidence {
	origin := address.Origin
	e := checks.Evidence{
		Source:  source(origin),
		Locator: checks.Locator{File: origin.File, Line: origin.Line},
		Excerpt: address.Setting + " names " + address.URL,
	}
	if origin.Default {
		e.Excerpt = address.Setting + " is not set, which means " + address.URL
	}
	return e
}

func source(origin settings.Origin) string {
	if origin.File != "" {
		return filepath.Base(origin.File)
	}
	return origin.String()
}

// place is an address without what goes without saying: host and port, or a socket's path.
func place(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return address
	case u.Host != "":
		return u.Host
	}
	return u.Path
}
