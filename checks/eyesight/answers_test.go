package eyesight_test

import (
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/eyesight"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
)

func TestAnswers(t *testing.T) {
	for truncated, says := range map[bool]string{
		true:  "the doctor's own bounds cut off what inbox.reports looked at",
		false: "",
	} {
		w := checkstest.World(
			pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{}),
			pipeline.ReportsUnfinished.Is(checkstest.Team, pipeline.UnfinishedReports{Truncated: truncated}),
		)
		o := checkstest.Run(w, eyesight.Answers)
		o.Says(t, says)
		if truncated {
			o.Reports(t, checks.SEE005, "inbox.reports")
			checkstest.Run(w, inbox.Reports).Is(t, checks.Unknown, "only the 0 unfinished reports")
		}
	}
}
