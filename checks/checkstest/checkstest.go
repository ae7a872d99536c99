// Package checkstest lets a test run a check on a told pipeline: some answers, one check, and what it must make of them.
//
//	checkstest.Run(checkstest.World(broken), embeddings.Mutations).Reports(t, checks.CLK003)
//	checkstest.Run(checkstest.World(well), embeddings.Mutations).Silent(t)
package checkstest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// Team is the team whose signals are looked at.
const Team = 7

// When it is looked at, and how far back.
var (
	Now   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	Since = Now.Add(-24 * time.Hour)
)

// TeamSince asks for what the team has of that time.
var TeamSince = pipeline.TeamSince{Team: Team, Since: Since}

// World knows these answers and nothing else, except that every service that is not told of answers its greeting. Its
// Settings are empty, for a test to fill.
func World(answers ...pipeline.Answer) *pipeline.World {
	w := pipeline.Told(&settings.Settings{}, Now)
	w.Settings.ClickHouse.Embeddings = "posthog" // which no settings are without
	for _, greeting := range []pipeline.Fact[pipeline.Nothing, pipeline.Reached]{
		pipeline.TemporalReached, pipeline.ClickHouseReached, pipeline.ObjectStorageReached, pipeline.DockerReached, pipeline.PostgresReached,
	} {
		w.Tell(greeting.Is(pipeline.Nothing{}, pipeline.Reached{Version: "1.2.3"}))
	}
	w.Tell(answers...)
	return w
}

// Folder is a new folder with these files.
func Folder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// Run lets a check look at a world, after all that it waits for. The files are those of a commit, see [checks.Pass].
func Run(w *pipeline.World, c *checks.Check, files ...string) Outcome {
	d := diagnose(w, checks.Policy{}, files, c)
	return Outcome{d.Outcomes[len(d.Outcomes)-1]}
}

// RunAs lets a check look at a world as a team has agreed on.
func RunAs(policy checks.Policy, w *pipeline.World, c *checks.Check) Outcome {
	d := diagnose(w, policy, nil, c)
	return Outcome{d.Outcomes[len(d.Outcomes)-1]}
}

// Diagnose lets several checks look at a world, after all that they wait for.
func Diagnose(w *pipeline.World, all ...*checks.Check) *checks.Diagnosis {
	return diagnose(w, checks.Policy{}, nil, all...)
}

func diagnose(w *pipeline.World, policy checks.Policy, files []string, all ...*checks.Check) *checks.Diagnosis {
	d := checks.Run(context.Background(), checks.Selecting(all...), checks.Options{World: w, Team: Team, Since: Since, Files: files, Policy: policy})
	if err := checks.Unlinked(d); err != nil {
		panic(err)
	}
	return d
}
