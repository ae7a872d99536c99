package embeddings_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

func TestMutations(t *testing.T) {
	small := table("posthog", "small")
	mutation := func(age time.Duration, parts int, failure string) pipeline.Mutation {
		return pipeline.Mutation{
			Database: "posthog", Table: small.Name, ID: "mutation_3.txt", Command: "DELETE WHERE team_id = 7",
			Created: now.Add(-age), Parts: parts, Failure: failure,
		}
	}
	elsewhere, other := mutation(time.Hour, 1, "no"), mutation(time.Hour, 1, "no")
	elsewhere.Database, other.Table = "default", "posthog_document_embeddings_buffer"
	for name, test := range map[string]struct {
		mutations []pipeline.Mutation
		want      string
	}{
		"none":                {nil, ""},
		"at work":             {[]pipeline.Mutation{mutation(9*time.Minute, 3, "")}, ""},
		"only to be recorded": {[]pipeline.Mutation{mutation(time.Hour, 0, "")}, ""},
		"too long at work":    {[]pipeline.Mutation{mutation(11*time.Minute, 3, "")}, "mutation mutation_3.txt of " + small.Name + " has not come to its end for 11m0s"},
		"fails":               {[]pipeline.Mutation{mutation(time.Second, 3, "Code: 241. DB::Exception")}, "mutation mutation_3.txt of " + small.Name + " fails again and again"},
		"of another database": {[]pipeline.Mutation{elsewhere}, ""},
		"of another table":    {[]pipeline.Mutation{other}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(told{tables: family("posthog"), mutations: test.mutations}.world(), embeddings.Mutations)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				if f.Severity != checks.Warning || !slices.Equal(f.Subject, []string{"posthog", small.Name, "mutation_3.txt"}) {
					t.Errorf("%s about %v", f.Severity, f.Subject)
				}
			}
		})
	}
}

// What is too long is for a team to say.
func TestMutationsForLonger(t *testing.T) {
	m := pipeline.Mutation{Database: "posthog", Table: table("posthog", "small").Name, ID: "mutation_3.txt", Created: now.Add(-time.Hour), Parts: 1}
	for long, want := range map[time.Duration]int{2 * time.Hour: 0, time.Minute: 1} {
		policy := checks.Policy{Thresholds: map[*checks.Threshold]time.Duration{checks.LongMutation: long}}
		o := checkstest.RunAs(policy, told{tables: family("posthog"), mutations: []pipeline.Mutation{m}}.world(), embeddings.Mutations)
		if len(o.Findings) != want {
			t.Errorf("at %s: %d findings", long, len(o.Findings))
		}
	}
}

// A command and a reason are as long as somebody made them, and name what somebody named.
func TestMutationsOfHostileText(t *testing.T) {
	m := pipeline.Mutation{
		Database: "posthog", Table: table("posthog", "small").Name, ID: "mutation_3.txt' OR '1", Created: now.Add(-time.Hour), Parts: 1,
		Command: "DELETE WHERE document_id IN (" + strings.Repeat("'ä',\n", 10_000) + ")", Failure: strings.Repeat("no\n", 10_000),
	}
	o := checkstest.Run(told{tables: family("posthog"), mutations: []pipeline.Mutation{m}}.world(), embeddings.Mutations)
	for _, e := range o.Findings[0].Evidence {
		if len(e.Excerpt) > 700 || strings.Contains(e.Excerpt, "\n") || !strings.Contains(e.Locator.Query, `'mutation_3.txt\' OR \'1'`) {
			t.Errorf("%d bytes, asked by %s", len(e.Excerpt), e.Locator.Query)
		}
	}
}

func TestMutationsThatCannotBeListed(t *testing.T) {
	w := told{tables: family("posthog")}.world()
	w.Tell(pipeline.Mutations.Fails(pipeline.Nothing{}, pipeline.Failed, errors.New("not enough privileges")))
	checkstest.Run(w, embeddings.Mutations).Is(t, checks.Unknown, "not enough privileges")
}
