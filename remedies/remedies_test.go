package remedies

import (
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// Each code can be reported, and then somebody wants to know what to do. CLK002 has ENV001 as its only remedy.
func TestEachCodeHasARemedy(t *testing.T) {
	for _, info := range checks.Codes {
		f := &checks.Finding{Code: info.Code, Severity: checks.Error, State: checks.Active, Subject: []string{".env", "CLICKHOUSE_DATABASE"}}
		told := For(f, Case{Team: 7, Result: &environment.Database{Embeddings: "posthog"}})
		if len(told) == 0 && info.Code != checks.CLK002 {
			t.Errorf("nothing to do about %s", info.Code)
		}
		for _, r := range told {
			if r.ID == "" || r.Summary == "" || strings.Contains(r.Summary, "\n") {
				t.Errorf("%s: %+v", info.Code, r)
			}
		}
		f.Healed()
		if told := For(f, Case{}); told != nil {
			t.Errorf("%s is over, and still there is something to do: %+v", info.Code, told)
		}
	}
}

// A remedy is called safe or unsafe when it can be run, and only then.
func TestWhatCanBeRunHasAPlan(t *testing.T) {
	for _, r := range table {
		if (r.Safety == Manual) != (r.Plan == nil) || r.Says == nil || len(r.Codes) == 0 {
			t.Errorf("%s: %s", r.ID, r.Safety)
		}
	}
}

func TestDatabaseIsNamedWhereItCounts(t *testing.T) {
	for name, c := range map[string]struct {
		database environment.Database
		want     string
	}{
		"missing":     {environment.Database{Embeddings: "posthog"}, "add CLICKHOUSE_DATABASE=posthog to .env"},
		"wrong":       {environment.Database{Embeddings: "signals", Line: 12, Replace: true}, "make line 12 of .env CLICKHOUSE_DATABASE=signals"},
		"the process": {environment.Database{Embeddings: "posthog", Line: 12, Replace: true, Process: true}, "export CLICKHOUSE_DATABASE=posthog in the shell that runs manage.py"},
	} {
		f := &checks.Finding{Code: checks.ENV001, State: checks.Active, Subject: []string{".env", "CLICKHOUSE_DATABASE"}}
		if told := For(f, Case{Result: &c.database}); len(told) != 2 || told[0].Summary != c.want {
			t.Errorf("%s: %+v, want %q", name, told, c.want)
		}
	}
}

func TestCleanUpNamesTheTeam(t *testing.T) {
	f := &checks.Finding{Code: checks.CLK001, State: checks.Active}
	if told := For(f, Case{Team: 7}); !strings.Contains(told[0].Summary, "--team-id 7 ") {
		t.Errorf("%+v", told)
	}
}

func TestOnlyAFailureThatIsFinalAndUnexplainedAsksToEmitAgain(t *testing.T) {
	final := checks.Finding{Code: checks.TMP002, Severity: checks.Error, State: checks.Active}
	retried, explained := final, final
	retried.Severity = checks.Warning
	explained.Causes = []*checks.Finding{{Code: checks.CLK001}}
	if len(For(&final, Case{})) != 1 || For(&retried, Case{}) != nil || For(&explained, Case{}) != nil {
		t.Error("only a final failure that nothing explains has a remedy of its own")
	}
}

func TestAMutationIsNamedWhole(t *testing.T) {
	f := &checks.Finding{Code: checks.CLK003, State: checks.Active, Subject: []string{"posthog", "it's", "mutation_3.txt"}}
	want := `KILL MUTATION WHERE database = 'posthog' AND table = 'it\'s' AND mutation_id = 'mutation_3.txt' (its rows stay as they are)`
	if told := For(f, Case{}); told[0].Summary != want {
		t.Errorf("got %s", told[0].Summary)
	}
}

func TestAStuckReportIsMovedOnFromWhereItIs(t *testing.T) {
	stuck := func(status string, waiting *journey.Run) []inbox.Stuck {
		return []inbox.Stuck{{UnfinishedReport: pipeline.UnfinishedReport{ID: "other"}}, {UnfinishedReport: pipeline.UnfinishedReport{ID: "r", Status: status}, Waiting: waiting}}
	}
	for name, c := range map[string]struct {
		result    any
		explained bool
		want      string
	}{
		"in progress":          {stuck(pipeline.ReportInProgress, nil), false, "promote-again"},
		"candidate":            {stuck(pipeline.ReportCandidate, nil), false, "emit-another"},
		"its rows do not come": {stuck(pipeline.ReportCandidate, &journey.Run{}), false, "mend-ingestion"},
		"no worker":            {stuck(pipeline.ReportCandidate, &journey.Run{}), true, ""},
	} {
		f := &checks.Finding{Code: checks.INB002, State: checks.Active, Subject: []string{"r"}}
		if c.explained {
			f.Causes = []*checks.Finding{{Code: checks.TMP003}}
		}
		got := ""
		for _, told := range For(f, Case{Result: c.result}) {
			got += told.ID
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A report that waits is told what for.
func TestAnAnswerFitsTheReason(t *testing.T) {
	for reason, want := range map[string]string{
		"Requires human input: No GitHub integration connected to a team/user.":                        "connect GitHub in the settings of the project",
		"Requires human input: No GitHub repositories connected to this team.":                         "give the GitHub App access to a repository",
		"Requires human input: The connected GitHub App is unavailable. Reconnect GitHub to continue.": "reconnect GitHub",
		"Requires human input: two repositories fit":                                                   "give the report what it waits for",
		"": "give the report what it waits for",
	} {
		told := For(&checks.Finding{Code: checks.INB005, Severity: checks.Info, State: checks.Active, Subject: []string{reason}}, Case{})
		if len(told) != 1 || !strings.HasPrefix(told[0].Summary, want) {
			t.Errorf("%q: %+v, want %s", reason, told, want)
		}
	}
}
