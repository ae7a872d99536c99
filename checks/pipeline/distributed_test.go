package pipeline

import (
	"errors"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

func TestFronts(t *testing.T) {
	for engine, want := range map[string]front{
		"Distributed('posthog', 'db', 'sharded_t', cityHash64(document_id))": {cluster: "posthog", behind: Table{Database: "db", Name: "sharded_t"}, keyed: true},
		"Distributed(posthog, 'db', sharded_t)":                              {cluster: "posthog", behind: Table{Database: "db", Name: "sharded_t"}},
		"Distributed('posthog', '', 'sharded_t', rand()) SETTINGS fsync = 1": {cluster: "posthog", behind: Table{Name: "sharded_t"}},
	} {
		got, ok := frontOf(Table{Name: "t"}, engine)
		if !ok || got.Name != "t" || got.cluster != want.cluster || got.behind.String() != want.behind.String() || got.keyed != want.keyed {
			t.Errorf("%s: %+v, %t", engine, got, ok)
		}
	}
	if f, ok := frontOf(Table{}, "ReplacingMergeTree(inserted_at) PARTITION BY toMonday(t) ORDER BY (document_id)"); ok {
		t.Errorf("no front: %+v", f)
	}
}

func TestSpanning(t *testing.T) {
	sharded := Table{Database: "db", Name: "sharded_t"}
	of := func(name, cluster, database, table string) front {
		return front{Table: Table{Database: "db", Name: name}, cluster: cluster, behind: Table{Database: database, Name: table}}
	}
	fronts := []front{
		of("writable_t", "all", "db", "sharded_t"), of("distributed_t", "all", "db", "sharded_t"), of("one_t", "alone", "db", "sharded_t"),
		of("other_database", "all", "elsewhere", "sharded_t"), of("other_table", "largest", "db", "sharded_u"), of("small_t", "small", "db", "sharded_t"),
	}
	clusters := []cluster{{"largest", 9, 3}, {"all", 4, 2}, {"small", 2, 2}}
	found, at := spanning(sharded, fronts, clusters)
	var names []string
	for _, f := range found {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != "distributed_t writable_t" || at.name != "all" {
		t.Errorf("%s in front of %+v", got, at)
	}
	if found, _ := spanning(sharded, fronts, nil); found != nil {
		t.Errorf("without a cluster: %+v", found)
	}
}

func TestATableIsReadThroughItsFront(t *testing.T) {
	table := Table{Database: "db", Name: "sharded_t", Columns: []string{"metadata"}}
	if got := table.Reader().String(); got != "db.sharded_t" {
		t.Errorf("without a front: %s", got)
	}
	table.Front = "distributed_t"
	if got := table.Reader().String(); got != "db.distributed_t" || table.String() != "db.sharded_t" {
		t.Errorf("with a front: %s", got)
	}
}

func TestWhereMutationsAreListed(t *testing.T) {
	for want, p := range map[string]struct {
		place
		version string
	}{
		"system.mutations":                           {place{}, "26.7.2.1"},
		"cluster(`c`, system, mutations)":            {place{cluster: "c"}, "18.16.1"},
		"clusterAllReplicas(`c`, system, mutations)": {place{cluster: "c"}, "26.7.2.1"},
	} {
		if got := p.mutations(p.version); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A statement that the servers of a cluster had been told of may be done by some of them.
func TestWhatOneServerOfAClusterRefuses(t *testing.T) {
	for message, want := range map[string]struct {
		code   int32
		handed bool
	}{
		"There was an error on [10.0.0.2:9000]: Code: 60": {60, true},
		"Watching task /ddl/query-1 is executing longer":  {159, true},
		"Requested cluster 'c' not found":                 {170, false},
	} {
		if err := unanswered(&clickhouse.Exception{Code: want.code, Message: message}); handedOn(err) != want.handed {
			t.Errorf("%s: %t", message, !want.handed)
		}
	}
	if handedOn(errors.New("There was an error on the way")) {
		t.Error("a connection that broke is no answer")
	}
}
