package pipeline

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// TaskRun is one run of an agent for a report, as Postgres keeps it (products/tasks/backend/models.py).
type TaskRun struct {
	ID, Task  string
	Purpose   string // of the agent: repo_selection and others; "" when the task does not say
	Status    string // not_started, queued, in_progress, completed, failed, cancelled
	Error     string
	Created   time.Time
	Updated   time.Time
	Completed time.Time // zero while it goes on, and where nobody wrote it down
	Container string    // the first twelve characters of its sandbox's id

	Local bool // the user's own desktop works on it: no workflow takes it up

	InactivityLimit time.Duration // how long the agent may be silent; zero where the run's state does not say
	Inactive        bool          // the run was ended because the agent was silent for longer
}

// Workflow is the id of the workflow that takes the run up (products/tasks/backend/temporal/client.py).
func (r TaskRun) Workflow() string { return "task-processing-" + r.Task + "-" + r.ID }

// Waits reports whether nothing has taken the run up yet, as far as its status says.
func (r TaskRun) Waits() bool { return r.Status == "queued" || r.Status == "not_started" }

// Ended reports whether the run is over.
func (r TaskRun) Ended() bool {
	switch r.Status {
	case "completed", "failed", "cancelled":
		return true
	}
	return false
}

// inactivityError is what the older code writes of a run that it ended for inactivity. The newer sets a mark in the run's
// state and leaves the error empty. Either way the run's status is completed.
const inactivityError = "Run timed out due to inactivity"

// TaskRunListing is the runs of a team's agents: those that go on, and those that changed since an instant.
type TaskRunListing struct {
	Runs      []TaskRun // newest first
	Truncated bool      // there are more
}

const mostTaskRuns = 200

// TaskRuns lists the runs of a team's agents that go on, and those that changed since an instant.
func (db *Postgres) TaskRuns(ctx context.Context, team int64, since time.Time) (TaskRunListing, error) {
	asked := TeamSince{Team: team, Since: since.UTC().Truncate(time.Second)}
	return ask(ctx, db.world, TaskRuns, asked, func(ctx context.Context) (TaskRunListing, error) {
		return db.listTaskRuns(ctx, "r.status NOT IN ('completed', 'failed', 'cancelled') OR r.updated_at > $2", team, asked.Since)
	})
}

// TaskRunsOf lists the runs of some of a team's tasks, however old. An id that is no UUID is no task.
func (db *Postgres) TaskRunsOf(ctx context.Context, team int64, tasks []string) (TaskRunListing, error) {
	return ask(ctx, db.world, TaskRunsOf, TasksOf{team, tasks}, func(ctx context.Context) (TaskRunListing, error) {
		var ids []string
		for _, task := range tasks {
			if id, err := uuid.Parse(task); err == nil {
				ids = append(ids, id.String())
			}
		}
		return db.listTaskRuns(ctx, "r.task_id = ANY($2::uuid[])", team, ids)
	})
}

// listTaskRuns asks for runs of agents that work on reports. Of a run's state, which holds a token, only what is named is
// asked for.
func (db *Postgres) listTaskRuns(ctx context.Context, which string, team int64, value any) (TaskRunListing, error) {
	statement := `SELECT r.id::text, r.task_id::text, coalesce(substring(t.title from '^\[sandbox_prompt:([a-z_]+)\]'), ''),
	r.status, coalesce(r.error_message, ''), r.created_at, r.updated_at, coalesce(r.completed_at, '0001-01-01 00:00:00Z'),
	coalesce(r.state->>'sandbox_id', ''), r.environment = 'local',
	coalesce(substring(r.state->>'inactivity_timeout_seconds' from '^\d{1,9}'), '0')::bigint,
	coalesce(r.state->>'timed_out_inactivity', '') IN ('true', '1')
FROM posthog_task_run r JOIN posthog_task t ON t.id = r.task_id
WHERE r.team_id = $1 AND t.origin_product = 'signal_report' AND (` + which + `)
ORDER BY r.created_at DESC LIMIT $3`
	var listing TaskRunListing
	err := db.use(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, statement, team, value, mostTaskRuns+1)
		if err != nil {
			return err
		}
		listing.Runs, err = pgx.CollectRows(rows, taskRun)
		return err
	})
	if err != nil {
		return TaskRunListing{}, err
	}
	if len(listing.Runs) > mostTaskRuns {
		listing.Runs, listing.Truncated = listing.Runs[:mostTaskRuns], true
	}
	return listing, nil
}

func taskRun(row pgx.CollectableRow) (TaskRun, error) {
	var r TaskRun
	var limit int64
	err := row.Scan(&r.ID, &r.Task, &r.Purpose, &r.Status, &r.Error, &r.Created, &r.Updated, &r.Completed, &r.Container, &r.Local, &limit, &r.Inactive)
	r.InactivityLimit = time.Duration(limit) * time.Second
	r.Inactive = r.Inactive || r.Error == inactivityError
	if r.Completed.Year() <= 1 {
		r.Completed = time.Time{}
	}
	return r, err
}
