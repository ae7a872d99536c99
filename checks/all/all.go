// Package all is the list of all checks.
package all

import (
	"slices"

	"doctor/checks"
	"doctor/checks/commit"
	"doctor/checks/configuration"
	"doctor/checks/embeddings"
	"doctor/checks/environment"
	"doctor/checks/eyesight"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/sandbox"
	"doctor/checks/services"
	"doctor/checks/sources"
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
		environment.Debug,
		environment.SecretKey,
		environment.ObjectStorage,
		environment.Gateway,
		services.Temporal,
		services.ClickHouse,
		services.ObjectStorage,
		services.Docker,
		services.Postgres,
		services.Support,
		services.Hosts,
		services.Clocks,
		services.Disks,
		eyesight.ClickHouse,
		eyesight.Postgres,
		journey.Histories,
		eyesight.Visibility,
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
		embeddings.Reappeared,
		embeddings.Stale,
		embeddings.Deleted,
		embeddings.Mutations,
		embeddings.Ingestion,
		embeddings.Awaited,
		sandbox.AgentRuns,
		sandbox.Started,
		sandbox.Image,
		sandbox.Memory,
		sandbox.Setup,
		sandbox.Network,
		sandbox.Refusals,
		sandbox.Tools,
		sandbox.Inactivity,
		sandbox.Logs,
		sandbox.Model,
		sandbox.Containers,
		sources.Sources,
		inbox.Reports,
		eyesight.Answers,
		inbox.Newest,
	}
	return append(all, configuration.Suppressions(all), commit.Secrets, commit.Folder, commit.Fixtures)
}

// With is the listed checks with others that a team has written itself, in the place of those that were among them before.
// What judges suppressions asks after these, too.
func With(listed, own []*checks.Check) []*checks.Check {
	var with []*checks.Check
	judged := false
	for _, c := range listed {
		switch {
		case c.Own != nil:
		case configuration.Judges(c):
			with = append(with, own...)
			with, judged = append(with, configuration.Suppressions(slices.Clone(with))), true
		default:
			with = append(with, c)
		}
	}
	if !judged {
		with = append(with, own...)
	}
	return with
}
