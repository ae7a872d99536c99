package embeddings_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const (
	smallModel = "text_embedding_3_small_1536"
	kafka      = "kafka_posthog_document_embeddings"
	refusal    = "[thrd:kafka:9092/bootstrap]: 1/1 brokers are down\n0. ? @ 0x000000000f03c72c"
)

// ingested is what came into ClickHouse, for one model.
type ingested struct {
	views     []string // that hand rows on
	fed       bool     // a table reads from Kafka
	signals   pipeline.BufferedSignals
	consumers pipeline.KafkaConsumers
}

func (i ingested) tables() []pipeline.Table {
	tables := []pipeline.Table{
		{Database: "posthog", Name: "posthog_document_embeddings_buffer", Engine: "MergeTree", Columns: []string{"metadata", "model_name"}},
		table("posthog", "small_1536"),
	}
	for _, name := range i.views {
		tables = append(tables, pipeline.Table{Database: "posthog", Name: name, Engine: "MaterializedView"})
	}
	if i.fed {
		tables = append(tables, pipeline.Table{Database: "posthog", Name: kafka, Engine: "Kafka"})
	}
	return tables
}

// asked is the question for what is in the buffer.
func asked() pipeline.BufferedOf {
	store := table("posthog", "small_1536")
	store.Columns = nil
	buffer := pipeline.Table{Database: "posthog", Name: "posthog_document_embeddings_buffer", Engine: "MergeTree"}
	return pipeline.BufferedOf{Buffer: buffer, Table: store, Model: smallModel, Team: team}
}

func (i ingested) world() *pipeline.World {
	return checkstest.World(
		pipeline.EmbeddingTables.Is(pipeline.Nothing{}, i.tables()),
		pipeline.SignalsBuffered.Is(asked(), i.signals),
		pipeline.ConsumersOfKafka.Is(pipeline.Nothing{}, i.consumers),
	)
}

const (
	view     = "posthog_document_embeddings_" + smallModel + "_mv"
	feedView = "posthog_document_embeddings_kafka_to_buffer_mv"
)

func behind(since time.Duration) pipeline.BufferedSignals {
	return pipeline.BufferedSignals{Arrived: 5, Newest: now, Missing: 2, Oldest: now.Add(-since)}
}

func TestIngestion(t *testing.T) {
	const name = "sharded_posthog_document_embeddings_" + smallModel
	failing := func(failed, polled, committed time.Duration) pipeline.KafkaConsumers {
		c := pipeline.KafkaConsumer{Database: "posthog", Table: kafka, Failed: now.Add(-failed), Polled: now.Add(-polled), Failure: refusal}
		if committed > 0 {
			c.Committed = now.Add(-committed)
		}
		return pipeline.KafkaConsumers{All: []pipeline.KafkaConsumer{c}}
	}
	const cannot = "ClickHouse cannot read " + kafka + ": [thrd:kafka:9092/bootstrap]: 1/1 brokers are down"
	both := []string{view, feedView}
	for what, test := range map[string]struct {
		ingested
		want string
	}{
		"all gets through":        {ingested{views: both, fed: true, signals: pipeline.BufferedSignals{Arrived: 3, Newest: now}}, ""},
		"nothing has come":        {ingested{views: both}, ""},
		"the view is gone":        {ingested{views: []string{feedView}}, "nothing gets into " + name + ": the view " + view + " is not there"},
		"and rows wait":           {ingested{signals: behind(time.Hour)}, "nothing gets into " + name + ": the view " + view + " is not there"},
		"it was gone":             {ingested{views: both, signals: behind(time.Hour)}, "2 signals are in the buffer only, and not in " + name},
		"only just come":          {ingested{views: both, signals: behind(time.Second)}, ""},
		"nothing feeds it":        {ingested{views: []string{view}, fed: true}, "nothing gets from Kafka into the buffer: the view " + feedView + " is not there"},
		"the server does not say": {ingested{views: both, fed: true, consumers: pipeline.KafkaConsumers{Untold: true}}, ""},
		"the consumer is well":    {ingested{views: both, fed: true, consumers: pipeline.KafkaConsumers{All: []pipeline.KafkaConsumer{{Database: "posthog", Table: kafka, Polled: now}}}}, ""},
		"it fails":                {ingested{views: both, fed: true, consumers: failing(time.Second, 0, 0)}, cannot},
		"it failed after reading": {ingested{views: both, fed: true, consumers: failing(time.Minute, 0, 2*time.Minute)}, cannot},
		"it reads again":          {ingested{views: both, fed: true, consumers: failing(time.Hour, 0, time.Minute)}, "recovered: " + cannot},
		"it asks again":           {ingested{views: both, fed: true, consumers: failing(time.Hour, 0, 0)}, "recovered: " + cannot},
		"it does not ask":         {ingested{views: both, fed: true, consumers: failing(time.Hour, time.Hour, 0)}, cannot},
		"it failed yesterday":     {ingested{views: both, fed: true, consumers: failing(25*time.Hour, 25*time.Hour, 0)}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			o := checkstest.Run(test.world(), embeddings.Ingestion)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if f.Failing() && f.Severity != checks.Error || f.Stage != checks.Embeddings {
					t.Errorf("%s at %s", f.Severity, f.Stage)
				}
			}
		})
	}
}

