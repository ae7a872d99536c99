package embeddings_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

const (
	exists = "5b0c21ab-0000-4000-8000-000000000001"
	gone   = "77ae90d1-0000-4000-8000-000000000002"
	lost   = "91d2f4c0-0000-4000-8000-000000000003"
)

func TestTables(t *testing.T) {
	for name, test := range map[string]struct {
		tables []pipeline.Table
		want   string // the finding
		result []pipeline.Table
	}{
		"at home":        {family("posthog"), "", stores("posthog")},
		"at home and on": {slices.Concat(family("posthog"), family("default")), "", stores("posthog")},
		"elsewhere":      {family("default"), `the embedding tables are in "default", not in "posthog", where they belong`, stores("default")},
		"in two others":  {slices.Concat(family("b"), family("a")), `the embedding tables are in "a" and "b", not in "posthog", where they belong`, slices.Concat(stores("b"), stores("a"))},
		"nowhere":        {nil, "there are no embedding tables in any database", nil},
		"only passed on": {[]pipeline.Table{
			{Database: "posthog", Name: "distributed_posthog_document_embeddings", Engine: "Distributed"},
			{Database: "posthog", Name: "kafka_posthog_document_embeddings", Engine: "Kafka"},
			{Database: "posthog", Name: "posthog_document_embeddings_buffer", Engine: "MergeTree", Columns: []string{"metadata"}},
		}, "there are no embedding tables in any database", nil},
		"the older one": {[]pipeline.Table{
			{Database: "posthog", Name: "partitioned_sharded_posthog_document_embeddings", Engine: "ReplicatedReplacingMergeTree"},
		}, "", []pipeline.Table{{Database: "posthog", Name: "partitioned_sharded_posthog_document_embeddings", Engine: "ReplicatedReplacingMergeTree"}}},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(told{tables: test.tables}.world(), embeddings.Tables)
			o.Says(t, test.want)
			if got, _ := o.Result.([]pipeline.Table); !slices.EqualFunc(got, test.result, func(a, b pipeline.Table) bool { return a.String() == b.String() }) {
				t.Errorf("result %v, want %v", got, test.result)
			}
			if failed := o.Status == checks.Failed; failed != (test.want != "") {
				t.Errorf("%s (%s)", o.Status, o.Reason)
			}
		})
	}
}

// TestWrongDatabase follows what a wrong CLICKHOUSE_DATABASE leads to, and what it does not.
func TestWrongDatabase(t *testing.T) {
	phantoms := map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 3}}}
	for name, test := range map[string]struct {
		told          told
		tables, stale string // the finding of each, after what explains it
	}{
		"the right one":           {told{asked: "posthog", tables: family("posthog")}, "", "CLK001"},
		"another one":             {told{asked: "default", tables: family("posthog")}, "ENV001 CLK002", "ENV001 CLK001"},
		"another one with tables": {told{asked: "default", tables: slices.Concat(family("posthog"), family("default"))}, "", "ENV001 CLK001"},
		"the only one there is":   {told{asked: "default", tables: family("default")}, "", "CLK001"},
		"not known":               {told{tables: family("posthog")}, "", "CLK001"},
	} {
		t.Run(name, func(t *testing.T) {
			test.told.live, test.told.missing = phantoms, []string{gone}
			for c, want := range map[*checks.Check]string{embeddings.Tables: test.tables, embeddings.Stale: test.stale} {
				o := checkstest.Run(test.told.world(), c)
				var said []string
				for _, f := range o.Findings {
					said = append(said, checkstest.Causes(f), string(f.Code))
				}
				if got := strings.TrimSpace(strings.Join(said, " ")); got != want {
					t.Errorf("%s: got %q, want %q (%s)", c.ID, got, want, o.Reason)
				}
			}
		})
	}
	o := checkstest.Run(told{asked: "default", tables: family("posthog")}.world(), embeddings.Tables)
	if got, want := o.Findings[0].Title, `the embedding tables are in "posthog", not in "default", which the commands ask`; got != want {
		t.Errorf("got %s", got)
	}
	if got, want := o.Findings[0].Evidence[0].Excerpt, `3 tables in "posthog", none in "default"`; got != want {
		t.Errorf("got %s", got)
	}
}

