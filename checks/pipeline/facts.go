package pipeline

import (
	"encoding/json"
	"fmt"
	"time"
)

// Source is one part of the outside that can be asked, under the name that people call it by.
type Source string

// The sources.
const (
	SourceTemporal      Source = "Temporal"
	SourceClickHouse    Source = "ClickHouse"
	SourceObjectStorage Source = "object storage"
	SourceDocker        Source = "Docker"
	SourcePostgres      Source = "Postgres"
	SourceSupport       Source = "support services"
	SourceMachine       Source = "this machine"
	SourceSettings      Source = "settings"
	SourceGit           Source = "git"
)

// A Fact is one kind of question: who is asked, and the types of the question's argument and of its answer, both
// plain data. The facts below are all that a doctor ever asks.
type Fact[Q, A any] struct {
	Source Source
	Name   string         // unique within the source
	Asking func(Q) string // completes "asking Temporal for …"
}

// Is tells the fact's answer, for a [Told] world.
func (f Fact[Q, A]) Is(asked Q, value A) Answer {
	return Answer{question: f.question(asked), value: value}
}

// Fails tells that the fact could not be looked up, for a [Told] world.
func (f Fact[Q, A]) Fails(asked Q, kind Kind, err error) Answer {
	return Answer{question: f.question(asked), err: &Error{Kind: kind, Source: f.Source, Asking: f.Asking(asked), Err: err}}
}

// By tells how any question of the fact is answered that has no answer of its own, for a [Told] world.
func (f Fact[Q, A]) By(answer func(Q) (A, error)) Answer {
	return Answer{question: question{source: f.Source, fact: f.Name}, by: &teller{func(asked any) (any, error) { return answer(asked.(Q)) }}}
}

func (f Fact[Q, A]) question(asked Q) question {
	text, err := json.Marshal(asked)
	if err != nil {
		panic(fmt.Sprintf("the argument of %s is not plain data: %v", f.Name, err))
	}
	return question{source: f.Source, fact: f.Name, asked: string(text)}
}

// Answer is a fact's answer, known beforehand.
type Answer struct {
	question question
	value    any
	err      error
	by       *teller
}

// teller answers any question of a fact.
type teller struct{ answer func(any) (any, error) }

// Nothing is the argument of a fact that has none.
type Nothing struct{}

// Reached is what a service said of itself when it was greeted.
type Reached struct {
	Address string // where it answered, without credentials
	Version string
	Note    string // what the reader should know of the way there, such as a host name that was tried on loopback
	Clock   Clock  `json:",omitzero"` // what it said of the time
}

// TeamSince names what belongs to a team and is not older than an instant.
type TeamSince struct {
	Team  int64
	Since time.Time
}

// TeamAt names what a team had at an instant.
type TeamAt struct {
	Team int64
	At   time.Time
}

// SignalsOf names the signals of a team in one embedding table. Those since an instant are counted apart.
type SignalsOf struct {
	Table Table
	Team  int64
	Since time.Time
}

// SignalsSince names the newest signals of a team in one embedding table, by their own time.
type SignalsSince struct {
	Table Table
	Team  int64
	Since time.Time
	Most  int
}

// SignalsOfReport names the signals of one report in one embedding table.
type SignalsOfReport struct {
	Table  Table
	Team   int64
	Report string
}

// ReportsOf names reports of a team by id.
type ReportsOf struct {
	Team int64
	IDs  []string
}

// ReportsNamed names reports of a team by the beginning of their ids, or one by its whole id.
type ReportsNamed struct {
	Team      int64
	Beginning string
}

// RunTail names the newest events of a run. A server gives whole batches of events, and so a few more than asked for.
type RunTail struct {
	Run    Run
	Events int
}

// TaskQueue names one of the two queues that Temporal keeps under a task queue's name.
type TaskQueue struct {
	Name     string
	Activity bool // the queue of activity tasks, else that of workflow tasks
}

// TasksOf names tasks of a team by id.
type TasksOf struct {
	Team  int64
	Tasks []string
}

// LogEnd names the end of an agent's log, of at most so many bytes.
type LogEnd struct {
	Key   string
	Bytes int64
}

// LogTail names the last entries of an agent's log; all of them where Entries is 0. Raw asks for the lines, too.
type LogTail struct {
	Key     string
	Entries int
	Raw     bool
}

// LogGrowth names what an agent's log has got since it was read up to a mark.
type LogGrowth struct {
	Key  string
	Mark LogMark
	Raw  bool
}

