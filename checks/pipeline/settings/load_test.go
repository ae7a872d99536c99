package settings

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tree makes files under a new folder and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func load(t *testing.T, options Options) *Settings {
	t.Helper()
	s, err := Load(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefaultsAreThisMachine(t *testing.T) {
	s := load(t, Options{WorkingDir: t.TempDir()})
	byDefault := Origin{Default: true}
	want := &Settings{
		Process:    map[string]string{},
		Temporal:   Temporal{Address{"TEMPORAL_UI_HOST", "http://localhost:8081", byDefault}, "default"},
		ClickHouse: ClickHouse{Address: Address{"CLICKHOUSE_HOST", "clickhouse://localhost:9000", byDefault}, User: "default", Verify: true, Embeddings: "posthog"},
		ObjectStorage: ObjectStorage{
			Address: Address{"OBJECT_STORAGE_ENDPOINT", "http://localhost:19000", byDefault}, Enabled: true,
			AccessKey: "object_storage_root_user", SecretKey: "object_storage_root_password", Region: "us-east-1", Bucket: "posthog", Tasks: "tasks",
		},
		Docker:      Docker{Address: Address{"DOCKER_HOST", "unix:///var/run/docker.sock", byDefault}},
		Postgres:    Postgres{Address{"PGHOST", "postgres://localhost:5432/posthog", byDefault}, "postgres://posthog:posthog@localhost:5432/posthog"},
		Support:     s.Support, // see TestSupport
		PayloadKeys: []Secret{"<randomly generated secret key>"},
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(Settings{})); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	folder := tree(t, map[string]string{
		".env":             "TEMPORAL_NAMESPACE=a\nOBJECT_STORAGE_BUCKET=a\nCLICKHOUSE_USER=a\nOBJECT_STORAGE_REGION=a\n",
		".env.local":       "TEMPORAL_NAMESPACE=b\nOBJECT_STORAGE_REGION=op://vault/region\n",
		".env.development": "OBJECT_STORAGE_BUCKET=c\nOBJECT_STORAGE_REGION=\n",
		".env.services":    "TEMPORAL_NAMESPACE=d\nTEMPORAL_UI_HOST=http://temporal:8081\n",
	})
	other := tree(t, map[string]string{"one": "TEMPORAL_NAMESPACE=one\nCLICKHOUSE_USER=one\n", "two": "TEMPORAL_NAMESPACE=two\n"})
	for name, test := range map[string]struct {
		options Options
		want    [4]string // namespace, bucket, ClickHouse user, region
	}{
		"env files":           {Options{}, [4]string{"d", "c", "a", "a"}},
		"process environment": {Options{Environ: []string{"TEMPORAL_NAMESPACE=p", "OBJECT_STORAGE_BUCKET="}}, [4]string{"p", "c", "a", "a"}},
		"--env-file replaces": {Options{EnvFiles: []string{filepath.Join(other, "one"), filepath.Join(other, "two")}}, [4]string{"two", "posthog", "one", "us-east-1"}},
		"flag before process environment": {
			Options{ClickHouseURL: "http://flag@localhost", Environ: []string{"CLICKHOUSE_USER=p", "DOCTOR_CLICKHOUSE_URL=http://q@localhost"}},
			[4]string{"d", "c", "flag", "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.WorkingDir = folder
			s := load(t, test.options)
			got := [4]string{s.Temporal.Namespace, s.ObjectStorage.Bucket, s.ClickHouse.User, s.ObjectStorage.Region}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if origin := load(t, Options{WorkingDir: folder}).Temporal.Origin; origin.String() != filepath.Join(folder, ".env.services")+":2" {
		t.Errorf("origin %s", origin)
	}
}

func TestFolder(t *testing.T) {
	root := tree(t, map[string]string{"posthog/manage.py": "", "posthog/products/signals/x": "", "posthog/services/mcp/.env": "", "plain/x": ""})
	for name, test := range map[string]struct {
		options Options
		folder  string
	}{
		"here":         {Options{WorkingDir: filepath.Join(root, "posthog")}, "posthog"},
		"upwards":      {Options{WorkingDir: filepath.Join(root, "posthog/products/signals")}, "posthog"},
		"nearest .env": {Options{WorkingDir: filepath.Join(root, "posthog/services/mcp")}, "posthog/services/mcp"},
		"flag":         {Options{WorkingDir: filepath.Join(root, "posthog"), PostHogDir: "../plain"}, "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := load(t, test.options).Folder; got != filepath.Join(root, test.folder) {
				t.Errorf("folder %s", got)
			}
		})
	}
	if s := load(t, Options{WorkingDir: filepath.Join(root, "plain")}); s.Folder != "" || len(s.EnvFiles) != 0 {
		t.Errorf("folder %q with %d env files, want none", s.Folder, len(s.EnvFiles))
	}
}

func TestAddresses(t *testing.T) {
	for name, test := range map[string]struct {
		environ string // KEY=value, separated by blanks
		want    string
		get     func(*Settings) string
	}{
		"Temporal below a path":            {"TEMPORAL_UI_HOST=https://proxy/temporal/", "https://proxy/temporal", func(s *Settings) string { return s.Temporal.URL }},
		"object storage off":               {"OBJECT_STORAGE_ENABLED=False", "false", func(s *Settings) string { return fmt.Sprint(s.ObjectStorage.Enabled) }},
		"object storage on":                {"OBJECT_STORAGE_ENABLED=On", "true", func(s *Settings) string { return fmt.Sprint(s.ObjectStorage.Enabled) }},
		"ClickHouse host":                  {"CLICKHOUSE_HOST=clickhouse", "clickhouse://clickhouse:9000 secure=false", clickHouse},
		"ClickHouse port":                  {"CLICKHOUSE_HOST=ch:19000 CLICKHOUSE_SECURE=1", "clickhouse://ch:19000 secure=true", clickHouse},
		"ClickHouse secure":                {"CLICKHOUSE_HOST=ch CLICKHOUSE_SECURE=true", "clickhouse://ch:9440 secure=true", clickHouse},
		"ClickHouse over IPv6":             {"CLICKHOUSE_HOST=::1", "clickhouse://[::1]:9000 secure=false", clickHouse},
		"ClickHouse over IPv6 with a port": {"CLICKHOUSE_HOST=[::1]:9", "clickhouse://[::1]:9 secure=false", clickHouse},
		"ClickHouse over HTTP":             {"DOCTOR_CLICKHOUSE_URL=http://ch CLICKHOUSE_HOST=x CLICKHOUSE_SECURE=1", "http://ch:8123 secure=false", clickHouse},
		"ClickHouse over HTTPS":            {"DOCTOR_CLICKHOUSE_URL=https://ch/posthog", "https://ch:8443 secure=true", clickHouse},
		"ClickHouse by URL":                {"DOCTOR_CLICKHOUSE_URL=clickhouse://ch:1/posthog?secure=false CLICKHOUSE_SECURE=1", "clickhouse://ch:1 secure=false", clickHouse},
		"ClickHouse credentials":           {"DOCTOR_CLICKHOUSE_URL=http://me:p%40ss@ch CLICKHOUSE_USER=x CLICKHOUSE_PASSWORD=y", "me p@ss", credentials},
		"ClickHouse credentials in query":  {"DOCTOR_CLICKHOUSE_URL=http://ch?username=me&password=pw CLICKHOUSE_USER=x", "me pw", credentials},
		"ClickHouse credentials beside":    {"DOCTOR_CLICKHOUSE_URL=http://ch CLICKHOUSE_USER=x CLICKHOUSE_PASSWORD=y", "x y", credentials},
		"database of the embeddings":       {"DOCTOR_EMBEDDINGS_DATABASE=other CLICKHOUSE_DATABASE=no", "other", func(s *Settings) string { return s.ClickHouse.Embeddings }},
		"DATABASE_URL": {
			"DATABASE_URL=postgresql://me:pw@db:5433/x?sslmode=disable&password=pw PGHOST=no",
			"postgresql://db:5433/x postgresql://me:pw@db:5433/x?sslmode=disable&password=pw DATABASE_URL", postgres,
		},
		"PG*":            {"PGHOST=db PGPORT=5433 PGUSER=me PGPASSWORD=p@:w PGDATABASE=x", "postgres://db:5433/x postgres://me:p%40%3Aw@db:5433/x PGHOST", postgres},
		"PGPORT only":    {"PGPORT=5433", "postgres://localhost:5433/posthog postgres://posthog:posthog@localhost:5433/posthog PGPORT", postgres},
		"PGUSER only":    {"PGUSER=me", "postgres://localhost:5432/posthog postgres://me:posthog@localhost:5432/posthog default", postgres},
		"DOCKER_HOST":    {"DOCKER_HOST=tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375", func(s *Settings) string { return s.Docker.URL }},
		"Docker by ssh":  {"DOCKER_HOST=ssh://me@host", "ssh://host", func(s *Settings) string { return s.Docker.URL }},
		"the sandboxes'": {"SANDBOX_PROVIDER=docker", "docker", func(s *Settings) string { return s.Docker.Provider }},
	} {
		t.Run(name, func(t *testing.T) {
			s := load(t, Options{WorkingDir: t.TempDir(), Environ: strings.Fields(test.environ)})
			if got := test.get(s); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func clickHouse(s *Settings) string {
	return fmt.Sprintf("%s secure=%t", s.ClickHouse.URL, s.ClickHouse.Secure)
}

func credentials(s *Settings) string { return s.ClickHouse.User + " " + string(s.ClickHouse.Password) }

func postgres(s *Settings) string {
	by := s.Postgres.Setting
	if s.Postgres.Origin.Default {
		by = "default"
	}
	return fmt.Sprintf("%s %s %s", s.Postgres.URL, string(s.Postgres.DSN), by)
}

// TestMalformed wants one line that names the setting, where it stands, and what is expected, and no password.
func TestMalformed(t *testing.T) {
	const (
		web      = "expected http://host:port or https://host:port, without a user"
		host     = "expected host or host:port (DOCTOR_CLICKHOUSE_URL takes URLs)"
		url      = "expected a URL such as clickhouse://host:9000 or http://user:password@host:8123 (also https://)"
		database = "expected postgres://user:password@host:port/database, with special characters percent-encoded"
		engine   = "expected unix:///path or tcp://host:port"
	)
	for _, test := range []struct{ setting, value, want string }{
		{"TEMPORAL_UI_HOST", "localhost:8081", web},
		{"TEMPORAL_UI_HOST", "http://", web},
		{"TEMPORAL_UI_HOST", "http://me:hunter2@localhost", web},
		{"TEMPORAL_UI_HOST", "http://localhost:99999", web},
		{"TEMPORAL_UI_HOST", "http://localhost:", web},
		{"TEMPORAL_UI_HOST", "http://localhost?x=hunter2", web},
		{"OBJECT_STORAGE_ENDPOINT", "ftp://localhost", web},
		{"CLICKHOUSE_HOST", "http://localhost", host},
		{"CLICKHOUSE_HOST", "me:hunter2@localhost", host},
		{"CLICKHOUSE_HOST", "localhost/x", host},
		{"CLICKHOUSE_HOST", "localhost:native", host},
		{"DOCTOR_CLICKHOUSE_URL", "localhost:8123", url},
		{"DOCTOR_CLICKHOUSE_URL", "mysql://default:hunter2@localhost", url},
		{"DOCTOR_CLICKHOUSE_URL", "http://default:hunter2#@localhost", url},
		{"DOCTOR_CLICKHOUSE_URL", "http://localhost?dial_timeout=1s", url},
		{"DATABASE_URL", "mysql://posthog:hunter2@db/posthog", database},
		{"DATABASE_URL", "postgres://posthog:hunter2#@db/posthog", database},
		{"PGPORT", "five", "expected a port number"},
		{"PGHOST", "a host", "expected a host name or an address"},
		{"PGHOST", "db:5432", "expected a host name or an address"},
		{"DOCKER_HOST", "/var/run/docker.sock", engine},
		{"DOCKER_HOST", "unix://", engine},
	} {
		t.Run(test.setting+"="+test.value, func(t *testing.T) {
			folder := tree(t, map[string]string{".env": "A=1\n" + test.setting + "='" + test.value + "'\n"})
			_, err := Load(Options{WorkingDir: folder})
			var typed *Error
			if !errors.As(err, &typed) {
				t.Fatalf("error %v is no *Error", err)
			}
			if want := fmt.Sprintf("cannot use %s (%s/.env:2): %s", test.setting, folder, test.want); err.Error() != want {
				t.Errorf("error %s\nwant  %s", err, want)
			}
			_, err = Load(Options{WorkingDir: t.TempDir(), Environ: []string{test.setting + "=" + test.value}})
			if want := fmt.Sprintf("cannot use %s (process environment): %s", test.setting, test.want); err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
	_, err := Load(Options{WorkingDir: t.TempDir(), ClickHouseURL: "hunter2"})
	if want := "cannot use --clickhouse-url: " + url; err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

func TestFilesThatAreNamedMustExist(t *testing.T) {
	folder := tree(t, map[string]string{"file": ""})
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"env file":              {Options{EnvFiles: []string{"nope"}}, "cannot read env file " + folder + "/nope: no such file or directory"},
		"folder":                {Options{PostHogDir: "nope"}, "cannot use --posthog-dir: " + folder + "/nope: no such file or directory"},
		"folder that is a file": {Options{PostHogDir: "file"}, "cannot use --posthog-dir: " + folder + "/file is not a folder"},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.WorkingDir = folder
			_, err := Load(test.options)
			var typed *Error
			if !errors.As(err, &typed) || err.Error() != test.want {
				t.Errorf("error %v\nwant  %s", err, test.want)
			}
		})
	}
}

func TestDockerContext(t *testing.T) {
	sum := sha256.Sum256([]byte("colima"))
	meta := "contexts/meta/" + hex.EncodeToString(sum[:]) + "/meta.json"
	home := tree(t, map[string]string{
		".docker/config.json": `{"currentContext":"colima"}`,
		".docker/" + meta:     `{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///home/me/colima.sock"}}}`,
		"broken/config.json":  `{`,
		"gone/config.json":    `{"currentContext":"gone"}`,
		"empty/config.json":   `{"currentContext":"colima"}`,
		"empty/" + meta:       `{}`,
		"default/config.json": `{"currentContext":"default"}`,
	})
	const plain = "DOCKER_HOST unix:///var/run/docker.sock"
	for name, test := range map[string]struct {
		environ []string
		want    string // the address, or a part of the error
	}{
		"of HOME":            {[]string{"HOME=" + home}, "docker context colima unix:///home/me/colima.sock"},
		"of DOCKER_CONFIG":   {[]string{"HOME=/nowhere", "DOCKER_CONFIG=" + home + "/.docker"}, "docker context colima unix:///home/me/colima.sock"},
		"DOCKER_HOST wins":   {[]string{"HOME=" + home, "DOCKER_HOST=tcp://x:1"}, "DOCKER_HOST tcp://x:1"},
		"DOCKER_CONTEXT":     {[]string{"HOME=" + home, "DOCKER_CONTEXT=default"}, plain},
		"default":            {[]string{"DOCKER_CONFIG=" + home + "/default"}, plain},
		"unreadable":         {[]string{"DOCKER_CONFIG=" + home + "/broken"}, plain},
		"no home":            {nil, plain},
		"context that is no": {[]string{"DOCKER_CONFIG=" + home + "/gone"}, "cannot use docker context gone"},
		"without an address": {[]string{"DOCKER_CONFIG=" + home + "/empty"}, "expected unix:///path or tcp://host:port"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Load(Options{WorkingDir: t.TempDir(), Environ: test.environ})
			if err != nil {
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %s", err, test.want)
				}
				return
			}
			if got := s.Docker.Setting + " " + s.Docker.URL; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestPayloadKeys(t *testing.T) {
	folder := tree(t, map[string]string{
		".env":       "SECRET_KEY=file\nTEMPORAL_FALLBACK_SECRET_KEYS=old, older,,file\n",
		".env.local": "SECRET_KEY=op://vault/key\n",
	})
	s := load(t, Options{WorkingDir: folder, Environ: []string{"SECRET_KEY=process", "TEMPORAL_SECRET_KEY=temporal"}})
	want := []Secret{"temporal", "process", "file", "old", "older", "<randomly generated secret key>"}
	if diff := cmp.Diff(want, s.PayloadKeys); diff != "" {
		t.Error(diff)
	}
	if printed := fmt.Sprintf("%v %+v %#v %s", s.PayloadKeys, s.PayloadKeys, s.PayloadKeys, s.PayloadKeys[0]); strings.Contains(printed, "temporal") {
		t.Errorf("a key was printed: %s", printed)
	}
}

func TestSeen(t *testing.T) {
	folder := tree(t, map[string]string{
		".env":          "X=1\n# X=2\nX=3\n# X=4\n",
		".env.services": "X=5\n",
		"a":             "X=6\n",
		"b":             "Y=1\nX=7\n",
	})
	in := func(name string, line int) Origin { return Origin{File: filepath.Join(folder, name), Line: line} }
	file := []Sighting{
		{Origin: in(".env", 1), Value: "1"},
		{Origin: in(".env", 2), Value: "2", Commented: true},
		{Origin: in(".env", 3), Value: "3"},
		{Origin: in(".env", 4), Value: "4", Commented: true},
		{Origin: in(".env.services", 1), Value: "5", Starter: true},
	}
	effective := append([]Sighting(nil), file...)
	effective[2].Effective = true
	process := Sighting{Origin: Origin{Process: true}, Effective: true}
	for name, test := range map[string]struct {
		options Options
		want    []Sighting
	}{
		"last line of .env":           {Options{}, effective},
		"process environment":         {Options{Environ: []string{"X="}}, append([]Sighting{process}, file...)},
		"the last of the named files": {Options{EnvFiles: []string{"a", "b"}}, []Sighting{{Origin: in("a", 1), Value: "6"}, {Origin: in("b", 2), Value: "7", Effective: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.WorkingDir = folder
			if diff := cmp.Diff(test.want, load(t, test.options).Seen("X")); diff != "" {
				t.Error(diff)
			}
		})
	}
	if seen := load(t, Options{WorkingDir: folder}).Seen("Z"); seen != nil {
		t.Errorf("seen %v, want nothing", seen)
	}
}
