package checks

// Code names one thing that can be wrong. Codes are never reused: a retired one keeps its row.
type Code string

// Severity says how bad a finding is.
type Severity string

// The severities, by weight.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Weight orders severities: the heavier, the worse. An unknown severity weighs nothing.
func (s Severity) Weight() int {
	switch s {
	case Error:
		return 3
	case Warning:
		return 2
	case Info:
		return 1
	}
	return 0
}

// Stage is one station of a signal's way to the inbox.
type Stage string

// The stages, in the order of the way.
const (
	Emitter    Stage = "emitter"
	Buffer     Stage = "buffer"
	Batch      Stage = "batch"
	Grouping   Stage = "grouping"
	Embeddings Stage = "embeddings"
	Report     Stage = "report"
	Sandbox    Stage = "sandbox"
	Inbox      Stage = "inbox"
)

// Stages is the way of a signal.
var Stages = []Stage{Emitter, Buffer, Batch, Grouping, Embeddings, Report, Sandbox, Inbox}

// CodeInfo is what is fixed about a code.
type CodeInfo struct {
	Code     Code
	Slug     string
	Severity Severity // unless a finding says otherwise
	Stage    Stage    // "" when the finding itself says where, or when it is no station's fault alone
	Summary  string   // what it means, in one line
}

// The codes.
const (
	ENV001 Code = "ENV001"
	ENV002 Code = "ENV002"
	ENV003 Code = "ENV003"
	ENV004 Code = "ENV004"
	ENV005 Code = "ENV005"
	ENV006 Code = "ENV006"
	ENV007 Code = "ENV007"
	ENV008 Code = "ENV008"
	ENV009 Code = "ENV009"
	ENV011 Code = "ENV011"
	SVC001 Code = "SVC001"
	SVC002 Code = "SVC002"
	SVC003 Code = "SVC003"
	SVC004 Code = "SVC004"
	SVC005 Code = "SVC005"
	SVC006 Code = "SVC006"
	SVC007 Code = "SVC007"
	SVC008 Code = "SVC008"
	SEE001 Code = "SEE001"
	SEE002 Code = "SEE002"
	SEE003 Code = "SEE003"
	SEE004 Code = "SEE004"
	SEE005 Code = "SEE005"
	SEE006 Code = "SEE006"
	TMP001 Code = "TMP001"
	TMP002 Code = "TMP002"
	TMP003 Code = "TMP003"
	TMP004 Code = "TMP004"
	TMP005 Code = "TMP005"
	TMP006 Code = "TMP006"
	TMP007 Code = "TMP007"
	TMP008 Code = "TMP008"
	TMP009 Code = "TMP009"
	TMP011 Code = "TMP011"
	TMP012 Code = "TMP012"
	TMP013 Code = "TMP013"
	TMP014 Code = "TMP014"
	TMP015 Code = "TMP015"
	CLK001 Code = "CLK001"
	CLK002 Code = "CLK002"
	CLK003 Code = "CLK003"
	CLK004 Code = "CLK004"
	CLK005 Code = "CLK005"
	CLK006 Code = "CLK006"
	CLK007 Code = "CLK007"
	CLK009 Code = "CLK009"
	SBX001 Code = "SBX001"
	SBX002 Code = "SBX002"
	SBX003 Code = "SBX003"
	SBX004 Code = "SBX004"
	SBX005 Code = "SBX005"
	SBX006 Code = "SBX006"
	SBX007 Code = "SBX007"
	SBX008 Code = "SBX008"
	SBX009 Code = "SBX009"
	SBX010 Code = "SBX010"
	SBX011 Code = "SBX011"
	SBX012 Code = "SBX012"
	SBX013 Code = "SBX013"
	SBX014 Code = "SBX014"
	SBX015 Code = "SBX015"
	INB001 Code = "INB001"
	INB002 Code = "INB002"
	INB003 Code = "INB003"
	INB004 Code = "INB004"
	INB005 Code = "INB005"
	CFG001 Code = "CFG001"
	CFG002 Code = "CFG002"
	GIT001 Code = "GIT001"
	GIT002 Code = "GIT002"
	GIT003 Code = "GIT003"
)

