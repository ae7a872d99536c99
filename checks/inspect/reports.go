package inspect

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
	"doctor/checks/workflows"
)

// Reports are a team's reports, and why each is where it is.
type Reports struct {
	Head
	Threshold float64       `json:"threshold" jsonschema:"the weight from which a report is worked on"`
	Counts    []StatusCount `json:"counts" jsonschema:"all reports of the team by status, in the order of a report's life"`
	Reports   []Report      `json:"reports" jsonschema:"newest change first; one when it was asked for"`
	Unlisted  int           `json:"unlisted" jsonschema:"how many more there are of the statuses that were asked for"`
	Detail    *ReportDetail `json:"detail,omitempty" jsonschema:"of the report that was asked for"`
}

// StatusCount is how many reports have a status.
type StatusCount struct {
	Status  string `json:"status"`
	Reports int    `json:"reports"`
}

// Report is one report.
type Report struct {
	ID       string     `json:"id"`
	Status   string     `json:"status"`
	Weight   float64    `json:"weight"`
	Signals  int        `json:"signals"`
	Title    string     `json:"title" jsonschema:"any text"`
	Why      string     `json:"why" jsonschema:"why it is where it is"`
	Code     string     `json:"code" jsonschema:"of the finding that says so; empty where there is none"`
	Workflow string     `json:"workflow" jsonschema:"the newest run of its summary; empty where none is known"`
	Run      string     `json:"run"`
	Runs     int        `json:"runs" jsonschema:"how often a summary has worked on it"`
	Error    string     `json:"error" jsonschema:"as Postgres has it"`
	Created  time.Time  `json:"created"`
	Updated  time.Time  `json:"updated"`
	Promoted *time.Time `json:"promoted,omitempty"`
	LastRun  *time.Time `json:"last_run,omitempty"`
	Visible  *time.Time `json:"visible,omitempty" jsonschema:"when it first stood in the inbox"`
}

// ReportDetail is what belongs to one report.
type ReportDetail struct {
	Signals      []ReportSignal   `json:"signals" jsonschema:"its live signals in ClickHouse, newest first, 100 at most"`
	Artefacts    []ReportArtefact `json:"artefacts" jsonschema:"newest first"`
	SignalsIn    string           `json:"signals_in" jsonschema:"the table that they were read from"`
	MoreLeftover bool             `json:"more_artefacts"`
}

// ReportSignal is one signal of a report.
type ReportSignal struct {
	ID            string    `json:"id" jsonschema:"of its document"`
	SourceProduct string    `json:"source_product"`
	SourceType    string    `json:"source_type"`
	SourceID      string    `json:"source_id"`
	Weight        float64   `json:"weight"`
	Timestamp     time.Time `json:"timestamp" jsonschema:"when it was given its report"`
}

// ReportArtefact is something that the work on a report has left.
type ReportArtefact struct {
	Type    string    `json:"type"`
	Result  string    `json:"result" jsonschema:"in a word; empty where there is no such word"`
	Created time.Time `json:"created"`
}

// ReportsAsked says which reports are listed.
type ReportsAsked struct {
	Report   string   // its id or the beginning of it; "" for all
	Statuses []string // "" for all
	Limit    int
}

// Statuses are those that a report can have, in the order of its life (products/signals/backend/models.py).
var Statuses = []string{
	pipeline.ReportPotential, pipeline.ReportCandidate, pipeline.ReportInProgress, pipeline.ReportPendingInput, pipeline.ReportReady,
	pipeline.ReportResolved, pipeline.ReportFailed, pipeline.ReportSuppressed, pipeline.ReportDeleted,
}

// MostReports is how many reports of one status can be listed.
const MostReports = 100

// ListReports lists reports, or shows one. It fails where Postgres does not tell them.
func ListReports(ctx context.Context, l *Look, asked ReportsAsked) (*Reports, error) {
	d := l.diagnose(ctx, inbox.Reports, embeddings.Live)
	if _, err := resultOf[pipeline.Reached](d, services.Postgres); err != nil {
		return nil, err
	}
	all, err := l.World.Postgres.Reports(ctx, l.Team)
	if err != nil {
		return nil, err
	}
	listed := &Reports{Head: l.head(), Counts: countStatuses(all.Counts), Reports: []Report{}}
	listed.Threshold, err = threshold(l.World.Settings)
	listed.miss(err)
	judge := newReportJudge(l, d, listed)
	if asked.Report != "" {
		chosen, err := l.report(ctx, all.Reports, strings.ToLower(asked.Report))
		if err != nil {
			return nil, err
		}
		listed.Reports = append(listed.Reports, judge.report(chosen))
		listed.Detail = l.reportDetail(ctx, d, chosen.ID, &listed.Head)
		return listed, nil
	}
	for status, n := range all.Counts {
		if len(asked.Statuses) == 0 || slices.Contains(asked.Statuses, status) {
			listed.Unlisted += n
		}
	}
	for _, r := range all.Reports {
		if len(listed.Reports) < asked.Limit && (len(asked.Statuses) == 0 || slices.Contains(asked.Statuses, r.Status)) {
			listed.Reports = append(listed.Reports, judge.report(r))
		}
	}
	listed.Unlisted -= len(listed.Reports)
	return listed, nil
}

