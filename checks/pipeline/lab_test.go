package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// eachLab runs a test on the real services that the env files in DOCTOR_LAB_ENV lead to, one after another.
func eachLab(t *testing.T, test func(t *testing.T, s *settings.Settings)) {
	files := filepath.SplitList(os.Getenv("DOCTOR_LAB_ENV"))
	if len(files) == 0 {
		if os.Getenv("DOCTOR_LAB") == "require" {
			t.Fatal("DOCTOR_LAB_ENV names no env file of a lab")
		}
		t.Skip("SKIPPED: DOCTOR_LAB_ENV names no env file of a lab, so that no real service is asked")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := settings.Load(settings.Options{EnvFiles: []string{file}, WorkingDir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

func live(t *testing.T, s *settings.Settings) *pipeline.World {
	w := pipeline.Live(s, time.Now(), 0)
	t.Cleanup(w.Close)
	return w
}

func TestLabAnswers(t *testing.T) {
	eachLab(t, func(t *testing.T, s *settings.Settings) {
		for _, g := range greetings() {
			reached, err := g.reach(t.Context(), live(t, s))
			if err != nil {
				t.Error(err)
				continue
			}
			if reached.Address == "" || reached.Version == "" && g.name != "object storage" {
				t.Errorf("%s said %+v of itself", g.name, reached)
			}
		}
	})
}

func TestLabRefuses(t *testing.T) {
	eachLab(t, func(t *testing.T, real *settings.Settings) {
		for name, test := range map[string]struct {
			spoil func(*settings.Settings)
			reach reach
			want  pipeline.Kind
		}{
			"no bucket":  {func(s *settings.Settings) { s.ObjectStorage.Bucket = "no-such-bucket" }, reachObjects, pipeline.Missing},
			"access key": {func(s *settings.Settings) { s.ObjectStorage.AccessKey = "stranger" }, reachObjects, pipeline.Denied},
			"secret key": {func(s *settings.Settings) { s.ObjectStorage.SecretKey = password }, reachObjects, pipeline.Denied},
			"no database": {func(s *settings.Settings) {
				s.Postgres.DSN = settings.Secret(respell(s, func(u *url.URL) { u.Path = "/none" }))
			}, reachPostgres, pipeline.Missing},
			"no such role": {func(s *settings.Settings) {
				s.Postgres.DSN = settings.Secret(respell(s, func(u *url.URL) { u.User = url.UserPassword("stranger", password) }))
			}, reachPostgres, pipeline.Denied},
			"no namespace":   {func(s *settings.Settings) { s.Temporal.Namespace = "no-such-namespace" }, reachTemporal, pipeline.Missing},
			"HTTP to native": {func(s *settings.Settings) { s.ClickHouse.URL = s.Temporal.URL }, reachClickHouse, pipeline.Failed},
		} {
			t.Run(name, func(t *testing.T) {
				s := *real
				test.spoil(&s)
				_, err := test.reach(t.Context(), live(t, &s))
				if pipeline.KindOf(err) != test.want {
					t.Errorf("got %s: %v", pipeline.KindOf(err), err)
				}
				if err != nil && strings.Contains(err.Error(), password) {
					t.Errorf("the password is in %q", err)
				}
			})
		}
	})
}

func respell(s *settings.Settings, change func(*url.URL)) string {
	u, err := url.Parse(string(s.Postgres.DSN))
	if err != nil {
		panic(err)
	}
	change(u)
	return u.String()
}

func TestLabMissingReports(t *testing.T) {
	eachLab(t, func(t *testing.T, s *settings.Settings) {
		team, other := newTeam(), newTeam()
		ours, theirs := uuid.NewString(), uuid.NewString()
		conn, err := pgx.Connect(t.Context(), string(s.Postgres.DSN))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, err := conn.Exec(context.Background(), "DELETE FROM signals_signalreport WHERE team_id = $1 OR team_id = $2", team, other)
			if err := errors.Join(err, conn.Close(context.Background())); err != nil {
				t.Error(err)
			}
		})
		if _, err := conn.Exec(t.Context(), "INSERT INTO signals_signalreport (id, team_id) VALUES ($1, $2), ($3, $4)", ours, team, theirs, other); err != nil {
			t.Fatal(err)
		}
		asked := []string{theirs, "no uuid", ours, strings.ToUpper(ours), theirs, "'; DROP TABLE x"}
		for range 25_000 { // more than go into one question
			asked = append(asked, uuid.NewString())
		}
		missing, err := live(t, s).Postgres.MissingReports(t.Context(), team, asked)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Concat([]string{theirs, "no uuid", "'; DROP TABLE x"}, asked[6:])
		if !slices.Equal(missing, want) {
			t.Errorf("%d are missing, want %d; the first: %q", len(missing), len(want), missing[:min(4, len(missing))])
		}
	})
}

func TestLabEmbeddingTables(t *testing.T) {
	eachLab(t, func(t *testing.T, s *settings.Settings) {
		database, _ := embeddingTable(t, s)
		tables, err := live(t, s).ClickHouse.EmbeddingTables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(tables, func(table pipeline.Table) bool { return table.Database == database })
		if at < 0 {
			t.Fatalf("no table of %s among %v", database, tables)
		}
		if got := tables[at]; got.Engine != "ReplacingMergeTree" || !slices.Contains(got.Columns, "metadata") || !slices.Contains(got.Columns, "inserted_at") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLabLiveSignals(t *testing.T) {
	eachLab(t, func(t *testing.T, s *settings.Settings) {
		database, conn := embeddingTable(t, s)
		table := pipeline.Table{Database: database, Name: sharded}
		team := newTeam()
		day := time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
		at := func(second int) time.Time { return day.Add(time.Duration(second) * time.Second) }
		rows := [][]any{
			{team, "signals", "signal", "two of a", at(1), at(10), `{"source_id": "1", "weight": 0.5, "report_id": "a", "extra": {"report_id": "b"}}`},
			{team, "signals", "signal", "a again", at(3), at(11), `{"report_id": "a"}`},
			{team, "signals", "signal", "moved to b", at(2), at(10), `{"report_id": "a"}`},
			{team, "signals", "signal", "moved to b", at(2), at(20), `{"report_id" : "b"}`},
			{team, "signals", "signal", "deleted since", at(2), at(10), `{"report_id": "c"}`},
			{team, "signals", "signal", "deleted since", at(2), at(20), `{"report_id": "c", "deleted": true}`},
			{team, "signals", "signal", "alive again", at(4), at(10), `{"report_id": "d", "deleted": true}`},
			{team, "signals", "signal", "alive again", at(4), at(20), `{"report_id": "d", "deleted": false}`},
			{team, "signals", "signal", "of no report", at(2), at(10), `{"report_id": ""}`},
			{team, "signals", "signal", "of nothing", at(2), at(10), `{}`},
			{team, "signals", "report", "a report", at(2), at(10), `{"report_id": "e"}`},
			{team, "error_tracking", "signal", "another product", at(2), at(10), `{"report_id": "e"}`},
			{newTeam(), "signals", "signal", "another team", at(2), at(10), `{"report_id": "e"}`},
			{team, "signals", "signal", "a name to quote", at(2), at(10), `{"report_id": "\u0060'; DROP"}`},
		}
		insert(t, conn, database, rows)
		got, err := live(t, s).ClickHouse.LiveSignals(t.Context(), table, team)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, r := range got {
			if strings.Contains(r.Report, "DROP") {
				continue // its escapes are read by the JSON functions only
			}
			said = append(said, fmt.Sprintf("%s %d %s %s", r.Report, r.Documents, r.Newest.UTC().Sub(day), r.Inserted.UTC().Sub(day)))
		}
		want := []string{"a 2 3s 11s", "b 1 2s 20s", "d 1 4s 20s"}
		if !slices.Equal(said, want) {
			t.Errorf("got %v, want %v", said, want)
		}
		if len(got) != len(want)+1 {
			t.Errorf("got %d reports: %+v", len(got), got)
		}
		if _, err := live(t, s).ClickHouse.LiveSignals(t.Context(), pipeline.Table{Database: database, Name: "none"}, team); pipeline.KindOf(err) != pipeline.Failed {
			t.Errorf("a table that is not there: %v", err)
		}
	})
}

const sharded = "sharded_posthog_document_embeddings_test"

// embeddingTable makes a table of the embeddings' family in a database of its own.
func embeddingTable(t *testing.T, s *settings.Settings) (database string, conn clickhouse.Conn) {
	t.Helper()
	database = fmt.Sprintf("doctor_test_%d", newTeam())
	address, err := url.Parse(s.ClickHouse.URL)
	if err != nil {
		t.Fatal(err)
	}
	options := &clickhouse.Options{
		Addr: []string{address.Host},
		Auth: clickhouse.Auth{Username: s.ClickHouse.User, Password: string(s.ClickHouse.Password)},
	}
	if address.Scheme == "http" {
		options.Protocol = clickhouse.HTTP
	}
	if conn, err = clickhouse.Open(options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(conn.Exec(context.Background(), "DROP DATABASE "+database), conn.Close()); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []string{
		"CREATE DATABASE " + database,
		`CREATE TABLE ` + database + `.` + sharded + ` (
			team_id Int64, product String, document_type String, document_id String,
			timestamp DateTime, inserted_at DateTime, metadata String
		) ENGINE = ReplacingMergeTree(inserted_at) PARTITION BY toMonday(timestamp) ORDER BY (team_id, document_id)`,
	} {
		if err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return database, conn
}

func insert(t *testing.T, conn clickhouse.Conn, database string, rows [][]any) {
	t.Helper()
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO "+database+"."+sharded+" (team_id, product, document_type, document_id, timestamp, inserted_at, metadata)")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := batch.Append(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
}

// newTeam is a team that nobody else works on.
func newTeam() int64 { return 1_000_000_000 + rand.Int64N(1<<30) }
