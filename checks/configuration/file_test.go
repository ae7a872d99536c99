package configuration

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

const agreed = `# What we have agreed on.
team-id: 2
since: 48h
fail-on: warning
skip: [services.support, SBX005]
sources:
  - zendesk/ticket
  - github/issue
thresholds:
  long-mutation: 30m
suppress:
  - code: ENV002
    subject: "*.env"
    reason: |
      five minutes serve us
    owner: "@signals"
    until: 2027-01-31
`

func TestParse(t *testing.T) {
	f, err := Parse("/p/.doctor.yaml", []byte(agreed))
	if err != nil {
		t.Fatal(err)
	}
	want := []Value{{"team-id", "2", 2}, {"since", "48h", 3}, {"fail-on", "warning", 4}, {"skip", "services.support,SBX005", 5}}
	if !slices.Equal(f.Flags, want) {
		t.Errorf("flags are %+v", f.Flags)
	}
	if !slices.Equal(f.Sources, []string{"zendesk/ticket", "github/issue"}) || f.Thresholds[checks.LongMutation] != 30*time.Minute || len(f.Thresholds) != 1 {
		t.Errorf("%+v", f)
	}
	if len(f.Suppressions) != 1 {
		t.Fatalf("%+v", f.Suppressions)
	}
	s := f.Suppressions[0]
	if s.Code != checks.ENV002 || s.Subject != "*.env" || s.Reason != "five minutes serve us" || s.Owner != "@signals" || s.LastDay() != "2027-01-31" || s.Where != (checks.Locator{File: Name, Line: 12}) {
		t.Errorf("%+v", s)
	}
	last := time.Date(2027, 1, 31, 23, 59, 59, 0, time.Local)
	if s.Expired(last) || !s.Expired(last.Add(time.Second)) {
		t.Error("the last day is not the last one")
	}
}

func TestParseNothing(t *testing.T) {
	for _, content := range []string{"", "# nothing\n", "---\n"} {
		if f, err := Parse("c", []byte(content)); err != nil || len(f.Flags) > 0 {
			t.Errorf("%q: %+v, %v", content, f, err)
		}
	}
}

func TestParseSaysWhereAMistakeIs(t *testing.T) {
	suppress := "suppress:\n  - code: ENV002\n    reason: r\n    owner: o\n    until: 2027-01-31\n"
	for content, want := range map[string]string{
		"team-id: 1\nteam: 2\n":                            `c:2: there is no "team" here; known are team-id, since`,
		"team-id: 1\nteam-id: 2\n":                         "c:2: ",
		"- a\n":                                            "c:1: names with values are expected here",
		"team-id:\n":                                       "c:1: a value is missing",
		"team-id: {a: b}\n":                                "c:1: one value is expected here",
		"clickhouse-url: http://evil/\n":                   `c:1: there is no "clickhouse-url" here`,
		"a: [\n":                                           "c:1: ",
		"team-id: 1\n---\nteam-id: 2\n":                    "c:3: a second document begins here",
		"sources: [zendesk]\n":                             "c:1: a source is written as product/type",
		"thresholds:\n  patience: 1m\n":                    `c:2: there is no "patience" here; known are no-worker`,
		"thresholds:\n  no-worker: 5\n":                    `c:2: a threshold is a duration, such as 90s or 10m, not "5"`,
		"suppress: ENV002\n":                               "c:1: suppress is a list",
		strings.Replace(suppress, "ENV002", "ENV999", 1):   `c:2: there is no code "ENV999"`,
		strings.Replace(suppress, "2027-01-31", "soon", 1): `c:5: until is a day, such as 2027-01-31, not "soon"`,
		strings.Replace(suppress, "    owner: o\n", "", 1): "a suppression has a code, a reason, an owner and an until",
		strings.Replace(suppress, "owner: o", "owner: o\n    why: r", 1):       `c:5: there is no "why" here`,
		strings.Replace(suppress, "owner: o", "owner: o\n    subject: '['", 1): `c:5: "[" is no pattern`,
	} {
		_, err := Parse("c", []byte(content))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("# \n"), mostBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{folder: "it is not a file", large: "it is larger than 1 MiB"} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := Read(filepath.Join(folder, "none")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// The schema that editors read says the same as the reader.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("config")
	if err != nil {
		t.Fatal(err)
	}
	for content, valid := range map[string]bool{agreed: true, "": true, "team: 1": false, "thresholds: {no-worker: 5}": false} {
		converted, err := yaml.YAMLToJSON([]byte(content))
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(converted))
		if err != nil {
			instance = nil // an empty file
		}
		if err := compiled.Validate(instance); (err == nil) != valid {
			t.Errorf("%q: %v", content, err)
		}
	}
	var said struct {
		Properties map[string]struct {
			Properties map[string]struct{ Default string }
		}
	}
	if err := json.Unmarshal(Schema, &said); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(said.Properties)); !slices.Equal(got, slices.Sorted(slices.Values(Keys))) {
		t.Errorf("the schema knows %v", got)
	}
	for _, threshold := range checks.Thresholds {
		if length, err := time.ParseDuration(said.Properties["thresholds"].Properties[threshold.Name].Default); err != nil || length != threshold.Default {
			t.Errorf("the schema's default of %s is %s", threshold.Name, length)
		}
	}
	if len(said.Properties["thresholds"].Properties) != len(checks.Thresholds) {
		t.Error("the schema has other thresholds")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(agreed))
	f.Add([]byte("suppress:\n  - code: ENV002\n    until: 2027-01-31\n"))
	f.Add([]byte("thresholds: {no-worker: 1m}\n? a\n: b\n<<: *a\n&a x: !!binary x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := Parse("c", content); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
