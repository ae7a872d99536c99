package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares what was rendered with a file in testdata, or rewrites that with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); -update rewrites it:\n%s", path, diff)
	}
}

func rendered(t *testing.T, d *Document, o TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := Text(&out, d, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var started = time.Date(2026, 11, 24, 14, 2, 30, 0, time.UTC)

func at(clock string) time.Time {
	parsed, err := time.Parse(time.DateTime, "2026-11-24 "+clock)
	if err != nil {
		panic(err)
	}
	return parsed
}

// document completes a document for a test: what the findings and checks imply is counted.
func document(d Document) *Document {
	d.SchemaVersion, d.StartedAt, d.DurationMS, d.TeamID, d.Mode = SchemaVersion, started, 93, 1, Live
	d.Since = started.Add(-24 * time.Hour)
	d.Summary.Checks = map[checks.Status]int{checks.Passed: 0, checks.Failed: 0, checks.Unknown: 0, checks.Blocked: 0, checks.Skipped: 0}
	for i := range d.Checks {
		c := &d.Checks[i]
		d.Summary.Checks[c.Status]++
		c.Requires, c.After = []string{}, []string{}
	}
	d.Findings, d.Fixes = append([]Finding{}, d.Findings...), []Fix{}
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Slug, f.Subject = f.Code.Info().Slug, []string{f.Title}
		if f.Severity == "" {
			f.Severity = checks.Error
		}
		if f.State == "" {
			f.State = checks.Active
		}
		f.Root = len(f.CausedBy) == 0
		if f.CausedBy == nil {
			f.CausedBy = []string{}
		}
		if f.Evidence == nil {
			f.Evidence = []Evidence{}
		}
		if f.Remedies == nil {
			f.Remedies = []Remedy{}
		}
		switch {
		case f.State == checks.Recovered:
			d.Summary.Recovered++
		case f.Failing() && f.Root:
			d.Summary.Roots++
		case f.Failing():
			d.Summary.Echoes++
		}
	}
	return &d
}

func stations(broken map[checks.Stage]StationState, other StationState) []Station {
	var all []Station
	for _, stage := range checks.Stages {
		s := Station{stage, other, []checks.Code{}}
		if state, ok := broken[stage]; ok {
			s.State = state
		}
		all = append(all, s)
	}
	return all
}

func TestTextGolden(t *testing.T) {
	for name, d := range diagnoses() {
		for _, c := range []struct {
			suffix  string
			options TextOptions
		}{
			{"60", TextOptions{Width: 60}},
			{"80", TextOptions{Width: 80}},
			{"120", TextOptions{Width: 120}},
			{"80-color", TextOptions{Width: 80, Color: true}},
			{"80-verbose", TextOptions{Width: 80, Verbose: true, Timings: true}},
		} {
			t.Run(name+"-"+c.suffix, func(t *testing.T) {
				golden(t, name+"-"+c.suffix+".txt", rendered(t, d, c.options))
			})
		}
	}
}

func TestTextFitsItsWidth(t *testing.T) {
	for name, d := range diagnoses() {
		for _, width := range []int{40, 50, 60, 72, 80, 100, 120} {
			options := TextOptions{Width: width, Verbose: width > 40, Timings: width > 40}
			for number, line := range strings.Split(rendered(t, d, options), "\n") {
				if columns(line) > width && !strings.Contains(line, "://") {
					t.Errorf("%s at %d columns: line %d has %d: %q", name, width, number+1, columns(line), line)
				}
			}
		}
	}
}

func TestColorChangesNothingButColor(t *testing.T) {
	for name, d := range diagnoses() {
		plain := rendered(t, d, TextOptions{Width: 80})
		colored := rendered(t, d, TextOptions{Width: 80, Color: true})
		if plain == colored {
			t.Errorf("%s: no color", name)
		}
		if stripped := escapes.ReplaceAllString(colored, ""); stripped != plain {
			t.Errorf("%s: %s", name, cmp.Diff(plain, stripped))
		}
	}
}
