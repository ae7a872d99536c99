package inbox_test

import (
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
)

// A signal whose activity is being tried again is on its way, also where the same activity has failed for another one before.
func TestWhatHoldsASignalUp(t *testing.T) {
	failed := func(at time.Time) checks.Evidence {
		return checks.Evidence{Time: at, Locator: checks.Locator{Workflow: "grouping", Run: "r", Event: 83}}
	}
	retried := checks.Evidence{Locator: checks.Locator{Workflow: "grouping", Run: "r"}}
	ofActivity, ofCode := []string{"grouping", "assign", "DoesNotExist"}, []string{"grouping", "", "NondeterminismError"}
	before, since := sent.Add(-time.Minute), sent.Add(time.Minute)
	for name, test := range map[string]struct {
		finding checks.Finding
		want    inbox.State
	}{
		"it is tried again":                      {checks.Finding{Code: checks.TMP002, Severity: checks.Warning, Subject: ofActivity, Evidence: []checks.Evidence{retried}}, inbox.Moving},
		"it failed":                              {checks.Finding{Code: checks.TMP002, Severity: checks.Error, Subject: ofActivity, Evidence: []checks.Evidence{failed(since)}}, inbox.Stopped},
		"another's failed, its is tried again":   {checks.Finding{Code: checks.TMP002, Severity: checks.Error, Subject: ofActivity, Evidence: []checks.Evidence{failed(before), retried}}, inbox.Moving},
		"it failed, and the next is tried again": {checks.Finding{Code: checks.TMP002, Severity: checks.Error, Subject: ofActivity, Evidence: []checks.Evidence{failed(since), retried}}, inbox.Stopped},
		"the code cannot go on":                  {checks.Finding{Code: checks.TMP002, Severity: checks.Error, Subject: ofCode, Evidence: []checks.Evidence{retried}}, inbox.Stopped},
		"no worker takes it up":                  {checks.Finding{Code: checks.TMP003, Severity: checks.Error, Subject: []string{"grouping"}, Evidence: []checks.Evidence{retried}}, inbox.Stopped},
	} {
		if got := inbox.HeldBy(&test.finding, sent); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
