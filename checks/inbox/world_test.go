package inbox_test

import (
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
)

const team int64 = checkstest.Team

var now, since = checkstest.Now, checkstest.Since

// tellExecutions tells of the team's runs, of which the newest comes first.
func tellExecutions(w *pipeline.World, executions ...pipeline.Execution) {
	w.Tell(pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: executions}))
}
