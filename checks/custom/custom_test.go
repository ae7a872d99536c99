package custom_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/checks/checkstest"
	"doctor/checks/custom"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const examples = "../../fixtures/checks"

// made is the check that a file makes.
func made(t *testing.T, name, text string) *checks.Check {
	t.Helper()
	own, err := custom.Parse([]settings.CheckFile{{Path: settings.ChecksFolder + "/" + name, Text: text}}, all.All())
	if err != nil {
		t.Fatal(err)
	}
	if err := checks.Validate(all.With(all.All(), own)); err != nil {
		t.Fatal(err)
	}
	return own[0]
}

func example(t *testing.T, name string) *checks.Check {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return made(t, name, string(text))
}

func TestLog(t *testing.T) {
	c := example(t, "proxy-refused.yaml")
	log := pipeline.LogObject{Key: "tasks/logs/team_7/task_a/run_b.jsonl", Task: "a", Run: "b", Size: 900, Modified: checkstest.Now}
	old := pipeline.LogObject{Key: "tasks/logs/team_7/task_a/run_c.jsonl", Task: "a", Run: "c", Modified: checkstest.Since.Add(-time.Hour)}
	asked := pipeline.LogSearch{Key: log.Key, Bytes: 1 << 20, Pattern: `proxy\.example\.com.{0,40}\b407\b`}
	world := func(answer pipeline.Answer) *pipeline.World {
		w := checkstest.World(pipeline.AgentLogs.Is(checkstest.Team, pipeline.LogListing{Logs: []pipeline.LogObject{log, old}}), answer)
		w.Settings.ObjectStorage.Enabled = true
		return w
	}
	match := pipeline.LogMatch{Spot: pipeline.Spot{Line: 4, Time: checkstest.Now}, Kind: "console", Text: "proxy.example.com said\n407"}
	o := checkstest.Run(world(pipeline.LogMatches.Is(asked, &pipeline.LogFound{Size: 900, Read: 900, Count: 3, Matches: []pipeline.LogMatch{match}})), c)
	f := o.Reports(t, "X-PROXY", "own.proxy-refused")
	if e := f.Evidence[0]; f.Title != "the company's proxy turned an agent down (3 times)" || e.Excerpt != "console: proxy.example.com said 407" || e.Locator.String() != log.Key+":4" {
		t.Errorf("%s: %+v", f.Title, f.Evidence)
	}
	checkstest.Run(world(pipeline.LogMatches.Is(asked, &pipeline.LogFound{Size: 900, Read: 900})), c).Silent(t)
	checkstest.Run(world(pipeline.LogMatches.Fails(asked, pipeline.Missing, errors.New("gone"))), c).Silent(t)
	checkstest.Run(world(pipeline.LogMatches.Is(asked, &pipeline.LogFound{Size: 900, Read: 100})), c).Is(t, checks.Unknown, "not searched as a whole")
	checkstest.Run(world(pipeline.LogMatches.Fails(asked, pipeline.Failed, errors.New("torn"))), c).Is(t, checks.Unknown, "torn")
}

func TestSetting(t *testing.T) {
	c := example(t, "provider-is-docker.yaml")
	for text, wrong := range map[string]bool{"SANDBOX_PROVIDER=docker\n": false, "SANDBOX_PROVIDER=modal\n": true, "OTHER=1\n": true} {
		set, err := settings.Load(settings.Options{PostHogDir: checkstest.Folder(t, map[string]string{".env": text})})
		if err != nil {
			t.Fatal(err)
		}
		o := checkstest.Run(pipeline.Told(set, checkstest.Now), c)
		if wrong {
			o.Reports(t, "X-PROVIDER")
		} else {
			o.Silent(t)
		}
	}
	if !c.Static {
		t.Error("a check of settings takes no part in pre-commit")
	}
	checkstest.Run(checkstest.World(), c).Is(t, checks.Skipped, "no PostHog folder")
	secret := made(t, "key.yaml", "code: X-KEY\ntitle: a\nfinding: b\nsetting: {name: OPENAI_API_KEY, set: true}\n")
	set, err := settings.Load(settings.Options{PostHogDir: checkstest.Folder(t, map[string]string{".env": "OPENAI_API_KEY=abcdef\n"})})
	if err != nil {
		t.Fatal(err)
	}
	if f := checkstest.Run(pipeline.Told(set, checkstest.Now), secret).Reports(t, "X-KEY"); f.Evidence[0].Excerpt != "OPENAI_API_KEY is set" {
		t.Errorf("the evidence is %q", f.Evidence[0].Excerpt)
	}
}

