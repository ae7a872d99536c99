package remedies

import (
	"fmt"
	"strings"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
	"doctor/checks/sources"
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
	manual("agree-on-debug", "start the worker, and the command that emits, with the same DEBUG: export DEBUG=1 for both", checks.ENV006),
	manual("agree-on-secret-key", "start workers and commands with the same SECRET_KEY: that of .env.services, or none in each shell", checks.ENV007),
	manual("enable-object-storage", "take OBJECT_STORAGE_ENABLED out, or set it to true, and start bin/start anew; then emit the signals again", checks.ENV008),
	manual("set-gateway", "add SANDBOX_LLM_GATEWAY_URL=http://host.docker.internal:3308 to .env, and start bin/start anew", checks.ENV009),
	manual("add-host-aliases", "echo '127.0.0.1 db redis7 clickhouse kafka objectstorage temporal' | sudo tee -a /etc/hosts", checks.ENV011),
	manual("fill-in", "give the setting its value, or remove the line where nothing needs one", checks.ENV005),

	manual("review-suppression", "remove the suppression from .doctor.yaml, or agree on a new day with its owner", checks.CFG001),
	manual("remove-suppression", "remove the suppression from .doctor.yaml", checks.CFG002),

	{ID: "start-temporal", Codes: codes(checks.SVC001), Safety: Manual, Says: startTemporal},
	manual("start-clickhouse", "start ClickHouse: docker compose up -d clickhouse; it listens on 9000", checks.SVC002),
	manual("start-object-storage", "start the object storage: docker compose up -d objectstorage; it listens on 19000", checks.SVC003),
	manual("start-docker", "start Docker, and see that this user may use its socket", checks.SVC004),
	manual("start-postgres", "start Postgres: docker compose up -d db; it listens on 5432", checks.SVC005),
	manual("start-support-service", "start the service: its process of bin/start, or docker compose up -d kafka redis7", checks.SVC006),

	manual("set-clock", "sudo hwclock -s in Docker's virtual machine, or restart Docker: its clock stands still while the machine sleeps", checks.SVC007),
	manual("make-room", "docker system prune removes what no container uses; old images and build caches take the most", checks.SVC008),
	{ID: "grant-select", Codes: codes(checks.SEE001, checks.SEE006), Safety: Manual, Says: grantSelect},
	manual("show-bucket", "correct OBJECT_STORAGE_BUCKET and the keys beside it; where the bucket is gone, restart the backend, which makes it", checks.SEE002),
	manual("mend-visibility", "look again in a minute; where it stays behind, restart Elasticsearch, then Temporal: docker compose restart elasticsearch temporal", checks.SEE004),
	manual("ask-for-less", "doctor --since 1h asks for less, and doctor --timeout 1m gives it more time", checks.SEE005),
	manual("open-docker-socket", "sudo usermod -aG docker $USER and log in again; on macOS, run outside of the development sandbox", checks.SEE003),

	{ID: "kill-mutation", Codes: codes(checks.CLK003), Safety: Unsafe, Says: killFailing, Plan: planKilling},
	{ID: "kill-mutation", Codes: codes(checks.CLK003), Safety: Manual, Says: killSlow},
	{ID: "delete-stale-embeddings", Codes: codes(checks.CLK001), Safety: Safe, Says: deleteKnown, Plan: planDeletion},
	{ID: "delete-stale-embeddings", Codes: codes(checks.CLK001), Safety: Unsafe, Says: deleteSuspects, Plan: planDeletion},
	{ID: "delete-embeddings-of-deleted-reports", Codes: codes(checks.CLK004), Safety: Safe, Says: deleteKnown, Plan: planDeletion},
	{ID: "make-view", Codes: codes(checks.CLK005), Safety: Manual, Says: makeView},
	{ID: "hand-rows-on", Codes: codes(checks.CLK005), Safety: Manual, Says: handOn},
	manual("see-to-kafka", "see that Kafka runs and has the topic clickhouse_document_embeddings: docker compose up -d kafka kafka-init", checks.CLK006),
	manual("let-it-rest", "stop what emits signals, wait until doctor status says that nothing is on its way, then doctor --fix", checks.CLK007),
	{ID: "mend-ingestion", Codes: codes(checks.CLK009), Safety: Manual, Says: seeToIngestion},
	{ID: "clean-up", Codes: codes(checks.CLK001, checks.CLK004), Safety: Manual, Says: cleanUp},

	{ID: "deliver-again", Codes: codes(checks.TMP001, checks.TMP005), Safety: Safe, Says: deliverAgain, Plan: planDelivery},
	{ID: "emit-again", Codes: codes(checks.TMP001), Safety: Manual, Says: emitAgain("emit the signal again, with the command that emitted it")},
	{ID: "terminate-run", Codes: codes(checks.TMP002, checks.TMP011), Safety: Unsafe, Says: endStuck, Plan: planTermination},
	{ID: "emit-after-failure", Codes: codes(checks.TMP002), Safety: Manual, Says: emitAfterFailure},
	manual("start-worker", "start the process temporal-worker, with the DEBUG that the emitting command has", checks.TMP003),
	manual("emit-again", "emit the signal again, with the command that emitted it, once the buffer has room", checks.TMP004),
	{ID: "emit-again", Codes: codes(checks.TMP005), Safety: Manual, Says: emitAgain("emit the signals again, with the command that emitted them")},
	manual("emit-again", "remove the cause, then emit the signal again, with the command that emitted it", checks.TMP006),
	manual("take-change-back", "where the change can be taken back, start the worker with the code that the run began with: then it goes on, and nothing is lost", checks.TMP011),
	manual("remove-double", "nothing is lost: where the double weight matters, remove one of the two signals in the inbox", checks.TMP012),
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
	manual("align-storage", "see that the worker runs, and that worker and shell have the same OBJECT_STORAGE_* settings", checks.SBX003),
	manual("emit-after-refusal", "set a key that the model's API takes, or wait until its limit is over, then emit the signal again", checks.SBX004),
	{ID: "remove-container", Codes: codes(checks.SBX005), Safety: Unsafe, Says: removeOrphan, Plan: planRemoval},
	{ID: "remove-container", Codes: codes(checks.SBX005), Safety: Manual, Says: removeByHand},

	manual("switch-tasks-on", "python manage.py setup_background_agents (it switches the feature flag tasks on for everybody), then emit one more signal of the report's matter", checks.SBX006),

	manual("rebuild-image", "look at the lines above; where they tell of the image, docker rmi posthog-sandbox-base (the next agent builds it anew), then emit one more signal of the report's matter", checks.SBX007),
	manual("rebuild-image", "docker rmi posthog-sandbox-base (the next agent builds it anew), then emit one more signal of the report's matter", checks.SBX008),
	manual("build-image", "docker system df and df -h for room, docker system prune where there is none; then emit one more signal of the report's matter, and read in the worker's output why the build fails", checks.SBX009),
	manual("listen-for-sandboxes", "let the service listen on 0.0.0.0 (ss -ltn shows where it does), let Docker's network through the firewall, then emit one more signal of the report's matter", checks.SBX010),
	manual("give-memory", "give Docker more memory, or run fewer agents at a time (docker stats shows what they take), then emit one more signal of the report's matter", checks.SBX011),
	manual("name-mcp-server", "set SANDBOX_MCP_URL=http://host.docker.internal:8787/mcp in .env, see that the process mcp runs, and start bin/start anew", checks.SBX012),
	manual("connect-github", "connect GitHub anew in the settings of the project, then emit one more signal of the report's matter", checks.SBX013),
	manual("rebuild-image", "docker rmi posthog-sandbox-base (the next agent builds it anew), then emit one more signal of the report's matter", checks.SBX014),
	manual("let-worker-use-docker", "read in the worker's output what Docker said; on macOS let temporal-worker out of the dev sandbox (POSTHOG_DEV_SANDBOX=0), and set SANDBOX_PROVIDER=docker", checks.SBX015),

	{ID: "switch-source-on", Codes: codes(checks.INB001), Safety: Manual, Says: switchOn},
	{ID: "mend-ingestion", Codes: codes(checks.INB002), Safety: Manual, Says: mendIngestion},
	{ID: "emit-another", Codes: codes(checks.INB002), Safety: Manual, Says: emitAnother},
	{ID: "promote-again", Codes: codes(checks.INB002), Safety: Manual, Says: promoteAgain},
	manual("approve-ai", "agree to AI data processing in the settings of the organization, then emit the signals again", checks.INB003),
	{ID: "research-again", Codes: codes(checks.INB004), Safety: Manual, Says: researchAgain},
	{ID: "answer-report", Codes: codes(checks.INB005), Safety: Manual, Says: answerReport},

	manual("unstage-secret", "git restore --staged the file and take the secret out; revoke one that was ever pushed", checks.GIT001),
	manual("unstage-folder", "git rm -r --cached the folder: its files stay where they are", checks.GIT002),
	manual("mend-fixture", "mend the fixture and stage it again", checks.GIT003),

	{ID: "restart-workers", Codes: codes(checks.ENV001, checks.SBX001), Safety: Manual, Says: restartWorkers},
}

