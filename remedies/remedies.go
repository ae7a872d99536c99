// Package remedies says what to do about a finding.
package remedies

import "doctor/checks"

// Safety says how much a remedy may do by itself.
type Safety string

// Manual remedies are told, never run.
const Manual Safety = "manual"

// Remedy is one thing to do about a finding.
type Remedy struct {
	ID      string
	Safety  Safety
	Summary string // the line to write or the command to run, in one sentence
}

// For returns what to do about a finding, in order.
func For(f *checks.Finding) []Remedy { return manual[f.Code] }

var manual = map[checks.Code][]Remedy{
	checks.ENV001: {
		{"set-clickhouse-database", Manual, "set CLICKHOUSE_DATABASE to the database that holds the embedding tables"},
		{"restart-workers", Manual, "restart the Temporal workers"},
	},
	checks.CLK001: {{"clean-up-again", Manual, "once CLICKHOUSE_DATABASE is right, clean up again: DEBUG=1 python manage.py cleanup_signals --team-id N --yes"}},
	checks.SVC001: {{"start-temporal", Manual, "start Temporal: compose profile temporal; its UI listens on port 8081"}},
	checks.SVC002: {{"start-clickhouse", Manual, "start ClickHouse: compose service clickhouse, port 9000"}},
	checks.SVC003: {{"start-object-storage", Manual, "start the object storage: compose service objectstorage, port 19000"}},
	checks.SVC004: {{"start-docker", Manual, "start Docker, and see that this user may use its socket"}},
	checks.SVC005: {{"start-postgres", Manual, "start Postgres: compose service db, port 5432"}},
	checks.TMP001: {{"emit-again", Manual, "emit the signal again"}},
	checks.TMP003: {{"start-worker", Manual, "start the process temporal-worker, with the same DEBUG as the command that emits"}},
	checks.TMP005: {{"emit-again", Manual, "emit the signals again, once what ended the run is gone"}},
}
