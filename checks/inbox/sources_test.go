package inbox_test

import (
	"errors"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/inbox"
	"doctor/checks/pipeline"
)

func TestSources(t *testing.T) {
	on := func(product, kind string) pipeline.SourceRow {
		return pipeline.SourceRow{Product: product, Type: kind, Enabled: true}
	}
	off := func(product, kind string) pipeline.SourceRow { return pipeline.SourceRow{Product: product, Type: kind} }
	const none = "no signal is taken in: not one source is switched on"
	for name, test := range map[string]struct {
		sources pipeline.Sources
		want    string
	}{
		"all on":                {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket"), on("github", "issue")}}, ""},
		"one never switched on": {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket")}}, ""},
		"one off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), on("github", "issue")}}, "signals of zendesk/ticket are not taken in: the source is switched off"},
		"two off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), on("github", "issue"), off("linear", "issue")}}, "signals of zendesk/ticket are not taken in: the source is switched off; signals of linear/issue are not taken in: the source is switched off"},
		"all off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), off("github", "issue")}}, none},
		"no row":                {pipeline.Sources{Approved: true}, none},
		"on without a row":      {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket"), off("replay_vision", "scanner_finding"), off("signals_scout", "cross_source_issue")}}, ""},
		"no consent":            {pipeline.Sources{Rows: []pipeline.SourceRow{on("zendesk", "ticket")}}, "no signal is taken in: the organization has not agreed to AI data processing"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(checkstest.World(pipeline.SignalSources.Is(team, test.sources)), inbox.Sources)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if f.Severity != checks.Warning || f.Stage != checks.Emitter || len(f.Evidence) != 1 {
					t.Errorf("%s at %s: %+v", f.Severity, f.Stage, f.Evidence)
				}
			}
		})
	}
}

// A team that says which sources it cares for is told of no other, and of one that it does not have.
func TestWantedSources(t *testing.T) {
	rows := []pipeline.SourceRow{{Product: "zendesk", Type: "ticket", Enabled: true}, {Product: "github", Type: "issue"}}
	w := checkstest.World(pipeline.SignalSources.Is(team, pipeline.Sources{Approved: true, Rows: rows}))
	for wanted, want := range map[string]string{
		"zendesk/ticket":                   "",
		"github/issue":                     "signals of github/issue are not taken in: the source is switched off",
		"linear/issue":                     "signals of linear/issue are not taken in: the team has no such source",
		"signals_scout/cross_source_issue": "",
	} {
		checkstest.RunAs(checks.Policy{Sources: []string{wanted}}, w, inbox.Sources).Says(t, want)
	}
}

func TestTheSourceOfReplayAnalysisServesTwo(t *testing.T) {
	rows := []pipeline.SourceRow{{Product: "session_replay", Type: "session_analysis_cluster"}, {Product: "zendesk", Type: "ticket", Enabled: true}}
	w := checkstest.World(pipeline.SignalSources.Is(team, pipeline.Sources{Approved: true, Rows: rows}))
	if f := checkstest.Run(w, inbox.Sources).Reports(t, checks.INB001); !strings.Contains(f.Detail, "session_replay/session_problem") {
		t.Errorf("%+v", f)
	}
}

func TestSourcesThatCannotBeRead(t *testing.T) {
	for kind, err := range map[pipeline.Kind]error{
		pipeline.Failed:  errors.New(`relation "signals_signalsourceconfig" does not exist`),
		pipeline.Missing: errors.New("posthog_team has no team 7"),
	} {
		checkstest.Run(checkstest.World(pipeline.SignalSources.Fails(team, kind, err)), inbox.Sources).Is(t, checks.Unknown, err.Error())
	}
}
