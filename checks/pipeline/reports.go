package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Report statuses that a check asks about (products/signals/backend/models.py).
const (
	ReportCandidate    = "candidate"     // promoted, and not yet worked on
	ReportInProgress   = "in_progress"   // its summary works on it
	ReportPendingInput = "pending_input" // waits for a person
	ReportDeleted      = "deleted"
)

// ReportState is what Postgres has of a report that was asked for.
type ReportState struct {
	ID      string // as it was asked for
	Status  string
	Updated time.Time
}

// idChunk is how many ids go into one question.
const idChunk = 10_000

// ReportStates returns those of the given ids that are reports of the team, each once and in their order. An id that is no
// UUID is none: products/signals/backend/models.py has no other ids.
func (db *Postgres) ReportStates(ctx context.Context, team int64, ids []string) ([]ReportState, error) {
	asked := ReportsOf{Team: team, IDs: ids}
	return ask(ctx, db.world, ReportStates, asked, func(ctx context.Context) ([]ReportState, error) {
		candidates := map[string]uuid.UUID{} // by the text that was asked for
		for _, id := range ids {
			if parsed, err := uuid.Parse(id); err == nil {
				candidates[id] = parsed
			}
		}
		var wanted []string
		for _, id := range candidates {
			wanted = append(wanted, id.String())
		}
		existing := map[uuid.UUID]ReportState{}
		err := db.use(ctx, func(conn *pgx.Conn) error {
			for chunk := range slices.Chunk(wanted, idChunk) {
				if err := existingReports(ctx, conn, team, chunk, existing); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		var states []ReportState
		seen := map[string]bool{}
		for _, id := range ids {
			// What is no UUID has the nil one here, which no report has.
			if state, ok := existing[candidates[id]]; ok && !seen[id] {
				state.ID = id
				states = append(states, state)
			}
			seen[id] = true
		}
		return states, nil
	})
}

func existingReports(ctx context.Context, conn *pgx.Conn, team int64, ids []string, existing map[uuid.UUID]ReportState) error {
	rows, err := conn.Query(ctx, `SELECT r.id::text, r.status, r.updated_at FROM unnest($1::uuid[]) AS asked(id)
JOIN signals_signalreport r ON r.id = asked.id AND r.team_id = $2`, ids, team)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ReportState])
	for _, state := range found {
		if id, err := uuid.Parse(state.ID); err == nil {
			existing[id] = state
		}
	}
	return err
}

// UnfinishedReport is a report that is on its way, waits for a person, or has failed.
type UnfinishedReport struct {
	ID       string
	Status   string
	Error    string // why it waits, or has failed: the beginning of it; empty while it is worked on
	Updated  time.Time
	Promoted time.Time // when it became a candidate; zero when that is not known
	LastRun  time.Time // when a summary began to work on it; zero before the first one
}

// UnfinishedReports is a team's reports that are not done.
type UnfinishedReports struct {
	Reports   []UnfinishedReport // newest change first
	Truncated bool               // there are more

	Failed          []UnfinishedReport `json:",omitempty"` // newest change first
	FailedTruncated bool               `json:",omitempty"` // there are more of these
}

// mostReports is how many unfinished reports are listed, and how many that have failed.
const mostReports = 100

// unfinishedReports lists reports of a team with some statuses.
const unfinishedReports = `(SELECT id::text, status, left(coalesce(error, ''), 2000), updated_at, promoted_at, last_run_at
FROM signals_signalreport WHERE team_id = $1 AND status = ANY($2)
ORDER BY updated_at DESC, id LIMIT $4)
UNION ALL
(SELECT id::text, status, left(coalesce(error, ''), 2000), updated_at, promoted_at, last_run_at
FROM signals_signalreport WHERE team_id = $1 AND status = $3
ORDER BY updated_at DESC, id LIMIT $4)
ORDER BY updated_at DESC, id`

// UnfinishedReports lists the reports of a team that are candidates, in progress, or wait for a person's input, and those
// that have failed.
func (db *Postgres) UnfinishedReports(ctx context.Context, team int64) (UnfinishedReports, error) {
	return ask(ctx, db.world, ReportsUnfinished, team, func(ctx context.Context) (listing UnfinishedReports, err error) {
		err = db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, unfinishedReports, team, []string{ReportCandidate, ReportInProgress, ReportPendingInput}, ReportFailed, mostReports+1)
			if err != nil {
				return err
			}
			listing.Reports, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r UnfinishedReport, err error) {
				var promoted, lastRun *time.Time
				err = row.Scan(&r.ID, &r.Status, &r.Error, &r.Updated, &promoted, &lastRun)
				if promoted != nil {
					r.Promoted = *promoted
				}
				if lastRun != nil {
					r.LastRun = *lastRun
				}
				return r, err
			})
			return err
		})
		listing.partFailed()
		return listing, err
	})
}

// partFailed parts the reports that have failed from the others, and leaves as many of both as are listed.
func (u *UnfinishedReports) partFailed() {
	all := u.Reports
	u.Reports = nil
	for _, r := range all {
		if r.Status == ReportFailed {
			u.Failed = append(u.Failed, r)
		} else {
			u.Reports = append(u.Reports, r)
		}
	}
	if len(u.Reports) > mostReports {
		u.Reports, u.Truncated = u.Reports[:mostReports], true
	}
	if len(u.Failed) > mostReports {
		u.Failed, u.FailedTruncated = u.Failed[:mostReports], true
	}
}

// Sources is what decides which signals of a team are taken in (products/signals/backend/facade/api.py).
type Sources struct {
	Approved bool // the organization lets AI process its data; without that none is
	Rows     []SourceRow
}

// SourceRow is one source that was ever switched on or off for a team.
type SourceRow struct {
	Product, Type string
	Enabled       bool
}

// Sources reads the switches of a team's signal sources. It reports an error of kind [Missing] where there is no such team.
func (db *Postgres) Sources(ctx context.Context, team int64) (Sources, error) {
	return ask(ctx, db.world, SignalSources, team, func(ctx context.Context) (Sources, error) {
		var sources Sources
		err := db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT coalesce(o.is_ai_data_processing_approved, false), s.source_product, s.source_type, s.enabled
FROM posthog_team t
LEFT JOIN posthog_organization o ON o.id = t.organization_id
LEFT JOIN signals_signalsourceconfig s ON s.team_id = t.id
WHERE t.id = $1 ORDER BY s.source_product, s.source_type`, team)
			if err != nil {
				return err
			}
			var product, kind *string
			var enabled *bool
			known, err := pgx.ForEachRow(rows, []any{&sources.Approved, &product, &kind, &enabled}, func() error {
				if product != nil && kind != nil && enabled != nil {
					sources.Rows = append(sources.Rows, SourceRow{*product, *kind, *enabled})
				}
				return nil
			})
			if err == nil && known.RowsAffected() == 0 {
				return kinded{Missing, fmt.Errorf("posthog_team has no team %d", team)}
			}
			return err
		})
		return sources, err
	})
}
