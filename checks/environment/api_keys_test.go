package environment_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

const (
	anthropic = "ANTHROPIC_API_KEY=sk-ant-abc\n"
	openai    = "OPENAI_API_KEY=sk-abc\n"
	gemini    = "GEMINI_API_KEY=abc\n"

	unconfigured = "ANTHROPIC_API_KEY is not configured"
	refused      = "Error code: 401 - {'type': 'error', 'error': {'type': 'authentication_error', 'message': 'invalid x-api-key'}}"
)

// step is an activity that was tried in the newest run of the buffer, or of grouping, and how it went; "" is well.
type step struct{ activity, failure string }

// happened are the answers of a Temporal in which these steps were taken, the oldest first, a minute each.
func happened(workflow string, steps ...step) []pipeline.Answer {
	run := pipeline.Execution{
		Run: pipeline.Run{Workflow: workflow + "-7", ID: "5be0c917"}, Type: workflow, Status: pipeline.RunFailed,
		TaskQueue: "development-task-queue", Start: now.Add(-time.Hour), Close: now.Add(-time.Minute),
	}
	var events []pipeline.Event
	add := func(e pipeline.Event) int64 {
		e.ID, e.Time = int64(len(events)+1), run.Start.Add(time.Duration(len(events))*time.Minute)
		events = append(events, e)
		return e.ID
	}
	add(pipeline.Event{Type: pipeline.WorkflowStarted})
	for _, s := range steps {
		task := add(pipeline.Event{Type: pipeline.WorkflowTaskCompleted, Started: int64(len(events))})
		scheduled := add(pipeline.Event{Type: pipeline.ActivityScheduled, Activity: s.activity, TaskCompleted: task})
		e := pipeline.Event{Type: pipeline.ActivityCompleted, Scheduled: scheduled}
		if s.failure != "" {
			e.Type = pipeline.ActivityFailed
			e.Failure = &pipeline.Failure{Message: "Activity task failed", Cause: &pipeline.Failure{Message: s.failure, Type: "ValueError"}}
		}
		add(e)
	}
	return append(listed(run), pipeline.Histories.Is(run.Run, pipeline.History{Events: events}))
}

// listed are the answers of a Temporal that lists runs.
func listed(runs ...pipeline.Execution) []pipeline.Answer {
	return []pipeline.Answer{
		pipeline.TemporalReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "1.29"}),
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: runs}),
	}
}

