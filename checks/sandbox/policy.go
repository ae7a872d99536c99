package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline/settings"
)

// The hosts that an agent cannot do without, beside those of the SANDBOX_*_URL settings
// (products/tasks/backend/logic/services/agentsh.py): this machine as a container sees it, the model's API, the gateways,
// and GitHub.
const thisMachine = "host.docker.internal"

var neededHosts = []string{
	thisMachine, "api.anthropic.com", "gateway.us.posthog.com", "gateway.eu.posthog.com",
	"ai-gateway.us.posthog.com", "ai-gateway.eu.posthog.com", "github.com", ".github.com", ".githubusercontent.com",
}

// sandboxURLs are the settings whose hosts the policy lets an agent reach.
var sandboxURLs = []string{"SANDBOX_API_URL", "SANDBOX_LLM_GATEWAY_URL", "SANDBOX_AI_GATEWAY_URL", "SANDBOX_MCP_URL"}

// behind names the setting that opens a port of this machine, and its usual value there.
var behind = map[string]struct{ setting, value string }{
	"8787": {"SANDBOX_MCP_URL", "http://host.docker.internal:8787/mcp"},
	"3308": {"SANDBOX_LLM_GATEWAY_URL", "http://host.docker.internal:3308"},
}

// debugPorts are the ports of this machine that the policy lets an agent reach where DEBUG is on, beside those in the
// SANDBOX_*_URL settings.
var debugPorts = []string{"8000", "8010"}

// webPorts are the ports on which an allowed domain can be reached.
var webPorts = []string{"443", "80", "22"}

// needed reports whether an agent cannot do without a host.
func needed(s *settings.Settings, host string) bool {
	for _, name := range neededHosts {
		if host == name || strings.HasPrefix(name, ".") && strings.HasSuffix(host, name) {
			return true
		}
	}
	return slices.ContainsFunc(opened(s), func(o opening) bool { return o.url.Hostname() == host })
}

// opening is a SANDBOX_*_URL setting, as the worker is taken to see it.
type opening struct {
	setting string
	url     *url.URL
	origin  settings.Origin
}

func (o opening) port() string {
	switch {
	case o.url.Port() != "":
		return o.url.Port()
	case o.url.Scheme == "http":
		return "80"
	}
	return "443"
}

func opened(s *settings.Settings) []opening {
	var all []opening
	for _, name := range sandboxURLs {
		value, origin := s.Worker(name)
		if u, err := url.Parse(value); err == nil && u.Hostname() != "" {
			all = append(all, opening{name, u, origin})
		}
	}
	return all
}

// reason is why the policy denied a host, as far as it can be told.
type reason struct {
	target   string // the host, with the port that counts where it is known
	text     string
	setting  string  // the one that opens it; "" when none does
	unset    Opening // the same, where it is not set
	evidence []checks.Evidence
}

// explain tells why a host was denied.
func explain(s *settings.Settings, d *denial) reason {
	r := reason{target: hostPort(d.tries[0].NetworkEvent)}
	port := d.port()
	switch {
	case !needed(s, d.host):
	case d.host == thisMachine:
		r.ofThisMachine(s, d, port)
	case port != "" && !slices.Contains(webPorts, port):
		r.text = fmt.Sprintf("An allowed domain can be reached on the ports %s only, and this was port %s.", strings.Join(webPorts, ", "), port)
	default:
		r.text = "The policy is made anew for each run, from the domains of the sandbox environment, PostHog's own, and the hosts of the SANDBOX_*_URL settings: none of them covers it. Edits of the environment's row do not last."
	}
	return r
}

// port is the port that was asked for, where one of the attempts kept it: the text of a log does not.
func (d *denial) port() string {
	for _, one := range d.tries {
		if one.Port != "" {
			return one.Port
		}
	}
	return ""
}

// plainOnly reports whether all that was denied was asked for over plain http.
func (d *denial) plainOnly() bool {
	connects := 0
	for _, one := range d.tries {
		if one.Type != "dns_query" {
			connects++
		}
	}
	return d.port() == "" && d.plain >= connects
}

// ofThisMachine tells why the agent could not reach this machine. The older code lets no sandbox reach it. The newer has a
// rule for it where DEBUG is on, for some ports; it also has NO_PROXY keep such requests away from agentsh.
func (r *reason) ofThisMachine(s *settings.Settings, d *denial, port string) {
	open := openPorts(s)
	r.text = fmt.Sprintf("Older code has no rule that lets a sandbox reach this machine; newer code has one where DEBUG is on in the worker, for the ports %s.", strings.Join(open, ", "))
	service, known := behind[port]
	switch {
	case d.plainOnly():
		r.text += " This was plain http, which agentsh judges as port 80 whatever the real one is: it is denied on each of them, unless NO_PROXY keeps it away from agentsh. So NO_PROXY was not in effect."
	case port == "":
		r.text += " The log does not keep which port was asked for."
		r.propose(s, "8787")
	case slices.Contains(open, port):
		r.text += fmt.Sprintf(" Port %s is one of them: so DEBUG is off in the worker, its code is older, or it was started before the setting was there. NO_PROXY was not in effect either.", port)
		for _, o := range opened(s) {
			if o.port() == port {
				r.setting = o.setting
				r.evidence = append(r.evidence, environment.SeenAt(s, o.origin, o.setting+" is "+o.url.Redacted()))
			}
		}
	case known:
		r.text += fmt.Sprintf(" Port %s is none of them: %s opens it.", port, service.setting)
		r.propose(s, port)
	default:
		r.text += fmt.Sprintf(" Port %s is none of them, and no setting is known that opens it.", port)
	}
}

// propose adds what the setting that opens a port says now.
func (r *reason) propose(s *settings.Settings, port string) {
	service := behind[port]
	value, origin := s.Worker(service.setting)
	r.setting = service.setting
	if value == "" {
		r.unset = Opening{thisMachine, service.setting, service.value}
		r.evidence = append(r.evidence, checks.Evidence{
			Source:  "settings",
			Excerpt: fmt.Sprintf("%s is not set; it opens port %s as %s", service.setting, port, service.value),
		})
		return
	}
	r.evidence = append(r.evidence, environment.SeenAt(s, origin, service.setting+" is "+withoutUser(value)))
}

func withoutUser(value string) string {
	if u, err := url.Parse(value); err == nil {
		return u.Redacted()
	}
	return "a value that is no URL"
}

// openPorts are the ports of this machine that the newer policy lets an agent reach.
func openPorts(s *settings.Settings) []string {
	ports := slices.Clone(debugPorts)
	for _, o := range opened(s) {
		local := o.url.Hostname() == thisMachine || o.url.Hostname() == "localhost"
		if local && !slices.Contains(ports, o.port()) {
			ports = append(ports, o.port())
		}
	}
	return ports
}
