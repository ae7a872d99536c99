package services

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// Support tries a connection to each service that the pipeline leans on beside those above, and says nothing there. A
// sandbox's service on another machine is left alone: the doctor knocks at no door but the developer's own. The result is
// a []pipeline.Reached of the services that took it.
var Support = &checks.Check{
	ID:    "services.support",
	Title: "the supporting services take connections",
	Codes: []checks.Code{checks.SVC006},
	Reads: []checks.Source{checks.Settings, checks.Support},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		var took []pipeline.Reached
		absent := 0
		all := p.World.Settings.Support
		for i, tried := range tryAll(ctx, p.World, all) {
			service := all[i]
			reached, err := tried.best()
			switch kind := pipeline.KindOf(err); {
			case service.Foreign, service.Origin.Default && kind == pipeline.Refused:
				absent++
			case len(tried) == 0:
				reportNoHost(p, service)
			case err == nil:
				took = append(took, reached)
			case kind == "", kind == pipeline.RunOver, kind == pipeline.NotRecorded:
				p.Incomplete("%v", err)
			default:
				reportUnreachable(p, service, tried)
			}
		}
		if absent == len(all) {
			return nil, checks.Skip("none of them is configured, or at its usual port")
		}
		return took, nil
	},
}

// supported is what a support service is needed for, by the setting that names it.
var supported = map[string]struct {
	stage   checks.Stage
	without string
}{
	"REDIS_URL":               {checks.Buffer, "Without it the quota checks fail, and with them the buffer."},
	"EMBEDDING_API_URL":       {checks.Grouping, "Without it no signal is embedded, and grouping gets no further. It does not start without OPENAI_API_KEY."},
	"KAFKA_HOSTS":             {checks.Embeddings, "Without it no embedding reaches ClickHouse, and grouping waits in vain."},
	"SANDBOX_LLM_GATEWAY_URL": {checks.Sandbox, "Without it an agent gets no answer from its model, and is ended for inactivity."},
	"SANDBOX_MCP_URL":         {checks.Sandbox, "Without it an agent has none of PostHog's tools, and cannot ask which repositories there are."},
}

// tries are the connections that were tried for one service, one a host.
type tries []try

type try struct {
	host    string
	reached pipeline.Reached
	err     error
}

// best is the first connection that was taken, else the first failure.
func (all tries) best() (reached pipeline.Reached, err error) {
	for _, one := range all {
		if one.err == nil {
			return one.reached, nil
		}
	}
	if len(all) > 0 {
		err = all[0].err
	}
	return pipeline.Reached{}, err
}

// tryAll tries everything at once.
func tryAll(ctx context.Context, w *pipeline.World, all []settings.Support) []tries {
	tried := make([]tries, len(all))
	var group sync.WaitGroup
	for i, service := range all {
		if service.Foreign {
			continue
		}
		tried[i] = make(tries, len(service.Hosts))
		for k, host := range service.Hosts {
			group.Go(func() {
				reached, err := w.Support.Connect(ctx, host)
				tried[i][k] = try{host, reached, err}
			})
		}
	}
	group.Wait()
	return tried
}

func reportNoHost(p *checks.Pass, service settings.Support) {
	use := supported[service.Setting]
	p.Report(checks.SVC006, service.Setting).
		At(use.stage).
		Titlef("%s names no host for %s", service.Setting, service.Name).
		Detailf("%s", use.without).
		With(checks.Evidence{
			Source:  source(service.Origin),
			Locator: checks.Locator{File: service.Origin.File, Line: service.Origin.Line},
			Excerpt: service.Setting + " has no host and port",
		})
}

func reportUnreachable(p *checks.Pass, service settings.Support, tried tries) {
	use := supported[service.Setting]
	finding := p.Report(checks.SVC006, service.Hosts...).
		At(use.stage).
		Titlef("%s takes no connection at %s: %s", service.Name, service.URL, reason(tried[0].err)).
		Detailf("%s", use.without).
		With(setting(service.Address))
	for _, one := range tried {
		finding.With(checks.Evidence{
			Source: service.Name, Locator: checks.Locator{URL: one.host}, Excerpt: one.host + ": " + reason(one.err), Time: p.World.Now,
		})
	}
}

func reason(err error) string {
	var failed *pipeline.Error
	if errors.As(err, &failed) {
		return failed.Reason()
	}
	return err.Error()
}

// Named reports whether a message names where the service of a finding was expected: its host and port, in one of the
// ways in which a local one is spelled, or the path of its socket.
func Named(f *checks.Finding, message string) bool {
	for _, address := range f.Subject {
		for _, spelling := range spellings(endpoint(address)) {
			if names(message, spelling) {
				return true
			}
		}
	}
	return false
}

// endpoint is the host:port, or the socket's path, of a service's address.
func endpoint(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if strings.HasPrefix(address, "/") {
		return address
	}
	host, _, _ := strings.Cut(address, "/")
	return host
}

// spellings are the ways in which messages name an endpoint. Python's asyncio tells addresses as it has them, in pairs.
func spellings(endpoint string) []string {
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return []string{endpoint}
	}
	hosts := []string{host}
	if ip, err := netip.ParseAddr(host); host == "localhost" || host == settings.ContainersHost || err == nil && ip.IsLoopback() {
		hosts = []string{"localhost", "127.0.0.1", "::1", settings.ContainersHost}
	}
	var all []string
	for _, host := range hosts {
		all = append(all, net.JoinHostPort(host, port), "('"+host+"', "+port)
	}
	return all
}

// names reports whether a message has a word, and not only the beginning of a longer number.
func names(message, word string) bool {
	for rest := message; ; {
		at := strings.Index(rest, word)
		if at < 0 || word == "" {
			return false
		}
		rest = rest[at+len(word):]
		if rest == "" || rest[0] < '0' || rest[0] > '9' {
			return true
		}
	}
}
