package inspect

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/inbox"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// threshold is the weight from which a report is worked on: SIGNAL_WEIGHT_THRESHOLD as the workers see it, else the default
// (products/signals/backend/temporal/types.py).
func threshold(s *settings.Settings) (weight float64, err error) {
	const usual, name = 1.0, "SIGNAL_WEIGHT_THRESHOLD"
	defer func() {
		if unasked, ok := recover().(settings.NotRecordedError); ok {
			weight, err = usual, unasked
		}
	}()
	value, origin := s.Worker(name)
	if origin.Default {
		return usual, nil
	}
	weight, err = strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(weight) {
		return usual, fmt.Errorf("%s in %s is no number: the default is taken", name, origin)
	}
	return weight, nil
}

// report is a report, and why it is where it is.
func (j *reportJudge) report(r pipeline.Report) Report {
	shown := Report{
		ID: r.ID, Status: r.Status, Weight: r.Weight, Signals: r.Signals, Title: r.Title, Runs: r.Runs, Error: r.Error,
		Created: r.Created, Updated: r.Updated, Promoted: known(r.Promoted), LastRun: known(r.LastRun), Visible: known(r.Visible),
	}
	var summary *journey.Run
	open := false
	if j.runs != nil {
		if summary, open = j.runs.Summary(j.Team, r.ID); summary != nil {
			shown.Workflow, shown.Run = summary.Workflow, summary.ID
		}
	}
	switch r.Status {
	case pipeline.ReportPotential:
		shown.Why = j.whyPotential(r)
	case pipeline.ReportCandidate, pipeline.ReportInProgress:
		shown.Why, shown.Code = j.whyUnfinished(r, summary, open)
	case pipeline.ReportPendingInput:
		shown.Why = "waits for a person: " + waitsFor(r.Error)
	case pipeline.ReportFailed:
		shown.Why, shown.Code = j.whyFailed(r, summary)
	case pipeline.ReportReady:
		shown.Why = "in the inbox since " + j.clock(cmp.Or(r.Visible, r.Updated))
	case pipeline.ReportSuppressed:
		shown.Why = "suppressed by a person"
		if r.Before != "" {
			shown.Why += ", was " + inWords(r.Before)
		}
	default:
		shown.Why = inWords(r.Status) + " since " + j.clock(r.Updated)
	}
	return shown
}

func (j *reportJudge) whyPotential(r pipeline.Report) string {
	switch {
	case strings.HasPrefix(r.Error, "Not actionable"): // its weight begins anew: products/signals/backend/temporal/summary.py
		return "was judged: " + checks.OneLine(r.Error)
	case r.Weight < j.threshold:
		return fmt.Sprintf("below the threshold: has %s of %s", Weight(r.Weight), Weight(j.threshold))
	case r.Signals < r.NextRun:
		return fmt.Sprintf("waits for %s more before it is worked on again", checks.Count(r.NextRun-r.Signals, "signal"))
	}
	return "heavy enough: the next signal has it worked on"
}

func (j *reportJudge) whyUnfinished(r pipeline.Report, summary *journey.Run, open bool) (why, code string) {
	at := slices.IndexFunc(j.stuck, func(s inbox.Stuck) bool { return s.ID == r.ID })
	switch {
	case at >= 0:
		return "stuck since " + j.clock(j.stuck[at].Since) + ": " + j.stuck[at].Why, string(checks.INB002)
	case j.runs == nil:
		return "whether anything works on it is not known", ""
	case open:
		return "being worked on by " + summary.Workflow + doing(summary), ""
	case r.Status == pipeline.ReportCandidate:
		return "its summary is about to start", ""
	}
	return "its summary has only just ended", ""
}

// doing is what a run waits for, and how that failed last.
func doing(run *journey.Run) string {
	activity := pending(run)
	if activity == "" {
		return ""
	}
	if p := run.Detail.Pending[0]; p.LastFailure != nil {
		return fmt.Sprintf(", in %s, attempt %d: %s", activity, p.Attempt, checks.OneLine(p.LastFailure.Innermost().Message))
	}
	return ", in " + activity
}

// opaque are the messages of failures that only say that something inside failed.
var opaque = []string{"", "Activity task failed", "Activity error"}

func (j *reportJudge) whyFailed(r pipeline.Report, summary *journey.Run) (why, code string) {
	if !slices.Contains(opaque, r.Error) {
		return checks.OneLine(r.Error), ""
	}
	for _, f := range j.findings {
		if summary != nil && f.Subject[0] == summary.Workflow {
			return f.Title, string(f.Code)
		}
	}
	if j.runs != nil && summary == nil {
		return cmp.Or(r.Error, "failed without a reason") + "; its summary is older than what is looked at", ""
	}
	return cmp.Or(r.Error, "failed without a reason"), ""
}

// waitsFor is what a person is asked for.
func waitsFor(text string) string {
	return cmp.Or(checks.OneLine(strings.TrimPrefix(text, "Requires human input: ")), "no reason given")
}

// inWords is a status in words.
func inWords(status string) string { return strings.ReplaceAll(checks.OneLine(status), "_", " ") }

// Weight is a weight for people: without the noise that sums of fractions have.
func Weight(w float64) string {
	if math.IsNaN(w) || math.IsInf(w, 0) {
		return "?"
	}
	return strings.TrimSuffix(strconv.FormatFloat(w, 'f', 2, 64), "0")
}

// clock is an instant as the reader's clock shows it, with the day when that is another one.
func (l *Look) clock(at time.Time) string {
	at = at.In(l.World.Now.Location())
	if at.Format(time.DateOnly) == l.World.Now.Format(time.DateOnly) {
		return at.Format(time.TimeOnly)
	}
	return at.Format(time.DateTime)
}

// known is an instant where there is one.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// gaps notes what a check could not look at, though it has a result.
func (h *Head) gaps(d *checks.Diagnosis, c *checks.Check) {
	for _, o := range d.Outcomes {
		if o.Check == c && o.Status != checks.Passed && o.Result != nil && o.Reason != "" {
			h.miss(errors.New(o.Reason))
		}
	}
}
