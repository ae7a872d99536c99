// Package remedies says what to do about a finding.
package remedies

import (
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
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
	case checks.CLK001, checks.CLK004:
		return []Remedy{cleanUp(f, of)}
	case checks.CLK003:
		return []Remedy{killMutation(f)}
	case checks.INB001:
		return []Remedy{letIn(f)}
	case checks.INB002:
		return moveOn(f, of)
	case checks.TMP002:
		return emitAfterFailure(f)
	case checks.SBX001:
		return openHost(f, of)
	case checks.SBX005:
		return []Remedy{{"remove-container", Manual, "docker rm -f " + f.Subject[0]}}
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
	checks.SVC006: {"start-support-service", Manual, "start the service: its process of bin/start, or docker compose up -d kafka redis7"},
	checks.ENV002: {"set-inactivity-timeout", Manual, "set TASKS_INACTIVITY_TIMEOUT_SECONDS to a few minutes, such as 300, and start bin/start anew"},
	checks.ENV003: {"set-api-key", Manual, "put a valid key into .env.local, and start bin/start anew: a worker reads it when it starts"},
	checks.ENV004: {"restart-workers", Manual, "stop bin/start and start it anew; a hot reload, or a restart within its process manager, keeps the old settings"},
	checks.TMP001: {"emit-again", Manual, "emit the signal again, with the command that emitted it"},
	checks.TMP003: {"start-worker", Manual, "start the process temporal-worker, with the DEBUG that the emitting command has"},
	checks.TMP004: {"emit-again", Manual, "emit the signal again, with the command that emitted it, once the buffer has room"},
	checks.TMP006: {"emit-again", Manual, "remove the cause, then emit the signal again, with the command that emitted it"},
	checks.TMP005: {"emit-again", Manual, "emit the signals again, with the command that emitted them"},
	checks.SBX002: {"emit-after-silence", Manual, "look at the end of the agent's log for what it waited for, then emit the signal again"},
	checks.SBX004: {"emit-after-refusal", Manual, "set a key that the model's API takes, or wait until its limit is over, then emit the signal again"},
	checks.SBX003: {"align-storage", Manual, "see that the worker runs, that the flag tasks is on, and that worker and shell have the same OBJECT_STORAGE_* settings"},
	checks.ENV005: {"fill-in", Manual, "give the setting its value, or remove the line where nothing needs one"},
	checks.GIT001: {"unstage-secret", Manual, "git restore --staged the file and take the secret out; revoke one that was ever pushed"},
	checks.GIT002: {"unstage-folder", Manual, "git rm -r --cached the folder: its files stay where they are"},
	checks.GIT003: {"mend-fixture", Manual, "mend the fixture and stage it again"},
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

// openHost sets what opens a host to the agents.
func openHost(f *checks.Finding, of Case) []Remedy {
	if !f.Failing() {
		return nil
	}
	openings, _ := of.Result.([]sandbox.Opening)
	for _, o := range openings {
		if slices.Contains(f.Subject, o.Host) {
			return []Remedy{
				{"open-host", Manual, fmt.Sprintf("add %s=%s to .env", o.Setting, o.Value)},
				{"restart-workers", Manual, "restart the Temporal workers: they read it when they start"},
			}
		}
	}
	return []Remedy{{"start-worker-with-debug", Manual, "start the worker with DEBUG=1, and with the SANDBOX_*_URL settings that the folder has"}}
}

// cleanUp removes stale embeddings in the one way that the pipeline has, which removes more than that.
func cleanUp(f *checks.Finding, of Case) Remedy {
	command := fmt.Sprintf("DEBUG=1 python manage.py cleanup_signals --team-id %d --yes (deletes all signals and reports of the team)", of.Team)
	if !f.Root() {
		command = "clean up again: " + command
	}
	return Remedy{"clean-up", Manual, command}
}

// killMutation ends a mutation that does not end by itself. Its subject is the table's database and name, and its own id.
func killMutation(f *checks.Finding) Remedy {
	var where []string
	columns := []string{"database", "table", "mutation_id"}
	for i, value := range f.Subject[:min(len(columns), len(f.Subject))] {
		where = append(where, columns[i]+" = "+sqlText(value))
	}
	return Remedy{"kill-mutation", Manual, "KILL MUTATION WHERE " + strings.Join(where, " AND ") + " (its rows stay as they are)"}
}

func sqlText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// letIn has signals taken in.
func letIn(f *checks.Finding) Remedy {
	switch f.Subject[0] {
	case inbox.NoConsent:
		return Remedy{"approve-ai", Manual, "agree to AI data processing in the settings of the organization, then emit the signals again"}
	case inbox.AllSources:
		return Remedy{"switch-source-on", Manual, "switch a source on in the settings of the inbox, then emit the signals again"}
	}
	return Remedy{"switch-source-on", Manual, "switch " + f.Subject[0] + " on in the settings of the inbox, then emit the signals again"}
}

// moveOn has a report worked on again.
func moveOn(f *checks.Finding, of Case) []Remedy {
	stuck, _ := of.Result.([]inbox.Stuck)
	for _, s := range stuck {
		switch {
		case s.ID != f.Subject[0]:
		case s.Waiting != nil && !f.Root(): // what explains it has a remedy of its own
			return nil
		case s.Waiting != nil:
			return []Remedy{{"mend-ingestion", Manual, "see that embedding-worker and Kafka run: the rows of its signals do not reach ClickHouse"}}
		case s.Status == pipeline.ReportCandidate:
			return []Remedy{{"emit-another", Manual, "emit one more signal of its matter: that starts the summary"}}
		default:
			candidate := fmt.Sprintf("UPDATE signals_signalreport SET status = 'candidate' WHERE id = %s", sqlText(s.ID))
			return []Remedy{{"promote-again", Manual, candidate + ", then emit one more signal of its matter"}}
		}
	}
	return []Remedy{{"answer-report", Manual, "give the report what it waits for, in the inbox"}}
}

// emitAfterFailure is for a failure that nothing else explains: what explains it has a remedy of its own.
func emitAfterFailure(f *checks.Finding) []Remedy {
	if !f.Root() || !f.Failing() || f.Severity != checks.Error {
		return nil
	}
	return []Remedy{{"emit-after-failure", Manual, "remove the cause that the message names, then emit the signal again: nothing repeats what has failed"}}
}
