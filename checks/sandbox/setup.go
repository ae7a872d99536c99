package sandbox

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"doctor/checks"
	"doctor/checks/services"
)

// Setup finds runs whose sandbox could not be made, or made ready, so that no agent ever began.
var Setup = &checks.Check{
	ID:       "sandbox.setup",
	Title:    "every sandbox is made ready, and its agent starts",
	Codes:    []checks.Code{checks.SBX007, checks.SBX008, checks.SBX013, checks.SBX015},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{Image, Memory, services.Docker},
	Reads:    []checks.Source{checks.Settings, checks.Optional(checks.Postgres), checks.Optional(checks.ObjectStorage), checks.Optional(checks.Docker), checks.Optional(checks.Temporal)},
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		for _, code := range []checks.Code{checks.SBX015, checks.SBX013, checks.SBX008, checks.SBX007} {
			for _, failed := range runs.parted(runs.failedBy(code)) {
				if !missing(p, code) {
					reportSetup(p, runs, code, failed)
				}
			}
		}
		for _, run := range runs.All {
			reportUnguarded(p, run)
			if run.SetupErr != nil {
				p.Incomplete("why %s failed: %v", run.Name(), run.SetupErr)
			}
		}
		return nil, nil
	},
}

// reportUnguarded tells of a sandbox in which agentsh runs and its proxy does not. It fails open: nothing stops the agent.
func reportUnguarded(p *checks.Pass, run *Run) {
	if at, ok := proxyFailed(run); ok {
		p.Report(checks.SBX008, run.ID, "proxy").As(checks.Info).
			Titlef("agentsh guarded nothing in the sandbox of %s: its proxy did not start", run.Name()).
			Detailf("Everything can be reached then, and nothing is recorded: that nothing was denied says nothing.").
			With(at)
	}
}

// missing reports whether the image that is not there says all: its own check tells of it then.
func missing(p *checks.Pass, code checks.Code) bool {
	image, _ := checks.ResultOf[ImageState](p, Image)
	return code == checks.SBX015 && image.Missing
}

// unready is what is said of a set-up that failed: of one run, and what follows from it.
var unready = map[checks.Code]struct{ title, detail string }{
	checks.SBX007: {"the agent server did not start in the sandbox of %s", "It is waited for until its health check answers. It printed nothing that says why."},
	checks.SBX008: {"agentsh did not start in the sandbox of %s", "Without it a sandbox with a network policy is not used. An older image lacks it, or the sqlite3 that it needs."},
	checks.SBX013: {"the repository could not be cloned for %s", "The credentials of the GitHub integration may be gone, or GitHub could not be reached from the sandbox."},
	checks.SBX015: {"no sandbox could be made for %s", "What the engine said of it stands in the worker's output only."},
}

// reportSetup makes one finding of all runs that failed in the same way: an activity that is tried again makes a new run.
func reportSetup(p *checks.Pass, runs *Runs, code checks.Code, failed []*Run) {
	newest := failed[0]
	who := newest.Name()
	if len(failed) > 1 {
		who = fmt.Sprintf("%d agents", len(failed))
	}
	said := unready[code]
	finding := p.Report(code, newest.ID).Titlef(said.title, who).Detailf("%s", said.detail)
	const shown = 3
	for _, run := range failed[:min(shown, len(failed))] {
		finding.With(run.Setup.At)
	}
	switch code {
	case checks.SBX007, checks.SBX008:
		explainPrograms(p, finding, newest, code)
	case checks.SBX015:
		explainUnmade(p, finding)
	case checks.SBX013:
		if newest.Status != "failed" {
			finding.As(checks.Warning)
		}
	}
	if proof, ok := endedWellSince(runs, newest); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}

// reasons are what programs print when they cannot start, and what that means.
var reasons = sync.OnceValue(func() []startTrouble {
	return []startTrouble{
		{rejected, "The agent server in the image does not know an option that the code hands to it: it is older than the code."},
		{regexp.MustCompile(`(?i)EADDRINUSE|address already in use`), "Its port is taken within the sandbox."},
		{regexp.MustCompile(`(?i)heap out of memory|\bkilled\b|ENOMEM|cannot allocate memory`), "It ran out of memory."},
		{regexp.MustCompile(`(?i)cannot find module|MODULE_NOT_FOUND|not found|no such file`), "The image lacks something that it needs."},
	}
})

type startTrouble struct {
	words *regexp.Regexp
	means string
}

// explainPrograms adds what the programs of the sandbox had to say, and what explains that.
func explainPrograms(p *checks.Pass, finding *checks.Finding, run *Run, code checks.Code) {
	program := "agent-server"
	if code == checks.SBX008 {
		program = "agentsh"
	}
	lines := run.trouble(program)
	finding.With(lines...)
	if code == checks.SBX007 {
		finding.CausedBy(About(p.Findings(Memory), run)...)
	}
	for _, image := range p.Findings(Image) {
		if image.Code == checks.SBX014 {
			finding.CausedBy(image)
		}
	}
	for _, reason := range reasons() {
		for _, line := range lines {
			if reason.words.MatchString(line.Excerpt) {
				finding.Detailf("%s", reason.means)
				return
			}
		}
	}
}

// explainUnmade tells of an engine that does not answer, and of sandboxes that are not made here at all.
func explainUnmade(p *checks.Pass, finding *checks.Finding) {
	finding.CausedBy(p.Findings(services.Docker)...)
	if provider := p.World.Settings.Docker.Provider; !strings.EqualFold(provider, "docker") {
		finding.Detailf("SANDBOX_PROVIDER is %q, so that sandboxes may be made elsewhere, by Modal: that needs MODAL_TOKEN_ID and MODAL_TOKEN_SECRET.", provider)
	}
}