// arrival is what is known of the rows for the table of a finding; nil when nothing is.
func arrival(c *Case) *embeddings.Arrival {
	arrivals, _ := c.Result.(*embeddings.Arrivals)
	if arrivals == nil {
		return nil
	}
	for _, into := range arrivals.Into {
		if into.Table.String() == c.Finding.Subject[0] {
			return into
		}
	}
	return nil
}

// makeView brings the view back that hands rows on. One that was detached is only to be attached.
func makeView(c *Case) string {
	into := arrival(c)
	switch {
	case into == nil:
		return "bring the view back: ATTACH TABLE and its name, where it was detached; else python manage.py migrate_clickhouse"
	case !into.Absent:
		return ""
	}
	return fmt.Sprintf("ATTACH TABLE %s.%s, where it was detached; else python manage.py migrate_clickhouse", into.Table.Database, into.View)
}

// handOn is the statement that hands on what has stayed in the buffer.
func handOn(c *Case) string {
	into := arrival(c)
	if into == nil || into.Missing == 0 {
		return ""
	}
	const columns = "team_id, product, document_type, rendering, document_id, timestamp, inserted_at, content, metadata, embedding, _timestamp, _offset, _partition"
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %[2]s FROM %s WHERE team_id = %d AND replaceAll(model_name, '-', '_') = %s AND document_id NOT IN"+
		" (SELECT document_id FROM %s WHERE team_id = %[4]d), within a day of when they came", into.Table, columns, into.Buffer, c.Team, sqlText(into.Model), into.Table.Reader())
}

