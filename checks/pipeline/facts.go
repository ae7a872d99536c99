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
	SourceSettings      Source = "settings"
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
}

// Nothing is the argument of a fact that has none.
type Nothing struct{}

// Reached is what a service said of itself when it was greeted.
type Reached struct {
	Address string // where it answered, without credentials
	Version string
	Note    string // what the reader should know of the way there, such as a host name that was tried on loopback
}

// TeamSince names what belongs to a team and is not older than an instant.
type TeamSince struct {
	Team  int64
	Since time.Time
}

// SignalsOf names the signals of a team in one embedding table.
type SignalsOf struct {
	Table Table
	Team  int64
}

// ReportsOf names reports of a team by id.
type ReportsOf struct {
	Team int64
	IDs  []string
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

// What can be asked. The value of each is the answer's type; the doors' methods say how it is looked up.
var (
	TemporalReached = Fact[Nothing, Reached]{SourceTemporal, "reached", plainly[Nothing]("its version")}
	Executions      = Fact[TeamSince, Listing]{SourceTemporal, "executions", func(q TeamSince) string {
		return fmt.Sprintf("the workflows of team %d", q.Team)
	}}
	Histories = Fact[Run, History]{SourceTemporal, "history", func(q Run) string { return "the history of " + q.String() }}
	Tails     = Fact[RunTail, History]{SourceTemporal, "tail", func(q RunTail) string { return "the end of the history of " + q.Run.String() }}
	Details   = Fact[Run, Detail]{SourceTemporal, "detail", func(q Run) string { return "the state of " + q.String() }}
	Pollers   = Fact[TaskQueue, []Poller]{SourceTemporal, "pollers", func(q TaskQueue) string {
		return "the workers of task queue " + q.Name
	}}

	ClickHouseReached = Fact[Nothing, Reached]{SourceClickHouse, "reached", plainly[Nothing]("its version")}
	EmbeddingTables   = Fact[Nothing, []Table]{SourceClickHouse, "embedding-tables", plainly[Nothing]("the embedding tables")}
	LiveSignals       = Fact[SignalsOf, []ReportSignals]{SourceClickHouse, "live-signals", func(q SignalsOf) string {
		return fmt.Sprintf("the live signals of team %d in %s", q.Team, q.Table)
	}}

	ObjectStorageReached = Fact[Nothing, Reached]{SourceObjectStorage, "reached", plainly[Nothing]("its bucket")}
	DockerReached        = Fact[Nothing, Reached]{SourceDocker, "reached", plainly[Nothing]("its version")}
	PostgresReached      = Fact[Nothing, Reached]{SourcePostgres, "reached", plainly[Nothing]("its version")}
	MissingReports       = Fact[ReportsOf, []string]{SourcePostgres, "missing-reports", func(q ReportsOf) string {
		return fmt.Sprintf("which of %d reports of team %d exist", len(q.IDs), q.Team)
	}}
)

func plainly[Q any](asking string) func(Q) string { return func(Q) string { return asking } }
