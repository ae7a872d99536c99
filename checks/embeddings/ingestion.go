package embeddings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// How the tables that rows pass through are called (products/error_tracking/backend/embedding.py and indexed_embedding.py).
const (
	kafkaTable  = "kafka_posthog_document_embeddings"
	bufferTable = "posthog_document_embeddings_buffer"
	kafkaView   = "posthog_document_embeddings_kafka_to_buffer_mv"
	storePrefix = "sharded_posthog_document_embeddings_"
)

// handing is how long a row may take from the buffer to the table: a view hands it on in the insertion itself.
const handing = time.Minute

// Ingestion finds out whether what arrives in ClickHouse gets where it is searched for: from Kafka into the buffer, and from
// there, by a materialized view for each model, into the table that stores it. The result is an [*Arrivals].
var Ingestion = &checks.Check{
	ID:       "embeddings.ingestion",
	Title:    "the embeddings that arrive in ClickHouse get into their tables",
	Codes:    []checks.Code{checks.CLK005, checks.CLK006},
	Requires: []*checks.Check{services.ClickHouse, Tables},
	After:    []*checks.Check{services.Support},
	Reads:    []checks.Source{checks.ClickHouse},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		family, err := p.World.ClickHouse.EmbeddingTables(ctx)
		if err != nil {
			return nil, err
		}
		stores, _ := checks.ResultOf[[]pipeline.Table](p, Tables)
		arrivals := &Arrivals{}
		var group sync.WaitGroup
		group.Go(func() { arrivals.consumers, arrivals.unasked = consumers(ctx, p.World, family, stores) })
		for _, into := range passages(family, stores, p.Team) {
			group.Go(func() { into.BufferedSignals, into.err = p.World.ClickHouse.BufferedSignals(ctx, into.BufferedOf) })
			arrivals.Into = append(arrivals.Into, into)
		}
		group.Wait()
		arrivals.report(p, family)
		return arrivals, nil
	},
}

// Arrivals is what came into ClickHouse, and how far.
type Arrivals struct {
	Into []*Arrival // one a table that a buffer hands rows on to

	consumers pipeline.KafkaConsumers
	unasked   error // why these are not known
}

// Arrival is what came for one table.
type Arrival struct {
	pipeline.BufferedOf
	pipeline.BufferedSignals
	View   string // that hands the rows on
	Absent bool   // it is not there
	err    error  // why the rows are not known
}

// Searched is what came for the table that new signals are matched against; nil where that is not known.
func (a *Arrivals) Searched() *Arrival {
	for _, into := range a.Into {
		if into.Table.Searched() && into.err == nil {
			return into
		}
	}
	return nil
}

// InBuffer chooses, of the findings of [Ingestion], those about rows which have not got from the buffer into the table that is
// searched.
func (a *Arrivals) InBuffer(all []*checks.Finding) []*checks.Finding {
	into := a.Searched()
	if into == nil || into.Missing == 0 {
		return nil
	}
	return slices.DeleteFunc(all, func(f *checks.Finding) bool { return f.Code != checks.CLK005 || f.Subject[0] != into.Table.String() })
}

// passages are the ways from a buffer into the tables beside it.
func passages(family, stores []pipeline.Table, team int64) []*Arrival {
	var all []*Arrival
	for _, store := range stores {
		model, of := strings.CutPrefix(store.Name, storePrefix)
		buffer, buffered := named(family, store.Database, bufferTable)
		if !of || !buffered {
			continue // older pipeline code has no buffer
		}
		view := "posthog_document_embeddings_" + model + "_mv"
		_, there := named(family, store.Database, view)
		buffer.Columns, store.Columns = nil, nil // no part of the question
		all = append(all, &Arrival{BufferedOf: pipeline.BufferedOf{Buffer: buffer, Table: store, Model: model, Team: team}, View: view, Absent: !there})
	}
	return all
}

