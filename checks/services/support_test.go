package services_test

import (
	"errors"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/services"
)

// supported runs the check of the support services where each host of theirs gives its answer.
func supported(all []settings.Support, answers ...pipeline.Answer) checkstest.Outcome {
	w := checkstest.World(answers...)
	w.Settings.Support = all
	return checkstest.Run(w, services.Support)
}

func takes(host string) pipeline.Answer {
	return pipeline.SupportReached.Is(host, pipeline.Reached{Address: host})
}

func turnsDown(host string, kind pipeline.Kind) pipeline.Answer {
	return pipeline.SupportReached.Fails(host, kind, errors.New("so it is said"))
}

func TestSupport(t *testing.T) {
	const kafka, second, mcp = "kafka:9092", "broker.example:9092", "host.docker.internal:8787"
	brokers := func(origin settings.Origin, hosts ...string) settings.Support {
		address := settings.Address{Setting: "KAFKA_HOSTS", URL: strings.Join(hosts, ","), Origin: origin}
		return settings.Support{Name: "Kafka", Address: address, Hosts: hosts}
	}
	tools := settings.Support{Name: "MCP server", Address: settings.Address{Setting: "SANDBOX_MCP_URL", URL: mcp, Origin: inFile}, Hosts: []string{mcp}}
	foreign := tools
	foreign.Hosts, foreign.Foreign = []string{"mcp.posthog.com:443"}, true
	for name, test := range map[string]struct {
		all     []settings.Support
		answers []pipeline.Answer
		status  checks.Status
		says    string // title, stage, then the evidence
	}{
		"taken":                       {[]settings.Support{brokers(inFile, kafka), tools}, []pipeline.Answer{takes(kafka), takes(mcp)}, checks.Passed, ""},
		"one broker of two":           {[]settings.Support{brokers(inFile, kafka, second)}, []pipeline.Answer{turnsDown(kafka, pipeline.Refused), takes(second)}, checks.Passed, ""},
		"at its default":              {[]settings.Support{brokers(byDefault, kafka)}, []pipeline.Answer{takes(kafka)}, checks.Passed, ""},
		"nothing at its default":      {[]settings.Support{brokers(byDefault, kafka)}, []pipeline.Answer{turnsDown(kafka, pipeline.Refused)}, checks.Skipped, ""},
		"that, and one that is there": {[]settings.Support{brokers(byDefault, kafka), tools}, []pipeline.Answer{turnsDown(kafka, pipeline.Refused), takes(mcp)}, checks.Passed, ""},
		"silent at its default": {
			[]settings.Support{brokers(byDefault, kafka)},
			[]pipeline.Answer{turnsDown(kafka, pipeline.TimedOut)},
			checks.Failed, "Kafka takes no connection at kafka:9092: timed out | embeddings | default: KAFKA_HOSTS is not set, which means kafka:9092 | Kafka: kafka:9092: timed out",
		},
		"refused": {
			[]settings.Support{brokers(inFile, kafka), tools},
			[]pipeline.Answer{takes(kafka), turnsDown(mcp, pipeline.Refused)},
			checks.Failed, "MCP server takes no connection at host.docker.internal:8787: connection refused | sandbox | .env: SANDBOX_MCP_URL names host.docker.internal:8787 | MCP server: host.docker.internal:8787: connection refused",
		},
		"both brokers": {
			[]settings.Support{brokers(inFile, kafka, second)},
			[]pipeline.Answer{turnsDown(kafka, pipeline.Unresolvable), turnsDown(second, pipeline.Refused)},
			checks.Failed, "Kafka takes no connection at kafka:9092,broker.example:9092: unresolvable: so it is said | embeddings | .env: KAFKA_HOSTS names kafka:9092,broker.example:9092 | Kafka: kafka:9092: unresolvable: so it is said | Kafka: broker.example:9092: connection refused",
		},
		"an address that is none": {
			[]settings.Support{brokers(inFile)},
			nil,
			checks.Failed, "KAFKA_HOSTS names no host for Kafka | embeddings | .env: KAFKA_HOSTS has no host and port",
		},
		"on another machine":          {[]settings.Support{foreign}, nil, checks.Skipped, ""},
		"there, and one that is here": {[]settings.Support{brokers(inFile, kafka), foreign}, []pipeline.Answer{takes(kafka)}, checks.Passed, ""},
		"nothing is known":            {[]settings.Support{brokers(inFile, kafka)}, nil, checks.Unknown, ""},
		"the run was over":            {[]settings.Support{brokers(inFile, kafka), tools}, []pipeline.Answer{turnsDown(kafka, pipeline.RunOver), takes(mcp)}, checks.Unknown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := supported(test.all, test.answers...)
			var said []string
			for _, f := range o.Findings {
				said = append(said, f.Title, string(f.Stage))
				for _, e := range f.Evidence {
					said = append(said, e.Source+": "+e.Excerpt)
				}
				if f.Code != checks.SVC006 || f.Severity != checks.Warning || f.Detail == "" {
					t.Errorf("%s %s %q", f.Code, f.Severity, f.Detail)
				}
			}
			if got := strings.Join(said, " | "); o.Status != test.status || got != test.says {
				t.Errorf("%s (%s)\ngot  %s\nwant %s", o.Status, o.Reason, got, test.says)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	embedding := []string{"localhost:3305"}
	for name, test := range map[string]struct {
		subject []string
		message string
		want    bool
	}{
		"as aiohttp says it":     {embedding, "Cannot connect to host localhost:3305 ssl:default [Connect call failed ('127.0.0.1', 3305)]", true},
		"by its address alone":   {embedding, "[Errno 111] Connect call failed ('127.0.0.1', 3305)", true},
		"by IPv6":                {[]string{"127.0.0.1:3305"}, "dial tcp [::1]:3305: connection refused", true},
		"another port":           {embedding, "Cannot connect to host localhost:33055 or localhost:330", false},
		"another, then this one": {embedding, "localhost:33055, localhost:3305", true},
		"another host":           {embedding, "Cannot connect to host embeddings.example:3305", false},
		"the second broker":      {[]string{"kafka:9092", "broker.example:9092"}, "broker.example:9092/2: Connection refused", true},
		"a compose host":         {[]string{"redis://redis7:6379/"}, "Error 111 connecting to redis7:6379. Connection refused.", true},
		"a socket":               {[]string{"unix:///var/run/docker.sock"}, "dial unix /var/run/docker.sock: permission denied", true},
		"a URL":                  {[]string{"http://objectstorage:19000"}, "Could not connect to objectstorage:19000", true},
		"nothing":                {[]string{""}, "anything", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := services.Named(&checks.Finding{Subject: test.subject}, test.message); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