func TestTablesThatCannotBeListed(t *testing.T) {
	w := told{}.world()
	w.Tell(pipeline.EmbeddingTables.Fails(pipeline.Nothing{}, pipeline.Failed, errors.New("not enough privileges")))
	checkstest.Run(w, embeddings.Tables).Is(t, checks.Unknown, "not enough privileges")
	checkstest.Run(w, embeddings.Stale).Is(t, checks.Blocked, "needs embeddings.tables")
}

func TestStale(t *testing.T) {
	for name, test := range map[string]struct {
		live    map[string][]pipeline.ReportSignals // by the table's database and model
		missing []string
		want    string
	}{
		"no signals":         {nil, nil, ""},
		"all reports exist":  {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}}, nil, ""},
		"one does not":       {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}, {Report: gone, Documents: 1}}}, []string{gone}, "1 embedding points at 1 report that does not exist"},
		"two do not":         {map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 180}, {Report: exists, Documents: 40}, {Report: lost, Documents: 3}}}, []string{gone, lost}, "183 embeddings point at 2 reports that do not exist"},
		"only in one table":  {map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}, "large": {{Report: gone, Documents: 2}}}, []string{gone}, "2 embeddings point at 1 report that does not exist"},
		"in both":            {map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 3}}, "large": {{Report: gone, Documents: 2}}}, []string{gone}, "2 embeddings point at 1 report that does not exist; 3 embeddings point at 1 report that does not exist"},
		"an id that is none": {map[string][]pipeline.ReportSignals{"small": {{Report: "'; DROP", Documents: 2}}}, []string{"'; DROP"}, "2 embeddings point at 1 report that does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(told{tables: family("posthog"), live: test.live, missing: test.missing}.world(), embeddings.Stale)
			o.Says(t, test.want)
			if want := map[bool]checks.Status{true: checks.Failed, false: checks.Passed}[test.want != ""]; o.Status != want {
				t.Errorf("%s (%s), want %s", o.Status, o.Reason, want)
			}
			documents := 0
			for _, table := range o.Result.(*embeddings.Staleness).Tables {
				documents += table.Documents()
				for _, r := range table.Reports {
					if !slices.Contains(test.missing, r.Report) {
						t.Errorf("report %s exists and is in the result", r.Report)
					}
				}
			}
			if !o.Result.(*embeddings.Staleness).Certain || len(o.Findings) == 0 != (documents == 0) {
				t.Errorf("result %+v", o.Result)
			}
		})
	}
}

func TestStaleEvidence(t *testing.T) {
	var live []pipeline.ReportSignals
	var missing []string
	for i := range 5 {
		id := fmt.Sprintf("%08d-0000-4000-8000-000000000001", i)
		live = append(live, pipeline.ReportSignals{Report: id, Documents: 50 - i, Newest: now.Add(-time.Hour), Inserted: now.Add(-time.Duration(i) * time.Minute)})
		missing = append(missing, id)
	}
	w := told{tables: family("posthog"), live: map[string][]pipeline.ReportSignals{"small": live}, missing: missing}.world()
	f := checkstest.Run(w, embeddings.Stale).Reports(t, checks.CLK001, table("posthog", "small").String())
	if f.Severity != checks.Error || f.Stage != checks.Embeddings {
		t.Errorf("%s at %s", f.Severity, f.Stage)
	}
	if got := f.Evidence[0]; got.Source != table("posthog", "small").String() || !got.Time.Equal(now) ||
		got.Excerpt != "documents: 50 of 00000000, 49 of 00000001, 48 of 00000002 and 2 more" || !strings.Contains(got.Locator.Query, "team_id = 7") {
		t.Errorf("ClickHouse: %+v", got)
	}
	if got := f.Evidence[1].Excerpt; got != "signals_signalreport of team 7 has no 00000000, 00000001, 00000002 and 2 more" {
		t.Errorf("Postgres: %s", got)
	}
}