// seeToIngestion is for a wait that nothing explains: what explains it has a remedy of its own.
func seeToIngestion(c *Case) string {
	if !c.Finding.Root() {
		return ""
	}
	return "see that embedding-worker and Kafka run, and read what the embedding worker says: the rows do not reach ClickHouse"
}

func codes(of ...checks.Code) []checks.Code { return of }

// manual is a remedy that is the same for each finding of a code.
func manual(id, line string, code checks.Code) Remedy {
	return Remedy{ID: id, Codes: codes(code), Safety: Manual, Says: func(*Case) string { return line }}
}

// startTemporal is for a server that is not there, or has no such namespace.
func startTemporal(c *Case) string {
	if strings.Contains(c.Finding.Title, ": Namespace ") { // the server's words: Namespace x is not found.
		return "set TEMPORAL_NAMESPACE to a namespace that this server has, mostly default"
	}
	return "start Temporal: docker compose --profile temporal up -d; its UI listens on 8081"
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

func switchOn(c *Case) string {
	switch source := c.Finding.Subject[0]; source {
	case sources.AllSources:
		return "switch a source on in the settings of the inbox, then emit the signals again"
	default:
		return "switch " + source + " on in the settings of the inbox, then emit the signals again"
	}
}

// stuck is what is known of a report that nothing works on; nil when nothing is.
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
	if s := stuck(c); s != nil && (s.Waiting != nil || s.Status != pipeline.ReportCandidate) {
		return ""
	}
	return "emit one more signal of its matter: that starts the summary"
}

func promoteAgain(c *Case) string {
	s := stuck(c)
	if s == nil || s.Waiting != nil || s.Status == pipeline.ReportCandidate {
		return ""
	}
	return promotion(s.ID)
}

// promotion makes a report a candidate again: the next signal that matches it has it worked on.
func promotion(report string) string {
	return fmt.Sprintf("UPDATE signals_signalreport SET status = 'candidate' WHERE id = %s, then emit one more signal of its matter", sqlText(report))
}

// researchAgain has a report that has failed worked on once more, once its cause is gone.
func researchAgain(c *Case) string {
	if c.Finding.Severity == checks.Info {
		return ""
	}
	return "remove the cause, then emit the signals again; or " + promotion(c.Finding.Subject[0])
}

// grantSelect lets the user of a finding read what the finding names. Its subject is that user, and then what is hidden.
func grantSelect(c *Case) string {
	var grants []string
	for _, hidden := range c.Finding.Subject[1:] {
		grants = append(grants, "GRANT SELECT ON "+hidden+" TO "+c.Finding.Subject[0])
	}
	return strings.Join(grants, "; ")
}

func answerReport(c *Case) string { return inbox.Answer(c.Finding.Subject[0]) }