// What can be asked. The value of each is the answer's type; the doors' methods say how it is looked up.
var (
	TemporalReached = Fact[Nothing, Reached]{SourceTemporal, "reached", plainly[Nothing]("its version")}
	Executions      = Fact[TeamSince, Listing]{SourceTemporal, "executions", func(q TeamSince) string {
		return fmt.Sprintf("the workflows of team %d", q.Team)
	}}
	Emitters = Fact[TeamAt, []Execution]{SourceTemporal, "emitters", func(q TeamAt) string {
		return fmt.Sprintf("the emitters of team %d at %s", q.Team, q.At.Format(time.RFC3339))
	}}
	TeamWorkflows = Fact[TeamQuery, TeamListing]{SourceTemporal, "team-workflows", func(q TeamQuery) string {
		return fmt.Sprintf("some workflows of team %d", q.Team)
	}}
	NamedRuns       = Fact[RunsQuery, Listing]{SourceTemporal, "named-runs", func(q RunsQuery) string { return "the runs of " + q.Name }}
	WorkflowsFound  = Fact[WorkflowSearch, TeamListing]{SourceTemporal, "workflows-found", func(q WorkflowSearch) string { return "the workflows with " + q.Query }}
	WorkflowsCalled = Fact[[]string, Listing]{SourceTemporal, "workflows-called", func(ids []string) string {
		return fmt.Sprintf("%d workflows by name", len(ids))
	}}
	Histories = Fact[Run, History]{SourceTemporal, "history", func(q Run) string { return "the history of " + q.String() }}
	Tails     = Fact[RunTail, History]{SourceTemporal, "tail", func(q RunTail) string { return "the end of the history of " + q.Run.String() }}
	Details   = Fact[Run, Detail]{SourceTemporal, "detail", func(q Run) string { return "the state of " + q.String() }}
	Pollers   = Fact[TaskQueue, []Poller]{SourceTemporal, "pollers", func(q TaskQueue) string {
		return "the workers of task queue " + q.Name
	}}

	ClickHouseReached = Fact[Nothing, Reached]{SourceClickHouse, "reached", plainly[Nothing]("its version")}
	EmbeddingTables   = Fact[Nothing, []Table]{SourceClickHouse, "embedding-tables", plainly[Nothing]("the embedding tables")}
	LiveSignals       = Fact[SignalsOf, TeamSignals]{SourceClickHouse, "live-signals", func(q SignalsOf) string {
		return fmt.Sprintf("the live signals of team %d in %s", q.Team, q.Table)
	}}
	SignalRows = Fact[SignalsSince, []SignalRow]{SourceClickHouse, "signal-rows", func(q SignalsSince) string {
		return fmt.Sprintf("the newest signals of team %d in %s", q.Team, q.Table)
	}}
	ReportDocuments = Fact[SignalsOfReport, []Document]{SourceClickHouse, "report-documents", func(q SignalsOfReport) string {
		return fmt.Sprintf("the signals of report %s in %s", Short(q.Report), q.Table)
	}}
	Mutations       = Fact[Nothing, []Mutation]{SourceClickHouse, "mutations", plainly[Nothing]("the unfinished mutations of the embedding tables")}
	ClickHouseDisks = Fact[Nothing, []Disk]{SourceClickHouse, "disks", plainly[Nothing]("how full its disks are")}
	ClickHouseSight = Fact[Nothing, Sight]{SourceClickHouse, "sight", plainly[Nothing]("what its user may read")}
	SignalsBuffered = Fact[BufferedOf, BufferedSignals]{SourceClickHouse, "buffered-signals", func(q BufferedOf) string {
		return fmt.Sprintf("the signals of team %d in %s", q.Team, q.Buffer)
	}}
	ConsumersOfKafka = Fact[Nothing, KafkaConsumers]{SourceClickHouse, "kafka-consumers", plainly[Nothing]("the consumers of its Kafka tables")}

	ObjectStorageReached = Fact[Nothing, Reached]{SourceObjectStorage, "reached", plainly[Nothing]("its bucket")}
	ObjectsMissing       = Fact[[]string, []string]{SourceObjectStorage, "objects-missing", func(keys []string) string {
		return fmt.Sprintf("which of %d objects are not there", len(keys))
	}}
	AgentLogs = Fact[int64, LogListing]{SourceObjectStorage, "agent-logs", func(team int64) string {
		return fmt.Sprintf("the agent logs of team %d", team)
	}}
	AgentLogEnds = Fact[LogEnd, *AgentLog]{SourceObjectStorage, "agent-log", func(q LogEnd) string { return "the end of " + q.Key }}
	LogMatches   = Fact[LogSearch, *LogFound]{SourceObjectStorage, "log-matches", func(q LogSearch) string { return "what matches a pattern in " + q.Key }}
	LogTails     = Fact[LogTail, *LogEntries]{SourceObjectStorage, "log-tail", func(q LogTail) string { return "the last entries of " + q.Key }}
	LogGrowths   = Fact[LogGrowth, *LogEntries]{SourceObjectStorage, "log-growth", func(q LogGrowth) string { return "what is new in " + q.Key }}

	DockerReached = Fact[Nothing, Reached]{SourceDocker, "reached", plainly[Nothing]("its version")}
	Sandboxes     = Fact[Nothing, []Sandbox]{SourceDocker, "sandboxes", plainly[Nothing]("its sandboxes")}
	EventStores   = Fact[string, []NetworkEvent]{SourceDocker, "event-store", func(container string) string {
		return "the network events of sandbox " + Short(container)
	}}
	Processes = Fact[string, []Process]{SourceDocker, "processes", func(container string) string {
		return "the processes of sandbox " + Short(container)
	}}
	Images      = Fact[string, Image]{SourceDocker, "image", func(name string) string { return "the image " + name }}
	MemoryKills = Fact[KillsOf, []MemoryKill]{SourceDocker, "memory-kills", func(KillsOf) string { return "which containers ran out of memory" }}
	ServerLogs  = Fact[string, *ServerLog]{SourceDocker, "agent-server-log", func(container string) string {
		return "the agent-server log of sandbox " + Short(container)
	}}

	PostgresReached = Fact[Nothing, Reached]{SourcePostgres, "reached", plainly[Nothing]("its version")}
	TaskRuns        = Fact[TeamSince, TaskRunListing]{SourcePostgres, "task-runs", func(q TeamSince) string {
		return fmt.Sprintf("the agents' runs of team %d", q.Team)
	}}
	TaskRunsOf = Fact[TasksOf, TaskRunListing]{SourcePostgres, "task-runs-of", func(q TasksOf) string {
		return fmt.Sprintf("the runs of %d tasks of team %d", len(q.Tasks), q.Team)
	}}
	ReportStates = Fact[ReportsOf, []ReportState]{SourcePostgres, "report-states", func(q ReportsOf) string {
		return fmt.Sprintf("which of %d reports of team %d exist", len(q.IDs), q.Team)
	}}
	ReportsUnfinished = Fact[int64, UnfinishedReports]{SourcePostgres, "unfinished-reports", func(team int64) string {
		return fmt.Sprintf("the unfinished reports of team %d", team)
	}}
	ReportsListed = Fact[int64, Reports]{SourcePostgres, "reports", func(team int64) string {
		return fmt.Sprintf("the reports of team %d", team)
	}}
	ReportsBeginning = Fact[ReportsNamed, []Report]{SourcePostgres, "reports-beginning", func(q ReportsNamed) string { return reportsOf(q, "report") }}
	ReportArtefacts  = Fact[ReportsNamed, Artefacts]{SourcePostgres, "artefacts", func(q ReportsNamed) string {
		return reportsOf(q, "what was left by the work on report")
	}}
	Flags = Fact[TeamFlag, []Flag]{SourcePostgres, "flag", func(q TeamFlag) string {
		return fmt.Sprintf("the feature flag %s of team %d", q.Key, q.Team)
	}}
	SignalSources = Fact[int64, Sources]{SourcePostgres, "sources", func(team int64) string {
		return fmt.Sprintf("the signal sources of team %d", team)
	}}
	PostgresSight = Fact[Nothing, Sight]{SourcePostgres, "sight", plainly[Nothing]("what its user may read")}

	SupportReached = Fact[string, Reached]{SourceSupport, "reached", func(address string) string { return "a connection to " + address }}
	FileSums       = Fact[string, string]{SourceMachine, "file-sum", func(name string) string { return "the sum of " + name }}
	LocalWorkers   = Fact[[]string, map[string]time.Time]{SourceMachine, "workers", plainly[[]string]("when its workers were started")}
	PayloadKeys    = Fact[Nothing, int]{SourceSettings, "payload-keys", plainly[Nothing]("how many keys of payloads there are")}
	MachineDisks   = Fact[[]string, []Disk]{SourceMachine, "disks", plainly[[]string]("how full its disks are")}
	Resolutions    = Fact[[]string, map[string]bool]{SourceMachine, "resolves", plainly[[]string]("which host names it resolves")}

	StagedFiles = Fact[[]string, Staged]{SourceGit, "staged", plainly[[]string]("what is staged")}
	GitContents = Fact[[]string, []string]{SourceGit, "contents", plainly[[]string]("what it holds already")}
)

func plainly[Q any](asking string) func(Q) string { return func(Q) string { return asking } }
