package settings

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// ComposeHosts are the services' names in docker-compose.dev.yml. They are defaults on the host as well, where /etc/hosts
// should say that they are 127.0.0.1.
var ComposeHosts = []string{"clickhouse", "db", "kafka", "objectstorage", "redis7", "temporal"}

// ContainersHost is what a container calls the machine that it runs on.
const ContainersHost = "host.docker.internal"

// Support is a service that the pipeline leans on beside those that hold its data.
type Support struct {
	Name    string   // what people call it
	Address          // its URL is what Hosts say, with commas between them
	Hosts   []string // host:port each, any one of which will do; none when the setting names no host
	Foreign bool     // a sandbox's service that is on another machine than this one
}

// supports are the support services, in the order in which a signal needs them. PostHog's defaults are ports of this
// machine, and two that are unset by default are addresses as a sandbox sees them.
var supports = []struct {
	name, setting, port string
	list, sandbox       bool
}{
	{name: "Redis", setting: "REDIS_URL", port: "6379"},                    // posthog/settings/data_stores.py
	{name: "embedding worker", setting: "EMBEDDING_API_URL", port: "3305"}, // rust/embedding-worker/src/config.rs
	{name: "Kafka", setting: "KAFKA_HOSTS", port: "9092", list: true},      // posthog/settings/data_stores.py
	{name: "LLM gateway", setting: "SANDBOX_LLM_GATEWAY_URL", port: "3308", sandbox: true},
	{name: "MCP server", setting: "SANDBOX_MCP_URL", port: "8787", sandbox: true}, // .env.example
}

// support tells where the support services are. A setting that holds no address is a mistake for a check to report, and
// none that the doctor has to give up on.
func (s *Settings) support() []Support {
	var all []Support
	for _, of := range supports {
		value, origin := s.Worker(of.setting)
		given := []string{cmp.Or(value, "localhost:"+of.port)}
		if of.list {
			given = strings.Split(given[0], ",")
		}
		service := Support{Name: of.name}
		for _, one := range given {
			if host, ok := hostPort(one, of.port); ok {
				service.Hosts = append(service.Hosts, host)
			}
		}
		service.Address = Address{of.setting, strings.Join(service.Hosts, ","), origin}
		service.Foreign = of.sandbox && len(service.Hosts) > 0 && !isLocal(service.Hosts[0])
		all = append(all, service)
	}
	return all
}

// hostPort reads a URL, or a host with its port. Of an address without a port the URL's scheme tells it, if anything does.
func hostPort(address, port string) (string, bool) {
	address = strings.TrimSpace(address)
	if scheme, rest, isURL := strings.Cut(address, "://"); isURL {
		address = rest
		port = cmp.Or(map[string]string{"http": "80", "https": "443"}[strings.ToLower(scheme)], port)
	}
	u, err := url.Parse("//" + address)
	if err != nil || u.Hostname() == "" || u.Port() != "" && !isPort(u.Port()) {
		return "", false
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), true
}

// isLocal reports whether a host:port is one of this machine's.
func isLocal(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || host == "localhost" || host == ContainersHost || slices.Contains(ComposeHosts, host)
}
