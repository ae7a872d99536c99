package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

// look is a diagnosis by the checks a.one, b.two and so on, which ended so.
func look(findings []Finding, ended ...Check) *Document {
	for i := range ended {
		if ended[i].ID == "" {
			ended[i].ID = []string{"a.one", "b.two", "c.three"}[i]
		}
	}
	d := document(Document{Checks: ended, Findings: findings, Pipeline: stations(nil, StationOK)})
	d.Summary.Status = Healthy
	return d
}

// wrong is a finding of a.one. What is said of it is changed where it is needed.
func wrong(change ...func(*Finding)) []Finding {
	f := Finding{Code: checks.TMP001, Check: "a.one", Title: "1 signal was lost", Fingerprint: "00000000000000a1"}
	for _, alter := range change {
		alter(&f)
	}
	return []Finding{f}
}

func over(f *Finding)   { f.State, f.Severity = checks.Recovered, checks.Info }
func warned(f *Finding) { f.Severity = checks.Warning }
func more(f *Finding)   { f.Title = "2 signals were lost" }

// dated makes an event of it that happened so long before the diagnosis.
func dated(ago time.Duration) func(*Finding) {
	return func(f *Finding) {
		f.Evidence = []Evidence{
			{Source: "run 1", Locator: checks.Locator{Run: "1"}, Time: started.Add(-ago)},
			{Source: ".env", Locator: checks.Locator{File: ".env"}, Time: started},
			{Source: "run 2", Locator: checks.Locator{Run: "2"}},
		}
	}
}

// outline is a comparison in one line.
func outline(c *Comparison) string {
	var lines []string
	add := func(kind string, all []Difference) {
		for _, d := range all {
			line := kind + " " + string(d.Code)
			if d.Was != nil {
				line += fmt.Sprintf(" was %s%s", d.Was.Severity, d.Was.Title)
			}
			if d.Note != "" {
				line += " (" + d.Note + ")"
			}
			lines = append(lines, line)
		}
	}
	add("new", c.New)
	add("changed", c.Changed)
	add("fixed", c.Fixed)
	for _, s := range c.LostSight {
		lines = append(lines, fmt.Sprintf("lost %s %s→%s: %s", s.Check, s.A, s.B, s.Reason))
		add("lost", s.Findings)
	}
	for _, s := range c.Regained {
		lines = append(lines, fmt.Sprintf("regained %s %s→%s: %s", s.Check, s.A, s.B, s.Reason))
	}
	if c.Unchanged > 0 {
		lines = append(lines, fmt.Sprintf("unchanged %d", c.Unchanged))
	}
	return strings.Join(append(lines, c.Notes...), "; ")
}

func TestCompare(t *testing.T) {
	pass, fail := Check{Status: checks.Passed}, Check{Status: checks.Failed}
	unknown, blocked := Check{Status: checks.Unknown, Reason: "no answer"}, Check{Status: checks.Blocked, Reason: "needs b.two"}
	skipped := Check{Status: checks.Skipped, Reason: "not among --only"}
	partly := Check{Status: checks.Failed, Coverage: "2 of 3 read"}
	needing := Check{ID: "b.two", Status: checks.Passed}
	other := wrong(func(f *Finding) { f.Code, f.Fingerprint = checks.TMP005, "00000000000000a5" })
	for name, test := range map[string]struct {
		a, b *Document
		want string
		exit int
	}{
		"nothing at all":   {look(nil, pass), look(nil, pass), "", 0},
		"new":              {look(nil, pass), look(wrong(), fail), "new TMP001", 1},
		"a new warning":    {look(nil, pass), look(wrong(warned), fail), "new TMP001", 0},
		"the same":         {look(wrong(), fail), look(wrong(), fail), "unchanged 1", 0},
		"gone":             {look(wrong(), fail), look(nil, pass), "fixed TMP001", 0},
		"gone, and a new":  {look(wrong(), fail), look(other, fail), "new TMP005; fixed TMP001", 1},
		"recovered":        {look(wrong(), fail), look(wrong(over), pass), "fixed TMP001 (recovered)", 0},
		"back":             {look(wrong(over), pass), look(wrong(), fail), "new TMP001 (was over in A, and is back)", 1},
		"over in both":     {look(wrong(over), pass), look(wrong(over), pass), "", 0},
		"over, and gone":   {look(wrong(over), pass), look(nil, pass), "", 0},
		"worse":            {look(wrong(warned), fail), look(wrong(), fail), "changed TMP001 was warning", 1},
		"better":           {look(wrong(), fail), look(wrong(warned), fail), "changed TMP001 was error", 0},
		"said otherwise":   {look(wrong(), fail), look(wrong(more), fail), "changed TMP001 was 1 signal was lost", 0},
		"not looked at":    {look(wrong(), fail), look(nil, unknown), "lost a.one fail→unknown: no answer; lost TMP001", 0},
		"blocked":          {look(wrong(), fail), look(nil, blocked), "lost a.one fail→blocked: needs b.two; lost TMP001", 0},
		"over, they say":   {look(wrong(), fail), look(wrong(over), unknown), "lost a.one fail→unknown: no answer; lost TMP001", 0},
		"looked at partly": {look(wrong(), fail), look(other, partly), "new TMP005; lost a.one fail→fail: 2 of 3 read; lost TMP001", 1},
		"a pass is lost":   {look(nil, pass, pass), look(nil, pass, skipped), "lost b.two pass→skipped: not among --only", 0},
		"it took no part":  {look(wrong(), fail), look(nil), "lost a.one fail→: takes no part; lost TMP001", 0},
		"never looked at":  {look(nil, unknown), look(nil, skipped), "", 0},
		"looks again":      {look(nil, unknown), look(nil, pass), "regained a.one unknown→pass: no answer", 0},
		"looks, and finds": {look(nil, unknown), look(wrong(), fail), "new TMP001 (A did not look: no answer); regained a.one unknown→fail: no answer", 1},
		"older than B":     {look(wrong(dated(23*time.Hour)), fail), later(look(nil, pass)), "lost a.one fail→pass: B does not look back that far; lost TMP001", 0},
		"as old as B":      {look(wrong(dated(22*time.Hour)), fail), later(look(nil, pass)), "fixed TMP001", 0},
		"older than A":     {look(nil, pass), look(wrong(dated(25*time.Hour)), fail), "new TMP001 (older than what A looked at)", 1},
		"only needed":      {look(wrong(), fail), requiring(look(nil, needing), "a.one"), "fixed TMP001", 0},
		"only needed, far": {requiring(look(wrong(), fail, pass, pass), "", "a.one"), requiring(look(nil, Check{ID: "c.three", Status: checks.Passed}), "b.two"), "fixed TMP001", 0},
		"made before":      {later(look(nil)), look(nil), "B was made before A: fixed is what came later, and new what went away.", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := Compare(test.a, test.b, "a.json", "b.json")
			if got := outline(c); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if got := c.ExitCode(checks.Error); got != test.exit {
				t.Errorf("exit code %d", got)
			}
		})
	}
}

