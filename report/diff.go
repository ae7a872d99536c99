package report

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"doctor/checks"
)

// ComparisonSchemaVersion is the version of the shape of a [Comparison].
const ComparisonSchemaVersion = "1"

// ComparisonSchema is the JSON Schema of [Comparison].
//
//go:embed diff.schema.json
var ComparisonSchema []byte

// Comparison is what two diagnoses, A and B, say of each other, as every format shows it. Only active findings are
// compared, and by fingerprint. None that B could not see again is called fixed.
type Comparison struct {
	SchemaVersion string       `json:"schema_version"`
	A             Side         `json:"a"`
	B             Side         `json:"b"`
	Notes         []string     `json:"notes"` // what to know before reading on
	New           []Difference `json:"new"`   // active in B, and not in A
	Changed       []Difference `json:"changed"`
	Fixed         []Difference `json:"fixed"`      // active in A, and over or gone in B
	LostSight     []Sight      `json:"lost_sight"` // looked at in A, and not in B
	Regained      []Sight      `json:"regained_sight"`
	Unchanged     int          `json:"unchanged"` // findings
}

// Side is one of the two diagnoses.
type Side struct {
	Name        string    `json:"name"` // of its file, as it was given
	StartedAt   time.Time `json:"started_at"`
	Since       time.Time `json:"since"`
	TeamID      int64     `json:"team_id"`
	Mode        Mode      `json:"mode"`
	Interrupted bool      `json:"interrupted,omitempty"`
	Summary     Summary   `json:"summary"`
}

// Difference is a finding, as B has it, or A when B has it no more.
type Difference struct {
	Code        checks.Code     `json:"code"`
	Check       string          `json:"check"`
	Severity    checks.Severity `json:"severity"`
	Title       string          `json:"title"`
	Subject     []string        `json:"subject"`
	Root        bool            `json:"root"` // nothing explains it
	Fingerprint string          `json:"fingerprint"`
	Was         *Was            `json:"was,omitempty"`  // of a changed one: only what has changed
	Note        string          `json:"note,omitempty"` // how it is known to be over, or why A may not have had it
}

// Was is what a finding was in A.
type Was struct {
	Severity checks.Severity `json:"severity,omitempty"`
	Title    string          `json:"title,omitempty"`
}

// Sight is a check that could look in only one of the two diagnoses, or that saw only there what is listed.
type Sight struct {
	Check    string        `json:"check"`
	A        checks.Status `json:"a,omitempty"` // "" where it took no part
	B        checks.Status `json:"b,omitempty"`
	Reason   string        `json:"reason"`   // why it could not look in the other one
	Findings []Difference  `json:"findings"` // of A, of which B does not tell
}

// Read reads a diagnosis that [JSON] has written.
func Read(written []byte) (*Document, error) {
	var version struct {
		SchemaVersion string `json:"schema_version"`
	}
	if err := json.Unmarshal(written, &version); err != nil || version.SchemaVersion == "" {
		return nil, errNoReport
	}
	if version.SchemaVersion != SchemaVersion {
		return nil, fmt.Errorf("its schema_version is %q, and this doctor reads %q", version.SchemaVersion, SchemaVersion)
	}
	var d Document
	if err := json.Unmarshal(written, &d); err != nil || !d.sound() {
		return nil, errNoReport
	}
	return &d, nil
}

// sound reports whether all is there by which diagnoses are compared. What is not known would not count.
func (d *Document) sound() bool {
	return slices.Contains([]Mode{Live, Replay, Commit}, d.Mode) && d.TeamID > 0 && !d.StartedAt.IsZero() && d.Checks != nil && d.Findings != nil &&
		!slices.ContainsFunc(d.Checks, func(c Check) bool {
			return c.ID == "" || !slices.Contains([]checks.Status{checks.Passed, checks.Failed, checks.Unknown, checks.Blocked, checks.Skipped}, c.Status)
		}) &&
		!slices.ContainsFunc(d.Findings, func(f Finding) bool {
			return f.Fingerprint == "" || f.Severity.Weight() == 0 || !slices.Contains([]checks.State{checks.Active, checks.Recovered, checks.Suppressed}, f.State)
		})
}

