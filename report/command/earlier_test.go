package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/report"
)

// Captures of the demonstration that earlier doctors have made, named by the commit that they were built from, still tell
// its three roots. What those doctors did not ask is not known, and nothing is made of that.
func TestCapturesOfEarlierDoctors(t *testing.T) {
	found, err := filepath.Glob("../../fixtures/earlier/*.zip")
	if err != nil || len(found) < 2 {
		t.Fatalf("%d captures found: %v", len(found), err)
	}
	for _, path := range found {
		t.Run(filepath.Base(path), func(t *testing.T) {
			var d report.Document
			if err := json.Unmarshal([]byte(replay(t, path, "--format", "json")), &d); err != nil {
				t.Fatal(err)
			}
			var roots []checks.Code
			for _, f := range d.Findings {
				if f.Root {
					roots = append(roots, f.Code)
				}
			}
			if want := []checks.Code{checks.ENV001, checks.TMP001, checks.SBX001}; !slices.Equal(roots, want) {
				t.Errorf("it has the roots %v, not %v", roots, want)
			}
			unasked := 0
			for _, c := range d.Checks {
				if c.Status == checks.Unknown {
					unasked++
					if !strings.HasPrefix(c.Reason, "not recorded: ") {
						t.Errorf("%s is unknown: %s", c.ID, c.Reason)
					}
				}
			}
			if unasked == 0 {
				t.Error("it has the answers to everything: it is of no earlier doctor")
			}
		})
	}
}

// A journal that an earlier doctor has kept is read, and tells that what it did is in effect.
func TestJournalsOfEarlierDoctors(t *testing.T) {
	found, err := filepath.Glob("../../fixtures/earlier/journal-*")
	if err != nil || len(found) == 0 {
		t.Fatalf("%d journals found: %v", len(found), err)
	}
	for _, path := range found {
		folder := t.TempDir()
		if err := os.CopyFS(filepath.Join(folder, ".doctor"), os.DirFS(path)); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"manage.py", ".env"} {
			if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var stdout, stderr bytes.Buffer
		code := Main([]string{"undo", "--list", "--posthog-dir", folder}, nil, &stdout, &stderr, nil)
		if code != 0 || !strings.Contains(stdout.String(), "ENV001  in effect: add CLICKHOUSE_DATABASE=posthog to .env") {
			t.Errorf("%s: exit code %d: %s%s", path, code, &stdout, &stderr)
		}
	}
}
