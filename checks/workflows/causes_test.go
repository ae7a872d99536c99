package workflows_test

import (
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/workflows"
)

const unconfigured = "ANTHROPIC_API_KEY is not configured"

// envFile is a .env that was changed at noon, with one setting or none.
func envFile(name, value string) []settings.EnvFile {
	file := settings.EnvFile{Path: "/posthog/.env", Modified: noon, Values: map[string]string{}}
	if name != "" {
		file.Lines = []settings.Line{{Number: 1, Name: name, Value: value}}
		file.Values[name] = value
	}
	return []settings.EnvFile{file}
}

// A failure that says which setting is missing has what is known of that setting as its cause, and nothing else.
func TestAFailureNamesTheSettingThatIsMissing(t *testing.T) {
	const old = "4711@vm"
	for name, test := range map[string]struct {
		env     []settings.EnvFile
		message string
		worker  string // that failed
		cause   string
	}{
		"the key is missing":            {envFile("", ""), unconfigured, "", "ENV003"},
		"the worker has not read it":    {envFile("ANTHROPIC_API_KEY", "sk-ant-abc"), unconfigured, old, "ENV004"},
		"another worker has failed":     {envFile("ANTHROPIC_API_KEY", "sk-ant-abc"), unconfigured, "4712@vm", ""},
		"the key is refused":            {envFile("ANTHROPIC_API_KEY", "sk-ant-abc"), "Error code: 401 - authentication_error: invalid x-api-key", "", "ENV003"},
		"the failure is about another":  {envFile("", ""), "Overloaded", old, ""},
		"another setting is missing":    {envFile("ANTHROPIC_API_KEY", "sk-ant-abc"), "SANDBOX_JWT_PRIVATE_KEY is not set", old, ""},
		"and that one has been set now": {envFile("SANDBOX_JWT_PRIVATE_KEY", "abc"), "SANDBOX_JWT_PRIVATE_KEY is not set", old, "ENV004"},
	} {
		t.Run(name, func(t *testing.T) {
			run := failed(buffers(), journey.SafetyFilterActivity, "ValueError", test.message)
			for i := range run.events {
				if run.events[i].Type == pipeline.ActivityFailed {
					run.events[i].Identity = test.worker
				}
			}
			w := world(run.story)
			w.Settings.EnvFiles = test.env
			w.Tell(
				pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, []pipeline.Poller{{Identity: old, LastAccess: noon}}),
				pipeline.LocalWorkers.Is([]string{old}, map[string]time.Time{old: noon.Add(-time.Hour)}),
			)
			o := checkstest.Run(w, workflows.Failures)
			o.Reports(t, checks.TMP002)
			o.Blames(t, test.cause)
		})
	}
}

func TestAFailureNamesTheSupportServiceThatIsDown(t *testing.T) {
	const message = "Cannot connect to host localhost:3305 ssl:default [Connect call failed ('127.0.0.1', 3305)]"
	for host, want := range map[string]string{"localhost:3305": "SVC006", "localhost:3306": ""} {
		w := world(failed(groupings(), "get_embedding_activity", "ClientConnectorError", message).story)
		w.Settings.Support = []settings.Support{{
			Name: "embedding worker", Hosts: []string{host},
			Address: settings.Address{Setting: "EMBEDDING_API_URL", URL: host, Origin: settings.Origin{Process: true}},
		}}
		w.Tell(pipeline.SupportReached.Fails(host, pipeline.Refused, nil))
		o := checkstest.Run(w, workflows.Failures)
		o.Reports(t, checks.TMP002)
		o.Blames(t, want)
	}
}

func TestARefusalOfTheEmbeddingWorkerNamesTheConsent(t *testing.T) {
	const message = "Embedding worker returned 403: forbidden. Likely the organization has not opted into AI data processing"
	for approved, want := range map[bool]string{false: "INB003", true: ""} {
		w := world(failed(groupings(), "get_embedding_activity", "Exception", message).story)
		w.Tell(pipeline.SignalSources.Is(checkstest.Team, pipeline.Sources{Approved: approved}))
		o := checkstest.Run(w, workflows.Failures)
		o.Reports(t, checks.TMP002)
		o.Blames(t, want)
	}
}
