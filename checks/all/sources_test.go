package all

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/capture"
	"doctor/checks/pipeline/settings"
)

// recorder notes which sources each check reads, and how it ends.
type recorder struct {
	mu    sync.Mutex
	reads map[string]map[pipeline.Source]string // by check and source, in which world it was read first
	said  map[checks.Code]string                // in which world it was reported first
	well  map[checks.Code]string                // in which world it was looked for, and not found
}

func (r *recorder) note(c *checks.Check, s pipeline.Source, world string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.reads[c.ID] == nil {
		r.reads[c.ID] = map[pipeline.Source]string{}
	}
	if r.reads[c.ID][s] == "" {
		r.reads[c.ID][s] = world
	}
}

// watch lets a check look as it does, but not unnoticed. Settings are no question to anybody: who reads them is a check that
// cannot look without. What it takes note of goes to *world, until the test is over.
func (r *recorder) watch(t *testing.T, c *checks.Check, world *string) {
	look := c.Run
	t.Cleanup(func() { c.Run = look })
	c.Run = func(ctx context.Context, p *checks.Pass) (any, error) {
		ctx = pipeline.Watched(ctx, func(s pipeline.Source) { r.note(c, s, *world) })
		if blind := *p; !ends(func() {
			blind.World = without(p.World)
			_, _ = look(ctx, &blind)
		}) {
			r.note(c, pipeline.SourceSettings, *world)
		}
		return look(ctx, p)
	}
}

// without is a world whose settings nobody can read.
func without(w *pipeline.World) *pipeline.World {
	return &pipeline.World{
		Now: w.Now, Temporal: w.Temporal, ClickHouse: w.ClickHouse, Objects: w.Objects, Docker: w.Docker,
		Postgres: w.Postgres, Support: w.Support, Machine: w.Machine, Git: w.Git,
	}
}

func ends(f func()) (well bool) {
	defer func() { well = recover() == nil }()
	f()
	return true
}

// seen is one pipeline, and what its team has agreed on.
type seen struct {
	name   string
	world  *pipeline.World
	team   int64
	since  time.Time
	policy checks.Policy
}

func (r *recorder) diagnose(s seen) {
	options := checks.Options{World: s.world, Team: s.team, Since: s.since, Policy: s.policy}
	for _, o := range checks.Run(context.Background(), checks.Selecting(All()...), options).Outcomes {
		for _, code := range o.Check.Codes {
			found := slices.ContainsFunc(o.Findings, func(f *checks.Finding) bool { return f.Code == code })
			if found && r.said[code] == "" {
				r.said[code] = s.name
			}
			if looked := o.Status == checks.Passed || o.Status == checks.Failed && o.Reason == ""; looked && !found && r.well[code] == "" {
				r.well[code] = s.name
			}
		}
	}
}

