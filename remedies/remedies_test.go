package remedies

import (
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/environment"
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
			if r.ID == "" || r.Safety != Manual || r.Summary == "" || strings.Contains(r.Summary, "\n") {
				t.Errorf("%s: %+v", info.Code, r)
			}
		}
		f.Healed()
		if told := For(f, Case{}); told != nil {
			t.Errorf("%s is over, and still there is something to do: %+v", info.Code, told)
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
