package environment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// report says what is wrong with the setting, every place where it was seen, and what that leads to.
func report(ctx context.Context, p *checks.Pass, d *Database, seen []settings.Sighting, stores []pipeline.Table) {
	set := p.World.Settings
	file := set.Name(d.File)
	if d.Process {
		file = settings.Origin{Process: true}.String()
	}
	p.Report(checks.ENV001, file, clickHouseDatabase).
		Titlef("%s", title(set, d, seen)).
		Detailf("%s", strings.Join(slices.DeleteFunc([]string{consequence(d, stores), wayOut(set, d, seen)}, isEmpty), " ")).
		With(sightings(set, d, seen)...).
		With(tables(ctx, p, d, stores)...)
}

func isEmpty(s string) bool { return s == "" }

// title says in one line what is wrong. What the setting says is hostile and may be long.
func title(set *settings.Settings, d *Database, seen []settings.Sighting) string {
	at := slices.IndexFunc(seen, func(s settings.Sighting) bool { return s.Effective })
	switch {
	case at < 0 && slices.ContainsFunc(seen, commentedOut):
		return fmt.Sprintf("%s is commented out in %s", clickHouseDatabase, set.Name(d.File))
	case at < 0 && isAbsent(set, d.File):
		return fmt.Sprintf("%s is not set: there is no %s", clickHouseDatabase, set.Name(d.File))
	case at < 0:
		return fmt.Sprintf("%s is missing from %s", clickHouseDatabase, set.Name(d.File))
	}
	where := "in " + set.Name(d.File)
	if d.Process {
		where = "in the process environment"
	}
	if seen[at].Value == "" {
		return fmt.Sprintf("%s is empty %s", clickHouseDatabase, where)
	}
	return fmt.Sprintf("%s is %.60q %s, and the embeddings %s %q", clickHouseDatabase, seen[at].Value, where, d.are(), d.Embeddings)
}

// are tells what is known from what is assumed.
func (d *Database) are() string {
	if d.Known {
		return "are in"
	}
	return "belong in"
}

func commentedOut(s settings.Sighting) bool { return s.Commented && !s.Starter }

func isAbsent(set *settings.Settings, path string) bool {
	return slices.ContainsFunc(set.EnvFiles, func(f settings.EnvFile) bool { return f.Path == path && f.Absent })
}

// consequence is what cleanup_signals does about it: it deletes from tables without a database in front of their names,
// and only prints what goes wrong (products/signals/backend/management/commands/cleanup_signals.py).
func consequence(d *Database, stores []pipeline.Table) string {
	hit := len(pipeline.Within(stores, d.Effective))
	switch {
	case hit > 0:
		return fmt.Sprintf("cleanup_signals deletes from the %s of %.60q instead, and leaves those of %q as they are.", checks.Count(hit, "embedding table"), d.Effective, d.Embeddings)
	case d.Known:
		return fmt.Sprintf("cleanup_signals finds no embedding table in %.60q: it prints an error for each, ends as if all were well, and leaves the embeddings behind.", d.Effective)
	}
	return fmt.Sprintf("cleanup_signals looks for the embedding tables in %.60q then. Where they are not there, it leaves the embeddings behind and ends as if all were well.", d.Effective)
}

// wayOut says where the value has to be changed when that is not in a file.
func wayOut(set *settings.Settings, d *Database, seen []settings.Sighting) string {
	if !d.Process {
		return ""
	}
	then := fmt.Sprintf("and have %s name %q", set.Name(d.File), d.Embeddings)
	for _, s := range seen {
		if d.Replace && s.Origin.File == d.File && s.Origin.Line == d.Line && s.Value == d.Embeddings {
			then = fmt.Sprintf("for %s has the right value", set.Name(d.File))
		}
	}
	return fmt.Sprintf("Editing a file cannot help, since the process environment comes first: unset it in the shell that runs manage.py, %s.", then)
}

// sightings is the evidence of every place where the setting was seen, and of the one where it is missed.
func sightings(set *settings.Settings, d *Database, seen []settings.Sighting) []checks.Evidence {
	var evidence []checks.Evidence
	inFile, fallback := false, ""
	if !slices.ContainsFunc(seen, func(s settings.Sighting) bool { return s.Effective }) {
		fallback = fmt.Sprintf("; manage.py falls back to %q", whenUnset)
	}
	for _, s := range seen {
		source := s.Origin.String()
		if s.Origin.File != "" {
			source = set.Name(s.Origin.File)
			inFile = inFile || !s.Starter
		}
		evidence = append(evidence, checks.Evidence{
			Source:  source,
			Locator: checks.Locator{File: s.Origin.File, Line: s.Origin.Line},
			Excerpt: describe(s, fallback),
		})
	}
	if inFile {
		return evidence
	}
	missed := "no such line"
	if isAbsent(set, d.File) {
		missed = "no such file"
	}
	here := checks.Evidence{Source: set.Name(d.File), Locator: checks.Locator{File: d.File}, Excerpt: missed + fallback}
	if d.Process {
		return slices.Insert(evidence, 1, here)
	}
	return slices.Insert(evidence, 0, here)
}

// describe is a sighting in one line. fallback is what follows from a line that is commented out.
func describe(s settings.Sighting, fallback string) string {
	said := []string{fmt.Sprintf("%s=%.60q", clickHouseDatabase, s.Value)}
	switch {
	case s.Starter:
		said = append(said, "only for what bin/start starts")
	case s.Commented:
		said = append(said, "commented out"+fallback)
	case !s.Effective:
		said = append(said, "overruled")
	}
	if s.Shell != nil && !s.Starter { // bin/start does not source its files, it reads them line by line
		said = append(said, s.Shell.String())
	}
	return strings.Join(said, "; ")
}

// tables is the evidence of where ClickHouse has the embeddings, and how many the team has there.
func tables(ctx context.Context, p *checks.Pass, d *Database, stores []pipeline.Table) []checks.Evidence {
	if !d.Known {
		return nil
	}
	there := pipeline.Within(stores, d.Embeddings)
	excerpt := fmt.Sprintf("the embedding tables are in %q", d.Embeddings)
	if live, known := liveEmbeddings(ctx, p, there); known {
		excerpt += fmt.Sprintf(": %s with %s of team %d", checks.Count(len(there), "table"), checks.Count(live, "live embedding"), p.Team)
	}
	if hit := pipeline.Within(stores, d.Effective); len(hit) > 0 {
		excerpt += fmt.Sprintf("; %s of that kind in %.60q, too", checks.Count(len(hit), "table"), d.Effective)
	}
	return []checks.Evidence{{
		Source:  string(pipeline.SourceClickHouse),
		Locator: checks.Locator{URL: p.World.Settings.ClickHouse.URL, Query: "SELECT database, name FROM system.tables WHERE name LIKE '%document_embeddings%'"},
		Excerpt: excerpt,
		Time:    p.World.Now,
	}}
}

// liveEmbeddings counts the team's live embeddings in some tables. It is not known when one of them could not be asked.
func liveEmbeddings(ctx context.Context, p *checks.Pass, tables []pipeline.Table) (live int, known bool) {
	for _, t := range tables {
		if !t.TellsReports() {
			continue
		}
		signals, err := p.World.ClickHouse.LiveSignals(ctx, t, p.Team, p.Since)
		if err != nil {
			return 0, false
		}
		for _, r := range signals.Reports {
			live += r.Documents
		}
		known = true
	}
	return live, known
}