var errNoReport = errors.New("it is not what doctor --format json writes")

// Compare compares the diagnosis b with the diagnosis a, which was made before. The names are those of their files.
func Compare(a, b *Document, nameA, nameB string) *Comparison {
	c := comparer{a: a, b: b, requires: map[string][]string{}, sights: map[[2]string]int{}, result: &Comparison{
		SchemaVersion: ComparisonSchemaVersion,
		A:             side(a, nameA),
		B:             side(b, nameB),
		Notes:         notes(a, b),
		New:           []Difference{},
		Changed:       []Difference{},
		Fixed:         []Difference{},
		LostSight:     []Sight{},
		Regained:      []Sight{},
	}}
	for _, check := range slices.Concat(a.Checks, b.Checks) {
		c.requires[check.ID] = check.Requires
	}
	c.inA, c.inB = c.looks(a), c.looks(b)
	c.compareFindings()
	c.compareChecks()
	return c.result
}

// ExitCode is [ExitFindings] when something in B is at or above failOn that was not so in A.
func (c *Comparison) ExitCode(failOn checks.Severity) int {
	for _, d := range slices.Concat(c.New, c.Changed) {
		grown := d.Was == nil || d.Was.Severity != "" && d.Was.Severity.Weight() < failOn.Weight()
		if grown && d.Severity.Weight() >= failOn.Weight() {
			return ExitFindings
		}
	}
	return ExitHealthy
}

func side(d *Document, name string) Side {
	return Side{name, d.StartedAt, d.Since, d.TeamID, d.Mode, d.Interrupted, d.Summary}
}

func notes(a, b *Document) []string {
	said := []string{}
	if a.TeamID != b.TeamID {
		said = append(said, fmt.Sprintf("A is of team %d and B of team %d: fixed is what only A has, and new what only B has.", a.TeamID, b.TeamID))
	}
	if b.StartedAt.Before(a.StartedAt) {
		said = append(said, "B was made before A: fixed is what came later, and new what went away.")
	}
	return said
}

// comparer is a comparison in the making.
type comparer struct {
	a, b     *Document
	requires map[string][]string // of each check
	inA, inB map[string]Check
	sights   map[[2]string]int // where in result.LostSight a check is, with a reason
	result   *Comparison
}

// looks is how each check of a diagnosis ended. One that is not listed, though one that has looked requires it, has
// passed: only such checks are left out of a list.
func (c *comparer) looks(d *Document) map[string]Check {
	ended := map[string]Check{}
	for _, check := range d.Checks {
		ended[check.ID] = check
	}
	var assume func(id string)
	assume = func(id string) {
		for _, needed := range c.requires[id] {
			if _, listed := ended[needed]; !listed {
				ended[needed] = Check{ID: needed, Status: checks.Passed}
				assume(needed)
			}
		}
	}
	for _, check := range d.Checks {
		if decided(check.Status) {
			assume(check.ID)
		}
	}
	return ended
}

func (c *comparer) compareFindings() {
	before, after := c.a.byFingerprint(), c.b.byFingerprint()
	for i := range c.b.Findings {
		f := &c.b.Findings[i]
		was := before[f.Fingerprint]
		switch {
		case f.State != checks.Active:
		case was == nil || was.State != checks.Active:
			c.result.New = append(c.result.New, c.fresh(f, was))
		case was.Severity != f.Severity || was.Title != f.Title:
			c.result.Changed = append(c.result.Changed, changed(was, f))
		default:
			c.result.Unchanged++
		}
	}
	for i := range c.a.Findings {
		f := &c.a.Findings[i]
		if is := after[f.Fingerprint]; f.State == checks.Active && (is == nil || is.State != checks.Active) {
			c.gone(f, is)
		}
	}
}

