package embeddings_test

import (
	"slices"
	"time"

	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

const team = checkstest.Team

var now, since = checkstest.Now, checkstest.Since

// told is a pipeline whose services answer.
type told struct {
	asked   string // CLICKHOUSE_DATABASE in .env; "" for no .env at all
	tables  []pipeline.Table
	live    map[string][]pipeline.ReportSignals // in the database of the first table, by model
	missing []string                            // of the reports that live signals belong to
	deleted []string                            // of those reports, an hour ago
	recent  int                                 // signals in the time that is looked at, in each table
	phantom bool                                // a signal was matched to a report that does not exist
	failure string                              // an activity of grouping failed with this

	mutations []pipeline.Mutation
}

func (d told) world() *pipeline.World {
	w := checkstest.World(pipeline.EmbeddingTables.Is(pipeline.Nothing{}, d.tables))
	w.Settings.Postgres.Address = settings.Address{Setting: "PGHOST", URL: "postgres://localhost:5432/posthog", Origin: settings.Origin{Default: true}}
	if d.asked != "" {
		line := settings.Line{Number: 1, Name: "CLICKHOUSE_DATABASE", Value: d.asked}
		w.Settings.EnvFiles = []settings.EnvFile{{Path: "/posthog/.env", Lines: []settings.Line{line}, Values: map[string]string{line.Name: line.Value}}}
	}
	database := "posthog"
	if len(d.tables) > 0 {
		database = d.tables[0].Database
	}
	var reports []string
	for _, model := range []string{"small", "large"} {
		for _, r := range d.live[model] {
			reports = append(reports, r.Report)
		}
		w.Tell(pipeline.LiveSignals.Is(signalsOf(database, model), pipeline.TeamSignals{Reports: d.live[model], Recent: d.recent}))
	}
	slices.Sort(reports)
	reports = slices.Compact(reports)
	var states []pipeline.ReportState
	for _, id := range reports {
		if slices.Contains(d.missing, id) {
			continue
		}
		state := pipeline.ReportState{ID: id, Status: "ready", Updated: now.Add(-time.Hour)}
		if slices.Contains(d.deleted, id) {
			state.Status = pipeline.ReportDeleted
		}
		states = append(states, state)
	}
	w.Tell(pipeline.ReportStates.Is(pipeline.ReportsOf{Team: team, IDs: reports}, states))
	w.Tell(pipeline.Mutations.Is(pipeline.Nothing{}, d.mutations))
	if d.phantom {
		d.failure = embeddings.NoSuchReport + "."
	}
	d.tellGrouping(w)
	return w
}

// tellGrouping tells of one run of grouping, and of its failure where there was one.
func (d told) tellGrouping(w *pipeline.World) {
	run := pipeline.Run{Workflow: "team-signal-grouping-v2-7", ID: "8f31c2aa"}
	events := []pipeline.Event{{ID: 1, Type: pipeline.WorkflowStarted, Time: since}}
	if d.failure != "" {
		events = append(events, pipeline.Event{
			ID: 2, Type: pipeline.ActivityFailed, Time: now.Add(-time.Minute),
			Failure: &pipeline.Failure{Message: "Activity task failed", Cause: &pipeline.Failure{Message: d.failure, Type: "DoesNotExist"}},
		})
	}
	w.Tell(
		pipeline.Executions.Is(checkstest.TeamSince, pipeline.Listing{Executions: []pipeline.Execution{
			{Run: run, Type: journey.GroupingWorkflow, Status: pipeline.ContinuedAsNew, Start: since},
		}}),
		pipeline.Histories.Is(run, pipeline.History{Events: events}),
	)
}

func signalsOf(database, model string) pipeline.SignalsOf {
	return pipeline.SignalsOf{Table: table(database, model), Team: team, Since: since}
}

// table is the table that stores the embeddings of a model.
func table(database, model string) pipeline.Table {
	return pipeline.Table{
		Database: database,
		Name:     "sharded_posthog_document_embeddings_text_embedding_3_" + model,
		Engine:   "ReplacingMergeTree",
		Columns:  []string{"document_id", "metadata"},
	}
}

// stores is the tables of a database that store embeddings.
func stores(database string) []pipeline.Table {
	return []pipeline.Table{
		{Database: database, Name: "partitioned_sharded_posthog_document_embeddings", Engine: "ReplacingMergeTree", Columns: []string{"document_id", "model_name"}},
		table(database, "large"), table(database, "small"),
	}
}

// family is all tables of the embeddings in a database.
func family(database string) []pipeline.Table {
	return slices.Concat(stores(database), []pipeline.Table{
		{Database: database, Name: "distributed_posthog_document_embeddings_text_embedding_3_small", Engine: "Distributed", Columns: []string{"metadata"}},
		{Database: database, Name: "posthog_document_embeddings_buffer", Engine: "MergeTree", Columns: []string{"metadata", "model_name"}},
	})
}