func named(family []pipeline.Table, database, name string) (pipeline.Table, bool) {
	at := slices.IndexFunc(family, func(t pipeline.Table) bool { return t.Database == database && t.Name == name })
	if at < 0 {
		return pipeline.Table{}, false
	}
	return family[at], true
}

// consumers are those that read for the tables; none are asked for where no table reads from Kafka.
func consumers(ctx context.Context, w *pipeline.World, family, stores []pipeline.Table) (pipeline.KafkaConsumers, error) {
	home := func(database string) bool { return len(pipeline.Within(stores, database)) > 0 }
	if !slices.ContainsFunc(family, func(t pipeline.Table) bool { return t.Engine == "Kafka" && home(t.Database) }) {
		return pipeline.KafkaConsumers{}, nil
	}
	consumers, err := w.ClickHouse.KafkaConsumers(ctx)
	consumers.All = slices.DeleteFunc(slices.Clone(consumers.All), func(c pipeline.KafkaConsumer) bool { return !home(c.Database) })
	return consumers, err
}

func (a *Arrivals) report(p *checks.Pass, family []pipeline.Table) {
	for _, into := range a.Into {
		into.report(p)
	}
	reported := map[string]bool{}
	for _, into := range a.Into {
		_, fed := named(family, into.Buffer.Database, kafkaTable)
		_, viewed := named(family, into.Buffer.Database, kafkaView)
		if fed && !viewed && !reported[into.Buffer.Database] {
			reported[into.Buffer.Database] = true
			p.Report(checks.CLK005, into.Buffer.String()).
				Titlef("nothing gets from Kafka into the buffer: the view %s is not there", kafkaView).
				Detailf("ClickHouse reads from Kafka for a view only.").
				With(seen("%s and %s are there, and no %s", kafkaTable, bufferTable, kafkaView))
		}
	}
	if a.unasked != nil {
		p.Incomplete("%v", a.unasked)
	}
	slices.SortStableFunc(a.consumers.All, func(a, b pipeline.KafkaConsumer) int { return b.Failed.Compare(a.Failed) })
	for _, c := range a.consumers.All {
		if of := c.Database + "." + c.Table; !reported[of] { // of several consumers of a table the one that failed last
			reported[of] = true
			reportConsumer(p, c)
		}
	}
}

// report reports a passage that is cut, or was.
func (a *Arrival) report(p *checks.Pass) {
	if a.err != nil {
		p.Incomplete("%v", a.err)
	}
	if late := a.Missing > 0 && p.World.Now.Sub(a.Oldest) >= handing; !a.Absent && !late {
		return
	}
	f := p.Report(checks.CLK005, a.Table.String())
	if !a.Table.Searched() {
		f.As(checks.Warning) // signals are not matched there
	}
	if a.Absent {
		f.Titlef("nothing gets into %s: the view %s is not there", a.Table.Name, a.View).
			Detailf("What arrives stays in the buffer for a day, and is gone then.").
			With(seen("%s and %s are there, and no %s", bufferTable, a.Table.Name, a.View))
	} else {
		f.Titlef("%s in the buffer only, and not in %s", areSignals(a.Missing), a.Table.Name).
			Detailf("The view %s is there. What came while it was not is not handed on later, and is gone from the buffer after a day.", a.View)
	}
	if a.Missing > 0 {
		f.With(checks.Evidence{
			Source:  a.Buffer.String(),
			Excerpt: fmt.Sprintf("%s of team %d, of which %d are not in the table", checks.Count(a.Arrived, "signal"), p.Team, a.Missing),
			Time:    a.Oldest,
			Locator: checks.Locator{Query: fmt.Sprintf("SELECT document_id, inserted_at FROM %s WHERE team_id = %d AND product = 'signals' AND document_id NOT IN"+
				" (SELECT document_id FROM %s WHERE team_id = %[2]d)", a.Buffer, p.Team, a.Table.Reader())},
		})
	}
}

func areSignals(n int) string {
	if n == 1 {
		return "1 signal is"
	}
	return fmt.Sprintf("%d signals are", n)
}
