// Package all is the list of all checks.
package all

import (
	"doctor/checks"
	"doctor/checks/commit"
	"doctor/checks/configuration"
	"doctor/checks/embeddings"
	"doctor/checks/environment"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/sandbox"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

// All returns every check, in the order in which reports show them. The list is explicit: no check registers itself.
func All() []*checks.Check {
	all := []*checks.Check{
		environment.ClickHouseDatabase,
		environment.Inactivity,
		environment.APIKeys,
		environment.Workers,
		environment.Placeholders,
		services.Temporal,
		services.ClickHouse,
		services.ObjectStorage,
		services.Docker,
		services.Postgres,
		services.Support,
		journey.Histories,
		workflows.CarriedSignals,
		workflows.Batches,
		workflows.Dropped,
		workflows.Objects,
		workflows.Restarts,
		workflows.Failures,
		workflows.Workers,
		workflows.Emitters,
		workflows.Twice,
		workflows.Grouping,
		workflows.Pause,
		embeddings.Tables,
		embeddings.Live,
		embeddings.Stale,
		embeddings.Deleted,
		embeddings.Mutations,
		sandbox.AgentRuns,
		sandbox.Network,
		sandbox.Inactivity,
		sandbox.Logs,
		sandbox.Model,
		sandbox.Containers,
		inbox.Sources,
		inbox.Reports,
		inbox.Newest,
	}
	return append(all, configuration.Suppressions(all), commit.Secrets, commit.Folder, commit.Fixtures)
}
