package sandbox

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
)

// Image finds out whether the image that sandboxes are made from is missing, or older than the code. The engine is asked
// only where a set-up failed in a way that this can explain. The result is an [ImageState].
var Image = &checks.Check{
	ID:       "sandbox.image",
	Title:    "the image of the sandboxes is there, and is what the code wants",
	Codes:    []checks.Code{checks.SBX009, checks.SBX014},
	Requires: []*checks.Check{AgentRuns},
	After:    []*checks.Check{environment.Placeholders},
	Reads:    []checks.Source{checks.Optional(checks.Postgres), checks.Optional(checks.Docker), checks.Optional(checks.Machine)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*Runs](p, AgentRuns)
		unmade := runs.latest(checks.SBX009, checks.SBX015)
		unstarted := runs.latest(checks.SBX007, checks.SBX008)
		if len(unmade)+len(unstarted) == 0 {
			return ImageState{}, nil
		}
		image := &madeFrom{name: imageOf(append(slices.Clone(unmade), unstarted...))}
		if runs.Docker {
			var err error
			image.Image, err = p.World.Docker.Image(ctx, image.name)
			image.known = err == nil
			if err != nil {
				p.Incomplete("whether the image is there: %v", err)
			}
		}
		missing := image.known && !image.Present
		said := slices.ContainsFunc(unmade, func(run *Run) bool { return run.Setup.Code == checks.SBX009 })
		if said || missing && len(unmade) > 0 {
			image.reportMissing(p, runs, unmade)
		}
		if len(unstarted) > 0 {
			if err := image.judgeAge(ctx, p, runs, unstarted); err != nil {
				p.Incomplete("whether the image is older than the code: %v", err)
			}
		}
		return ImageState{Missing: missing}, nil
	},
}

// ImageState is what is known of the image.
type ImageState struct {
	Missing bool // the engine does not have it
}

// failedBy are the runs whose set-up failed in one of these ways, newest first.
func (r *Runs) failedBy(codes ...checks.Code) []*Run {
	var failed []*Run
	for _, run := range r.All {
		if run.Setup != nil && slices.Contains(codes, run.Setup.Code) {
			failed = append(failed, run)
		}
	}
	return failed
}

// latest are those of [Runs.failedBy] that last, or when none does those that are over.
func (r *Runs) latest(codes ...checks.Code) []*Run {
	if parts := r.parted(r.failedBy(codes...)); len(parts) > 0 {
		return parts[0]
	}
	return nil
}

const (
	// baseImage is what sandboxes are made from where nothing says otherwise, and baseDockerfile what it is built from
	// (products/tasks/backend/logic/services/docker_sandbox.py).
	baseImage      = "posthog-sandbox-base"
	baseDockerfile = "products/tasks/backend/sandbox/images/Dockerfile.sandbox-base"
	// localRoot is the folder that another image is built from; .env.example has a placeholder for it.
	localRoot = "LOCAL_POSTHOG_CODE_MONOREPO_ROOT"
)

var quotedImage = regexp.MustCompile(`^Sandbox image '([\w./:@-]+)'`)

// longestImage is how long an image's name may be, in bytes.
const longestImage = 200

// imageOf is the image that the sandboxes of these runs were to be made from, as far as one of them tells.
func imageOf(runs []*Run) string {
	for _, run := range runs {
		if named := quotedImage.FindStringSubmatch(run.Setup.Said); named != nil && len(named[1]) <= longestImage {
			return named[1]
		}
		if run.Sandbox != nil && run.Sandbox.Image != "" {
			return run.Sandbox.Image
		}
	}
	return baseImage
}

// madeFrom is the image that sandboxes are made from.
type madeFrom struct {
	pipeline.Image
	name  string
	known bool // the engine has told of it
}

func (m *madeFrom) reportMissing(p *checks.Pass, runs *Runs, unmade []*Run) {
	newest := unmade[0]
	finding := p.Report(checks.SBX009, m.name).
		Titlef("the image %s is not there, and no sandbox can be made from it", m.name).
		Detailf("It is built on this machine when it is first needed, and never fetched: that build has failed. The worker's output has its end.").
		With(newest.Setup.At)
	if strings.HasPrefix(newest.Setup.Said, localRoot) {
		finding.Titlef("the image of the sandboxes cannot be built: %s", newest.Setup.Said).
			CausedBy(naming(p.Findings(environment.Placeholders), localRoot)...)
	}
	if m.known {
		finding.With(m.seen(p))
	}
	if proof, ok := endedWellSince(runs, newest); ok {
		finding.Causes = nil
		finding.Healed(proof)
	}
}

// naming chooses the findings that are about a setting.
func naming(findings []*checks.Finding, setting string) []*checks.Finding {
	return slices.DeleteFunc(findings, func(f *checks.Finding) bool { return !slices.Contains(f.Subject, setting) })
}

// seen is the evidence of how the engine has the image.
func (m *madeFrom) seen(p *checks.Pass) checks.Evidence {
	e := checks.Evidence{Source: "Docker", Excerpt: "there is no image " + m.name, Time: p.World.Now}
	if m.Present {
		e.Excerpt, e.Time = m.name+" was built", m.Created
		if m.Agent != "" {
			e.Excerpt += " with @posthog/agent " + m.Agent
		}
	}
	return e
}

// rejected is how a program says that it does not know what the code hands to it.
var rejected = regexp.MustCompile(`(?i)unknown option|unrecognized (option|argument)`)

// judgeAge finds out whether the image is older than the code: its Dockerfile has changed since, or the agent server in it
// does not know an option.
func (m *madeFrom) judgeAge(ctx context.Context, p *checks.Pass, runs *Runs, unstarted []*Run) error {
	var older []checks.Evidence
	if m.known && m.Present && m.name == baseImage && m.Dockerfile != "" {
		sum, err := p.World.Machine.Sum(ctx, baseDockerfile)
		if err != nil {
			return err
		}
		if sum != "" && sum != m.Dockerfile {
			older = append(older, checks.Evidence{Source: "PostHog folder", Locator: checks.Locator{File: baseDockerfile}, Excerpt: "its Dockerfile has changed since the image was built", Time: p.World.Now})
		}
	}
	for _, run := range unstarted {
		for _, line := range run.trouble("agent-server") {
			if rejected.MatchString(line.Excerpt) {
				older = append(older, line)
			}
		}
	}
	if len(older) == 0 {
		return nil
	}
	finding := p.Report(checks.SBX014, m.name).
		Titlef("the image %s is older than the code", m.name).
		Detailf("An image that is there is not built anew by itself. What is in it may not know what the code asks of it.").
		With(older[:min(3, len(older))]...)
	if m.known && m.Present {
		finding.With(m.seen(p))
	}
	if proof, ok := endedWellSince(runs, unstarted[0]); ok {
		finding.Healed(proof)
	}
	return nil
}
