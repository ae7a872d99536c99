package sources_test

import (
	"errors"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/sources"
)

func TestSources(t *testing.T) {
	on := func(product, kind string) pipeline.SourceRow {
		return pipeline.SourceRow{Product: product, Type: kind, Enabled: true}
	}
	off := func(product, kind string) pipeline.SourceRow { return pipeline.SourceRow{Product: product, Type: kind} }
	const none = "no signal is taken in: not one source is switched on"
	for name, test := range map[string]struct {
		told pipeline.Sources
		want string
	}{
		"all on":                {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket"), on("github", "issue")}}, ""},
		"one never switched on": {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket")}}, ""},
		"one off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), on("github", "issue")}}, "signals of zendesk/ticket are not taken in: the source is switched off"},
		"two off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), on("github", "issue"), off("linear", "issue")}}, "signals of zendesk/ticket are not taken in: the source is switched off; signals of linear/issue are not taken in: the source is switched off"},
		"all off":               {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{off("zendesk", "ticket"), off("github", "issue")}}, none},
		"no row":                {pipeline.Sources{Approved: true}, none},
		"on without a row":      {pipeline.Sources{Approved: true, Rows: []pipeline.SourceRow{on("zendesk", "ticket"), off("replay_vision", "scanner_finding"), off("signals_scout", "cross_source_issue")}}, ""},
		"no consent, no row":    {pipeline.Sources{}, "no signal is taken in: the organization has not agreed to AI data processing; " + none},
		"no consent":            {pipeline.Sources{Rows: []pipeline.SourceRow{on("zendesk", "ticket")}}, "no signal is taken in: the organization has not agreed to AI data processing"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(checkstest.World(pipeline.SignalSources.Is(checkstest.Team, test.told)), sources.Sources)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if want := f.Code.Info().Severity; f.Severity != want || f.Stage != checks.Emitter || len(f.Evidence) != 1 {
					t.Errorf("%s at %s: %+v", f.Severity, f.Stage, f.Evidence)
				}
			}
		})
	}
}

// A team that says which sources it cares for is told of no other, and of one that it does not have.
func TestWantedSources(t *testing.T) {
	rows := []pipeline.SourceRow{{Product: "zendesk", Type: "ticket", Enabled: true}, {Product: "github", Type: "issue"}}
	w := checkstest.World(pipeline.SignalSources.Is(checkstest.Team, pipeline.Sources{Approved: true, Rows: rows}))
	for wanted, want := range map[string]string{
		"zendesk/ticket":                   "",
		"github/issue":                     "signals of github/issue are not taken in: the source is switched off",
		"linear/issue":                     "signals of linear/issue are not taken in: the team has no such source",
		"signals_scout/cross_source_issue": "",
	} {
		checkstest.RunAs(checks.Policy{Sources: []string{wanted}}, w, sources.Sources).Says(t, want)
	}
}

func TestTheSourceOfReplayAnalysisServesTwo(t *testing.T) {
	rows := []pipeline.SourceRow{{Product: "session_replay", Type: "session_analysis_cluster"}, {Product: "zendesk", Type: "ticket", Enabled: true}}
	w := checkstest.World(pipeline.SignalSources.Is(checkstest.Team, pipeline.Sources{Approved: true, Rows: rows}))
	if f := checkstest.Run(w, sources.Sources).Reports(t, checks.INB001); !strings.Contains(f.Detail, "session_replay/session_problem") {
		t.Errorf("%+v", f)
	}
}

func TestSourcesThatCannotBeRead(t *testing.T) {
	for kind, err := range map[pipeline.Kind]error{
		pipeline.Failed:  errors.New(`relation "signals_signalsourceconfig" does not exist`),
		pipeline.Missing: errors.New("posthog_team has no team 7"),
	} {
		checkstest.Run(checkstest.World(pipeline.SignalSources.Fails(checkstest.Team, kind, err)), sources.Sources).Is(t, checks.Unknown, err.Error())
	}
}

// The embedding worker refuses those who have not agreed, too. That of which it does not say so has another cause.
func TestARefusalIsExplainedByTheMissingConsent(t *testing.T) {
	const refusal = "Embedding worker returned 403: forbidden. Likely the organization has not opted into AI data processing"
	for name, test := range map[string]struct {
		told    pipeline.Sources
		message string
		want    int
	}{
		"refused":                  {pipeline.Sources{}, refusal, 1},
		"refused for another":      {pipeline.Sources{Approved: true}, refusal, 0},
		"another refusal":          {pipeline.Sources{}, "GitHub API returned 403", 0},
		"the embedding worker ill": {pipeline.Sources{}, "Embedding worker returned 503: no model", 0},
	} {
		o := checkstest.Run(checkstest.World(pipeline.SignalSources.Is(checkstest.Team, test.told)), sources.Sources)
		explaining := sources.Explains(o.Findings, test.message)
		if len(explaining) != test.want || len(explaining) > 0 && explaining[0].Code != checks.INB003 {
			t.Errorf("%s: explained by %+v", name, explaining)
		}
	}
}
