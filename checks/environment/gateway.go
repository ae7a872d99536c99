package environment

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

const gatewayURL = "SANDBOX_LLM_GATEWAY_URL"

// Gateway finds settings with which the agents ask the production gateway for a model, which knows nothing of this machine's
// teams: an agent then waits, without an error, until it is ended for inactivity.
var Gateway = &checks.Check{
	ID:     "environment.gateway",
	Title:  "agents in a sandbox are sent to a model gateway that knows them",
	Codes:  []checks.Code{checks.ENV009},
	Reads:  []checks.Source{checks.Settings},
	Static: true,
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		set := p.World.Settings
		if len(set.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		site, origin := set.Worker("SITE_URL")
		provider, _ := set.Worker("SANDBOX_PROVIDER")
		_, isSet := given(set, gatewayURL)
		if origin.Default || isSet || !strings.EqualFold(provider, "docker") || ofThisMachine(site) {
			return nil, nil
		}
		how, places := absence(set, gatewayURL)
		p.Report(checks.ENV009, set.Name(shellFile(set).Path), gatewayURL).
			Titlef("SITE_URL is not of this machine, and %s %s", gatewayURL, how).
			Detailf("An agent is then sent to the production gateway, which does not know it: it says nothing, and is ended for inactivity. http://host.docker.internal:3308 is the gateway that bin/start starts.").
			With(SeenAt(set, origin, fmt.Sprintf("SITE_URL is at %.60q", host(site)))).
			With(places...)
		return nil, nil
	},
}

// host is that of a URL; a part of what is none.
func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Hostname()
	}
	return "no URL"
}

// ofThisMachine reports whether a URL is one of this machine's.
func ofThisMachine(address string) bool {
	name := host(address)
	ip, err := netip.ParseAddr(name)
	local := err == nil && (ip.IsLoopback() || ip.IsUnspecified())
	return local || name == "localhost" || name == settings.ContainersHost || strings.HasSuffix(name, ".localhost")
}
