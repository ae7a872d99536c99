// Package sources holds the check of what decides whether a team's signals are taken in at all.
package sources

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// AllSources is the subject of a finding about all sources of a team.
const AllSources = "all"

// Organization is the subject of the finding that the organization does not let AI process its data.
const Organization = "organization"

// Sources finds signals that are not taken in: emit_signal then returns without a word, and the command that emitted them
// reports success (products/signals/backend/facade/api.py). The result is a [pipeline.Sources].
var Sources = &checks.Check{
	ID:       "inbox.sources",
	Title:    "the signals of the team's sources are taken in",
	Codes:    []checks.Code{checks.INB001, checks.INB003},
	Requires: []*checks.Check{services.Postgres},
	Reads:    []checks.Source{checks.Postgres},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		sources, err := p.World.Postgres.Sources(ctx, p.Team)
		if err != nil {
			return nil, err
		}
		if !sources.Approved {
			reportNoConsent(p)
		}
		if !slices.ContainsFunc(sources.Rows, func(s pipeline.SourceRow) bool { return s.Enabled }) {
			reportNoSource(p, sources.Rows)
			return sources, nil
		}
		for _, s := range sources.Rows {
			if off := (pipeline.SourceRow{Product: s.Product, Type: s.Type}); !s.Enabled && wanted(p, s) && !slices.Contains(alwaysOn, off) {
				reportDisabled(p, s)
			}
		}
		for _, name := range p.Policy.Sources {
			named := func(s pipeline.SourceRow) bool { return s.Product+"/"+s.Type == name }
			if !slices.ContainsFunc(slices.Concat(sources.Rows, alwaysOn), named) {
				reportAbsent(p, name)
			}
		}
		return sources, nil
	},
}

// alwaysOn are the sources whose signals are taken in without looking for their row.
var alwaysOn = []pipeline.SourceRow{{Product: "replay_vision", Type: "scanner_finding"}, {Product: "signals_scout", Type: "cross_source_issue"}}

// wanted reports whether the team cares for the signals of a source.
func wanted(p *checks.Pass, s pipeline.SourceRow) bool {
	return len(p.Policy.Sources) == 0 || slices.Contains(p.Policy.Sources, s.Product+"/"+s.Type)
}

// TakesNoneIn reports whether a finding is that signals are not taken in, which nothing else tells of: no emitter starts.
func TakesNoneIn(f *checks.Finding) bool { return f.Code == checks.INB001 || f.Code == checks.INB003 }

// refused is how get_embedding_activity fails when the embedding worker does not work for an organization
// (products/signals/backend/temporal/grouping.py).
const refused = "Embedding worker returned 403"

// Explains chooses, of the findings of [Sources], those that an activity can have failed for with this message.
func Explains(all []*checks.Finding, message string) []*checks.Finding {
	if !strings.Contains(message, refused) {
		return nil
	}
	return slices.DeleteFunc(all, func(f *checks.Finding) bool { return f.Code != checks.INB003 })
}

const unheard = "emit_signal returns without a word, and the command that emits reports success."

func reportNoConsent(p *checks.Pass) {
	p.Report(checks.INB003, Organization).
		Titlef("no signal is taken in: the organization has not agreed to AI data processing").
		Detailf("The signals of all sources are left out: %s The embedding worker refuses those that are on their way.", unheard).
		With(fromPostgres(p, "is_ai_data_processing_approved is not set for the organization of team %d", p.Team))
}

func reportNoSource(p *checks.Pass, rows []pipeline.SourceRow) {
	said := fmt.Sprintf("signals_signalsourceconfig has no row of team %d", p.Team)
	if len(rows) > 0 {
		said += " that is enabled, and " + checks.Count(len(rows), "row") + " that " + isOrAre(len(rows)) + " not"
	}
	p.Report(checks.INB001, AllSources).
		Titlef("no signal is taken in: not one source is switched on").
		Detailf("For each of them %s", unheard).
		With(fromPostgres(p, "%s", said))
}

func reportDisabled(p *checks.Pass, s pipeline.SourceRow) {
	name := s.Product + "/" + s.Type
	f := p.Report(checks.INB001, name).
		Titlef("signals of %s are not taken in: the source is switched off", name).
		Detailf("For these %s", unheard).
		With(fromPostgres(p, "signals_signalsourceconfig has %s of team %d as not enabled", name, p.Team))
	if name == "session_replay/session_analysis_cluster" {
		f.Detailf("It also switches off session_replay/session_problem. For these %s", unheard)
	}
}

// reportAbsent tells of a source that the team wants signals of.
func reportAbsent(p *checks.Pass, name string) {
	p.Report(checks.INB001, name).
		Titlef("signals of %s are not taken in: the team has no such source", name).
		Detailf("For these %s", unheard).
		With(fromPostgres(p, "signals_signalsourceconfig has no row of team %d for %s", p.Team, name))
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func fromPostgres(p *checks.Pass, format string, args ...any) checks.Evidence {
	return checks.Evidence{Source: string(pipeline.SourcePostgres), Excerpt: fmt.Sprintf(format, args...), Time: p.World.Now}
}