// Codes is the one table of codes, which catalogue, reports and suppressions read. A code whose subject is part of it
// keeps its fingerprint from run to run.
var Codes = []CodeInfo{
	{ENV001, "clickhouse-database-missing", Error, Embeddings, "CLICKHOUSE_DATABASE does not name the database of the embeddings"},
	{ENV002, "inactivity-timeout-unset", Info, Sandbox, "nothing says how long an agent may be silent"},
	{ENV003, "api-key-missing", Error, Grouping, "a key without which a model cannot be asked is not set"},
	{ENV004, "workers-older-than-env", Warning, Grouping, "a worker has not read the env file as it is now"},
	{ENV005, "placeholder-value", Warning, "", "a setting still has the placeholder of .env.example"},
	{ENV006, "debug-mismatch", Error, "", "workflows wait in the task queue of one DEBUG setting, and workers ask that of the other"},
	{ENV007, "secret-key-differs", Error, "", "payloads are encrypted with another SECRET_KEY than the one that is set"},
	{ENV008, "object-storage-disabled", Error, Batch, "OBJECT_STORAGE_ENABLED is off, and what is written is thrown away"},
	{ENV009, "sandbox-gateway-unset", Warning, Sandbox, "agents are sent to the production gateway for their model"},
	{ENV011, "host-alias-missing", Warning, "", "this machine does not resolve compose host names that the settings have"},
	{SVC001, "temporal-unreachable", Error, "", "Temporal does not answer where it is expected"},
	{SVC002, "clickhouse-unreachable", Error, "", "ClickHouse does not answer where it is expected"},
	{SVC003, "object-storage-unreachable", Error, "", "the object storage does not answer where it is expected"},
	{SVC004, "docker-unreachable", Error, "", "Docker does not answer where it is expected"},
	{SVC005, "postgres-unreachable", Error, "", "Postgres does not answer where it is expected"},
	{SVC006, "support-service-unreachable", Warning, "", "a service that the pipeline leans on takes no connection"},
	{SVC007, "clock-skew", Warning, "", "the clock of a service differs from this machine's"},
	{SVC008, "disk-full", Warning, "", "a disk of the pipeline is nearly full"},
	{SEE001, "clickhouse-grants", Warning, "", "ClickHouse does not let its user read what the checks ask about"},
	{SEE002, "bucket-permissions", Error, "", "the object storage answers, and does not show its bucket"},
	{SEE003, "docker-socket-unreadable", Error, "", "Docker's socket is there, and this user may not open it"},
	{SEE004, "visibility-lagging", Warning, "", "Temporal's list of workflows lacks what its histories tell"},
	{SEE005, "answers-truncated", Warning, "", "the doctor's own bounds left something out"},
	{SEE006, "postgres-grants", Warning, "", "Postgres does not let its user read what the checks ask about"},
	{TMP001, "signal-lost-on-continue-as-new", Error, Buffer, "a buffer run continued as new without a signal that it had received"},
	{TMP002, "activity-failed", Error, "", "an activity or a workflow failed"},
	{TMP003, "no-worker", Error, "", "workflow tasks wait and no worker asks for them"},
	{TMP004, "emitter-timed-out", Error, Emitter, "an emitter ran out of time before its signal was in the buffer"},
	{TMP005, "buffer-batch-lost", Error, Buffer, "a buffer run ended with signals in hand"},
	{TMP006, "signal-dropped-by-grouping", Error, Grouping, "grouping went on without a signal that it had read"},
	{TMP007, "signals-filtered-out", Info, Buffer, "the safety filter judged signals unsafe, and the buffer dropped them"},
	{TMP008, "quota-reached", Warning, Buffer, "the buffer dropped a batch because the team is over its quota"},
	{TMP009, "grouping-paused", Warning, Grouping, "grouping was told to touch no batch until an instant"},
	{TMP011, "code-changed-under-open-run", Error, "", "the code of an open run was changed, and does not fit it any more"},
	{TMP012, "signal-delivered-twice", Warning, Emitter, "an emitter delivered its signal to the buffer twice"},
	{TMP013, "emitter-failed", Error, Emitter, "an emitter failed before its signal was in the buffer"},
	{TMP014, "batch-object-missing", Error, Batch, "a batch is not in the object storage, and grouping failed for it"},
	{TMP015, "worker-restarted", Warning, "", "a worker was restarted while an activity ran in it"},
	{CLK001, "stale-embeddings", Error, Embeddings, "live embeddings belong to reports that do not exist"},
	{CLK002, "embedding-tables-elsewhere", Error, Embeddings, "the embedding tables are not in the database that the commands ask"},
	{CLK003, "mutation-stuck", Warning, Embeddings, "a change of the embedding tables does not come to its end"},
	{CLK004, "signals-of-deleted-report", Warning, Embeddings, "live embeddings belong to reports that were deleted"},
	{CLK005, "rows-not-in-sharded-table", Error, Embeddings, "rows that arrive in ClickHouse do not get into an embedding table"},
	{CLK006, "kafka-consumer-errors", Error, Embeddings, "ClickHouse cannot read the embeddings from Kafka"},
	{CLK007, "rows-reappeared-after-cleanup", Warning, Embeddings, "embeddings came in after the cleanup that has deleted their reports"},
	{CLK009, "signal-awaited-in-clickhouse", Error, Embeddings, "grouping waits in vain for rows of its signals"},
	{SBX001, "agentsh-deny", Error, Sandbox, "the sandbox's network policy denied a host that the agent needs"},
	{SBX002, "inactivity-timeout", Error, Sandbox, "an agent was silent for too long, and its run was ended"},
	{SBX003, "agent-log-empty", Warning, Sandbox, "a run of an agent has left no log"},
	{SBX004, "model-api-error", Warning, Sandbox, "the model's API refused an agent, or failed it"},
	{SBX005, "orphan-container", Warning, Sandbox, "a sandbox outlives the run that it was made for"},
	{SBX006, "task-run-blocked", Error, Sandbox, "no workflow was started for a run of an agent"},
	{SBX007, "agent-server-failed", Error, Sandbox, "the agent server did not start in a sandbox"},
	{SBX008, "agentsh-failed", Error, Sandbox, "agentsh, which guards the network, did not start in a sandbox"},
	{SBX009, "sandbox-image-missing", Error, Sandbox, "the image that sandboxes are made from is not there"},
	{SBX010, "connection-refused", Error, Sandbox, "a service of this machine refused an agent, and no policy denied it"},
	{SBX011, "sandbox-out-of-memory", Error, Sandbox, "a sandbox ran out of memory, and something in it was ended"},
	{SBX012, "mcp-unavailable", Warning, Sandbox, "an agent was started without PostHog's tools"},
	{SBX013, "repository-clone-failed", Error, Sandbox, "the repository could not be cloned into a sandbox"},
	{SBX014, "sandbox-image-stale", Warning, Sandbox, "the image that sandboxes are made from is older than the code"},
	{SBX015, "sandbox-not-created", Error, Sandbox, "no sandbox could be made for an agent"},
	{INB001, "signal-source-disabled", Warning, Emitter, "the signals of a source are not taken in"},
	{INB002, "report-stuck", Warning, Report, "a report waits and nothing works on it"},
	{INB003, "ai-consent-missing", Error, Emitter, "the organization has not agreed to AI data processing, and no signal is taken in"},
	{INB004, "report-failed", Error, Report, "a report has failed, and its signals do not reach the inbox"},
	{INB005, "report-needs-input", Info, Inbox, "a report waits for a person"},
	{CFG001, "suppression-expired", Warning, "", "a suppression holds no more"},
	{CFG002, "suppression-unused", Info, "", "a suppression covers no finding"},
	{GIT001, "secret-staged", Error, "", "a secret is about to be committed"},
	{GIT002, "doctor-folder-staged", Error, "", "the doctor's own journal is about to be committed"},
	{GIT003, "fixture-refused", Error, "", "a fixture that the pipeline would refuse is about to be committed"},
}

// Info looks a code up in the table. The zero value means that there is no such code.
func (c Code) Info() CodeInfo {
	for _, info := range Codes {
		if info.Code == c {
			return info
		}
	}
	return CodeInfo{}
}
