package sandbox

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Refusals finds services of this machine that refused an agent's connection, with no denial of the network policy: they
// listen where no sandbox reaches them, or not at all, or the way through agentsh's proxy leads nowhere. Of the runs that
// did not end well only.
var Refusals = &checks.Check{
	ID:       "sandbox.refusals",
	Title:    "the services of this machine take the agents' connections",
	Codes:    []checks.Code{checks.SBX010},
	Requires: []*checks.Check{AgentRuns, services.ObjectStorage},
	After:    []*checks.Check{Network, services.Support},
	Reads:    []checks.Source{checks.Settings, checks.ObjectStorage, checks.Optional(checks.Postgres), checks.Optional(checks.Docker), checks.Optional(checks.Support)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		for _, one := range refusals(p, runs) {
			one.report(ctx, p, runs)
		}
		return nil, nil
	},
}

// refusal is a port at which agents were refused.
type refusal struct {
	host, port string
	proxy      bool // it is within the sandbox itself: agentsh's proxy
	over       bool // other agents have ended well since
	runs       []*Run
	last       []pipeline.LogRefusal // of each of the runs
}

// refusals collects them by port, for this machine has several names and addresses; those that are over apart.
func refusals(p *checks.Pass, runs *Runs) []*refusal {
	var all []*refusal
	wanted := openPorts(p.World.Settings)
	wanted = append(wanted, "8787", "3308")
	for _, run := range runs.All {
		if run.Log == nil || run.EndedWell() {
			continue
		}
		_, over := endedWellSince(runs, run)
		for _, one := range run.Log.Refused {
			proxy := loopback(one.Host) && !one.ByTool && ephemeral(one.Port)
			ofMachine := fromSandbox(one.Host) && slices.Contains(wanted, one.Port)
			if !proxy && !ofMachine || run.denied(one) {
				continue
			}
			same := slices.IndexFunc(all, func(r *refusal) bool { return r.proxy == proxy && r.over == over && (proxy || r.port == one.Port) })
			if same < 0 {
				all = append(all, &refusal{host: one.Host, port: one.Port, proxy: proxy, over: over})
				same = len(all) - 1
			}
			all[same].runs, all[same].last = append(all[same].runs, run), append(all[same].last, one)
		}
	}
	return all
}

// ephemeral reports whether a port is one that is given out for a while, as that of agentsh's proxy is; the agent server has
// one of them for good.
func ephemeral(port string) bool {
	number, err := strconv.Atoi(port)
	return err == nil && number >= 32768 && number != 47821
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// fromSandbox reports whether a host is this machine as a container has it: by the name that it is given there, or by the
// address of Docker's gateway that the name stands for.
func fromSandbox(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == thisMachine || err == nil && ip.IsPrivate()
}

// denied reports whether the network policy denied the run that place: then it is no refusal of the service's.
func (r *Run) denied(one pipeline.LogRefusal) bool {
	for event := range r.network {
		if event.Denied() && (event.Host == one.Host || event.Host == thisMachine && fromSandbox(one.Host)) && (event.Port == "" || event.Port == one.Port) {
			return true
		}
	}
	return false
}

func (r *refusal) report(ctx context.Context, p *checks.Pass, runs *Runs) {
	newest := r.runs[0]
	finding := p.Report(checks.SBX010, newest.ID, r.port).
		Titlef("%s refused the %s, and no policy denied it", net.JoinHostPort(r.host, r.port), newest.Name())
	const shown = 3
	for i, run := range r.runs[:min(shown, len(r.runs))] {
		one := r.last[i]
		finding.With(checks.Evidence{
			Source: "agent log", Locator: run.At(one.Spot), Time: one.Time,
			Excerpt: fmt.Sprintf("%s refused a connection of %s, %s", one.Address(), run.Name(), checks.Count(one.Times, "time")),
		})
	}
	if let, ok := letThroughTo(newest); ok {
		finding.With(let)
	}
	if r.proxy {
		finding.Detailf("That is agentsh's proxy within the sandbox, which has a port for each session. The port was stale. Newer code keeps this machine out of the proxy by NO_PROXY.")
	} else {
		r.tryFromHere(ctx, p, finding)
	}
	if proof, ok := endedWellSince(runs, newest); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}

// tryFromHere tells a service that only this machine reaches from one that is not there.
func (r *refusal) tryFromHere(ctx context.Context, p *checks.Pass, finding *checks.Finding) {
	address := net.JoinHostPort(thisMachine, r.port)
	for _, down := range p.Findings(services.Support) {
		if services.Named(down, address) {
			finding.CausedBy(down).Detailf("The service takes no connection from this machine either.")
			return
		}
	}
	_, err := p.World.Support.Connect(ctx, address)
	switch kind := pipeline.KindOf(err); {
	case err == nil:
		finding.Detailf("The service takes connections from this machine. So it listens on 127.0.0.1 alone, which no sandbox on Linux reaches, or a firewall keeps Docker's network out.").
			With(checks.Evidence{Source: "here", Locator: checks.Locator{URL: address}, Excerpt: "port " + r.port + " of this machine takes connections", Time: p.World.Now})
	case kind == pipeline.Refused:
		finding.Detailf("Nothing listens at port %s of this machine now: %s.", r.port, meantFor(r.port)).
			With(checks.Evidence{Source: "here", Locator: checks.Locator{URL: address}, Excerpt: "connection refused", Time: p.World.Now})
	default:
		p.Incomplete("whether port %s of this machine takes connections: %v", r.port, err)
	}
}

// meantFor says whose port it is.
func meantFor(port string) string {
	switch port {
	case "8000", "8010":
		return "it is PostHog's own"
	case "8787":
		return "it is the MCP server's"
	case "3308":
		return "it is the LLM gateway's"
	}
	return "one of the SANDBOX_*_URL settings names it"
}

// letThroughTo is the evidence that agentsh let a run through to this machine.
func letThroughTo(run *Run) (checks.Evidence, bool) {
	for event, at := range run.network {
		if letThrough(event) && event.Host == thisMachine {
			return checks.Evidence{Source: source(at), Locator: at, Excerpt: strings.TrimSpace("ALLOW " + hostPort(event) + " (rule " + event.Rule + ")"), Time: event.Time}, true
		}
	}
	return checks.Evidence{}, false
}
