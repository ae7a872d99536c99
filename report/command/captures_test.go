package command

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/report"
)

var update = flag.Bool("update", false, "rewrite the golden reports beside the captures")

const captures = "../../fixtures/captures"

// captured is the capture of a name.
func captured(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(captures, name+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Every capture is diagnosed as it was when its golden reports were written: on any day, and wherever the machine is.
func TestCaptures(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(captures, "*.zip"))
	if err != nil || len(found) < 60 {
		t.Fatalf("%d captures found: %v", len(found), err)
	}
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".zip")
		t.Run(name, func(t *testing.T) {
			golden(t, name+".json", replay(t, path, "--format", "json"))
			golden(t, name+".txt", far(func() string { return replay(t, path) }))
		})
	}
}

// The README shows the demonstration as it is.
func TestReadmeShowsTheDemonstration(t *testing.T) {
	const page, begin, end = "../../README.md", "\n```\ndoctor · team ", "\n```\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(after, end)
	if !found || !closed {
		t.Fatal("there is no picture of the demonstration in it")
	}
	picture := far(func() string { return replay(t, captured(t, "demo")) })
	golden(t, page, before+"\n```\n"+strings.TrimSuffix(picture, "\n")+end+after)
}

// What explains a finding of a capture is known to the table of links.
func TestCapturesBlameWhatCanBeBlamed(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(captures, "*.json"))
	if err != nil || len(found) < 60 {
		t.Fatalf("%d reports found: %v", len(found), err)
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		var d report.Document
		if err == nil {
			err = json.Unmarshal(text, &d)
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		of := map[string]checks.Code{}
		for _, f := range d.Findings {
			of[f.Fingerprint] = f.Code
		}
		for _, f := range d.Findings {
			for _, cause := range f.CausedBy {
				if !slices.ContainsFunc(checks.Links, func(l checks.Link) bool { return l.Cause == of[cause] && l.Effect == f.Code }) {
					t.Errorf("%s: %s is explained by %s", path, f.Code, of[cause])
				}
			}
		}
	}
}

// Every format ends with the same exit code, and hands a terminal nothing that it would obey.
func TestFormatsOfCaptures(t *testing.T) {
	for name, want := range map[string]int{"healthy": 0, "demo": 1, "orphan-container": 0, "inactivity-timeout-unset": 0, "no-worker": 1} {
		for _, format := range report.Formats() {
			var stdout, stderr bytes.Buffer
			got := Main([]string{"--from", captured(t, name), "--format", format}, nil, &stdout, &stderr, nil)
			if got != want || stderr.Len() > 0 || stdout.Len() == 0 && (format != "github" || name != "healthy") {
				t.Errorf("%s as %s: exit code %d, want %d: %s", name, format, got, want, &stderr)
			}
			for _, r := range stdout.String() {
				if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
					t.Errorf("%s as %s: %q is written as it is", name, format, r)
				}
			}
		}
	}
}

// In every capture the newest signal is traced to where its disease has stopped it. All traces stand in one file, to be read
// one after the other.
func TestTracesOfCaptures(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(captures, "*.zip"))
	if err != nil || len(found) < 60 {
		t.Fatalf("%d captures found: %v", len(found), err)
	}
	var all strings.Builder
	for _, path := range found {
		var stdout, stderr bytes.Buffer
		code := 0
		far(func() string {
			code = Main([]string{"trace", "--from", path}, nil, &stdout, &stderr, nil)
			return ""
		})
		fmt.Fprintf(&all, "%s: exit code %d\n\n%s%s\n\n", strings.TrimSuffix(filepath.Base(path), ".zip"), code, &stdout, strings.ReplaceAll(stderr.String(), path, filepath.Base(path)))
	}
	golden(t, "traces.txt", all.String())
}

// far calls f as on a machine in another time zone.
func far(f func() string) string {
	here := time.Local
	defer func() { time.Local = here }()
	time.Local = time.FixedZone("far", 5*3600+1800)
	return f()
}

func replay(t *testing.T, path string, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(append([]string{"--from", path}, args...), nil, &stdout, &stderr, nil)
	if !slices.Contains([]int{0, 1, 3}, code) || stderr.Len() > 0 {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	return stdout.String()
}

// golden compares a report with a file beside the captures, or rewrites that with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(captures, name)
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
