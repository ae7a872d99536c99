// Package inspect answers what people look up by hand when they search for a signal: what runs, what a workflow did, what an
// agent logged, where the reports stand.
//
// Each inspection looks at a [Look] and returns one document: plain data, which every format shows as it is. What it could
// not see is in the document, too; an inspection fails only when it has nothing to show.
package inspect

import (
	"context"
	"errors"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// SchemaVersion is the version of the shape of all documents.
const SchemaVersion = "1"

// Look is whose pipeline is looked at, and how far back.
type Look struct {
	World *pipeline.World
	Team  int64
	Since time.Time
	// Progress, when set, is told which checks an inspection waits for.
	Progress func(running []*checks.Check)
}

// A Document is what an inspection has found.
type Document interface {
	// ExitCode is that of the command: [Seen], [Unseen], or what the document's own type says.
	ExitCode() int
}

// The exit codes of an inspection.
const (
	Seen    = 0
	Stopped = 1 // of those that judge: the signal has not arrived, and will not by itself
	Unseen  = 3 // not everything that was asked for could be seen
)

// Head is what every document begins with.
type Head struct {
	SchemaVersion string    `json:"schema_version"`
	LookedAt      time.Time `json:"looked_at" jsonschema:"when it was looked at, or recorded"`
	TeamID        int64     `json:"team_id"`
	Missed        []string  `json:"missed" jsonschema:"what could not be seen, and why"`
}

func (l *Look) head() Head {
	return Head{SchemaVersion: SchemaVersion, LookedAt: l.World.Now, TeamID: l.Team, Missed: []string{}}
}

// ExitCode says whether everything could be seen.
func (h *Head) ExitCode() int {
	if len(h.Missed) > 0 {
		return Unseen
	}
	return Seen
}

// miss notes what could not be seen, once. No error is nothing missed.
func (h *Head) miss(err error) {
	if err != nil && !slices.Contains(h.Missed, err.Error()) {
		h.Missed = append(h.Missed, err.Error())
	}
}

// diagnose runs some checks, and all that they wait for.
func (l *Look) diagnose(ctx context.Context, of ...*checks.Check) *checks.Diagnosis {
	return checks.Run(ctx, checks.Selecting(of...), checks.Options{World: l.World, Team: l.Team, Since: l.Since, Progress: l.Progress})
}

// resultOf is what a check of a diagnosis returned, and otherwise why it could not look.
func resultOf[T any](d *checks.Diagnosis, c *checks.Check) (result T, err error) {
	at := slices.IndexFunc(d.Outcomes, func(o *checks.Outcome) bool { return o.Check == c })
	o := d.Outcomes[at]
	if result, ok := o.Result.(T); ok {
		return result, nil
	}
	for _, f := range d.Findings() {
		if f.Check == o.Check || f.Check == o.BlockedBy {
			return result, errors.New(f.Title)
		}
	}
	return result, errors.New(o.Reason)
}
