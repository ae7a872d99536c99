package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// More statuses of a report (products/signals/backend/models.py).
const (
	ReportPotential  = "potential" // waits for more signals
	ReportReady      = "ready"     // in the inbox
	ReportResolved   = "resolved"
	ReportFailed     = "failed"
	ReportSuppressed = "suppressed"
)

// Report is a report as Postgres keeps it. Its title and its error may be any text at all.
type Report struct {
	ID       string
	Status   string
	Before   string  // its status before it was suppressed
	Weight   float64 // of all its signals; promoted from SIGNAL_WEIGHT_THRESHOLD on
	Signals  int
	NextRun  int // the number of signals that it takes to be worked on again
	Runs     int // of its summary
	Title    string
	Error    string
	Created  time.Time
	Updated  time.Time
	Promoted time.Time // zero when it never was
	LastRun  time.Time // when a summary last began to work on it; zero when none did
	Visible  time.Time // when it first stood in the inbox; zero when that is not known
}

// Reports is a team's reports.
type Reports struct {
	Reports []Report       // newest change first; of each status only some
	Counts  map[string]int // by status: all
}

// Bounds of what is listed of reports.
const (
	mostOfAStatus   = 100    // reports of one status
	mostBeginning   = 6      // reports that an id's beginning may mean
	mostArtefacts   = 50     // of one report
	longestCell     = 500    // characters of a title or an error
	longestArtefact = 64_000 // bytes that are read of one
)

// reportColumns reads a report of the table r. Older versions do not have all columns: what is asked for by its name in JSON
// is nothing there.
const reportColumns = `r.id::text, r.status, coalesce(r.status_before_suppression, ''), r.total_weight, r.signal_count, r.signals_at_run,
r.run_count, left(coalesce(r.title, ''), $2), left(coalesce(r.error, ''), $2), r.created_at, r.updated_at, r.promoted_at, r.last_run_at,
(to_jsonb(r) ->> 'first_visible_at')::timestamptz`

func scanReport(row pgx.CollectableRow, r *Report, more ...any) error {
	var promoted, lastRun, visible *time.Time
	err := row.Scan(append([]any{
		&r.ID, &r.Status, &r.Before, &r.Weight, &r.Signals, &r.NextRun,
		&r.Runs, &r.Title, &r.Error, &r.Created, &r.Updated, &promoted, &lastRun,
		&visible,
	}, more...)...)
	r.Promoted, r.LastRun, r.Visible = orZero(promoted), orZero(lastRun), orZero(visible)
	return err
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// Reports lists a team's reports: of each status those that changed last.
func (db *Postgres) Reports(ctx context.Context, team int64) (Reports, error) {
	return ask(ctx, db.world, ReportsListed, team, func(ctx context.Context) (Reports, error) {
		listed := Reports{Counts: map[string]int{}}
		err := db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT `+reportColumns+`, n.total
FROM (SELECT id, row_number() OVER (PARTITION BY status ORDER BY updated_at DESC, id) AS place, count(*) OVER (PARTITION BY status) AS total
	FROM signals_signalreport WHERE team_id = $1) n
JOIN signals_signalreport r ON r.id = n.id
WHERE n.place <= $3 ORDER BY r.updated_at DESC, r.id`, team, longestCell, mostOfAStatus)
			if err != nil {
				return err
			}
			listed.Reports, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Report, err error) {
				var ofItsStatus int
				err = scanReport(row, &r, &ofItsStatus)
				listed.Counts[r.Status] = ofItsStatus
				return r, err
			})
			return err
		})
		return listed, err
	})
}

// ReportsBeginning finds the reports of a team whose ids begin so: a few of them.
func (db *Postgres) ReportsBeginning(ctx context.Context, team int64, beginning string) ([]Report, error) {
	asked := ReportsNamed{Team: team, Beginning: beginning}
	return ask(ctx, db.world, ReportsBeginning, asked, func(ctx context.Context) (found []Report, err error) {
		err = db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT `+reportColumns+` FROM signals_signalreport r
WHERE r.team_id = $1 AND starts_with(r.id::text, $3) ORDER BY r.updated_at DESC, r.id LIMIT $4`, team, longestCell, beginning, mostBeginning)
			if err != nil {
				return err
			}
			found, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Report, err error) {
				err = scanReport(row, &r)
				return r, err
			})
			return err
		})
		return found, err
	})
}