// later moves a diagnosis on by two hours.
func later(d *Document) *Document {
	d.StartedAt, d.Since = d.StartedAt.Add(2*time.Hour), d.Since.Add(2*time.Hour)
	return d
}

// requiring lets each check require the one of these names that has its place.
func requiring(d *Document, ids ...string) *Document {
	for i, id := range ids {
		if id != "" {
			d.Checks[i].Requires = []string{id}
		}
	}
	return d
}

func TestTheThresholdOfAComparison(t *testing.T) {
	warning := Compare(look(nil, Check{Status: checks.Passed}), look(wrong(warned), Check{Status: checks.Failed}), "a", "b")
	worse := Compare(look(wrong(warned), Check{Status: checks.Failed}), look(wrong(), Check{Status: checks.Failed}), "a", "b")
	for level, want := range map[checks.Severity][2]int{checks.Error: {0, 1}, checks.Warning: {1, 0}, checks.Info: {1, 0}} {
		if got := [2]int{warning.ExitCode(level), worse.ExitCode(level)}; got != want {
			t.Errorf("%s: a new warning, and one that is an error now: %v, want %v", level, got, want)
		}
	}
}

// comparisons are of all the shapes that there are.
func comparisons() map[string]*Comparison {
	mended := document(Document{
		Summary:  Summary{Status: Unhealthy, Errors: 1},
		Pipeline: stations(nil, StationOK),
		Checks: with(all(checks.Passed), map[string]Check{
			"workflows.failures": {Status: checks.Failed}, "embeddings.stale": {Status: checks.Unknown, Reason: "timed out after 3 s asking ClickHouse at clickhouse://localhost:9000 for the live signals of team 1"},
			"services.postgres":         {Status: checks.Skipped, Reason: "nothing at localhost:5432"},
			"workflows.carried-signals": {Status: checks.Failed},
		}),
		Findings: []Finding{
			{Code: checks.TMP003, Check: "workflows.failures", Fingerprint: "00000000000000f3", Title: "no worker asks the task queue development-task-queue for work, and 3 workflow tasks wait"},
			{Code: checks.TMP001, Check: "workflows.carried-signals", Fingerprint: "00000000000000a1", Severity: checks.Warning, Title: "2 signals were lost when buffer-signals-1 continued as new"},
			{Code: checks.SBX003, Check: "workflows.failures", Fingerprint: "00000000000000b3", Severity: checks.Info, Title: "a run that nobody misses has left no log"},
		},
	})
	mended.Since = mended.Since.Add(2 * time.Hour)
	foreign := later(hostile())
	foreign.TeamID, foreign.Interrupted = 7, true
	return map[string]*Comparison{
		"mixed":   Compare(chain(), later(mended), "before.json", "/home/me/reports/after.json"),
		"back":    Compare(later(mended), chain(), "after.json", "before.json"),
		"same":    Compare(chain(), chain(), "a.json", "a.json"),
		"healthy": Compare(diagnoses()["healthy"], diagnoses()["healthy"], "a.json", "b.json"),
		"blind":   Compare(diagnoses()["healthy"], interrupted(), "a.json", "b.json"),
		"hostile": Compare(chain(), foreign, "\x1b[2Ja\u202e.json", "日本語のとても長い名前のファイル/と/もっと長い名前のフォルダ/reports/after.json"),
	}
}

