package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

// reported is a diagnosis in a file, by these checks.
func reported(t *testing.T, of ...*checks.Check) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.json")
	if got := call(t, of, "--format", "json", "--output", path); got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	return path
}

func TestDiffExitsAsItsFindingsSay(t *testing.T) {
	well, ill, warned := reported(t, passing("a.one")), reported(t, broke("a.one", checks.TMP001, checks.Error)), reported(t, broke("a.one", checks.TMP001, checks.Warning))
	for name, test := range map[string]struct {
		a, b string
		args string
		want int
	}{
		"nothing":                 {well, well, "", 0},
		"an error":                {well, ill, "", 1},
		"a warning":               {well, warned, "", 0},
		"a warning that counts":   {well, warned, "--fail-on warning", 1},
		"a warning grown":         {warned, ill, "", 1},
		"an error that was there": {ill, ill, "--fail-on info", 0},
		"an error that is gone":   {ill, well, "--fail-on info", 0},
	} {
		for _, format := range []string{"text", "json"} {
			got := call(t, nil, append(strings.Fields("diff --format "+format+" "+test.args), test.a, test.b)...)
			if got.exit != test.want || got.stderr != "" || got.stdout == "" {
				t.Errorf("%s as %s: %+v, want exit code %d", name, format, got, test.want)
			}
		}
	}
}

func TestDiffFollowsTheSchemaOfWhatItPrints(t *testing.T) {
	parsed, err := jsonschema.UnmarshalJSON(strings.NewReader(call(t, nil, "checks", "--schema", "diff").stdout))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("diff.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("diff.json")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, of := range worlds() {
		files = append(files, reported(t, of...))
	}
	for _, a := range files {
		for _, b := range files {
			instance, err := jsonschema.UnmarshalJSON(strings.NewReader(call(t, nil, "diff", "--format", "json", a, b).stdout))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(instance); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestDiffOfABrokenCapture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "world.zip")
	if err := os.WriteFile(path, []byte("PK\x03\x04"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call(t, nil, "diff", path, path); got.exit != exitUsage || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}