func TestObservation(t *testing.T) {
	c := example(t, "agents-at-once.yaml")
	runs := func(n int, truncated bool) *pipeline.World {
		listing := pipeline.TaskRunListing{Truncated: truncated, Runs: []pipeline.TaskRun{{ID: "done", Status: "completed", Updated: checkstest.Now}, {ID: "old", Status: "in_progress"}}}
		for range n {
			listing.Runs = append(listing.Runs, pipeline.TaskRun{ID: "r", Status: "in_progress", Updated: checkstest.Now.Add(-time.Minute)})
		}
		return checkstest.World(pipeline.TaskRuns.Is(checkstest.TeamSince, listing))
	}
	f := checkstest.Run(runs(4, false), c).Reports(t, "X-AGENTS")
	if f.Title != "more than three agents work at once on this machine (4 times)" || f.Evidence[0].Excerpt != "ID r, Purpose , Updated 2026-11-24T11:59:00Z" {
		t.Errorf("%s: %+v", f.Title, f.Evidence)
	}
	checkstest.Run(runs(3, false), c).Silent(t)
	checkstest.Run(runs(3, true), c).Is(t, checks.Unknown, "there are more")
	checkstest.Run(runs(4, true), c).Reports(t, "X-AGENTS")
	checkstest.Run(checkstest.World(), c).Is(t, checks.Unknown, "not recorded")
	few := made(t, "few.yaml", "code: X-FEW\ntitle: a\nfinding: b\nobservation: {of: task-runs, where: {field: status, is: in_progress}}\ncount: {below: 4}\n")
	checkstest.Run(runs(1, false), few).Reports(t, "X-FEW")
	checkstest.Run(runs(1, true), few).Is(t, checks.Unknown, "there are more")
}

func TestWorkflows(t *testing.T) {
	c := example(t, "summary-too-long.yaml")
	asked := pipeline.WorkflowSearch{Query: "WorkflowId STARTS_WITH 'signals-report:7:' AND ExecutionStatus = 'Running'", Limit: 100}
	found := func(age time.Duration, total int) *pipeline.World {
		e := pipeline.Execution{Run: pipeline.Run{Workflow: "signals-report:7:x", ID: "run"}, Start: checkstest.Now.Add(-age)}
		return checkstest.World(pipeline.WorkflowsFound.Is(asked, pipeline.TeamListing{Executions: []pipeline.Execution{e}, Total: total}))
	}
	if f := checkstest.Run(found(2*time.Hour, 1), c).Reports(t, "X-SUMMARY-TIME"); f.Evidence[0].Locator.Run != "run" {
		t.Errorf("the evidence is %+v", f.Evidence)
	}
	checkstest.Run(found(time.Minute, 1), c).Silent(t)
	checkstest.Run(found(time.Minute, 500), c).Is(t, checks.Unknown, "there are more")
	checkstest.Run(checkstest.World(pipeline.WorkflowsFound.Fails(asked, pipeline.Failed, errors.New("invalid query"))), c).Is(t, checks.Unknown, "invalid query")
	all := made(t, "many.yaml", "code: X-MANY\ntitle: a\nfinding: b\nworkflows: {query: \"CloseTime > {since}\"}\ncount: {above: 400}\n")
	many := pipeline.WorkflowSearch{Query: "CloseTime > '2026-11-23T12:00:00Z'", Limit: 100}
	w := checkstest.World(pipeline.WorkflowsFound.Is(many, pipeline.TeamListing{Executions: make([]pipeline.Execution, 100), Total: 500}))
	checkstest.Run(w, all).Reports(t, "X-MANY")
}

// What a capture has left out decides nothing.
func TestWithheld(t *testing.T) {
	c := made(t, "bad.yaml", "code: X-BAD\ntitle: a\nfinding: b\nobservation: {of: unfinished-reports, where: {field: Error, matches: boom}}\n")
	with := func(text string) *pipeline.World {
		return checkstest.World(pipeline.ReportsUnfinished.Is(checkstest.Team, pipeline.UnfinishedReports{Reports: []pipeline.UnfinishedReport{{ID: "r", Error: text}}}))
	}
	checkstest.Run(with("a boom"), c).Reports(t, "X-BAD")
	checkstest.Run(with("well"), c).Silent(t)
	checkstest.Run(with("(12 bytes, 0123456789abcdef)"), c).Is(t, checks.Unknown, "left out")
}