func TestIngestionIntoATableThatIsNotSearched(t *testing.T) {
	large := table("posthog", "large_3072")
	tables := append(ingested{views: []string{view}}.tables(), large)
	large.Columns = nil
	of := asked()
	of.Table, of.Model = large, "text_embedding_3_large_3072"
	w := ingested{}.world()
	w.Tell(pipeline.EmbeddingTables.Is(pipeline.Nothing{}, tables), pipeline.SignalsBuffered.Is(of, pipeline.BufferedSignals{}))
	if f := checkstest.Run(w, embeddings.Ingestion).Reports(t, checks.CLK005, large.String()); f.Severity != checks.Warning {
		t.Errorf("%s", f.Severity)
	}
}

// Without a buffer, as older pipeline code is, there is nothing to compare.
func TestIngestionWithoutABuffer(t *testing.T) {
	w := checkstest.World(pipeline.EmbeddingTables.Is(pipeline.Nothing{}, stores("posthog")))
	checkstest.Run(w, embeddings.Ingestion).Silent(t)
}

func TestIngestionThatCannotBeSeen(t *testing.T) {
	w := ingested{views: []string{view, feedView}, fed: true}.world()
	w.Tell(pipeline.SignalsBuffered.Fails(asked(), pipeline.TimedOut, nil))
	checkstest.Run(w, embeddings.Ingestion).Is(t, checks.Unknown, "")
	w = ingested{views: []string{view, feedView}, fed: true}.world()
	w.Tell(pipeline.ConsumersOfKafka.Fails(pipeline.Nothing{}, pipeline.Failed, errors.New("not enough privileges")))
	checkstest.Run(w, embeddings.Ingestion).Is(t, checks.Unknown, "not enough privileges")
}

func TestConsumersOfOneTableAreReportedOnce(t *testing.T) {
	one := pipeline.KafkaConsumer{Database: "posthog", Table: kafka, Failed: now.Add(-time.Minute), Polled: now, Failure: "older"}
	other := one
	other.Failed, other.Failure = now, "newer"
	w := ingested{views: []string{view, feedView}, fed: true, consumers: pipeline.KafkaConsumers{All: []pipeline.KafkaConsumer{one, other}}}.world()
	checkstest.Run(w, embeddings.Ingestion).Says(t, "ClickHouse cannot read "+kafka+": newer")
}

// tellSupport has a support service take no connection.
func tellSupport(w *pipeline.World, setting, host string) {
	w.Settings.Support = append(w.Settings.Support, settings.Support{
		Name: "it", Hosts: []string{host}, Address: settings.Address{Setting: setting, URL: host, Origin: settings.Origin{Process: true}},
	})
	w.Tell(pipeline.SupportReached.Fails(host, pipeline.Refused, nil))
}