// recordReports asks what [ListReports] and [LookAtStatus] are asked for most, so that a capture can answer: the list, and
// the details of the newest reports. What cannot be seen is left out of the capture, too.
func recordReports(ctx context.Context, l *Look) {
	d := l.diagnose(ctx, inbox.Reports, embeddings.Live)
	_, _ = threshold(l.World.Settings)
	all, err := l.World.Postgres.Reports(ctx, l.Team)
	if err != nil {
		return
	}
	const recorded = 20
	for _, r := range all.Reports[:min(recorded, len(all.Reports))] {
		l.reportDetail(ctx, d, r.ID, &Head{})
	}
}

// report finds the report that a name means: among those that were listed, else among all of the team.
func (l *Look) report(ctx context.Context, listed []pipeline.Report, name string) (pipeline.Report, error) {
	ids := func(r pipeline.Report) []string { return []string{r.ID} }
	chosen, err := choose(listed, ids, "report", name, "doctor reports")
	if !errors.As(err, new(UnknownError)) {
		return chosen, err
	}
	older, failed := l.World.Postgres.ReportsBeginning(ctx, l.Team, name)
	if failed != nil || len(older) == 0 {
		return chosen, err
	}
	return choose(older, ids, "report", name, "doctor reports")
}

// detail is what belongs to a report, as far as it can be seen.
func (l *Look) reportDetail(ctx context.Context, d *checks.Diagnosis, report string, head *Head) *ReportDetail {
	detail := &ReportDetail{Signals: []ReportSignal{}, Artefacts: []ReportArtefact{}}
	left, err := l.World.Postgres.Artefacts(ctx, l.Team, report)
	head.miss(err)
	for _, a := range left.Artefacts {
		detail.Artefacts = append(detail.Artefacts, ReportArtefact{a.Type, a.Result, a.Created})
	}
	detail.MoreLeftover = left.Truncated
	table, err := l.searched(d)
	if err != nil {
		head.miss(err)
		return detail
	}
	detail.SignalsIn = table.String()
	documents, err := l.World.ClickHouse.ReportDocuments(ctx, table, l.Team, report)
	head.miss(err)
	for _, s := range documents {
		detail.Signals = append(detail.Signals, ReportSignal{s.ID, s.Product, s.Type, s.SourceID, s.Weight, s.Signalled})
	}
	return detail
}

// searched is the table that new signals are matched against: that of the embeddings' own database, if there are several.
func (l *Look) searched(d *checks.Diagnosis) (pipeline.Table, error) {
	tables, err := resultOf[[]pipeline.Table](d, embeddings.Tables)
	if err != nil {
		return pipeline.Table{}, err
	}
	of := slices.DeleteFunc(slices.Clone(tables), func(t pipeline.Table) bool { return !t.Searched() || !t.TellsReports() })
	if len(of) == 0 {
		return pipeline.Table{}, errors.New("ClickHouse has no table of the model that signals are matched with")
	}
	at := slices.IndexFunc(of, func(t pipeline.Table) bool { return t.Database == l.World.Settings.ClickHouse.Embeddings })
	return of[max(at, 0)], nil
}

// countStatuses puts counts in the order of a report's life. A status that is not known comes last.
func countStatuses(counts map[string]int) []StatusCount {
	counted := []StatusCount{}
	for status, n := range counts {
		counted = append(counted, StatusCount{status, n})
	}
	place := func(c StatusCount) int {
		if at := slices.Index(Statuses, c.Status); at >= 0 {
			return at
		}
		return len(Statuses)
	}
	slices.SortFunc(counted, func(a, b StatusCount) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Status, b.Status))
	})
	return counted
}

// reportJudge says of reports why they are where they are.
type reportJudge struct {
	*Look
	threshold float64
	runs      *journey.Runs // nil where they are not known
	stuck     []inbox.Stuck
	findings  []*checks.Finding
}

func newReportJudge(l *Look, d *checks.Diagnosis, listed *Reports) *reportJudge {
	j := &reportJudge{Look: l, threshold: listed.Threshold}
	var err error
	j.runs, err = resultOf[*journey.Runs](d, journey.Histories)
	listed.miss(err)
	if j.runs == nil {
		return j // and so nothing can be said of what works on them
	}
	j.stuck, err = resultOf[[]inbox.Stuck](d, inbox.Reports)
	listed.miss(err)
	listed.gaps(d, inbox.Reports)
	for _, f := range d.Findings() {
		if f.Check == workflows.Failures {
			j.findings = append(j.findings, f)
		}
	}
	return j
}
