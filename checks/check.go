// Package checks is the vocabulary and the engine of a diagnosis: what a [Check] is, what it may see and say in its
// [Pass], and how [Run] puts all of them to work in dependency order.
package checks

import (
	"context"
	"slices"

	"doctor/checks/pipeline"
)

// A Check looks at one aspect of the pipeline and reports what is broken. It is a value: a package-level variable, found
// in the one list in package all.
type Check struct {
	ID    string // part.name, such as "embeddings.stale"
	Title string // a positive statement, so that ✓ and ✗ before it read as true and false
	Codes []Code // what it may report; none for a check that only prepares what others look at

	// Requires are the checks without which this one cannot look: when one of them fails or is unknown, it is blocked.
	Requires []*Check
	// After are the checks that this one waits for, whatever they find. It may name their findings as causes.
	After []*Check

	Reads  []Source // what it asks itself, and of what those asked whose results it takes what it rests on; a test records it
	Static bool     // reads files only: no network, no Docker
	Commit bool     // judges what a commit would change, and takes part where one is being made only

	Own *OwnCode // of a check that a team has written itself; nil of all others

	// Run looks. The result is typed data for later checks and for remedies, see [ResultOf].
	//
	// An error means "could not look" and makes the check unknown; findings that were reported before are then dropped,
	// because a diagnosis never mixes the two. A check that saw a part says so with [Pass.Incomplete]. Run may return
	// [Skip] where its source is not there by design.
	Run func(ctx context.Context, p *Pass) (result any, err error)
}

// OwnCode is what stands for the tables and the catalogue, of a check that a team has written itself (package custom). Such a
// check has this one code.
type OwnCode struct {
	CodeInfo
	Page   string   // of the catalogue, as Markdown
	Advice []string // what to do about a finding
}

// Info is what is fixed about a code of the check. The zero value means that there is no such code.
func (c *Check) Info(code Code) CodeInfo {
	if c.Own != nil && c.Own.Code == code {
		return c.Own.CodeInfo
	}
	return code.Info()
}

// CodesOf are the codes of the table, and those of the checks that a team has written itself.
func CodesOf(all []*Check) []CodeInfo {
	infos := slices.Clone(Codes)
	for _, c := range all {
		if c.Own != nil {
			infos = append(infos, c.Own.CodeInfo)
		}
	}
	return infos
}

// Source is what a check reads.
type Source struct {
	pipeline.Source
	Optional bool // the check can do without
}

// The sources that a check can read.
var (
	Settings      = Source{Source: pipeline.SourceSettings}
	Temporal      = Source{Source: pipeline.SourceTemporal}
	ClickHouse    = Source{Source: pipeline.SourceClickHouse}
	ObjectStorage = Source{Source: pipeline.SourceObjectStorage}
	Docker        = Source{Source: pipeline.SourceDocker}
	Postgres      = Source{Source: pipeline.SourcePostgres}
	Support       = Source{Source: pipeline.SourceSupport}
	Machine       = Source{Source: pipeline.SourceMachine}
	Git           = Source{Source: pipeline.SourceGit}
)

// Optional is a source that a check makes use of where it is there.
func Optional(s Source) Source {
	s.Optional = true
	return s
}

// Status is how a check ended.
type Status string

// The statuses.
const (
	Passed  Status = "pass"    // looked at everything it has to look at, and found nothing above info
	Failed  Status = "fail"    // has an active finding above info
	Unknown Status = "unknown" // could not look, or not at everything
	Blocked Status = "blocked" // what it requires failed or is unknown
	Skipped Status = "skipped" // deselected, or its source is not configured
)