// Artefact is something that the work on a report has left (products/signals/backend/artefact_schemas.py).
type Artefact struct {
	Type    string
	Result  string // in a word: the repository, the judgement, the run; empty where there is no such word
	Created time.Time
}

// Artefacts is what a report has, newest first.
type Artefacts struct {
	Artefacts []Artefact
	Truncated bool // there are more
}

// Artefacts lists what the work on a report has left. An id that is no UUID has nothing.
func (db *Postgres) Artefacts(ctx context.Context, team int64, report string) (Artefacts, error) {
	asked := ReportsNamed{Team: team, Beginning: report}
	return ask(ctx, db.world, ReportArtefacts, asked, func(ctx context.Context) (listed Artefacts, err error) {
		id, wrong := uuid.Parse(report)
		if wrong != nil {
			return listed, nil //nolint:nilerr // no such report can be
		}
		err = db.use(ctx, func(conn *pgx.Conn) error {
			rows, err := conn.Query(ctx, `SELECT type, CASE WHEN octet_length(content) <= $3 THEN content ELSE '' END, created_at
FROM signals_signalreportartefact WHERE team_id = $1 AND report_id = $2::uuid
ORDER BY created_at DESC, id LIMIT $4`, team, id.String(), longestArtefact, mostArtefacts+1)
			if err != nil {
				return err
			}
			listed.Artefacts, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Artefact, err error) {
				var content string
				err = row.Scan(&a.Type, &content, &a.Created)
				a.Result = artefactResult(a.Type, content)
				return a, err
			})
			return err
		})
		if len(listed.Artefacts) > mostArtefacts {
			listed.Artefacts, listed.Truncated = listed.Artefacts[:mostArtefacts], true
		}
		return listed, err
	})
}

// telltale is the field of an artefact's content that is one word, or an id. All else is text about a signal.
var telltale = map[string]string{
	"repo_selection": "repository", "actionability_judgment": "actionability", "priority_judgment": "priority",
	"safety_judgment": "choice", "signal_finding": "verified", "task_run": "run_id", "related_to": "report_id", "report_link": "report_id",
}

// artefactResult is what an artefact says in a word, empty where it does not. A field that should be a word and is a text
// is left out.
func artefactResult(kind, content string) string {
	var fields map[string]any
	if telltale[kind] == "" || json.Unmarshal([]byte(content), &fields) != nil {
		return ""
	}
	said, none := fields[telltale[kind]], kind == "repo_selection"
	switch said := said.(type) {
	case string:
		if none = none && said == ""; !none && len(said) <= 200 && !strings.ContainsAny(said, " \t\r\n") {
			return said
		}
	case bool:
		return telltale[kind] + " " + strconv.FormatBool(said)
	}
	if none {
		return "none"
	}
	return ""
}

// guarded is a report as it may be recorded: what a model has written of its signals is a text of people.
func (r Report) guarded() Report {
	r.Title = withheld(r.Title)
	for _, judgement := range []string{"Failed safety review: ", "Not actionable: "} { // products/signals/backend/temporal/summary.py
		if why, ok := strings.CutPrefix(r.Error, judgement); ok {
			r.Error = judgement + withheld(why)
		}
	}
	return r
}

func guardedAll(reports []Report) []Report {
	guarded := make([]Report, len(reports))
	for i, r := range reports {
		guarded[i] = r.guarded()
	}
	return guarded
}

func reportsOf(q ReportsNamed, what string) string {
	return fmt.Sprintf("%s %s of team %d", what, Short(q.Beginning), q.Team)
}