// Each kind has an example, and whatever is set off as a line of one is told with its line.
func TestMistakesHaveTheirLine(t *testing.T) {
	const good = "code: X-A\ntitle: a\nfinding: b\n"
	for text, want := range map[string]string{
		"":                                    "own.yaml: it is empty",
		"- a":                                 "own.yaml:1: names with values are expected here",
		"a: [":                                "own.yaml:1: ",
		good + "log: {pattern: x}\npatern: y": `own.yaml:5: there is no "patern" here; known are code`,
		good + "log: {patern: x}":             `own.yaml:4: there is no "patern" here; known are pattern; did you mean pattern?`,
		good + "log:\n  pattern: 'x('":        "own.yaml:5: \"x(\" is no regular expression",
		good + "log:\n  pattern: 'x*'":        "own.yaml:5: \"x*\" matches everything",
		good + "log:\n  pattern: '(x{1000}){1000}'":                                         "own.yaml:5: ",
		good + "log:\n  pattern: '" + strings.Repeat("[a-z]{1000}", 40) + "'":               "own.yaml:5: \"[a-z]{1000}",
		good + "setting:\n  name: A B\n  is: x":                                             "own.yaml:5: a setting is a name",
		good + "setting:\n  name: AB":                                                       "own.yaml:5: a setting has a name, and a condition",
		good + "setting:\n  name: AB\n  above: x":                                           "own.yaml:6: above and below compare numbers",
		good + "observation:\n  of: tasks":                                                  `own.yaml:5: it is one of workflows, `,
		good + "observation:\n  of: task-runs\n  where:\n    - {field: Statu, is: x}":       `own.yaml:7: there is no "Statu" here; known are ID`,
		good + "observation:\n  of: task-runs\n  where:\n    - {field: Created, is: x}":     "own.yaml:7: a time is compared by older-than",
		good + "observation:\n  of: task-runs\n  where:\n    - {field: Created, above: 3}":  "own.yaml:7: above and below compare numbers",
		good + "observation:\n  of: task-runs\n  where:\n    - {field: ID, older-than: 3m}": "own.yaml:7: older-than and newer-than compare a time",
		good + "workflows:\n  query: 'a = {teem}'":                                          "own.yaml:5: in a query only {team} and {since}",
		good + "workflows: {query: a}\nlog: {pattern: b}":                                   "own.yaml:5: a check looks at one thing: log is the second",
		good + "log: {pattern: b}\ncount: {above: 3}":                                       "own.yaml:5: count is of an observation",
		good + "workflows: {query: a}\nevidence: [Begin]":                                   `own.yaml:5: there is no "Begin" here`,
		good + "workflows: {query: a}\ncount: {above: many}":                                "own.yaml:5: above and below compare numbers",
		good: "own.yaml: it looks at nothing",
		"code: TMP001\ntitle: a\nfinding: b\nlog: {pattern: x}": "own.yaml:1: a code of your own begins with X-",
		"code: X-A\ncode: X-B":                                   "own.yaml:2: mapping key \"code\" already defined",
		"code: X-A\ntitle: a\nlog: {pattern: x}":                 "own.yaml: there is no finding",
		good + "severity: fatal":                                 "own.yaml:4: it is one of error, warning, info",
		good + "stage: mars":                                     "own.yaml:4: it is one of emitter",
		good + "log: {pattern: x}\nrequires: [services.tempral]": "own.yaml:5: there is no check \"services.tempral\" to wait for; did you mean services.temporal?",
		good + "log: {pattern: x}\nafter: commit.secrets":        "own.yaml:5: there is no check \"commit.secrets\"",
		good + "detail: \"a\\x1b[2J\"":                           "own.yaml:4: a text is one line",
		good + "detail: " + strings.Repeat("x", 501):             "own.yaml:4: a text has 500 bytes at most",
		good + "advice: [" + strings.Repeat("x, ", 21) + "]":     "own.yaml:4: a list has 20 entries at most",
		good + "log: {pattern: x}\n---\ncode: X-B":               "own.yaml:6: a second document begins here",
	} {
		_, err := custom.Parse([]settings.CheckFile{{Path: "own.yaml", Text: text}}, all.All())
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	two := []settings.CheckFile{{Path: "a.yaml", Text: good + "log: {pattern: x}"}, {Path: "b.yaml", Text: good + "log: {pattern: x}"}}
	if _, err := custom.Parse(two, all.All()); err == nil || err.Error() != "b.yaml:1: X-A is the code of a.yaml, too" {
		t.Errorf("%v", err)
	}
	if _, err := custom.Parse([]settings.CheckFile{{Path: "A b.yaml", Text: good}}, all.All()); err == nil {
		t.Error("a file may have any name")
	}
}

// The page tells all that the file says.
func TestPage(t *testing.T) {
	page := example(t, "summary-too-long.yaml").Own.Page
	for _, want := range []string{"# X-SUMMARY-TIME summary-too-long\n", "`WorkflowId STARTS_WITH", "Start older than `1h`", "- workflows.failures, whatever that finds", "- services.temporal, without", "- look in the Temporal UI", "`.doctor-checks/summary-too-long.yaml`"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
}

// A table of codes is never of the form of a team's own.
func TestOwnCodesCollideWithNone(t *testing.T) {
	for _, info := range checks.Codes {
		if regexp.MustCompile(`^X-`).MatchString(string(info.Code)) {
			t.Errorf("%s looks like a team's own code", info.Code)
		}
	}
	own := []*checks.Check{made(t, "a.yaml", "code: X-A\ntitle: a\nfinding: b\nlog: {pattern: x}")}
	with := all.With(all.With(all.All(), own), own)
	if len(with) != len(all.All())+1 || !slices.Equal(custom.Of(with), []checks.Code{"X-A"}) {
		t.Errorf("%d checks with one of our own: %v", len(with), custom.Of(with))
	}
}
