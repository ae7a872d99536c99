// Package all is the list of all checks.
package all

import (
	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

// All returns every check, in the order in which reports show them. The list is explicit: no check registers itself.
func All() []*checks.Check {
	return []*checks.Check{
		environment.ClickHouseDatabase,
		services.Temporal,
		services.ClickHouse,
		services.ObjectStorage,
		services.Docker,
		services.Postgres,
		journey.Histories,
		workflows.CarriedSignals,
		workflows.Batches,
		workflows.Failures,
		workflows.Workers,
		embeddings.Tables,
		embeddings.Live,
		embeddings.Stale,
	}
}
