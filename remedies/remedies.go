// Package remedies says what to do about a finding.
package remedies

import (
	"fmt"

	"doctor/checks"
	"doctor/checks/environment"
)

// Safety says how much a remedy may do by itself.
type Safety string

// Manual remedies are told, never run.
const Manual Safety = "manual"

// Remedy is one thing to do about a finding.
type Remedy struct {
	ID      string
	Safety  Safety
	Summary string // the line to write or the command to run
}

// Case is what is known of a finding beside itself.
type Case struct {
	Team   int64
	Result any // of the finding's check
}

// For returns what to do about a finding, in order. What is no longer active needs nothing.
func For(f *checks.Finding, of Case) []Remedy {
	if f.State != checks.Active {
		return nil
	}
	switch f.Code {
	case checks.ENV001:
		return nameDatabase(f, of)
	case checks.CLK001:
		return []Remedy{cleanUp(f, of)}
	case checks.TMP002:
		return emitAfterFailure(f)
	}
	if told, ok := manual[f.Code]; ok {
		return []Remedy{told}
	}
	return nil
}

// manual are the remedies that are the same for each finding of a code.
var manual = map[checks.Code]Remedy{
	checks.SVC001: {"start-temporal", Manual, "start Temporal: docker compose --profile temporal up -d; its UI listens on 8081"},
	checks.SVC002: {"start-clickhouse", Manual, "start ClickHouse: docker compose up -d clickhouse; it listens on 9000"},
	checks.SVC003: {"start-object-storage", Manual, "start the object storage: docker compose up -d objectstorage; it listens on 19000"},
	checks.SVC004: {"start-docker", Manual, "start Docker, and see that this user may use its socket"},
	checks.SVC005: {"start-postgres", Manual, "start Postgres: docker compose up -d db; it listens on 5432"},
	checks.TMP001: {"emit-again", Manual, "emit the signal again, with the command that emitted it"},
	checks.TMP003: {"start-worker", Manual, "start the process temporal-worker, with the DEBUG that the emitting command has"},
	checks.TMP005: {"emit-again", Manual, "emit the signals again, with the command that emitted them"},
}

// nameDatabase puts CLICKHOUSE_DATABASE right where it is wrong. The value is the database that was found.
func nameDatabase(f *checks.Finding, of Case) []Remedy {
	d, ok := of.Result.(*environment.Database)
	if !ok || len(f.Subject) == 0 {
		return nil
	}
	line := fmt.Sprintf("CLICKHOUSE_DATABASE=%s", d.Embeddings)
	set := Remedy{"set-clickhouse-database", Manual, ""}
	switch {
	case d.Process:
		set.Summary = fmt.Sprintf("export %s in the shell that runs manage.py", line)
	case d.Replace:
		set.Summary = fmt.Sprintf("make line %d of %s %s", d.Line, f.Subject[0], line)
	default:
		set.Summary = fmt.Sprintf("add %s to %s", line, f.Subject[0])
	}
	return []Remedy{set, {"restart-workers", Manual, "restart the Temporal workers: they read it when they start"}}
}

// cleanUp removes stale embeddings in the one way that the pipeline has, which removes more than that.
func cleanUp(f *checks.Finding, of Case) Remedy {
	command := fmt.Sprintf("DEBUG=1 python manage.py cleanup_signals --team-id %d --yes (deletes all signals and reports of the team)", of.Team)
	if !f.Root() {
		command = "clean up again: " + command
	}
	return Remedy{"clean-up", Manual, command}
}

// emitAfterFailure is for a failure that nothing else explains: what explains it has a remedy of its own.
func emitAfterFailure(f *checks.Finding) []Remedy {
	if !f.Root() || !f.Failing() || f.Severity != checks.Error {
		return nil
	}
	return []Remedy{{"emit-after-failure", Manual, "remove the cause that the message names, then emit the signal again: nothing repeats what has failed"}}
}
