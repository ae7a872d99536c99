package command

import (
	"encoding/json"
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
