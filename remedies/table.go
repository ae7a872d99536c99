package remedies

import (
	"fmt"
	"strings"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
)

// table is all remedies. Those of one code stand in the order in which they are told, and the first one that may be run is.
// What runs, runs in this order as far as causes do not want another one: a mutation that fails stands before all deletions, and
// a signal that is delivered again must not find the embeddings that it would be lost to.
var table = []Remedy{
	{ID: "set-clickhouse-database", Codes: codes(checks.ENV001), Safety: Safe, Says: nameDatabase, Plan: planDatabase},
	{ID: "set-clickhouse-database", Codes: codes(checks.ENV001), Safety: Manual, Says: exportDatabase},
	manual("set-inactivity-timeout", "set TASKS_INACTIVITY_TIMEOUT_SECONDS to a few minutes, such as 300, and start bin/start anew", checks.ENV002),
	manual("set-api-key", "put a valid key into .env.local, and start bin/start anew: a worker reads it when it starts", checks.ENV003),
	manual("restart-workers", "stop bin/start and start it anew; a hot reload, or a restart within its process manager, keeps the old settings", checks.ENV004),
	manual("fill-in", "give the setting its value, or remove the line where nothing needs one", checks.ENV005),

	manual("review-suppression", "remove the suppression from .doctor.yaml, or agree on a new day with its owner", checks.CFG001),
	manual("remove-suppression", "remove the suppression from .doctor.yaml", checks.CFG002),

	manual("start-temporal", "start Temporal: docker compose --profile temporal up -d; its UI listens on 8081", checks.SVC001),
	manual("start-clickhouse", "start ClickHouse: docker compose up -d clickhouse; it listens on 9000", checks.SVC002),
	manual("start-object-storage", "start the object storage: docker compose up -d objectstorage; it listens on 19000", checks.SVC003),
	manual("start-docker", "start Docker, and see that this user may use its socket", checks.SVC004),
	manual("start-postgres", "start Postgres: docker compose up -d db; it listens on 5432", checks.SVC005),
	manual("start-support-service", "start the service: its process of bin/start, or docker compose up -d kafka redis7", checks.SVC006),

	{ID: "kill-mutation", Codes: codes(checks.CLK003), Safety: Unsafe, Says: killFailing, Plan: planKilling},
	{ID: "kill-mutation", Codes: codes(checks.CLK003), Safety: Manual, Says: killSlow},
	{ID: "delete-stale-embeddings", Codes: codes(checks.CLK001), Safety: Safe, Says: deleteKnown, Plan: planDeletion},
	{ID: "delete-stale-embeddings", Codes: codes(checks.CLK001), Safety: Unsafe, Says: deleteSuspects, Plan: planDeletion},
	{ID: "delete-embeddings-of-deleted-reports", Codes: codes(checks.CLK004), Safety: Safe, Says: deleteKnown, Plan: planDeletion},
	{ID: "clean-up", Codes: codes(checks.CLK001, checks.CLK004), Safety: Manual, Says: cleanUp},

	{ID: "deliver-again", Codes: codes(checks.TMP001, checks.TMP005), Safety: Safe, Says: deliverAgain, Plan: planDelivery},
	{ID: "emit-again", Codes: codes(checks.TMP001), Safety: Manual, Says: emitAgain("emit the signal again, with the command that emitted it")},
	{ID: "terminate-run", Codes: codes(checks.TMP002, checks.TMP011), Safety: Unsafe, Says: endStuck, Plan: planTermination},
	{ID: "emit-after-failure", Codes: codes(checks.TMP002), Safety: Manual, Says: emitAfterFailure},
	manual("start-worker", "start the process temporal-worker, with the DEBUG that the emitting command has", checks.TMP003),
	manual("emit-again", "emit the signal again, with the command that emitted it, once the buffer has room", checks.TMP004),
	{ID: "emit-again", Codes: codes(checks.TMP005), Safety: Manual, Says: emitAgain("emit the signals again, with the command that emitted them")},
	manual("emit-again", "remove the cause, then emit the signal again, with the command that emitted it", checks.TMP006),
	manual("emit-again", "emit the signal again, with the command that emitted it: that starts a new buffer", checks.TMP013),
	manual("restore-storage", "restore the storage (hogli deploy:upgrade-objectstorage) or its OBJECT_STORAGE_* settings, else emit the signals again", checks.TMP014),
	manual("stop-hot-reload", "start the worker with TEMPORAL_DISABLE_HOT_RELOAD=1 and leave it alone while agents work, then emit the signal again", checks.TMP015),
	{ID: "clear-pause", Codes: codes(checks.TMP009), Safety: Manual, Says: clearPause},
	{ID: "emit-again", Codes: codes(checks.TMP007), Safety: Manual, Says: emitUnanswered},
	manual("raise-limit", "raise the limit that the worker's log names (signals_buffer.dropped_batch_…), then emit the signals again", checks.TMP008),

	{ID: "open-host", Codes: codes(checks.SBX001), Safety: Safe, Says: openHost, Plan: planOpening},
	{ID: "start-worker-with-debug", Codes: codes(checks.SBX001), Safety: Manual, Says: startWithDebug},
	{ID: "allow-host", Codes: codes(checks.SBX001), Safety: Manual, Says: allowHost},
	manual("emit-after-silence", "look at the end of the agent's log for what it waited for, then emit the signal again", checks.SBX002),
	manual("align-storage", "see that the worker runs, that the flag tasks is on, and that worker and shell have the same OBJECT_STORAGE_* settings", checks.SBX003),
	manual("emit-after-refusal", "set a key that the model's API takes, or wait until its limit is over, then emit the signal again", checks.SBX004),
	{ID: "remove-container", Codes: codes(checks.SBX005), Safety: Unsafe, Says: removeOrphan, Plan: planRemoval},
	{ID: "remove-container", Codes: codes(checks.SBX005), Safety: Manual, Says: removeByHand},

	{ID: "approve-ai", Codes: codes(checks.INB001), Safety: Manual, Says: approve},
	{ID: "switch-source-on", Codes: codes(checks.INB001), Safety: Manual, Says: switchOn},
	{ID: "mend-ingestion", Codes: codes(checks.INB002), Safety: Manual, Says: mendIngestion},
	{ID: "emit-another", Codes: codes(checks.INB002), Safety: Manual, Says: emitAnother},
	{ID: "promote-again", Codes: codes(checks.INB002), Safety: Manual, Says: promoteAgain},
	{ID: "answer-report", Codes: codes(checks.INB002), Safety: Manual, Says: answerReport},

	manual("unstage-secret", "git restore --staged the file and take the secret out; revoke one that was ever pushed", checks.GIT001),
	manual("unstage-folder", "git rm -r --cached the folder: its files stay where they are", checks.GIT002),
	manual("mend-fixture", "mend the fixture and stage it again", checks.GIT003),

	{ID: "restart-workers", Codes: codes(checks.ENV001, checks.SBX001), Safety: Manual, Says: restartWorkers},
}

