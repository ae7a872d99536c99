package services

import (
	"context"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

// Hosts finds compose host names in the settings that this machine does not resolve. The doctor goes by 127.0.0.1 then; what
// else runs on this machine cannot, and fails. The result is the names, as []string.
var Hosts = &checks.Check{
	ID:    "services.hosts",
	Title: "this machine resolves the compose host names in the settings",
	Codes: []checks.Code{checks.ENV011},
	Reads: []checks.Source{checks.Settings, checks.Machine},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		named := composeHosts(p.World.Settings)
		switch {
		case len(named) == 0 && p.World.Settings.Folder == "":
			return nil, checks.Skip("no PostHog folder here or above whose settings could name one")
		case len(named) == 0:
			return nil, nil
		}
		var hosts []string
		for _, address := range named {
			if host := hostOf(address.URL); !slices.Contains(hosts, host) {
				hosts = append(hosts, host)
			}
		}
		slices.Sort(hosts)
		resolved, err := p.World.Machine.Resolves(ctx, hosts)
		if err != nil {
			return nil, err
		}
		unknown := slices.DeleteFunc(hosts, func(host string) bool { return resolved[host] })
		if len(unknown) == 0 {
			return nil, nil
		}
		f := p.Report(checks.ENV011, unknown...).
			Titlef("this machine does not resolve %s, which the settings name", strings.Join(unknown, ", ")).
			Detailf("What runs on this machine itself, such as the workers, cannot connect to them: /etc/hosts has to say that they are 127.0.0.1. The doctor tries them there.")
		for _, address := range named {
			if slices.Contains(unknown, hostOf(address.URL)) {
				f.With(setting(address))
			}
		}
		return unknown, nil
	},
}

// composeHosts are the addresses in the settings whose host is a service's name in docker-compose.dev.yml.
func composeHosts(s *settings.Settings) []settings.Address {
	all := []settings.Address{s.Temporal.Address, s.ClickHouse.Address, s.ObjectStorage.Address, s.Postgres.Address}
	for _, service := range s.Support {
		for _, host := range service.Hosts {
			all = append(all, settings.Address{Setting: service.Setting, URL: "//" + host, Origin: service.Origin})
		}
	}
	return slices.DeleteFunc(all, func(a settings.Address) bool {
		return a.Origin.Default || !slices.Contains(settings.ComposeHosts, hostOf(a.URL))
	})
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if host, _, err := net.SplitHostPort(u.Host); err == nil {
		return host
	}
	return u.Host
}

// unresolved is how Python, libpq, Go and Node say that they cannot resolve a host name.
var unresolved = regexp.MustCompile(`(?i)getaddrinfo|name resolution|name or service not known|nodename nor servname|translate host name|no such host|could not resolve|ENOTFOUND`)

// Unresolved returns those findings of [Hosts] that a failure's own words are about: it does not get at a host for its name.
func Unresolved(findings []*checks.Finding, message string) []*checks.Finding {
	if !unresolved.MatchString(message) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f *checks.Finding) bool {
		return !slices.ContainsFunc(f.Subject, func(host string) bool {
			return regexp.MustCompile(`\b` + regexp.QuoteMeta(host) + `\b`).MatchString(message)
		})
	})
}
