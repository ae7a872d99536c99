package sandbox_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/sandbox"
)

const machine = "host.docker.internal"

// refusing is the log of a silent agent whom somebody refused.
func refusing(host, port string, tool bool) pipeline.AgentLog {
	log := silentLog()
	log.Refused = []pipeline.LogRefusal{{Spot: pipeline.Spot{Line: 7, Time: minutesAgo(41)}, Host: host, Port: port, Times: 2, ByTool: tool}}
	return log
}

func TestRefusedConnections(t *testing.T) {
	allowed := refusing(machine, "8000", true)
	allowed.Network = []pipeline.NetworkEvents{{Events: []pipeline.NetworkEvent{event("allow", machine, "", "allow-debug-domains", "net_connect")}}}
	deniedToo := refusing(machine, "8000", true)
	deniedToo.Network = []pipeline.NetworkEvents{{Events: denied(machine, "")}}
	for name, test := range map[string]struct {
		log  pipeline.AgentLog
		ends func(*agent)
		here pipeline.Kind // how the port answers this machine; "" for well
		want []string
		says string
	}{
		"listens on loopback only":        {refusing(machine, "8000", true), inactive, "", []string{"SBX002 error < SBX010", "SBX010 error"}, "takes connections from this machine"},
		"by the gateway's address":        {refusing("172.17.0.1", "8787", true), inactive, "", []string{"SBX002 error < SBX010", "SBX010 error"}, "172.17.0.1:8787"},
		"let through, and refused":        {allowed, inactive, "", []string{"SBX002 error < SBX010", "SBX010 error"}, "ALLOW host.docker.internal"},
		"nothing listens":                 {refusing(machine, "8000", true), inactive, pipeline.Refused, []string{"SBX002 error < SBX010", "SBX010 error"}, "it is PostHog's own"},
		"a stale port of agentsh's proxy": {refusing("127.0.0.1", "36881", false), inactive, "", []string{"SBX002 error < SBX010", "SBX010 error"}, "agentsh's proxy"},
		"what a tool read somewhere":      {refusing("127.0.0.1", "36881", true), inactive, "", []string{"SBX002 error"}, ""},
		"a port that no agent needs":      {refusing(machine, "5432", true), inactive, "", []string{"SBX002 error"}, ""},
		"another host":                    {refusing("example.com", "8000", true), inactive, "", []string{"SBX002 error"}, ""},
		"denied":                          {deniedToo, inactive, "", []string{"SBX001 error", "SBX002 error < SBX001"}, ""},
		"it did its work":                 {refusing(machine, "8000", true), func(*agent) {}, "", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{agents: []agent{run("a", 40, "completed").with(test.ends).with(logged(test.log))}}.world()
			for _, port := range []string{"8000", "8787"} {
				w.Tell(pipeline.SupportReached.Is(machine+":"+port, pipeline.Reached{}))
				if test.here != "" {
					w.Tell(pipeline.SupportReached.Fails(machine+":"+port, test.here, errors.New("refused")))
				}
			}
			d := checkstest.Diagnose(w, agentChecks...)
			got := found(d)
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			var text strings.Builder
			for _, f := range d.Findings() {
				text.WriteString(said(f))
			}
			if !strings.Contains(text.String(), test.says) {
				t.Errorf("nothing is said of %q in\n%s", test.says, text.String())
			}
		})
	}
}

// A service that takes no connection from this machine either explains why it refuses agents.
func TestRefusedByAServiceThatIsDown(t *testing.T) {
	const address = machine + ":8787"
	w := told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(refusing(machine, "8787", true)))}}.world()
	w.Settings.Support = append(w.Settings.Support, supportAt("SANDBOX_MCP_URL", address))
	w.Tell(pipeline.SupportReached.Fails(address, pipeline.Refused, errors.New("refused")))
	checkstest.Run(w, sandbox.Refusals).Blames(t, "SVC006")

	unknown := told{agents: []agent{run("a", 40, "completed").with(inactive).with(logged(refusing(machine, "8000", true)))}}.world()
	unknown.Tell(pipeline.SupportReached.Fails(machine+":8000", pipeline.Failed, errors.New("no route")))
	checkstest.Run(unknown, sandbox.Refusals).Is(t, checks.Failed, "no route")
}

func supportAt(setting, address string) settings.Support {
	return settings.Support{
		Address: settings.Address{Setting: setting, URL: address, Origin: settings.Origin{Process: true}}, Name: "MCP server", Hosts: []string{address},
	}
}
