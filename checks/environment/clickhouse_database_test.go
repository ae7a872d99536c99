package environment_test

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

var now, since = checkstest.Now, checkstest.Since

// world is a PostHog folder with env files, a process environment, and what ClickHouse says.
type world struct {
	files    map[string]string // beside manage.py
	named    []string          // --env-file
	environ  []string
	answers  []pipeline.Answer
	noFolder bool
}

// examine runs a check in that folder, and returns it.
func (w world) examine(t *testing.T, c *checks.Check) (checkstest.Outcome, string) {
	t.Helper()
	files := map[string]string{"manage.py": ""}
	if w.noFolder {
		files = nil
	}
	maps.Copy(files, w.files)
	folder := checkstest.Folder(t, files)
	set, err := settings.Load(settings.Options{WorkingDir: folder, EnvFiles: w.named, Environ: w.environ})
	if err != nil {
		t.Fatal(err)
	}
	return judge(c, set, w.answers...), folder
}

const (
	small = "sharded_posthog_document_embeddings_text_embedding_3_small_1536"
	large = "sharded_posthog_document_embeddings_text_embedding_3_large_3072"
)

func table(database, name, engine string) pipeline.Table {
	return pipeline.Table{Database: database, Name: name, Engine: engine, Columns: []string{"document_id", "metadata"}}
}

// clickHouse is a server with the embedding tables in the given databases.
func clickHouse(databases ...string) []pipeline.Answer {
	answers := []pipeline.Answer{pipeline.ClickHouseReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "26.7"})}
	var family []pipeline.Table
	for _, database := range databases {
		stores := []pipeline.Table{table(database, small, "ReplacingMergeTree"), table(database, large, "ReplacingMergeTree")}
		family = append(family, append(stores, table(database, "distributed_posthog_document_embeddings", "Distributed"))...)
		for i, t := range stores {
			answers = append(answers, pipeline.LiveSignals.Is(pipeline.SignalsOf{Table: t, Team: checkstest.Team, Since: since}, pipeline.TeamSignals{Reports: []pipeline.ReportSignals{
				{Report: "a", Documents: 3 + i}, {Report: "b", Documents: 1},
			}}))
		}
	}
	// What only passes rows on, or buffers them, says nothing about where the embeddings are.
	family = append(family, table("default", "posthog_document_embeddings_buffer", "MergeTree"), table("default", "distributed_posthog_document_embeddings", "Distributed"))
	return append(answers, pipeline.EmbeddingTables.Is(pipeline.Nothing{}, family))
}

func env(text string) map[string]string { return map[string]string{".env": text} }

func TestHealthy(t *testing.T) {
	for name, w := range map[string]world{
		"plain":                           {files: env("CLICKHOUSE_DATABASE=posthog\n")},
		"no line break at the end":        {files: env("CLICKHOUSE_DATABASE=posthog")},
		"export":                          {files: env("export CLICKHOUSE_DATABASE=posthog\n")},
		"single quotes":                   {files: env("CLICKHOUSE_DATABASE='posthog'\n")},
		"double quotes":                   {files: env("CLICKHOUSE_DATABASE=\"posthog\"\n")},
		"trailing comment":                {files: env("CLICKHOUSE_DATABASE=posthog # where the tables are\n")},
		"two trailing comments":           {files: env("CLICKHOUSE_DATABASE=posthog # not default # ever\n")},
		"CRLF":                            {files: env("DEBUG=1\r\nCLICKHOUSE_DATABASE=posthog\r\n")},
		"byte order mark":                 {files: env("\ufeffCLICKHOUSE_DATABASE=posthog\n")},
		"duplicates, the right one last":  {files: env("CLICKHOUSE_DATABASE=default\nCLICKHOUSE_DATABASE=posthog\n")},
		"a commented one beside":          {files: env("CLICKHOUSE_DATABASE=posthog\n# CLICKHOUSE_DATABASE=default\n")},
		"a variable":                      {files: env("DB=posthog\nCLICKHOUSE_DATABASE=${DB}\n")},
		"behind a value of several lines": {files: env("KEY=\"a\nCLICKHOUSE_DATABASE=default\nb\"\nCLICKHOUSE_DATABASE=posthog\n")},
		"process environment over a missing line": {files: env("DEBUG=1\n"), environ: []string{"CLICKHOUSE_DATABASE=posthog"}},
		"process environment over a wrong line":   {files: env("CLICKHOUSE_DATABASE=default\n"), environ: []string{"CLICKHOUSE_DATABASE=posthog"}},
		"process environment without .env":        {environ: []string{"CLICKHOUSE_DATABASE=posthog"}},
		"bin/start sees another":                  {files: map[string]string{".env": "CLICKHOUSE_DATABASE=posthog\n", ".env.services": "CLICKHOUSE_DATABASE=default\n"}},
		"the last of the named files":             {files: map[string]string{"a": "CLICKHOUSE_DATABASE=default\n", "b": "CLICKHOUSE_DATABASE=posthog\n"}, named: []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			for said, answers := range map[string][]pipeline.Answer{"by the rule": nil, "by ClickHouse": clickHouse("posthog")} {
				w.answers = answers
				o, _ := w.examine(t, environment.ClickHouseDatabase)
				d, _ := o.Result.(*environment.Database)
				if o.Status != checks.Passed || len(o.Findings) > 0 || d.Effective != "posthog" || d.Embeddings != "posthog" || d.Known != (answers != nil) {
					t.Errorf("%s: %s (%s), result %+v", said, o.Status, o.Reason, d)
				}
			}
		})
	}
}

