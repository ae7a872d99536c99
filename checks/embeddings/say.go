package embeddings

import (
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// seen is evidence of what ClickHouse says of the tables.
func seen(format string, args ...any) checks.Evidence {
	return checks.Evidence{
		Source:  string(pipeline.SourceClickHouse),
		Locator: checks.Locator{Query: "SELECT database, name, engine FROM system.tables WHERE name LIKE '%document_embeddings%'"},
		Excerpt: fmt.Sprintf(format, args...),
	}
}

// databases names the databases of some tables.
func databases(tables []pipeline.Table) string {
	var names []string
	for _, t := range tables {
		names = append(names, fmt.Sprintf("%q", t.Database))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " and ")
}

func point(embeddings int) string {
	if embeddings == 1 {
		return "1 embedding points"
	}
	return fmt.Sprintf("%d embeddings point", embeddings)
}

func doNotExist(n int) string {
	if n == 1 {
		return "does not exist"
	}
	return "do not exist"
}

// shown is how many reports are named, of those that there are.
const shown = 3

// perReport says how many documents belong to each report, those with the most first.
func perReport(reports []pipeline.ReportSignals) string {
	var said []string
	for _, r := range reports[:min(shown, len(reports))] {
		said = append(said, fmt.Sprintf("%d of %s", r.Documents, pipeline.Short(r.Report)))
	}
	return "documents: " + strings.Join(said, ", ") + more(len(reports))
}

// ids names reports.
func ids(reports []pipeline.ReportSignals) string {
	var said []string
	for _, r := range reports[:min(shown, len(reports))] {
		said = append(said, pipeline.Short(r.Report))
	}
	return strings.Join(said, ", ") + more(len(reports))
}

func more(all int) string {
	if all <= shown {
		return ""
	}
	return fmt.Sprintf(" and %d more", all-shown)
}
