package inbox

import (
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

// What a report says of why it has failed (products/signals/backend/temporal/summary.py).
const (
	noSignals = "No signals found"
	unsafe    = "Failed safety review"
)

// opaque are the messages of failures that only say that something inside failed.
var opaque = []string{"", "Activity task failed", "Activity error"}

// reportFailures tells of the reports that have failed since the time that is looked at.
func (r reports) reportFailures(listing pipeline.UnfinishedReports) {
	recent := slices.DeleteFunc(slices.Clone(listing.Failed), func(f pipeline.UnfinishedReport) bool { return f.Updated.Before(r.Since) })
	if listing.FailedTruncated && len(recent) == len(listing.Failed) {
		r.Incomplete("only the %d reports that failed last were looked at", len(recent))
	}
	for _, report := range recent {
		r.reportFailed(report)
	}
}

func (r reports) reportFailed(report pipeline.UnfinishedReport) {
	f := r.Report(checks.INB004, report.ID).
		Titlef("report %s has failed", pipeline.Short(report.ID)).
		Detailf("Nothing takes it up again: a signal that matches it is only added to it.").
		With(inPostgres(report, report.Updated))
	if reason := checks.OneLine(report.Error); !slices.Contains(opaque, reason) {
		f.Titlef("report %s has failed: %s", pipeline.Short(report.ID), checks.Clip(reason, 200))
	}
	if summary, _ := r.runs.Summary(r.Team, report.ID); summary != nil {
		f.With(r.evidence(summary, "its summary: "+strings.ToLower(string(summary.Status)))).CausedBy(r.failed(summary)...)
	}
	switch {
	case strings.HasPrefix(report.Error, unsafe):
		f.As(checks.Info).Detailf("Its signals were judged unsafe: that is how it is meant to end.")
	case strings.HasPrefix(report.Error, noSignals):
		r.whyNoSignals(f, report)
	}
}

// whyNoSignals tells what is there of a report whose summary has found none of its signals. That it does not see those that
// are there is explained by what it asks; nobody knows of others.
func (r reports) whyNoSignals(f *checks.Finding, report pipeline.UnfinishedReport) {
	signals, known := checks.ResultOf[*embeddings.Signals](r.Pass, embeddings.Live)
	if !known {
		return
	}
	table, of := signals.Of(report.ID)
	switch {
	case of == nil:
		f.With(checks.Evidence{Source: string(pipeline.SourceClickHouse), Excerpt: "no live signal of it is there", Time: r.World.Now})
		if arrivals, known := checks.ResultOf[*embeddings.Arrivals](r.Pass, embeddings.Ingestion); known {
			f.CausedBy(arrivals.InBuffer(r.Findings(embeddings.Ingestion))...)
		}
	case of.Inserted.After(report.Updated):
		f.With(checks.Evidence{Source: table.String(), Excerpt: "has " + checks.Count(of.Documents, "signal") + " of it, which came later", Time: of.Inserted})
	default:
		f.With(checks.Evidence{Source: table.String(), Excerpt: "has " + checks.Count(of.Documents, "signal") + " of it, which came earlier", Time: of.Inserted}).
			CausedBy(r.Findings(embeddings.Tables)...)
	}
}
