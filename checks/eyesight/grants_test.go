package eyesight_test

import (
	"errors"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/eyesight"
	"doctor/checks/pipeline"
)

func TestGrants(t *testing.T) {
	for code, test := range map[checks.Code]struct {
		check *checks.Check
		fact  pipeline.Fact[pipeline.Nothing, pipeline.Sight]
		name  string
	}{
		checks.SEE001: {eyesight.ClickHouse, pipeline.ClickHouseSight, "system.mutations"},
		checks.SEE006: {eyesight.Postgres, pipeline.PostgresSight, "signals_signalreport"},
	} {
		t.Run(string(code), func(t *testing.T) {
			told := func(answer pipeline.Answer) checkstest.Outcome {
				return checkstest.Run(checkstest.World(answer), test.check)
			}
			hidden := pipeline.Sight{User: "narrow", Unseen: []pipeline.Unseen{{Name: test.name, Reason: "Not enough privileges"}}}
			told(test.fact.Is(pipeline.Nothing{}, hidden)).Reports(t, code, "narrow", test.name)
			told(test.fact.Is(pipeline.Nothing{}, pipeline.Sight{User: "narrow"})).Silent(t)
			told(test.fact.Fails(pipeline.Nothing{}, pipeline.TimedOut, errors.New("silence"))).Is(t, checks.Unknown, "timed out")
		})
	}
}

// A database that is hidden is none without tables.
func TestHiddenTablesAreUnknown(t *testing.T) {
	w := checkstest.World(pipeline.EmbeddingTables.Fails(pipeline.Nothing{}, pipeline.Forbidden, errors.New("Not enough privileges")))
	checkstest.Run(w, embeddings.Tables).Is(t, checks.Unknown, "not permitted: Not enough privileges")
	checkstest.Run(w, embeddings.Stale).Is(t, checks.Blocked, "")
}
