package report

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

func files(n int) *int { return &n }

// Before a commit nobody reads much: two lines when all is well.
func TestTextBeforeACommit(t *testing.T) {
	well := []Check{{ID: "commit.secrets", Status: checks.Passed}, {ID: "environment.a", Status: checks.Passed}}
	note := Finding{Code: checks.ENV002, Check: "environment.a", Severity: checks.Info, State: checks.Active, Title: "only a note", Root: true, Fingerprint: "n"}
	secret := Finding{
		Code: checks.GIT001, Check: "commit.secrets", Severity: checks.Error, State: checks.Active, Title: "a secret is about to be committed in a.py", Root: true,
		Fingerprint: "s", Evidence: []Evidence{{Source: "GitHub token", Excerpt: "ghp_…(40 characters)", Locator: checks.Locator{File: "a.py", Line: 3}}},
	}
	for name, test := range map[string]struct {
		document Document
		options  TextOptions
		want     string
	}{
		"well": {Document{Staged: files(12), Checks: well}, TextOptions{}, "doctor pre-commit · 12 staged files · 2 checks in 0.09 s\nAll 2 checks passed.\n"},
		"one":  {Document{Staged: files(1), Checks: well[:1]}, TextOptions{}, "doctor pre-commit · 1 staged file · 1 check in 0.09 s\nThe one check passed.\n"},
		"with a note": {
			Document{Staged: files(0), Checks: well, Findings: []Finding{note}},
			TextOptions{},
			"doctor pre-commit · 0 staged files · 2 checks in 0.09 s\nAll 2 checks passed.\n",
		},
		"with a note to be read": {
			Document{Checks: well, Findings: []Finding{note}},
			TextOptions{Verbose: true},
			"doctor pre-commit · 2 checks in 0.09 s\n\ni ENV002  only a note\n\n  ✓ commit.secrets\n  ✓ environment.a\n\nAll 2 checks passed.\n",
		},
		"without a file": {
			Document{Checks: append(well[:1:1], Check{ID: "environment.a", Status: checks.Skipped, Reason: "there is no .env"})},
			TextOptions{},
			"doctor pre-commit · 1 check in 0.09 s\n\n– environment.a skipped: there is no .env\n\nThe one check passed, 1 skipped.\n",
		},
		"ill": {
			Document{Staged: files(1), Checks: []Check{{ID: "commit.secrets", Status: checks.Failed}}, Findings: []Finding{secret, note}},
			TextOptions{Width: 72},
			"doctor pre-commit · 1 staged file · 1 check in 0.09 s\n\n✗ GIT001  a secret is about to be committed in a.py                 root\n" +
				"    GitHub token  ghp_…(40 characters) · a.py:3\n\n1 finding; 0 of 1 check passed, 1 failed.\nNext: doctor explain GIT001\n",
		},
		"interrupted": {
			Document{Interrupted: true, Checks: []Check{{ID: "commit.secrets", Status: checks.Unknown, Reason: "the run was interrupted"}}},
			TextOptions{},
			"doctor pre-commit · 1 check in 0.09 s · interrupted\n\n? commit.secrets unknown: the run was interrupted\n\n0 of 1 check passed, 1 unknown.\n",
		},
	} {
		d := document(test.document)
		d.Mode = Commit
		if got := rendered(t, d, test.options); got != test.want {
			t.Errorf("%s:\n%q\nwant\n%q", name, got, test.want)
		}
	}
}

func TestJSONBeforeACommitFollowsItsSchema(t *testing.T) {
	d := document(Document{Summary: Summary{Status: Healthy}, Staged: files(2), Pipeline: stations(nil, StationUnknown), Checks: []Check{}, Findings: []Finding{}, Fixes: []Fix{}})
	d.Mode = Commit
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, d)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema(t, Schema).Validate(instance); err != nil {
		t.Error(err)
	}
}

func TestNothingUnknownKeepsFromCommitting(t *testing.T) {
	for _, status := range []checks.Status{checks.Unknown, checks.Blocked} {
		d := document(Document{Checks: []Check{{ID: "a.a", Status: status}}})
		if d.ExitCode(checks.Error) != ExitIncomplete {
			t.Errorf("a diagnosis with a check that is %s gives %d", status, d.ExitCode(checks.Error))
		}
		d.Mode = Commit
		if d.ExitCode(checks.Info) != ExitHealthy {
			t.Errorf("a commit with a check that is %s gives %d", status, d.ExitCode(checks.Info))
		}
	}
}
