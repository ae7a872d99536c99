package commit

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"doctor/checks/pipeline/settings"
)

// FuzzFixture wants each refusal to name a place that there is, whatever a fixture holds.
func FuzzFixture(f *testing.F) {
	f.Add("[{\"id\":1,\"title\":\"t\",\"body\":\"b\"},\n{}]")
	f.Add(`["signals","signal","x","t","t","content","{\"source_id\":\"1\"}"]` + "\n[")
	f.Add(`{"result":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		for _, path := range []string{
			evalFixtures + "github_issues.json", evalFixtures + "zendesk_tickets.json", evalFixtures + "x.jsonl",
			"products/signals/backend/" + reportFixtures + "x_research_output.json",
		} {
			for _, r := range fixtureOf(path)(text) {
				if r.problem == "" || r.line < 1 || r.line > len(lines) || r.column < 0 {
					t.Fatalf("%s: %+v in %d lines", path, r, len(lines))
				}
				if utf8.ValidString(text) && !strings.HasSuffix(path, "jsonl") && r.column > 1+utf8.RuneCountInString(lines[r.line-1]) {
					t.Fatalf("%s: %+v, and the line is %q", path, r, lines[r.line-1])
				}
			}
		}
	})
}

// FuzzSearch wants what is found to stand where it is said to, and nothing that is told to tell it.
func FuzzSearch(f *testing.F) {
	f.Add(".env", "A_KEY=0f6e81d2c49ab37758c1\nB=${A_KEY}\n")
	f.Add("a.py", "x = 'postgres://a:b1c2d3e4f5@h.i'\n\"c4d7e1f0a95b82637de8\"")
	s := newSearch(&settings.Settings{EnvFiles: []settings.EnvFile{{Path: "/x/.env", Lines: []settings.Line{{Number: 1, Name: "A_TOKEN", Value: "c4d7e1f0a95b82637de8"}}}}}, time.Unix(1_800_000_000, 0))
	if len(s.values) != 1 {
		f.Fatalf("%+v", s.values)
	}
	f.Fuzz(func(t *testing.T, path, text string) {
		lines := 1 + strings.Count(text, "\n")
		for _, found := range s.in(path, text) {
			if found.what == "" || found.value == "" || found.line < 1 || found.line > lines {
				t.Fatalf("%+v in %d lines", found, lines)
			}
			if len(found.value) > 8 && strings.Contains(found.mask, found.value) {
				t.Fatalf("the mask %q tells the secret", found.mask)
			}
		}
	})
}
