package inbox

import (
	"cmp"
	"fmt"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// want is something that a report can wait for, known by a part of its reason.
type want struct {
	reason string
	advice string
	broken bool // it was there, and is not any more
}

// wants are the reasons that the selection of a repository gives (products/signals/backend/temporal/agentic/select_repository.py).
var wants = []want{
	{"No GitHub integration connected", "connect GitHub in the settings of the project (for a first App of your own: python manage.py create_github_app), then have the report run again", false},
	{"No GitHub repositories connected", "give the GitHub App access to a repository, in its settings on GitHub, then have the report run again", false},
	{"GitHub App is unavailable", "reconnect GitHub in the settings of the project, then have the report run again", true},
}

// Answer is what a person can do about a report that waits for a reason.
func Answer(reason string) string {
	return cmp.Or(wantOf(reason).advice, "give the report what it waits for, in the inbox")
}

func wantOf(reason string) want {
	for _, w := range wants {
		if strings.Contains(reason, w.reason) {
			return w
		}
	}
	return want{}
}

// reportWaiting tells of the reports that wait for a person, by what they wait for.
func (r reports) reportWaiting(all []pipeline.UnfinishedReport) {
	byReason := map[string][]pipeline.UnfinishedReport{}
	var reasons []string
	for _, report := range all {
		if report.Status != pipeline.ReportPendingInput {
			continue
		}
		if byReason[report.Error] == nil {
			reasons = append(reasons, report.Error)
		}
		byReason[report.Error] = append(byReason[report.Error], report)
	}
	for _, reason := range reasons {
		waiting := byReason[reason]
		f := r.Report(checks.INB005, reason).
			Titlef("%s for you: %s", waits(len(waiting)), given(reason, 200))
		if wantOf(reason).broken {
			f.As(checks.Warning).Detailf("Each report whose repository is to be selected comes to a stop there.")
		}
		const shown = 3
		for _, report := range waiting[:min(shown, len(waiting))] {
			f.With(inPostgres(report, report.Updated))
		}
	}
}

func waits(n int) string {
	if n == 1 {
		return "1 report waits"
	}
	return fmt.Sprintf("%d reports wait", n)
}

// given is a reason that was given, in one line of about n bytes.
func given(reason string, n int) string {
	return checks.Clip(cmp.Or(checks.OneLine(reason), "no reason given"), n)
}
