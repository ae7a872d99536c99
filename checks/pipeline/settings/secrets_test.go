package settings

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/pipeline/redact"
)

// drawn looks drawn, and is none of anybody's.
const drawn = "Zk3vQ9xT1mB7sL5pW2nR8"

func TestSecretsAreWhatNamesShapesAndConnectionsSay(t *testing.T) {
	folder := tree(t, map[string]string{
		".env": "FOO_PASSWORD=hunter2-correct\nFOO_PASSWORD=hunter3-correct\n# OLD_TOKEN=retired-token-7\nDEBUG=1\nPGUSER=posthog\nPGPASSWORD=posthog\n" +
			"REDIS_URL=redis://:s3cret%21@redis7:6379\nNOTES=use ghp_" + strings.Repeat(drawn, 2) + "\nX_KEY=op://Private/x/y\nY_KEY=${FOO_PASSWORD}\nDEV_SECRET=from-the-example\n" +
			"TEMPORAL_FALLBACK_SECRET_KEYS=one-older-key,another-older-key\nTWICE_KEY=hunter2-correct\nRACK_NAME=rack-17-north\nRACK_KEY=rack-17-north\nEMPTY_KEY=\n",
		".env.services": "OBJECT_STORAGE_SECRET_ACCESS_KEY=object_storage_root_password\nCLICKHOUSE_API_PASSWORD=apipass\nREDIS_URL=redis://redis7:6379/\n",
		".env.example":  "DEV_SECRET=from-the-example\n# OTHER_SECRET=commented-example\n",
	})
	s := load(t, Options{
		PostHogDir: folder, ClickHouseURL: "http://me:Click%40House1@localhost",
		Environ: []string{"B_TOKEN=b-token-of-process", "A_TOKEN=a-token-of-process", "SSH_AUTH_SOCK=/run/ssh", "DATABASE_URL=postgres://me:data-base-1@db/x"},
	})
	seeds, public := s.Secrets()
	want := []redact.Seed{
		{Name: "FOO_PASSWORD", Value: "hunter2-correct"},
		{Name: "FOO_PASSWORD", Value: "hunter3-correct"},
		{Name: "OLD_TOKEN", Value: "retired-token-7"},
		{Name: "PGPASSWORD", Value: "posthog"},
		{Name: "REDIS_URL", Value: "s3cret%21"},
		{Name: "NOTES", Value: "ghp_" + strings.Repeat(drawn, 2)},
		{Name: "DEV_SECRET", Value: "from-the-example"},
		{Name: "TEMPORAL_FALLBACK_SECRET_KEYS", Value: "one-older-key,another-older-key"},
		{Name: "RACK_KEY", Value: "rack-17-north"},
		{Name: "OBJECT_STORAGE_SECRET_ACCESS_KEY", Value: "object_storage_root_password"},
		{Name: "CLICKHOUSE_API_PASSWORD", Value: "apipass"},
		{Name: "A_TOKEN", Value: "a-token-of-process"},
		{Name: "B_TOKEN", Value: "b-token-of-process"},
		{Name: "DATABASE_URL", Value: "data-base-1"},
		{Name: "CLICKHOUSE_PASSWORD", Value: "Click@House1"},
		{Name: "SECRET_KEY", Value: "one-older-key"},
		{Name: "SECRET_KEY", Value: "another-older-key"},
	}
	if diff := cmp.Diff(want, seeds); diff != "" {
		t.Error(diff)
	}
	for _, value := range []string{"posthog", "from-the-example", "commented-example", "object_storage_root_password", "apipass", debugSecretKey, "rack-17-north", "redis7"} {
		if !slices.Contains(public, value) {
			t.Errorf("%q is not public", value)
		}
	}
	const text = "posthog@db, apipass, from-the-example, rack-17-north, object_storage_root_password"
	if got := redact.New(seeds, public).Text("x", text); got != text {
		t.Errorf("what is public is hidden: %s", got)
	}
	again, openAgain := s.Secrets()
	if !slices.Equal(seeds, again) || !slices.Equal(public, openAgain) {
		t.Error("another order")
	}
}

func TestNothingIsSecretByDefault(t *testing.T) {
	seeds, public := load(t, Options{WorkingDir: t.TempDir()}).Secrets()
	r := redact.New(seeds, public)
	const text = "posthog object_storage_root_password (secret)"
	if got := r.Text("x", text); got != text || len(seeds) > 0 && !slices.Contains(public, seeds[0].Value) {
		t.Errorf("%q, %+v", got, seeds)
	}
}

// A recording has the mark of a secret in the place of one.
func TestAMarkIsNoSecret(t *testing.T) {
	s := &Settings{ClickHouse: ClickHouse{Password: Secret(Secret("").String())}}
	if seeds, _ := s.Secrets(); len(seeds) > 0 {
		t.Errorf("%+v", seeds)
	}
}

func BenchmarkSecrets(b *testing.B) {
	s := &Settings{Process: map[string]string{}}
	for i := range 60 {
		s.Process[fmt.Sprintf("SETTING_%d", i)] = fmt.Sprintf("http://localhost:%d/path", i)
		s.Process[fmt.Sprintf("SETTING_%d_KEY", i)] = fmt.Sprintf("%s%d", drawn, i)
	}
	for b.Loop() {
		redact.New(s.Secrets())
	}
}
