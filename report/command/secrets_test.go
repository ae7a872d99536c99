package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/report"
)

// A secret that a pipeline quotes leaves in no format, and reaches no agent: neither one that is known from the settings, as
// it is or as its address spells it, nor one that is known by its form only.
func TestSecretsAreInNoFormat(t *testing.T) {
	secrets := []string{"S3cr3t-of-the-file", "p4ss/of+an:address", "p4ss%2Fof%2Ban%3Aaddress", "sk-ant-api03-" + strings.Repeat("k7Qz-3mXw9_bT", 7) + "b4AA"}
	folder := t.TempDir()
	file := "ANTHROPIC_API_KEY=" + secrets[0] + "\nDATABASE_URL=postgres://someone:" + secrets[2] + "@127.0.0.1:1/posthog\n"
	if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	said := "it says " + strings.Join(secrets, " and ")
	telling := looking("a.one", []checks.Code{checks.TMP001, checks.TMP002}, func(_ context.Context, p *checks.Pass) (any, error) {
		for _, code := range []checks.Code{checks.TMP001, checks.TMP002} {
			p.Report(code, said).Titlef("%s", said).Detailf("%s", said).With(checks.Evidence{Source: said, Excerpt: said, Time: p.World.Now, Locator: checks.Locator{
				File: said, Line: 1, Workflow: said, Run: said, URL: "http://127.0.0.1:1/" + said, Query: said, Object: said, Container: said,
			}})
		}
		p.Incomplete("%s", said)
		return nil, nil
	})
	blind := failing("a.two", errors.New(said))
	settings := []string{"--env-file", filepath.Join(folder, ".env")}
	for _, format := range report.Formats() {
		for _, verbose := range []string{"-v", "--timings"} {
			got := call(t, []*checks.Check{telling, blind}, append(settings, "--format", format, verbose)...)
			if got.exit != report.ExitFindings || !strings.Contains(got.stdout, "TMP001") {
				t.Errorf("%s: %+v", format, got)
			}
			leaks(t, format, got.stdout+got.stderr, secrets)
		}
	}
	s := serving(t, settings, telling, blind)
	for _, tool := range []string{"diagnose", "plan"} {
		text, _ := callTool(t, s, tool, nil)
		leaks(t, tool, text, secrets)
	}
}

func leaks(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s has the secret %q: %s", where, secret, text)
		}
	}
}