func TestAPIKeys(t *testing.T) {
	const (
		filter, embed = journey.SafetyFilterActivity, "get_embedding_activity"
		notSet        = "ANTHROPIC_API_KEY is not set | .env: no such line"
		failed        = " | run 5be0c917: safety_filter_activity: "
	)
	buffer := func(steps ...step) []pipeline.Answer { return happened(journey.BufferWorkflow, steps...) }
	grouping := func(steps ...step) []pipeline.Answer { return happened(journey.GroupingWorkflow, steps...) }
	for name, test := range map[string]struct {
		files   map[string]string
		environ []string
		answers []pipeline.Answer
		says    string
	}{
		"all are set": {files: env(anthropic + openai + gemini)},
		"bin/start has one, the shell another": {
			files: map[string]string{".env": anthropic, ".env.local": openai}, environ: []string{strings.TrimSpace(gemini)},
		},
		"one is missing, nothing is known": {files: env(openai + gemini), says: "warning: " + notSet},
		"one is missing, Temporal is silent": {
			files: env(openai + gemini), says: "warning: " + notSet,
			answers: []pipeline.Answer{pipeline.TemporalReached.Fails(pipeline.Nothing{}, pipeline.TimedOut, errors.New("silence"))},
		},
		"one is missing, nothing ran":     {files: env(openai + gemini), answers: listed(), says: "warning: " + notSet},
		"one is missing, and was missed":  {files: env(openai + gemini), answers: buffer(step{filter, unconfigured}), says: "error: " + notSet + failed + unconfigured},
		"missing here, and elsewhere set": {files: env(openai + gemini), answers: buffer(step{filter, ""})},
		"missed once, and set since":      {files: env(openai + gemini), answers: buffer(step{filter, unconfigured}, step{filter, ""})},
		"missed since it worked":          {files: env(openai + gemini), answers: buffer(step{filter, ""}, step{filter, unconfigured}), says: "error: " + notSet + failed + unconfigured},
		"another model works":             {files: env(openai + gemini), answers: grouping(step{embed, ""}), says: "warning: " + notSet},
		"it matches signals":              {files: env(openai + gemini), answers: grouping(step{"match_signal_to_report_activity", ""})},
		"another failure":                 {files: env(openai + gemini), answers: buffer(step{filter, "Overloaded"}), says: "warning: " + notSet},
		"set, and the worker has it not":  {files: env(anthropic + openai + gemini), answers: buffer(step{filter, unconfigured})},
		"set, and refused": {
			files: env(anthropic + openai + gemini), answers: buffer(step{filter, ""}, step{filter, refused}),
			says: "error: ANTHROPIC_API_KEY is refused by its provider | .env: ANTHROPIC_API_KEY is set" + failed + refused,
		},
		"set elsewhere, and refused": {
			files: env(openai + gemini), answers: buffer(step{filter, refused}),
			says: "error: ANTHROPIC_API_KEY is refused by its provider" + failed + refused,
		},
		"refused once":  {files: env(anthropic + openai + gemini), answers: buffer(step{filter, refused}, step{filter, ""})},
		"another's 401": {files: env(anthropic + openai + gemini), answers: buffer(step{filter, "GitHub API returned 401 for the installation"})},
		"the embedding worker's": {
			files: env(anthropic + openai + gemini), answers: grouping(step{embed, "Incorrect API key provided: sk-p****wxyz. \nYou can find"}),
			says: "error: OPENAI_API_KEY is refused by its provider | .env: OPENAI_API_KEY is set | run 5be0c917: get_embedding_activity: Incorrect API key provided: (secret). You can find",
		},
		"empty":         {files: env("ANTHROPIC_API_KEY=\n" + openai + gemini), says: "warning: ANTHROPIC_API_KEY is empty in .env | .env: ANTHROPIC_API_KEY is empty"},
		"commented out": {files: env("# ANTHROPIC_API_KEY=sk-ant-commented\n" + openai + gemini), says: "warning: ANTHROPIC_API_KEY is commented out in .env | .env: ANTHROPIC_API_KEY is commented out"},
		"a placeholder": {files: env("ANTHROPIC_API_KEY=sk-...\n" + openai + gemini), says: "warning: ANTHROPIC_API_KEY is a placeholder in .env | .env: ANTHROPIC_API_KEY is a placeholder"},
		"a reference that nobody resolves": {
			files: env("ANTHROPIC_API_KEY=op://General/key/credential\n" + openai + gemini),
			says:  "warning: ANTHROPIC_API_KEY is a 1Password reference in .env | .env: ANTHROPIC_API_KEY is a 1Password reference",
		},
		"a reference that bin/start resolves": {
			files: map[string]string{".env": openai + gemini, ".env.local": "ANTHROPIC_API_KEY=op://General/key/credential\n"},
			says:  "info: ANTHROPIC_API_KEY is a 1Password reference in .env.local | .env.local: ANTHROPIC_API_KEY is a 1Password reference",
		},
		"the one for fixtures": {files: env(anthropic + openai), says: "info: GEMINI_API_KEY is not set | .env: no such line"},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.APIKeys, loaded(t, checkstest.Folder(t, test.files), test.environ...), test.answers...)
			if got := said(o); got != test.says {
				t.Errorf("got  %s\nwant %s", got, test.says)
			}
			want := checks.Passed
			if test.says != "" && !strings.HasPrefix(test.says, "info") {
				want = checks.Failed
			}
			if o.Status != want {
				t.Errorf("%s: %s", o.Status, o.Reason)
			}
			for _, f := range o.Findings {
				if all := said(o) + f.Detail; strings.Contains(all, "sk-ant") || strings.Contains(all, "wxyz") || strings.Contains(all, "op://") {
					t.Errorf("a key is shown: %s", all)
				}
			}
		})
	}
}

