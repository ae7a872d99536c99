package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

// schema compiles a published schema, with its formats asserted.
func schema(t *testing.T, published []byte) *jsonschema.Schema {
	t.Helper()
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(published))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", parsed); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := JSON(&out, v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestJSONFollowsItsSchema(t *testing.T) {
	compiled := schema(t, Schema)
	for name, d := range diagnoses() {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, d)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatIsNoDocument(t *testing.T) {
	compiled := schema(t, Schema)
	for name, spoil := range map[string]func(*Document){
		"no team":                func(d *Document) { d.TeamID = 0 },
		"a stage is missing":     func(d *Document) { d.Pipeline = d.Pipeline[1:] },
		"an unknown status":      func(d *Document) { d.Checks[0].Status = "fine" },
		"unknown with no reason": func(d *Document) { d.Checks[0].Status, d.Checks[0].Reason = checks.Unknown, "" },
		"null for a list":        func(d *Document) { d.Findings = nil },
		"an odd fingerprint":     func(d *Document) { d.Findings[0].Fingerprint = "x" },
		"an unknown safety":      func(d *Document) { d.Findings[0].Remedies[0].Safety = "mostly" },
	} {
		d := chain()
		spoil(d)
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, d)))
		if err != nil {
			t.Fatal(err)
		}
		if compiled.Validate(instance) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

func TestJSONGolden(t *testing.T) {
	for _, name := range []string{"chain", "hostile"} {
		golden(t, name+".json", string(encoded(t, diagnoses()[name])))
	}
}

func TestJSONKeepsTextAndHidesNothingFromTerminals(t *testing.T) {
	hostile := "<b>&amp;</b> \x1b[2J \u009b31m \u202e \U000e0041 \x7f 日本 \u2028 end"
	out := encoded(t, Finding{Title: hostile})
	for _, r := range string(out) {
		if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
			t.Errorf("%q is written as it is", r)
		}
	}
	if !strings.Contains(string(out), "<b>&amp;</b>") {
		t.Error("markup is escaped for HTML")
	}
	if !bytes.HasSuffix(out, []byte("}\n")) {
		t.Error("no newline at the end")
	}
	var back Finding
	if err := json.Unmarshal(out, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(hostile, back.Title); diff != "" {
		t.Error(diff)
	}
}

func TestExitCode(t *testing.T) {
	finding := func(severity checks.Severity, state checks.State) Finding {
		return Finding{Severity: severity, State: state}
	}
	for name, c := range map[string]struct {
		findings []Finding
		unknown  int
		fixes    []Fix
		failOn   checks.Severity
		want     int
	}{
		"healthy":                       {failOn: checks.Error, want: ExitHealthy},
		"an error":                      {findings: []Finding{finding(checks.Error, checks.Active)}, failOn: checks.Error, want: ExitFindings},
		"a warning below the threshold": {findings: []Finding{finding(checks.Warning, checks.Active)}, failOn: checks.Error, want: ExitHealthy},
		"a warning at it":               {findings: []Finding{finding(checks.Warning, checks.Active)}, failOn: checks.Warning, want: ExitFindings},
		"information at it":             {findings: []Finding{finding(checks.Info, checks.Active)}, failOn: checks.Info, want: ExitFindings},
		"a recovered one":               {findings: []Finding{finding(checks.Info, checks.Recovered)}, failOn: checks.Info, want: ExitHealthy},
		"unknown":                       {unknown: 1, failOn: checks.Error, want: ExitIncomplete},
		"unknown and an error":          {findings: []Finding{finding(checks.Error, checks.Active)}, unknown: 1, failOn: checks.Error, want: ExitFindings},
		"a fix that was not verified":   {unknown: 1, fixes: []Fix{{Status: "applied"}}, failOn: checks.Error, want: ExitUnverified},
		"a fix that was":                {fixes: []Fix{{Status: "verified"}}, failOn: checks.Error, want: ExitHealthy},
	} {
		d := Document{Findings: c.findings, Fixes: c.fixes, Summary: Summary{Checks: map[checks.Status]int{checks.Unknown: c.unknown}}}
		if got := d.ExitCode(c.failOn); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}