func codes(of ...checks.Code) []checks.Code { return of }

// manual is a remedy that is the same for each finding of a code.
func manual(id, line string, code checks.Code) Remedy {
	return Remedy{ID: id, Codes: codes(code), Safety: Manual, Says: func(*Case) string { return line }}
}

// cleanUp removes stale embeddings in the one way that the pipeline has, which removes more than that.
func cleanUp(c *Case) string {
	if doomedBy(c) != nil {
		return "" // there is a remedy that removes just these
	}
	command := fmt.Sprintf("DEBUG=1 python manage.py cleanup_signals --team-id %d --yes (deletes all signals and reports of the team)", c.Team)
	if !c.Finding.Root() {
		command = "clean up again: " + command
	}
	return command
}

// killMutation ends a mutation that does not end by itself. Its subject is the table's database and name, and its own id.
func killMutation(c *Case) string {
	var where []string
	columns := []string{"database", "table", "mutation_id"}
	for i, value := range c.Finding.Subject[:min(len(columns), len(c.Finding.Subject))] {
		where = append(where, columns[i]+" = "+sqlText(value))
	}
	return "KILL MUTATION WHERE " + strings.Join(where, " AND ") + " (its rows stay as they are)"
}

func sqlText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// emitAfterFailure is for a failure that nothing else explains: what explains it has a remedy of its own.
func emitAfterFailure(c *Case) string {
	if f := c.Finding; !f.Root() || !f.Failing() || f.Severity != checks.Error {
		return ""
	}
	if _, stuck := stuckRun(c); stuck {
		return ""
	}
	return "remove the cause that the message names, then emit the signal again: nothing repeats what has failed"
}

func clearPause(c *Case) string {
	return "wait, or end the pause: temporal workflow signal --name clear_paused --workflow-id " + c.Finding.Subject[0]
}

// emitUnanswered is for signals that were dropped without a verdict: what was judged unsafe is meant to stay away.
func emitUnanswered(c *Case) string {
	if !c.Finding.Failing() {
		return ""
	}
	return "emit the signals again, with the command that emitted them: the model may answer the next time"
}

func approve(c *Case) string {
	if c.Finding.Subject[0] != inbox.NoConsent {
		return ""
	}
	return "agree to AI data processing in the settings of the organization, then emit the signals again"
}

func switchOn(c *Case) string {
	switch source := c.Finding.Subject[0]; source {
	case inbox.NoConsent:
		return ""
	case inbox.AllSources:
		return "switch a source on in the settings of the inbox, then emit the signals again"
	default:
		return "switch " + source + " on in the settings of the inbox, then emit the signals again"
	}
}

// stuck is what is known of a report that nothing works on; nil of one that waits for a person.
func stuck(c *Case) *inbox.Stuck {
	all, _ := c.Result.([]inbox.Stuck)
	for i := range all {
		if all[i].ID == c.Finding.Subject[0] {
			return &all[i]
		}
	}
	return nil
}

// mendIngestion is for a report whose summary waits for rows, unless what explains it has a remedy of its own.
func mendIngestion(c *Case) string {
	if s := stuck(c); s == nil || s.Waiting == nil || !c.Finding.Root() {
		return ""
	}
	return "see that embedding-worker and Kafka run: the rows of its signals do not reach ClickHouse"
}

func emitAnother(c *Case) string {
	if s := stuck(c); s == nil || s.Waiting != nil || s.Status != pipeline.ReportCandidate {
		return ""
	}
	return "emit one more signal of its matter: that starts the summary"
}

func promoteAgain(c *Case) string {
	s := stuck(c)
	if s == nil || s.Waiting != nil || s.Status == pipeline.ReportCandidate {
		return ""
	}
	return fmt.Sprintf("UPDATE signals_signalreport SET status = 'candidate' WHERE id = %s, then emit one more signal of its matter", sqlText(s.ID))
}

func answerReport(c *Case) string {
	if stuck(c) != nil {
		return ""
	}
	return "give the report what it waits for, in the inbox"
}
