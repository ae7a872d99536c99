package environment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// agentFolders are the settings that make the sandbox build its agent from a local checkout. Where they name no such
// folder, every sandbox is refused (products/tasks/backend/logic/services/docker_sandbox.py); the older one has been renamed.
var agentFolders = []string{"LOCAL_POSTHOG_CODE_MONOREPO_ROOT", "LOCAL_TWIG_MONOREPO_ROOT"}

// Placeholders finds settings that were copied from .env.example and never filled in. A plain default that both files
// have, such as DEBUG or the keys that are meant for development, is none.
var Placeholders = &checks.Check{
	ID:     "environment.placeholders",
	Title:  "no setting is still a placeholder of .env.example",
	Codes:  []checks.Code{checks.ENV005},
	Reads:  []checks.Source{checks.Settings},
	Static: true,
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		set := p.World.Settings
		if len(set.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		if set.Example.Problem != "" {
			p.Incomplete("%s", set.Example.Problem)
		}
		for _, name := range agentFolders {
			if at, there := effective(set, name); there && isExamplePath(at.Value) {
				reportPlaceholder(p, name, at, nil)
			}
		}
		var told []string
		for _, line := range set.Example.Lines {
			if slices.Contains(agentFolders, line.Name) || isKey(line.Name) || slices.Contains(told, line.Name) || !redact.Placeholder(line.Value) {
				continue
			}
			if at, there := effective(set, line.Name); there && at.Value == line.Value {
				told = append(told, line.Name)
				reportPlaceholder(p, line.Name, at, &line)
			}
		}
		return nil, nil
	},
}

// effective is where a setting gets the value that the pipeline's commands see.
func effective(set *settings.Settings, name string) (settings.Sighting, bool) {
	seen := set.Seen(name)
	at := slices.IndexFunc(seen, func(s settings.Sighting) bool { return s.Effective })
	if at < 0 {
		return settings.Sighting{}, false
	}
	return seen[at], true
}

// isKey reports whether a setting is a model's key: [APIKeys] knows what follows from a placeholder there.
func isKey(name string) bool {
	return slices.ContainsFunc(keys, func(k key) bool { return k.setting == name })
}

func isExamplePath(value string) bool { return strings.HasPrefix(value, "/path/to/") }

// reportPlaceholder tells of one setting; example is the line that it was copied from.
func reportPlaceholder(p *checks.Pass, name string, at settings.Sighting, example *settings.Line) {
	set := p.World.Settings
	where := SeenAt(set, at.Origin, fmt.Sprintf("%s=%.60q", name, at.Value))
	f := p.Report(checks.ENV005, where.Source, name).
		Titlef("%s is still a placeholder %s", name, in(where.Source)).
		With(where)
	if example != nil {
		f.With(SeenAt(set, settings.Origin{File: set.Example.Path, Line: example.Number}, "has the same value"))
		return
	}
	f.At(checks.Sandbox).
		Detailf("A sandbox wants its agent from that folder, and ends at once where there is none: %s is invalid. Unset, the published agent is used.", name)
}
