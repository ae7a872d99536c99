package settings

import (
	"strings"
	"testing"
)

func TestSupport(t *testing.T) {
	for name, test := range map[string]struct {
		environ []string
		want    string // of the service that the setting names
	}{
		"nothing is set":            {nil, "Redis localhost:6379, embedding worker localhost:3305, Kafka localhost:9092, LLM gateway localhost:3308, MCP server localhost:8787"},
		"a list of brokers":         {[]string{"KAFKA_HOSTS= kafka:9092 ,broker, SASL_SSL://third.example:9093"}, "Kafka kafka:9092,broker:9092,third.example:9093"},
		"a broker without a host":   {[]string{"KAFKA_HOSTS=,:9092"}, "Kafka "},
		"user, password and path":   {[]string{"REDIS_URL=redis://user:p,w@redis7/0"}, "Redis redis7:6379"},
		"a password that is no URL": {[]string{"REDIS_URL=redis://:p/w@redis7"}, "Redis "},
		"a port that is none":       {[]string{"EMBEDDING_API_URL=http://localhost:99999"}, "embedding worker "},
		"the port of HTTP":          {[]string{"EMBEDDING_API_URL=http://embeddings.example/v1"}, "embedding worker embeddings.example:80"},
		"IPv6":                      {[]string{"EMBEDDING_API_URL=http://[::1]:3305"}, "embedding worker [::1]:3305"},
		"a service of a sandbox":    {[]string{"SANDBOX_MCP_URL=http://host.docker.internal:8787/mcp"}, "MCP server host.docker.internal:8787"},
		"on this machine":           {[]string{"SANDBOX_LLM_GATEWAY_URL=http://127.0.0.2:3308"}, "LLM gateway 127.0.0.2:3308"},
		"PostHog's own":             {[]string{"SANDBOX_MCP_URL=https://mcp.posthog.com/mcp"}, "MCP server foreign mcp.posthog.com:443"},
		"another machine":           {[]string{"SANDBOX_LLM_GATEWAY_URL=http://192.168.1.7:3308"}, "LLM gateway foreign 192.168.1.7:3308"},
		"a sandbox's without host":  {[]string{"SANDBOX_MCP_URL=http://"}, "MCP server "},
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, Options{WorkingDir: t.TempDir(), Environ: test.environ})
			var got []string
			for _, service := range s.Support {
				if service.Origin.Default != (test.environ == nil) {
					continue
				}
				said := service.Name + " "
				if service.Foreign {
					said += "foreign "
				}
				got = append(got, said+service.URL)
				if service.URL != strings.Join(service.Hosts, ",") {
					t.Errorf("%s is not %v", service.URL, service.Hosts)
				}
			}
			if strings.Join(got, ", ") != test.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), test.want)
			}
		})
	}
}

// A worker gets what its shell has, and of bin/start's files the first one's.
func TestWhatAWorkerIsStartedWith(t *testing.T) {
	files := map[string]string{
		".env":             "A=env\nB=\nC=op://vault/c\n",
		".env.local":       "A=local\nB=local\nC=local\nD=op://vault/d\n",
		".env.development": "B=development\nD=development\nE=development\n",
		".env.services":    "B=services\nE=services\nF=services\nF=again\n",
	}
	folder := tree(t, files)
	s := load(t, Options{WorkingDir: folder, Environ: []string{"G=process", "H="}})
	for name, want := range map[string]string{
		"A": "env .env:1", "B": "local .env.local:2", "C": "local .env.local:3", "D": "development .env.development:2",
		"E": "development .env.development:3", "F": "again .env.services:4", "G": "process process environment", "H": " default", "I": " default",
	} {
		value, origin := s.Worker(name)
		if got := value + " " + strings.TrimPrefix(origin.String(), folder+"/"); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	named := load(t, Options{WorkingDir: folder, EnvFiles: []string{".env", ".env.services"}})
	if value, _ := named.Worker("A"); value != "env" {
		t.Errorf("of the files that are named: %q", value)
	}
	if value, _ := named.Worker("B"); value != "services" {
		t.Errorf("of the files that are named the last one wins, got %q", value)
	}
}