func TestStaleWithoutPostgres(t *testing.T) {
	live := map[string][]pipeline.ReportSignals{"small": {{Report: exists, Documents: 4}}}
	refused := pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.Refused, nil)
	silent := pipeline.PostgresReached.Fails(pipeline.Nothing{}, pipeline.TimedOut, nil)
	noTable := pipeline.ReportStates.Fails(pipeline.ReportsOf{Team: team, IDs: []string{exists}}, pipeline.Failed, errors.New(`relation "signals_signalreport" does not exist`))
	for name, test := range map[string]struct {
		told     told
		postgres pipeline.Answer
		status   checks.Status
		reason   string
		want     string
	}{
		"nothing to ask about":    {told{}, silent, checks.Passed, "", ""},
		"Postgres is not there":   {told{live: live}, refused, checks.Unknown, "nothing at localhost:5432", ""},
		"Postgres does not speak": {told{live: live}, silent, checks.Unknown, "Postgres does not answer", ""},
		"Postgres cannot say":     {told{live: live}, noTable, checks.Unknown, "signals_signalreport", ""},
		"a signal has failed":     {told{live: live, phantom: true}, silent, checks.Failed, "Postgres does not answer", "4 embeddings point at 1 report that may not exist"},
		"failed, but no signals":  {told{phantom: true}, silent, checks.Passed, "", ""},
		"failed otherwise":        {told{live: live, failure: "read failed"}, silent, checks.Unknown, "Postgres does not answer", ""},
		"failed, and all exist":   {told{live: live, phantom: true}, pipeline.Answer{}, checks.Passed, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.told.tables = family("posthog")
			w := test.told.world()
			if test.postgres != (pipeline.Answer{}) {
				w.Tell(test.postgres)
			}
			o := checkstest.Run(w, embeddings.Stale)
			o.Is(t, test.status, test.reason)
			if got := o.Titles(); got != test.want {
				t.Fatalf("got  %s\nwant %s", got, test.want)
			}
			if o.Result.(*embeddings.Staleness).Certain != (test.status == checks.Passed) {
				t.Errorf("result %+v", o.Result)
			}
			if test.want == "" {
				return
			}
			if f := o.Findings[0]; f.Severity != checks.Warning || len(f.Evidence) != 2 || !strings.Contains(f.Evidence[1].Excerpt, embeddings.NoSuchReport) {
				t.Errorf("%s, evidence %+v", f.Severity, f.Evidence)
			}
		})
	}
}

func TestStaleSeesAPart(t *testing.T) {
	denied := pipeline.LiveSignals.Fails(signalsOf("posthog", "large"), pipeline.Failed, errors.New("not enough privileges"))
	for name, test := range map[string]struct {
		missing []string
		status  checks.Status
	}{
		"nothing wrong in the rest": {nil, checks.Unknown},
		"stale ones in the rest":    {[]string{gone}, checks.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{tables: family("posthog"), live: map[string][]pipeline.ReportSignals{"small": {{Report: gone, Documents: 1}}}, missing: test.missing}.world()
			w.Tell(denied)
			checkstest.Run(w, embeddings.Stale).Is(t, test.status, "not enough privileges")
		})
	}
}

func TestStaleSeesNothing(t *testing.T) {
	w := told{tables: family("posthog")}.world()
	for _, model := range []string{"small", "large"} {
		w.Tell(pipeline.LiveSignals.Fails(signalsOf("posthog", model), pipeline.TimedOut, nil))
	}
	checkstest.Run(w, embeddings.Stale).Is(t, checks.Blocked, "needs embeddings.live")
	w = told{tables: []pipeline.Table{{Database: "posthog", Name: "partitioned_sharded_posthog_document_embeddings", Engine: "ReplacingMergeTree"}}}.world()
	checkstest.Run(w, embeddings.Live).Is(t, checks.Unknown, "has the column metadata")
}

func TestStaleWithoutClickHouse(t *testing.T) {
	w := told{tables: family("posthog")}.world()
	w.Settings.ClickHouse.Origin.Process = true
	w.Tell(pipeline.ClickHouseReached.Fails(pipeline.Nothing{}, pipeline.Refused, nil))
	for _, c := range []*checks.Check{embeddings.Tables, embeddings.Live, embeddings.Stale} {
		checkstest.Run(w, c).Is(t, checks.Blocked, "needs services.clickhouse")
	}
}
