// Package environment holds the checks of the settings that the pipeline's own commands see.
package environment

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/services"
)

const (
	clickHouseDatabase = "CLICKHOUSE_DATABASE"
	// whenUnset is the database that PostHog connects to when nothing names one (posthog/settings/data_stores.py), and
	// ClickHouse when the name is empty.
	whenUnset = "default"
)

// ClickHouseDatabase finds out whether the pipeline's commands connect to the database that holds the embeddings. Its
// tables are asked for where ClickHouse answers; else they are taken to be where they belong. The result is a [*Database].
var ClickHouseDatabase = &checks.Check{
	ID:     "environment.clickhouse-database",
	Title:  "CLICKHOUSE_DATABASE names the database of the embeddings",
	Codes:  []checks.Code{checks.ENV001},
	After:  []*checks.Check{services.ClickHouse},
	Reads:  []checks.Source{checks.Settings, checks.Optional(checks.ClickHouse)},
	Static: true,
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		set := p.World.Settings
		if len(set.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		stores := askForStores(ctx, p)
		seen := set.Seen(clickHouseDatabase)
		d := &Database{Embeddings: home(stores, set.ClickHouse.Embeddings), Known: len(stores) > 0}
		d.connect(seen)
		d.place(set, seen)
		if d.Effective != d.Embeddings {
			report(ctx, p, d, seen, stores)
		}
		return d, nil
	},
}

// Database is which database the pipeline's commands connect to, and which one they should.
type Database struct {
	Effective  string // what a command such as cleanup_signals connects to
	Embeddings string // the one with the tables that store embeddings
	Known      bool   // ClickHouse has said so; else it is the one that they belong in
	Process    bool   // the process environment decides: no change to a file can help

	// Where the line belongs: it replaces line Line of File, or is added behind it, at the end when Line is 0.
	File    string
	Line    int
	Replace bool
}

// connect settles which database the commands connect to. A shell and godotenv may read the effective line differently:
// then the reading that names the right database counts, since each has its users.
func (d *Database) connect(seen []settings.Sighting) {
	d.Effective = whenUnset
	for _, s := range seen {
		if !s.Effective {
			continue
		}
		d.Process = s.Origin.Process
		d.Effective = cmp.Or(s.Value, whenUnset)
		if s.Shell != nil && s.Shell.Set && s.Shell.Value == d.Embeddings {
			d.Effective = d.Embeddings
		}
	}
}

// place settles where the line belongs: at the last line that sets the name, else behind the last that once did, else
// behind its relatives in the file that wins.
func (d *Database) place(set *settings.Settings, seen []settings.Sighting) {
	for _, s := range seen {
		if s.Origin.Process || s.Starter || d.Replace && s.Commented {
			continue
		}
		d.File, d.Line, d.Replace = s.Origin.File, s.Origin.Line, !s.Commented
	}
	if d.File != "" {
		return
	}
	for _, file := range set.EnvFiles {
		if file.Starter {
			continue
		}
		d.File, d.Line = file.Path, 0
		for _, line := range file.Lines {
			if strings.HasPrefix(line.Name, "CLICKHOUSE_") {
				d.Line = line.Number
			}
		}
	}
}

// askForStores returns the tables that store embeddings; none when ClickHouse does not answer.
func askForStores(ctx context.Context, p *checks.Pass) []pipeline.Table {
	if !p.Passed(services.ClickHouse) {
		return nil
	}
	family, err := p.World.ClickHouse.EmbeddingTables(ctx)
	if err != nil {
		p.Incomplete("where the embedding tables are is not known: %v", err)
		return nil
	}
	return pipeline.Stores(family)
}

// home is the database of the embeddings: the one that they belong in, unless their tables are only in others.
func home(stores []pipeline.Table, belongs string) string {
	if len(stores) == 0 {
		return belongs
	}
	first := func(a, b pipeline.Table) int { return cmp.Compare(a.Database, b.Database) }
	return slices.MinFunc(pipeline.Home(stores, belongs), first).Database
}
