package report

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks/inbox"
	"doctor/checks/inspect"
)

var lookedAt = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func head(missed ...string) inspect.Head {
	return inspect.Head{SchemaVersion: inspect.SchemaVersion, LookedAt: lookedAt, TeamID: 1, Missed: append([]string{}, missed...)}
}

// shown is a document of an inspection, with the way that it is written.
type shown struct {
	command string
	text    func(io.Writer, TextOptions) error
	data    any
}

func show[D any](command string, document D, text func(io.Writer, D, TextOptions) error) shown {
	return shown{command, func(w io.Writer, o TextOptions) error { return text(w, document, o) }, document}
}

// inspections are documents that show all that there is to show.
func inspections() map[string]shown {
	hour := lookedAt.Add(-time.Hour)
	return map[string]shown{
		"sandboxes": show("sandboxes", &inspect.Sandboxes{Head: head("timed out after 3 s asking Postgres for the agents' runs of team 1"), Sandboxes: []inspect.Sandbox{
			{Name: "task-sandbox-one-1a2b3c", ID: "aaaa", State: "running", Created: hour, Image: "posthog-sandbox-base", Task: "one", Run: &inspect.AgentRun{ID: "5b0c2100-aaaa", Purpose: "repo_selection", Status: "in_progress"}},
			{Name: "task-sandbox-two-1a2b3c", ID: "bbbb", State: "running", Created: hour.Add(-72 * time.Hour), Image: "posthog-sandbox-base", Task: "two", Run: &inspect.AgentRun{ID: "77ae9000-aaaa", Status: "completed"}, Orphan: true},
			{Name: "task-sandbox-\x1b[2J", ID: "cccc", State: "exited", Created: lookedAt.Add(-5 * time.Second), Image: "posthog-sandbox-base", Task: "far"},
		}}, SandboxesText),
		"reports":      show("reports", listedReports(), ReportsText),
		"reports-none": show("reports", &inspect.Reports{Head: head(), Threshold: 1, Counts: []inspect.StatusCount{}, Reports: []inspect.Report{}}, ReportsText),
		"reports-one":  show("reports", oneReport(), ReportsText),
		"canary":       show("canary", sentCanary(), CanaryText),
		"canary-never": show("canary", &inspect.Canary{
			Head: head(), Commands: sentCanary().Commands, State: inbox.Stopped, Hops: []inspect.Hop{}, WaitedMS: 15_400,
			Note: "no emitter was started, whatever the command printed: signals of zendesk/ticket are not taken in: the source is switched off (INB001)",
		}, CanaryText),
		"status":         show("status", workingStatus(), StatusText),
		"status-settled": show("status", settledStatus(), StatusText),
		"status-blind": show("status", &inspect.Status{
			Head: head("Temporal does not answer at 127.0.0.1:8081: connection refused"), State: inspect.NotAllSeen, Since: hour, Summaries: []inspect.SummaryAt{},
			Reports: []inspect.StatusCount{{Status: "ready", Reports: 3}}, Stops: []inspect.Stop{},
		}, StatusText),
		"sandboxes-none": show("sandboxes", &inspect.Sandboxes{Head: head(), Sandboxes: []inspect.Sandbox{}}, SandboxesText),
	}
}

func TestInspectionsGolden(t *testing.T) {
	for name, d := range inspections() {
		plain, colored := written(t, d, TextOptions{}), written(t, d, TextOptions{Color: true})
		golden(t, name+".txt", plain)
		if stripped := escapes.ReplaceAllString(colored, ""); stripped != plain {
			t.Errorf("%s: color changes more than color:\n%s", name, cmp.Diff(plain, stripped))
		}
	}
}

func written(t *testing.T, d shown, o TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := d.text(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestInspectionsFollowTheirSchemas(t *testing.T) {
	for name, d := range inspections() {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, d.data)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema(t, inspect.Schemas()[d.command]).Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
