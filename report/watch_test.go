package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
)

// looked is a diagnosis of one check: what it came to, and its active findings.
func looked(status checks.Status, found ...string) *Document {
	d := &Document{StartedAt: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), Checks: []Check{{ID: "a.b", Status: status}}}
	if status == checks.Unknown {
		d.Checks[0].Reason = "no answer"
	}
	for _, f := range found {
		d.Findings = append(d.Findings, Finding{Code: checks.TMP001, Check: "a.b", Severity: checks.Error, State: checks.Active, Title: f, Fingerprint: f})
	}
	return d
}

func TestWatch(t *testing.T) {
	pass, fail, unknown := looked(checks.Passed), looked(checks.Failed, "x"), looked(checks.Unknown)
	partly := looked(checks.Failed)
	partly.Checks[0].Coverage = "half of it"
	info := looked(checks.Passed, "x")
	info.Findings[0].Severity = checks.Info
	for name, c := range map[string]struct {
		looks []*Document
		want  string // what each look tells
	}{
		"well all the time":          {[]*Document{pass, pass, pass}, "||"},
		"wrong from the beginning":   {[]*Document{fail, fail}, "begins x|"},
		"begins":                     {[]*Document{pass, fail, fail, fail}, "||begins x|"},
		"comes and goes":             {[]*Document{pass, fail, pass, fail, pass}, "||||"},
		"is over":                    {[]*Document{fail, pass, pass, pass}, "begins x||ends x|"},
		"is away for a moment":       {[]*Document{fail, pass, fail, pass, fail}, "begins x||||"},
		"cannot be seen":             {[]*Document{fail, unknown, unknown, unknown, fail}, "begins x||loses_sight no answer||"},
		"is over behind a cloud":     {[]*Document{fail, unknown, unknown, pass, pass}, "begins x||loses_sight no answer||ends x,regains "},
		"was looked for in part":     {[]*Document{fail, partly, partly, partly}, "begins x|||"},
		"information is no change":   {[]*Document{pass, info, info, info}, "|||"},
		"another one in its place":   {[]*Document{fail, looked(checks.Failed, "y"), looked(checks.Failed, "y")}, "begins x||ends x,begins y"},
		"begins again after its end": {[]*Document{fail, pass, pass, fail, fail}, "begins x||ends x||begins x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWatch(2)
			var told []string
			for _, d := range c.looks {
				var at []string
				for _, change := range w.Next(d) {
					at = append(at, fmt.Sprintf("%s %s", change.Kind, change.Title))
				}
				slices.Sort(at)
				told = append(told, strings.Join(at, ","))
			}
			want := strings.Split(c.want, "|")
			for i := range want {
				parts := strings.Split(want[i], ",")
				slices.Sort(parts)
				want[i] = strings.Join(parts, ",")
			}
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
		})
	}
}

func TestTransitionsText(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var said strings.Builder
	if err := TransitionsText(&said, []Transition{
		{At: at, Kind: Begins, Code: checks.TMP001, Severity: checks.Error, Title: "1 signal was \x1b[31mlost"},
		{At: at, Kind: Begins, Code: checks.CLK003, Severity: checks.Warning, Title: "a mutation is stuck"},
		{At: at, Kind: Ends, Code: checks.TMP001, Severity: checks.Error, Title: "1 signal was lost"},
		{At: at, Kind: LosesSight, Check: "services.temporal", Title: "timed out"},
		{At: at, Kind: Regains, Check: "services.temporal"},
	}, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "watch.txt", said.String())
}
