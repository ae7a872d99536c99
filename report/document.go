// Package report renders a diagnosis. [Document] is all that a format sees of one: it is complete before any format
// starts, and no format decides anything.
package report

import (
	"time"

	"doctor/checks"
)

// SchemaVersion is the version of the document's shape.
const SchemaVersion = "1"

// Document is one diagnosis as every format shows it, and as JSON publishes it: see [Schema].
type Document struct {
	SchemaVersion string    `json:"schema_version"`
	StartedAt     time.Time `json:"started_at"`
	DurationMS    float64   `json:"duration_ms"`
	TeamID        int64     `json:"team_id"`
	Since         time.Time `json:"since"` // nothing that ended before was looked at
	Mode          Mode      `json:"mode"`
	Staged        *int      `json:"staged,omitempty"`      // how many files a commit would change; nil when that was not looked at
	Interrupted   bool      `json:"interrupted,omitempty"` // called off before all checks had ended
	Summary       Summary   `json:"summary"`
	Pipeline      []Station `json:"pipeline"`
	NewestSignal  *Signal   `json:"newest_signal"` // nil when it was not looked for
	Checks        []Check   `json:"checks"`
	Findings      []Finding `json:"findings"` // roots first, then in declared order
	Fixes         []Fix     `json:"fixes"`
	Then          []string  `json:"then,omitempty"` // what is left to do by hand after the fixes
	Folder        string    `json:"-"`              // the PostHog folder; "" when there is none
	Timeline      *Timeline `json:"-"`              // nil when nothing of it was looked at
}

// Mode says what was looked at.
type Mode string

// The modes.
const (
	Live   Mode = "live"   // running services
	Replay Mode = "replay" // a capture of them; no duration is told
	Commit Mode = "commit" // a commit in the making: files only
)

// Health is a diagnosis in one word.
type Health string

// The healths.
const (
	Healthy    Health = "healthy"    // something was looked at, and nothing above information is wrong
	Unhealthy  Health = "unhealthy"  // an active error or warning
	Incomplete Health = "incomplete" // nothing wrong was seen, but not everything, or nothing at all, was looked at
)

// Summary is a diagnosis in numbers. Roots, echoes, errors and warnings count active findings above information.
type Summary struct {
	Status     Health                `json:"status"`
	Roots      int                   `json:"roots"`
	Echoes     int                   `json:"echoes"`
	Errors     int                   `json:"errors"`
	Warnings   int                   `json:"warnings"`
	Recovered  int                   `json:"recovered"`
	Suppressed int                   `json:"suppressed,omitempty"`
	Checks     map[checks.Status]int `json:"checks"`
}

// Station is one stage of a signal's way to the inbox.
type Station struct {
	Stage checks.Stage  `json:"stage"`
	State StationState  `json:"state"`
	Codes []checks.Code `json:"codes"` // of the findings that the state comes from
}

// StationState is how a stage does.
type StationState string

// The states of a stage.
const (
	StationOK       StationState = "ok"       // was looked at
	StationBroken   StationState = "broken"   // has an active error
	StationDegraded StationState = "degraded" // has an active warning
	StationUnknown  StationState = "unknown"  // was not looked at, or not all of it
	StationIdle     StationState = "idle"     // nothing has come this way
)

// Signal is where one signal is.
type Signal struct {
	SentAt time.Time    `json:"sent_at"`
	Stage  checks.Stage `json:"stage"` // the last one that it is known to have reached
	State  SignalState  `json:"state"`
	Code   checks.Code  `json:"code,omitempty"` // what stopped it
	Note   string       `json:"note,omitempty"` // what else there is to say of it
}

// SignalState is what has become of a signal.
type SignalState string

// The states of a signal.
const (
	SignalArrived SignalState = "arrived" // in the inbox
	SignalMoving  SignalState = "moving"  // on its way
	SignalWaiting SignalState = "waiting" // by design: for more signals of its matter, or for a person
	SignalStopped SignalState = "stopped" // not lost, but held up
	SignalLost    SignalState = "lost"
	SignalUnknown SignalState = "unknown" // it was seen at the stage, and then no more
)

// Check is how one check ended.
type Check struct {
	ID         string        `json:"id"`
	Title      string        `json:"title"`
	Status     checks.Status `json:"status"`
	Reason     string        `json:"reason,omitempty"`     // why it neither passed nor failed
	BlockedBy  string        `json:"blocked_by,omitempty"` // the id of the check that it cannot do without
	Requires   []string      `json:"requires"`
	After      []string      `json:"after"`
	Coverage   string        `json:"coverage,omitempty"` // what a failed check could not look at
	DurationMS float64       `json:"duration_ms"`
}

// Finding is something that is broken.
type Finding struct {
	Code        checks.Code     `json:"code"`
	Slug        string          `json:"slug"`
	Check       string          `json:"check"`
	Severity    checks.Severity `json:"severity"`
	State       checks.State    `json:"state"`
	Stage       checks.Stage    `json:"-"` // "" when it is no station's fault alone; JSON has it with the stations
	Title       string          `json:"title"`
	Detail      string          `json:"detail,omitempty"`
	Subject     []string        `json:"subject"`
	Root        bool            `json:"root"`
	CausedBy    []string        `json:"caused_by"` // fingerprints
	Evidence    []Evidence      `json:"evidence"`
	Remedies    []Remedy        `json:"remedies"`
	Fingerprint string          `json:"fingerprint"`
	Suppression *Suppression    `json:"suppression,omitempty"` // why it is suppressed; nil when it is not
}

// Suppression is why a finding is suppressed.
type Suppression struct {
	Reason string         `json:"reason"`
	Owner  string         `json:"owner"`
	Until  string         `json:"until"` // the last day
	Where  checks.Locator `json:"where"`
}

// Failing reports whether the finding is active and above information.
func (f *Finding) Failing() bool {
	return f.State == checks.Active && f.Severity.Weight() > checks.Info.Weight()
}

// Evidence is one observation that a finding rests on.
type Evidence struct {
	Source  string         `json:"source"`
	Locator checks.Locator `json:"locator"`
	Excerpt string         `json:"excerpt"`
	Time    time.Time      `json:"time,omitzero"`
}

// Remedy is something to do about a finding.
type Remedy struct {
	ID      string `json:"id"`
	Safety  string `json:"safety"` // safe, unsafe or manual
	Summary string `json:"summary"`
}

// Fix is a remedy that was tried.
type Fix struct {
	Remedy string      `json:"remedy"`
	Code   checks.Code `json:"code"`
	Status string      `json:"status"` // planned, applied, verified, failed or skipped
	Detail string      `json:"detail"`
}

// The exit codes that a document decides. Usage and interruption have their own, see package command.
const (
	ExitHealthy    = 0
	ExitFindings   = 1
	ExitIncomplete = 3
	ExitUnverified = 4
)

// ExitCode is the exit code of the diagnosis, the same for every format: whether an active finding at or above failOn
// remains, else whether a remedy could not be verified, else whether a check could not look. Nothing that is unknown keeps
// anybody from committing.
func (d *Document) ExitCode(failOn checks.Severity) int {
	for _, f := range d.Findings {
		if f.State == checks.Active && f.Severity.Weight() >= failOn.Weight() {
			return ExitFindings
		}
	}
	for _, fix := range d.Fixes {
		if fix.Status == "applied" || fix.Status == "failed" {
			return ExitUnverified
		}
	}
	if d.Mode != Commit && d.Summary.Checks[checks.Unknown]+d.Summary.Checks[checks.Blocked] > 0 {
		return ExitIncomplete
	}
	return ExitHealthy
}
