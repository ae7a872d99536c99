package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
)

// Network finds hosts that the sandbox's network policy denied to an agent. A run that ended well got what it needed, and
// is not looked at. The result is the settings that would have opened what was denied and are not set, as []Opening.
var Network = &checks.Check{
	ID:       "sandbox.network",
	Title:    "the network policy lets every agent reach what it needs",
	Codes:    []checks.Code{checks.SBX001},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{environment.Workers},
	Reads:    []checks.Source{checks.Settings, checks.Optional(checks.ObjectStorage), checks.Optional(checks.Docker), checks.Optional(checks.Postgres)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		var unset []Opening
		for _, d := range denials(runs) {
			if o := d.report(p, runs); o.Setting != "" {
				unset = append(unset, o)
			}
		}
		return unset, nil
	},
}

// Opening is a setting that opens a host to the agents.
type Opening struct {
	Host           string
	Setting, Value string
}

// denial is a host that agents could not reach.
type denial struct {
	host    string
	tries   []attempt // newest first
	plain   int       // how many requests were plain http, which agentsh writes down before it decides
	allowed time.Time // when it was last let through instead
}

// attempt is one time that an agent was turned down.
type attempt struct {
	pipeline.NetworkEvent
	run *Run
	at  checks.Locator
}

// denials collects what was denied, by host; the host that was denied last comes first.
func denials(runs *Runs) []*denial {
	var all []*denial
	of := func(host string) *denial {
		for _, d := range all {
			if d.host == host {
				return d
			}
		}
		d := &denial{host: host}
		all = append(all, d)
		return d
	}
	for _, run := range runs.All {
		for event, at := range run.network {
			switch {
			case event.Denied():
				d := of(event.Host)
				d.tries = append(d.tries, attempt{event, run, at})
			case event.Decision == "" && (event.Type == "net_http_request" || event.Type == ""):
				of(event.Host).plain++
			case letThrough(event):
				d := of(event.Host)
				d.allowed = latest(d.allowed, event.Time)
			}
		}
	}
	var parted []*denial
	for _, d := range all {
		parted = append(parted, d.parted(runs)...)
	}
	return parted
}

// parted parts the attempts as [Runs.parted] does their runs.
func (d *denial) parted(runs *Runs) []*denial {
	var denied []*Run
	for _, one := range d.tries {
		if !slices.Contains(denied, one.run) {
			denied = append(denied, one.run)
		}
	}
	var all []*denial
	for _, part := range runs.parted(denied) {
		of := *d
		of.tries = slices.DeleteFunc(slices.Clone(d.tries), func(one attempt) bool { return !slices.Contains(part, one.run) })
		all = append(all, &of)
	}
	return all
}

// letThrough tells an allowed attempt from the ALLOW that nearly every denied host has as well: names are looked up
// whatever comes of it, under a rule that only watches.
func letThrough(e pipeline.NetworkEvent) bool {
	return e.Decision == "allow" && e.Type != "dns_query" && e.Rule != "dns-monitor-only"
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// network is what is known of a run's network, from its log and from its sandbox, newest first.
func (r *Run) network(yield func(pipeline.NetworkEvent, checks.Locator) bool) {
	for _, event := range r.Events {
		if !yield(event, checks.Locator{Container: r.Sandbox.Name}) {
			return
		}
	}
	if r.Log == nil {
		return
	}
	for _, message := range slices.Backward(r.Log.Network) {
		for _, event := range message.Events {
			if !yield(event, r.At(message.Spot)) {
				return
			}
		}
	}
}

func proxyFailed(run *Run) (checks.Evidence, bool) {
	for event, at := range run.network {
		if event.Failed() {
			return checks.Evidence{Source: source(at), Locator: at, Excerpt: "net_proxy_failed", Time: event.Time}, true
		}
	}
	return checks.Evidence{}, false
}

// source is what a piece of evidence about a run is called.
func source(at checks.Locator) string {
	if at.Container != "" {
		return "event store"
	}
	return "agent log"
}

// report makes a finding of a host that was denied. Of the same host in several runs it is one: the policy is the same.
func (d *denial) report(p *checks.Pass, runs *Runs) Opening {
	newest := d.tries[0]
	why := explain(p.World.Settings, d)
	finding := p.Report(checks.SBX001, newest.run.ID, d.host).
		Titlef("agentsh denied %s to the %s (rule %s)", why.target, newest.run.Name(), newest.Rule).
		Detailf("%s", why.text)
	for _, one := range d.firstOfEachRun() {
		finding.With(checks.Evidence{
			Source:  source(one.at),
			Locator: one.at,
			Excerpt: fmt.Sprintf("DENY %s in %s%s", hostPort(one.NetworkEvent), one.run.Name(), d.repeated(one.run)),
			Time:    one.Time,
		})
	}
	finding.With(why.evidence...)
	if !needed(p.World.Settings, d.host) {
		finding.As(checks.Info).Detailf("Nothing that an agent needs is there, as far as is known.")
		return Opening{}
	}
	finding.CausedBy(environment.Unread(p, why.setting)...)
	if proof, ok := d.over(runs); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
	return why.unset
}

// firstOfEachRun is the newest attempt of each run that made one, of the newest few runs.
func (d *denial) firstOfEachRun() []attempt {
	const shown = 3
	var first []attempt
	for _, one := range d.tries {
		if !slices.ContainsFunc(first, func(a attempt) bool { return a.run == one.run }) && len(first) < shown {
			first = append(first, one)
		}
	}
	return first
}

// repeated says how many connections a run tried: one that fails leaves several events.
func (d *denial) repeated(run *Run) string {
	n := 0
	for _, one := range d.tries {
		if one.run == run && one.Type != "dns_query" {
			n++
		}
	}
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(", %d times", n)
}

// over looks for proof that the agents reach the host again, or do without it: it was let through since, or a later run
// ended well.
func (d *denial) over(runs *Runs) (checks.Evidence, bool) {
	newest := d.tries[0]
	if d.allowed.After(newest.Time) {
		return checks.Evidence{Source: source(newest.at), Locator: newest.at, Excerpt: d.host + " was let through since", Time: d.allowed}, true
	}
	return endedWellSince(runs, newest.run)
}

// endedWellSince finds a run of the same purpose that began later and ended well.
func endedWellSince(runs *Runs, run *Run) (checks.Evidence, bool) {
	for _, later := range runs.All {
		if later.EndedWell() && later.Purpose == run.Purpose && later.Created.After(run.Created) {
			return checks.Evidence{Source: "Postgres", Excerpt: later.Name() + " ended well since", Time: later.Updated}, true
		}
	}
	return checks.Evidence{}, false
}

// parted parts runs that failed in the same way, newest first: those since which none of the same purpose has ended well, and
// those for which one has. What was over once does not go on when something fails anew. There is no empty part.
func (r *Runs) parted(failed []*Run) [][]*Run {
	var lasting, over []*Run
	for _, run := range failed {
		if _, ok := endedWellSince(r, run); ok {
			over = append(over, run)
		} else {
			lasting = append(lasting, run)
		}
	}
	return slices.DeleteFunc([][]*Run{lasting, over}, func(part []*Run) bool { return len(part) == 0 })
}

func hostPort(e pipeline.NetworkEvent) string {
	if e.Port == "" {
		return e.Host
	}
	if strings.Contains(e.Host, ":") {
		return "[" + e.Host + "]:" + e.Port
	}
	return e.Host + ":" + e.Port
}