func TestComparisonGolden(t *testing.T) {
	for name, c := range comparisons() {
		golden(t, "diff-"+name+"-80.txt", compared(t, c, TextOptions{}))
	}
	mixed := comparisons()["mixed"]
	golden(t, "diff-mixed-60.txt", compared(t, mixed, TextOptions{Width: 60}))
	golden(t, "diff-mixed-80-color.txt", compared(t, mixed, TextOptions{Color: true}))
	golden(t, "diff-blind-80-verbose.txt", compared(t, comparisons()["blind"], TextOptions{Verbose: true}))
	golden(t, "diff-mixed.json", string(encoded(t, mixed)))
}

func compared(t *testing.T, c *Comparison, o TextOptions) string {
	t.Helper()
	var out bytes.Buffer
	if err := ComparisonText(&out, c, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestComparisonFitsItsWidth(t *testing.T) {
	for name, c := range comparisons() {
		for _, width := range []int{40, 60, 80, 120} {
			for number, line := range strings.Split(compared(t, c, TextOptions{Width: width}), "\n") {
				if columns(line) > width || strings.ContainsAny(line, "\x1b\u202e\x7f\u009b") {
					t.Errorf("%s at %d columns: line %d has %d: %q", name, width, number+1, columns(line), line)
				}
			}
		}
		if plain, colored := compared(t, c, TextOptions{}), compared(t, c, TextOptions{Color: true}); escapes.ReplaceAllString(colored, "") != plain {
			t.Errorf("%s: color changes more than color", name)
		}
	}
}

func TestComparisonsFollowTheirSchema(t *testing.T) {
	compiled := schema(t, ComparisonSchema)
	for name, c := range comparisons() {
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, c)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		delete(instance.(map[string]any), "lost_sight")
		if compiled.Validate(instance) == nil {
			t.Errorf("%s: the schema accepts it without what was lost from sight", name)
		}
	}
}

func TestRead(t *testing.T) {
	for name, d := range diagnoses() {
		back, err := Read(encoded(t, d))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		broken := strings.NewReplacer(`\ufffd`, "\ufffd") // is written in one way when it was no UTF-8, and in another when it is
		if diff := cmp.Diff(broken.Replace(string(encoded(t, d))), string(encoded(t, back))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestReadRefusesWhatIsNoReport(t *testing.T) {
	spoiled := func(spoil func(*Document)) string {
		d := chain()
		spoil(d)
		return string(encoded(t, d))
	}
	whole := string(encoded(t, chain()))
	for want, all := range map[string][]string{
		`its schema_version is "2", and this doctor reads "1"`: {`{"schema_version":"2","anything":[]}`},
		"it is not what doctor --format json writes": {
			"", "null", "[]", `"1"`, "{}", `{"schema_version":1}`, `{"schema_version":"1"}`, "doctor · team 1", whole[:len(whole)/2], whole + whole,
			string(encoded(t, comparisons()["mixed"])), string(Schema), strings.Repeat("[", 1<<20),
			spoiled(func(d *Document) { d.Mode = "dead" }),
			spoiled(func(d *Document) { d.TeamID = 0 }),
			spoiled(func(d *Document) { d.Checks = nil }),
			spoiled(func(d *Document) { d.Findings = nil }),
			spoiled(func(d *Document) { d.Checks[0].Status = "fine" }),
			spoiled(func(d *Document) { d.Findings[0].Severity = "fatal" }),
			spoiled(func(d *Document) { d.Findings[0].State = "" }),
			spoiled(func(d *Document) { d.Findings[0].Fingerprint = "" }),
		},
	} {
		for _, written := range all {
			if d, err := Read([]byte(written)); err == nil || err.Error() != want || d != nil {
				t.Errorf("%.60q: %v", written, err)
			}
		}
	}
}

// However two diagnoses differ, each active finding of theirs is in one place, and none of a check that did not look is fixed.
func TestEveryFindingIsSomewhere(t *testing.T) {
	for nameA, a := range diagnoses() {
		for nameB, b := range diagnoses() {
			c := Compare(a, b, nameA, nameB)
			var placed []string
			for _, d := range slices.Concat(c.New, c.Changed, c.Fixed) {
				placed = append(placed, d.Fingerprint)
			}
			for _, s := range c.LostSight {
				for _, d := range s.Findings {
					placed = append(placed, d.Fingerprint)
				}
			}
			slices.Sort(placed)
			if n := len(placed); len(slices.Compact(placed)) != n {
				t.Errorf("%s and %s: a finding is in two places", nameA, nameB)
			}
			known := map[string]bool{}
			for _, f := range slices.Concat(a.Findings, b.Findings) {
				if f.State == checks.Active {
					known[f.Fingerprint] = true
				}
			}
			if len(known) != len(placed)+c.Unchanged {
				t.Errorf("%s and %s: %d findings, %d placed, %d unchanged", nameA, nameB, len(known), len(placed), c.Unchanged)
			}
		}
	}
}