// byFingerprint is a diagnosis' findings; of two with one fingerprint, the one that is active.
func (d *Document) byFingerprint() map[string]*Finding {
	found := map[string]*Finding{}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.State == checks.Active || found[f.Fingerprint] == nil {
			found[f.Fingerprint] = f
		}
	}
	return found
}

func changed(was, f *Finding) Difference {
	d := difference(f)
	d.Was = &Was{}
	if was.Severity != f.Severity {
		d.Was.Severity = was.Severity
	}
	if was.Title != f.Title {
		d.Was.Title = was.Title
	}
	return d
}

// fresh is a finding that A does not have as an active one, with what speaks against its being new. A may have it as one
// that was over.
func (c *comparer) fresh(f, was *Finding) Difference {
	d := difference(f)
	check := c.inA[f.Check]
	switch {
	case was != nil && was.State == checks.Suppressed:
		d.Note = "A suppressed it"
	case was != nil:
		d.Note = "was over in A, and is back"
	case !decided(check.Status):
		d.Note = "A did not look: " + check.why()
	case past(f, c.a.Since):
		d.Note = "older than what A looked at"
	}
	return d
}

// gone files a finding that is active in A, and not in B. It is fixed only if B has looked where it would be. B may have it
// as one that is over.
func (c *comparer) gone(f, is *Finding) {
	d := difference(f)
	check := c.inB[f.Check]
	switch {
	case !decided(check.Status):
		c.lost(f.Check, check.why(), d)
	case is != nil && is.State == checks.Suppressed:
		c.lost(f.Check, "B suppresses it", d)
	case is != nil:
		d.Note = "recovered"
		c.result.Fixed = append(c.result.Fixed, d)
	case check.Coverage != "":
		c.lost(f.Check, check.Coverage, d)
	case past(f, c.b.Since):
		c.lost(f.Check, "B does not look back that far", d)
	default:
		c.result.Fixed = append(c.result.Fixed, d)
	}
}

// past reports whether all that a finding is about happened before an instant. What an event of a run or a line of a log
// tells has a time; what stands in a file or a table now has none that would count.
func past(f *Finding, since time.Time) bool {
	dated := false
	for _, e := range f.Evidence {
		if e.Time.IsZero() || e.Locator.Run == "" && e.Locator.Object == "" {
			continue
		}
		if !e.Time.Before(since) {
			return false
		}
		dated = true
	}
	return dated
}

// lost notes that B does not tell of a finding of a check, and why.
func (c *comparer) lost(check, reason string, findings ...Difference) {
	key := [2]string{check, reason}
	at, known := c.sights[key]
	if !known {
		at, c.sights[key] = len(c.result.LostSight), len(c.result.LostSight)
		c.result.LostSight = append(c.result.LostSight, Sight{check, c.inA[check].Status, c.inB[check].Status, reason, []Difference{}})
	}
	s := &c.result.LostSight[at]
	s.Findings = append(s.Findings, findings...)
}

// compareChecks names the checks that could look in only one of the two, in A's order.
func (c *comparer) compareChecks() {
	for _, was := range c.a.Checks {
		is := c.inB[was.ID]
		switch {
		case decided(was.Status) && !decided(is.Status):
			c.lost(was.ID, is.why())
		case !decided(was.Status) && decided(is.Status):
			c.result.Regained = append(c.result.Regained, Sight{was.ID, was.Status, is.Status, was.why(), []Difference{}})
		}
	}
}

// decided reports whether a check that ended so has looked.
func decided(status checks.Status) bool { return status == checks.Passed || status == checks.Failed }

// why is the reason for which the check has not looked.
func (c Check) why() string {
	switch {
	case c.Status == "":
		return "takes no part"
	case c.Reason == "":
		return string(c.Status)
	}
	return c.Reason
}

func difference(f *Finding) Difference {
	return Difference{
		Code: f.Code, Check: f.Check, Severity: f.Severity, Title: f.Title,
		Subject: append([]string{}, f.Subject...), Root: f.Root, Fingerprint: f.Fingerprint,
	}
}
