package pipeline

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
)

// front is a Distributed table: it reaches the rows that a table has on all the servers of a cluster
// (posthog/clickhouse/table_engines.py).
type front struct {
	Table
	behind  Table
	cluster string
	// keyed says that all versions of a document are on one server, and that the front knows on which.
	keyed bool
}

// distributed finds the cluster, the database and the table in the engine of a Distributed table.
var distributed = regexp.MustCompile(`^Distributed\('?([^',)]+)'?, '?([^',)]*)'?, '?([^',)]+)'?`)

// frontOf reads the engine of a table; ok says that it is a Distributed one.
func frontOf(table Table, engine string) (f front, ok bool) {
	found := distributed.FindStringSubmatch(engine)
	if found == nil {
		return front{}, false
	}
	key := strings.TrimPrefix(engine, found[0])
	return front{
		Table: table, cluster: found[1], behind: Table{Database: found[2], Name: found[3]}, keyed: strings.Contains(key, "document_id"),
	}, true
}

// cluster is how many servers a cluster has, and on how many of them a row can be: the others of its shard have the same ones.
type cluster struct {
	name            string
	servers, shards uint64
}

// clusters lists the clusters of several servers.
func (c *ClickHouse) clusters(ctx context.Context) ([]cluster, error) {
	return query(ctx, c, func(row scanner, c *cluster) error { return row.Scan(&c.name, &c.servers, &c.shards) },
		"SELECT cluster, count() AS servers, uniqExact(shard_num) FROM system.clusters GROUP BY cluster HAVING servers > 1 ORDER BY servers DESC, cluster")
}

// spanning picks the fronts of a table whose cluster has several servers, those of the largest.
func spanning(table Table, fronts []front, clusters []cluster) ([]front, cluster) {
	for _, c := range clusters {
		of := slices.DeleteFunc(slices.Clone(fronts), func(f front) bool {
			return f.cluster != c.name || f.behind.Database != table.Database || f.behind.Name != table.Name
		})
		if len(of) > 0 {
			slices.SortFunc(of, func(a, b front) int { return cmp.Compare(a.Name, b.Name) })
			return of, c
		}
	}
	return nil, cluster{}
}