// Of a grouping run that went well no more than the end is read: its models have answered then.
func TestAWellEndedGroupingRunHadItsKeys(t *testing.T) {
	run := pipeline.Execution{
		Run: pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "5be0c917"}, Type: journey.GroupingWorkflow, Status: pipeline.ContinuedAsNew,
		Start: now.Add(-time.Hour), Close: now.Add(-time.Minute),
	}
	tail := pipeline.History{Truncated: true, Events: []pipeline.Event{
		{ID: 90, Type: pipeline.ActivityScheduled, Activity: journey.WaitActivity, Time: now.Add(-2 * time.Minute)},
		{ID: 92, Type: pipeline.ActivityCompleted, Scheduled: 90, Time: now.Add(-time.Minute)},
	}}
	answers := append(listed(run), pipeline.Tails.Is(pipeline.RunTail{Run: run.Run, Events: 12}, tail))
	judge(environment.APIKeys, loaded(t, checkstest.Folder(t, env(gemini))), answers...).Is(t, checks.Passed, "")
}

func TestAFailureThatIsBeingTriedAgainTellsOfAKey(t *testing.T) {
	run := pipeline.Execution{
		Run: pipeline.Run{Workflow: "buffer-signals-7", ID: "5be0c917"}, Type: journey.BufferWorkflow, Status: pipeline.Running, Start: now.Add(-time.Hour),
	}
	pending := pipeline.PendingActivity{
		Activity: journey.SafetyFilterActivity, Attempt: 2, LastStarted: now.Add(-time.Minute), LastFailure: &pipeline.Failure{Message: unconfigured},
	}
	answers := append(listed(run), pipeline.Histories.Is(run.Run, pipeline.History{}), pipeline.Details.Is(run.Run, pipeline.Detail{Pending: []pipeline.PendingActivity{pending}}))
	if o := judge(environment.APIKeys, loaded(t, checkstest.Folder(t, env(openai+gemini))), answers...); !strings.HasPrefix(said(o), "error: ") {
		t.Errorf("got %s", said(o))
	}
}

func TestExplains(t *testing.T) {
	o := judge(environment.APIKeys, loaded(t, checkstest.Folder(t, env("DEBUG=1\n"))))
	for message, want := range map[string]string{
		unconfigured: "ANTHROPIC_API_KEY",
		refused:      "ANTHROPIC_API_KEY",
		"Error code: 401 - {'error': {'code': 'INVALID_API_KEY'}}": "OPENAI_API_KEY",
		"GEMINI_API_KEY and OPENAI_API_KEY are missing":            "OPENAI_API_KEY GEMINI_API_KEY",
		"401 Unauthorized": "",
		"":                 "",
	} {
		var about []string
		for _, f := range environment.Explains(o.Findings, message) {
			about = append(about, f.Subject[1])
		}
		if got := strings.Join(about, " "); got != want {
			t.Errorf("%q: got %q, want %q", message, got, want)
		}
	}
	if about := environment.Explains([]*checks.Finding{{Code: checks.ENV001, Subject: []string{".env", "CLICKHOUSE_DATABASE"}}, {}}, unconfigured); about != nil {
		t.Errorf("others are blamed: %v", about)
	}
}

// One worker had no key, before or since, and the key of another is refused.
func TestARefusedKeyExplainsNoMissingOne(t *testing.T) {
	o := judge(environment.APIKeys, loaded(t, checkstest.Folder(t, env(anthropic+openai+gemini))),
		happened(journey.BufferWorkflow, step{journey.SafetyFilterActivity, refused})...)
	for message, want := range map[string]int{refused: 1, unconfigured: 0} {
		if about := environment.Explains(o.Findings, message); len(about) != want {
			t.Errorf("%q is explained by %d findings of %s, want %d", message, len(about), said(o), want)
		}
	}
}

func TestNoFolderNoKeys(t *testing.T) {
	judge(environment.APIKeys, loaded(t, t.TempDir())).Is(t, checks.Skipped, "")
}