func TestAConsumerNamesTheBrokerThatIsDown(t *testing.T) {
	for host, want := range map[string]string{"kafka:9092": "SVC006", "kafka:9093": ""} {
		w := ingested{views: []string{view, feedView}, fed: true, consumers: pipeline.KafkaConsumers{All: []pipeline.KafkaConsumer{
			{Database: "posthog", Table: kafka, Failed: now, Polled: now, Failure: refusal},
		}}}.world()
		tellSupport(w, "KAFKA_HOSTS", host)
		o := checkstest.Run(w, embeddings.Ingestion)
		o.Reports(t, checks.CLK006, "posthog", kafka)
		o.Blames(t, want)
	}
}

func TestAwaited(t *testing.T) {
	whole := ingested{views: []string{view, feedView}, fed: true}
	for name, test := range map[string]struct {
		ingested
		waits  time.Duration
		stored time.Duration // since a row came into the table
		down   string        // a setting whose service is down
		causes string        // of what is reported; "none" when nothing is
		said   string
	}{
		"not for long":            {whole, 5*time.Minute - time.Second, 0, "", "none", ""},
		"nothing has come":        {whole, 10 * time.Minute, time.Hour, "", "", "no row of the team has come since"},
		"nor can it":              {whole, 10 * time.Minute, time.Hour, "KAFKA_HOSTS", "SVC006", "no row of the team has come since"},
		"nor is it made":          {whole, 10 * time.Minute, time.Hour, "EMBEDDING_API_URL", "SVC006", "no row of the team has come since"},
		"another service is down": {whole, 10 * time.Minute, time.Hour, "REDIS_URL", "", "no row of the team has come since"},
		"it is in the buffer":     {ingested{signals: behind(9 * time.Minute)}, 10 * time.Minute, time.Hour, "KAFKA_HOSTS", "CLK005", "the buffer has 2 signals of the team that the table does not have"},
		"no view feeds it":        {ingested{views: []string{view}, fed: true}, 10 * time.Minute, time.Hour, "", "CLK005", "no row of the team has come since"},
		"it has come":             {whole, 10 * time.Minute, time.Minute, "KAFKA_HOSTS", "", "rows of the team have come into the table since"},
	} {
		t.Run(name, func(t *testing.T) {
			run := pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "8f31c2aa"}
			w := test.world()
			var live pipeline.TeamSignals
			if test.stored > 0 {
				live.Reports = []pipeline.ReportSignals{{Report: exists, Documents: 1, Inserted: now.Add(-test.stored)}}
			}
			w.Settings.Postgres.Address = settings.Address{Setting: "PGHOST", URL: "postgres://localhost:5432/posthog"}
			w.Tell(
				pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: table("posthog", "small_1536"), Team: team, Since: since}, live),
				pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: []string{exists}}, []pipeline.ReportState{{ID: exists, Status: "ready"}}),
				pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{
					{Run: run, Type: journey.GroupingWorkflow, Status: pipeline.Running, Start: now.Add(-test.waits - time.Minute)},
				}}),
				pipeline.Histories.Is(run, pipeline.History{}),
				pipeline.Details.Is(run, pipeline.Detail{Pending: []pipeline.PendingActivity{
					{Activity: journey.WaitActivity, State: "STARTED", Attempt: 1, LastStarted: now.Add(-test.waits)},
				}}),
			)
			if test.down != "" {
				tellSupport(w, test.down, "localhost:1")
			}
			o := checkstest.Run(w, embeddings.Awaited)
			if test.causes == "none" {
				o.Silent(t)
				return
			}
			f := o.Reports(t, checks.CLK009, run.Workflow)
			o.Blames(t, test.causes)
			if !slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return strings.HasPrefix(e.Excerpt, test.said) }) {
				t.Errorf("%q is not among %+v", test.said, f.Evidence)
			}
		})
	}
}

func TestAwaitingThatCannotBeSeen(t *testing.T) {
	run := pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "8f31c2aa"}
	w := ingested{}.world()
	w.Tell(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{{Run: run, Type: journey.GroupingWorkflow, Status: pipeline.Running, Start: since}}}),
		pipeline.Histories.Is(run, pipeline.History{}),
		pipeline.Details.Fails(run, pipeline.TimedOut, nil),
	)
	checkstest.Run(w, embeddings.Awaited).Is(t, checks.Unknown, "none of 1 histories read")
}