func TestBroken(t *testing.T) {
	const (
		lost  = `cleanup_signals finds no embedding table in "default": it prints an error for each, ends as if all were well, and leaves the embeddings behind.`
		there = `ClickHouse: the embedding tables are in "posthog": 2 tables with 9 live embeddings of team 7`
	)
	for name, test := range map[string]struct {
		world
		title    string
		detail   string
		evidence []string // source, line and excerpt
		want     environment.Database
		file     string // of the subject and of the result
	}{
		"absent": {
			world: world{files: env("DEBUG=1\nCLICKHOUSE_HOST=x\n# CLICKHOUSE_USER=y\nSITE_URL=z\n")},
			title: "CLICKHOUSE_DATABASE is missing from .env",
			evidence: []string{
				`.env: no such line; manage.py falls back to "default"`, there,
			},
			want: environment.Database{Effective: "default", Line: 3},
		},
		"only bin/start sees it": {
			world: world{files: map[string]string{".env": "DEBUG=1\n", ".env.services": "CLICKHOUSE_DATABASE=posthog\n"}},
			title: "CLICKHOUSE_DATABASE is missing from .env",
			evidence: []string{
				`.env: no such line; manage.py falls back to "default"`,
				`.env.services:1: CLICKHOUSE_DATABASE="posthog"; only for what bin/start starts`, there,
			},
			want: environment.Database{Effective: "default"},
		},
		"no .env": {
			title:    "CLICKHOUSE_DATABASE is not set: there is no .env",
			evidence: []string{`.env: no such file; manage.py falls back to "default"`, there},
			want:     environment.Database{Effective: "default"},
		},
		"commented out": {
			world: world{files: env("# export CLICKHOUSE_DATABASE='posthog' # for cleanup\nCLICKHOUSE_HOST=x\n")},
			title: "CLICKHOUSE_DATABASE is commented out in .env",
			evidence: []string{
				`.env:1: CLICKHOUSE_DATABASE="posthog"; commented out; manage.py falls back to "default"`, there,
			},
			want: environment.Database{Effective: "default", Line: 1},
		},
		"within a value of several lines": {
			world:    world{files: env("KEY=\"a\nCLICKHOUSE_DATABASE=posthog\nb\"\n")},
			title:    "CLICKHOUSE_DATABASE is missing from .env",
			evidence: []string{`.env: no such line; manage.py falls back to "default"`, there},
			want:     environment.Database{Effective: "default"},
		},
		"empty": {
			world:    world{files: env("CLICKHOUSE_DATABASE=\n")},
			title:    "CLICKHOUSE_DATABASE is empty in .env",
			evidence: []string{`.env:1: CLICKHOUSE_DATABASE=""`, there},
			want:     environment.Database{Effective: "default", Line: 1, Replace: true},
		},
		"another database": {
			world:    world{files: env("CLICKHOUSE_DATABASE=default\n")},
			title:    `CLICKHOUSE_DATABASE is "default" in .env, and the embeddings are in "posthog"`,
			evidence: []string{`.env:1: CLICKHOUSE_DATABASE="default"`, there},
			want:     environment.Database{Effective: "default", Line: 1, Replace: true},
		},
		"duplicates, the wrong one last": {
			world: world{files: env("CLICKHOUSE_DATABASE=posthog\nCLICKHOUSE_DATABASE=default\n#CLICKHOUSE_DATABASE=posthog\n")},
			title: `CLICKHOUSE_DATABASE is "default" in .env, and the embeddings are in "posthog"`,
			evidence: []string{
				`.env:1: CLICKHOUSE_DATABASE="posthog"; overruled`,
				`.env:2: CLICKHOUSE_DATABASE="default"`,
				`.env:3: CLICKHOUSE_DATABASE="posthog"; commented out`, there,
			},
			want: environment.Database{Effective: "default", Line: 2, Replace: true},
		},
		"process environment over the right line": {
			world:  world{files: env("CLICKHOUSE_DATABASE=posthog\n"), environ: []string{"CLICKHOUSE_DATABASE=default"}},
			title:  `CLICKHOUSE_DATABASE is "default" in the process environment, and the embeddings are in "posthog"`,
			detail: lost + " Editing a file cannot help, since the process environment comes first: unset it in the shell that runs manage.py, for .env has the right value.",
			evidence: []string{
				`process environment: CLICKHOUSE_DATABASE="default"`,
				`.env:1: CLICKHOUSE_DATABASE="posthog"; overruled`, there,
			},
			want: environment.Database{Effective: "default", Process: true, Line: 1, Replace: true},
			file: "process environment",
		},
		"process environment, empty": {
			world:  world{files: env("DEBUG=1\n"), environ: []string{"CLICKHOUSE_DATABASE="}},
			title:  `CLICKHOUSE_DATABASE is empty in the process environment`,
			detail: lost + ` Editing a file cannot help, since the process environment comes first: unset it in the shell that runs manage.py, and have .env name "posthog".`,
			evidence: []string{
				`process environment: CLICKHOUSE_DATABASE=""`,
				`.env: no such line`, there,
			},
			want: environment.Database{Effective: "default", Process: true},
			file: "process environment",
		},
		"a shell that sourced CRLF": {
			world: world{files: env("CLICKHOUSE_DATABASE=posthog\r\n"), environ: []string{"CLICKHOUSE_DATABASE=posthog\r"}},
			title: `CLICKHOUSE_DATABASE is "posthog\r" in the process environment, and the embeddings are in "posthog"`,
			detail: strings.Replace(lost, "default", `posthog\r`, 1) +
				" Editing a file cannot help, since the process environment comes first: unset it in the shell that runs manage.py, for .env has the right value.",
			evidence: []string{
				`process environment: CLICKHOUSE_DATABASE="posthog\r"`,
				`.env:1: CLICKHOUSE_DATABASE="posthog"; overruled; a shell that sources the file sees "posthog\r"`, there,
			},
			want: environment.Database{Effective: "posthog\r", Process: true, Line: 1, Replace: true},
			file: "process environment",
		},
		"named files": {
			world:    world{files: map[string]string{"a": "CLICKHOUSE_DATABASE=posthog\n", "b": "CLICKHOUSE_DATABASE=default\n"}, named: []string{"a", "b"}},
			title:    `CLICKHOUSE_DATABASE is "default" in b, and the embeddings are in "posthog"`,
			evidence: []string{`a:1: CLICKHOUSE_DATABASE="posthog"; overruled`, `b:1: CLICKHOUSE_DATABASE="default"`, there},
			want:     environment.Database{Effective: "default", Line: 1, Replace: true},
			file:     "b",
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.answers = clickHouse("posthog")
			o, folder := test.examine(t, environment.ClickHouseDatabase)
			if o.Status != checks.Failed || len(o.Findings) != 1 {
				t.Fatalf("%s (%s) with %d findings", o.Status, o.Reason, len(o.Findings))
			}
			if test.file == "" {
				test.file = ".env"
			}
			if test.detail == "" {
				test.detail = lost
			}
			f := o.Findings[0]
			want := []any{checks.ENV001, checks.Error, checks.Embeddings, test.title, test.detail, []string{test.file, "CLICKHOUSE_DATABASE"}, test.evidence}
			if diff := cmp.Diff(want, []any{f.Code, f.Severity, f.Stage, f.Title, f.Detail, f.Subject, rows(t, folder, f)}); diff != "" {
				t.Error(diff)
			}
			test.want.Embeddings, test.want.Known, test.want.File = "posthog", true, filepath.Join(folder, ".env")
			if test.named != nil {
				test.want.File = filepath.Join(folder, test.file)
			}
			if diff := cmp.Diff(&test.want, o.Result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// rows is the evidence as text, and wants each file to be named in full where it can be opened.
func rows(t *testing.T, folder string, f *checks.Finding) []string {
	t.Helper()
	var rows []string
	for _, e := range f.Evidence {
		file := e.Locator.File
		if file != "" && !filepath.IsAbs(file) {
			t.Errorf("locator %s", file)
		}
		e.Locator = checks.Locator{File: strings.TrimPrefix(file, folder+"/"), Line: e.Locator.Line}
		at := e.Source
		if e.Locator.Line > 0 {
			at = e.Locator.String()
		}
		rows = append(rows, at+": "+e.Excerpt)
	}
	return rows
}

func TestWhereTheTablesAreDecides(t *testing.T) {
	for name, test := range map[string]struct {
		world
		title  string // "" for none
		detail string
		home   string
	}{
		"tables elsewhere": {
			world: world{files: env("CLICKHOUSE_DATABASE=posthog\n"), answers: clickHouse("analytics")},
			title: `CLICKHOUSE_DATABASE is "posthog" in .env, and the embeddings are in "analytics"`, home: "analytics",
			detail: `cleanup_signals finds no embedding table in "posthog": it prints an error for each, ends as if all were well, and leaves the embeddings behind.`,
		},
		"tables elsewhere, and so named":         {world: world{files: env("CLICKHOUSE_DATABASE=analytics\n"), answers: clickHouse("analytics")}, home: "analytics"},
		"tables in the fallback":                 {world: world{files: env("DEBUG=1\n"), answers: clickHouse("default")}, home: "default"},
		"several databases, the right one named": {world: world{files: env("CLICKHOUSE_DATABASE=posthog\n"), answers: clickHouse("default", "posthog")}, home: "posthog"},
		"several databases, none named": {
			world: world{files: env("DEBUG=1\n"), answers: clickHouse("default", "posthog")},
			title: "CLICKHOUSE_DATABASE is missing from .env", home: "posthog",
			detail: `cleanup_signals deletes from the 2 embedding tables of "default" instead, and leaves those of "posthog" as they are.`,
		},
		"no tables": {
			world: world{files: env("CLICKHOUSE_DATABASE=x\n"), answers: clickHouse()},
			title: `CLICKHOUSE_DATABASE is "x" in .env, and the embeddings belong in "posthog"`, home: "posthog",
			detail: `cleanup_signals looks for the embedding tables in "x" then. Where they are not there, it leaves the embeddings behind and ends as if all were well.`,
		},
		"expected elsewhere": {
			world: world{files: env("CLICKHOUSE_DATABASE=posthog\nDOCTOR_EMBEDDINGS_DATABASE=mine\n")},
			title: `CLICKHOUSE_DATABASE is "posthog" in .env, and the embeddings belong in "mine"`, home: "mine",
			detail: `cleanup_signals looks for the embedding tables in "posthog" then. Where they are not there, it leaves the embeddings behind and ends as if all were well.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := test.examine(t, environment.ClickHouseDatabase)
			title, detail := "", ""
			if len(o.Findings) > 0 {
				title, detail = o.Findings[0].Title, o.Findings[0].Detail
			}
			if title != test.title || detail != test.detail {
				t.Errorf("got  %q, %q\nwant %q, %q", title, detail, test.title, test.detail)
			}
			if d := o.Result.(*environment.Database); d.Embeddings != test.home {
				t.Errorf("result %+v, want the database %q", d, test.home)
			}
		})
	}
}

// TestClickHouseCannotBeAsked: a server that answered its greeting and then fails the one question leaves a doubt.
func TestClickHouseCannotBeAsked(t *testing.T) {
	failing := []pipeline.Answer{
		pipeline.ClickHouseReached.Is(pipeline.Nothing{}, pipeline.Reached{Version: "26.7"}),
		pipeline.EmbeddingTables.Fails(pipeline.Nothing{}, pipeline.Failed, errors.New("code 497")),
	}
	o, _ := world{files: env("CLICKHOUSE_DATABASE=posthog\n"), answers: failing}.examine(t, environment.ClickHouseDatabase)
	o.Is(t, checks.Unknown, "code 497")
	if o.Result == nil {
		t.Error("what is known is lost")
	}
	o, _ = world{files: env("DEBUG=1\n"), answers: failing}.examine(t, environment.ClickHouseDatabase)
	o.Is(t, checks.Failed, "code 497")
}

func TestEmbeddingsThatCannotBeCounted(t *testing.T) {
	answers := clickHouse("posthog")
	answers = slices.Delete(answers, 1, 3) // nothing is known of the rows
	o, folder := world{files: env("DEBUG=1\n"), answers: answers}.examine(t, environment.ClickHouseDatabase)
	if o.Status != checks.Failed || o.Reason != "" {
		t.Fatalf("%s (%s)", o.Status, o.Reason)
	}
	want := []string{`.env: no such line; manage.py falls back to "default"`, `ClickHouse: the embedding tables are in "posthog"`}
	if diff := cmp.Diff(want, rows(t, folder, o.Findings[0])); diff != "" {
		t.Error(diff)
	}
}

func TestSkippedWithoutAFolder(t *testing.T) {
	o, _ := world{noFolder: true, environ: []string{"CLICKHOUSE_DATABASE=default"}}.examine(t, environment.ClickHouseDatabase)
	o.Says(t, "skipped: no PostHog folder here or above, and no --env-file")
}