// told are the pipelines that no capture can be of: of a service that the lab shares, of a commit, of what is suppressed.
func told() []seen {
	var all []seen
	tell := func(name string, policy checks.Policy, answers ...pipeline.Answer) {
		w := checkstest.World(answers...)
		w.Settings.Docker.Provider, w.Settings.ObjectStorage.Enabled = "docker", true
		for _, to := range []*settings.Address{
			&w.Settings.Temporal.Address, &w.Settings.ClickHouse.Address, &w.Settings.ObjectStorage.Address, &w.Settings.Docker.Address, &w.Settings.Postgres.Address,
		} {
			*to = settings.Address{Setting: "SERVICE_HOST", URL: "http://service.example:1", Origin: settings.Origin{File: ".env", Line: 1}}
		}
		all = append(all, seen{name, w, checkstest.Team, checkstest.Since, policy})
	}
	for _, greeting := range []pipeline.Fact[pipeline.Nothing, pipeline.Reached]{
		pipeline.TemporalReached, pipeline.ClickHouseReached, pipeline.ObjectStorageReached, pipeline.DockerReached, pipeline.PostgresReached,
	} {
		tell("without "+string(greeting.Source), checks.Policy{}, greeting.Fails(pipeline.Nothing{}, pipeline.Refused, errors.New("connection refused")))
	}
	tell("with a socket that may not be opened", checks.Policy{}, pipeline.DockerReached.Fails(pipeline.Nothing{}, pipeline.Forbidden, errors.New("permission denied")))
	full := []pipeline.Disk{{Path: "/var/lib/docker", Free: 1 << 20, Total: 1 << 40}}
	tell("with a full disk", checks.Policy{}, pipeline.MachineDisks.Is([]string{"/var/lib/docker"}, full), pipeline.ClickHouseDisks.Is(pipeline.Nothing{}, nil))
	staged := func(files ...pipeline.StagedFile) pipeline.Answer {
		return pipeline.StagedFiles.Is(nil, pipeline.Staged{Files: files})
	}
	token := []byte("ghp_") // which stands nowhere as a whole
	for source := rand.New(rand.NewPCG(2, 2)); len(token) < 40; {
		token = append(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[source.IntN(62)])
	}
	tell("a commit", checks.Policy{}, staged(pipeline.StagedFile{Path: "README.md", Text: "words"}))
	tell("a commit of what should not be there", checks.Policy{}, staged(
		pipeline.StagedFile{Path: ".doctor/journal", Text: "words"},
		pipeline.StagedFile{Path: "products/signals/eval/fixtures/zendesk_tickets.json", Text: "{}"},
		pipeline.StagedFile{Path: "config.py", Text: "KEY = '" + string(token) + "'"},
	), pipeline.GitContents.Is([]string{"MERGE_HEAD:config.py", "CHERRY_PICK_HEAD:config.py", "REBASE_HEAD:config.py"}, []string{"", "", ""}))
	tomorrow, yesterday := checkstest.Now.AddDate(0, 0, 1), checkstest.Now.AddDate(0, 0, -1)
	for _, until := range []time.Time{tomorrow, yesterday} {
		tell("with a suppression", checks.Policy{Suppressions: []*checks.Suppression{{Code: checks.SVC001, Until: until}}})
	}
	return all
}

// recorded is what all checks do on all captures, and on what is told.
func recorded(t *testing.T) *recorder {
	r := &recorder{reads: map[string]map[pipeline.Source]string{}, said: map[checks.Code]string{}, well: map[checks.Code]string{}}
	var world string
	for _, c := range All() {
		r.watch(t, c, &world)
	}
	for _, s := range told() {
		world = s.name
		r.diagnose(s)
	}
	paths, err := filepath.Glob("../../fixtures/captures/*.zip")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d captures found: %v", len(paths), err)
	}
	for _, path := range paths {
		c, err := capture.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		world = strings.TrimSuffix(filepath.Base(path), ".zip")
		r.diagnose(seen{world, c.World(), c.About.Team, c.About.Since, checks.Policy{}})
	}
	return r
}

// Each check asks the sources that it declares, and no other. What it declares it asks itself, or a check asks it that this one
// builds upon. And each code is seen both ways: reported, and not reported where its check could look.
func TestChecksReadWhatTheyDeclare(t *testing.T) {
	r := recorded(t)
	var reads func(c *checks.Check, s pipeline.Source) bool
	reads = func(c *checks.Check, s pipeline.Source) bool {
		return r.reads[c.ID][s] != "" || slices.ContainsFunc(slices.Concat(c.Requires, c.After), func(before *checks.Check) bool { return reads(before, s) })
	}
	for _, c := range All() {
		declared := map[pipeline.Source]bool{}
		for _, s := range c.Reads {
			declared[s.Source] = true
			if !reads(c, s.Source) {
				t.Errorf("%s declares that it reads %s, and never does", c.ID, s.Source)
			}
		}
		for s, world := range r.reads[c.ID] {
			if !declared[s] {
				t.Errorf("%s reads %s in %s, and does not declare it", c.ID, s, world)
			}
		}
	}
	for _, info := range checks.Codes {
		if r.said[info.Code] == "" {
			t.Errorf("no capture has %s: record one, or tell of a pipeline that has it", info.Code)
		}
		if r.well[info.Code] == "" {
			t.Errorf("in no capture the check of %s looks and does not find it", info.Code)
		}
	}
}
