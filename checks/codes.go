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
	SVC001 Code = "SVC001"
	SVC002 Code = "SVC002"
	SVC003 Code = "SVC003"
	SVC004 Code = "SVC004"
	SVC005 Code = "SVC005"
	TMP001 Code = "TMP001"
	TMP002 Code = "TMP002"
	TMP003 Code = "TMP003"
	TMP005 Code = "TMP005"
	CLK001 Code = "CLK001"
	CLK002 Code = "CLK002"
)

// Codes is the one table of codes, which catalogue, reports and suppressions read. A code whose subject is part of it
// keeps its fingerprint from run to run.
var Codes = []CodeInfo{
	{ENV001, "clickhouse-database-missing", Error, Embeddings, "CLICKHOUSE_DATABASE does not name the database of the embeddings"},
	{SVC001, "temporal-unreachable", Error, "", "Temporal does not answer where it is expected"},
	{SVC002, "clickhouse-unreachable", Error, "", "ClickHouse does not answer where it is expected"},
	{SVC003, "object-storage-unreachable", Error, "", "the object storage does not answer where it is expected"},
	{SVC004, "docker-unreachable", Error, "", "Docker does not answer where it is expected"},
	{SVC005, "postgres-unreachable", Error, "", "Postgres does not answer where it is expected"},
	{TMP001, "signal-lost-on-continue-as-new", Error, Buffer, "a buffer run continued as new without a signal that it had received"},
	{TMP002, "activity-failed", Error, "", "an activity or a workflow failed"},
	{TMP003, "no-worker", Error, "", "workflow tasks wait and no worker asks for them"},
	{TMP005, "buffer-batch-lost", Error, Buffer, "a buffer run ended with signals in hand"},
	{CLK001, "stale-embeddings", Error, Embeddings, "live embeddings belong to reports that do not exist"},
	{CLK002, "embedding-tables-elsewhere", Error, Embeddings, "the embedding tables are not in the database that the commands ask"},
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
