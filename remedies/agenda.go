package remedies

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Agenda is what there is to do, in order.
type Agenda struct {
	Treatments []Treatment
	Hash       string // the same as long as the same things have to be done
}

// Treatment is one remedy, planned for one finding.
type Treatment struct {
	Remedy  string      `json:"remedy"`
	Code    checks.Code `json:"code"`
	Finding string      `json:"finding"` // its fingerprint
	Title   string      `json:"title"`   // of the finding
	Safety  Safety      `json:"safety"`
	Shown   []Shown     `json:"shown"` // its operations
	Final   []string    `json:"final"` // what of it cannot be taken back, and why
	Proof   string      `json:"proof"` // what will show that it has helped
	Then    []string    `json:"then"`  // what is left to do by hand
	// After are the codes of the causes that are treated first. It is done only if they leave it something to do, and
	// planned anew then.
	After []checks.Code `json:"after"`
	Hash  string        `json:"hash"`

	finding *checks.Finding
	plan    *Plan
}

// Summary is what is done, in one line.
func (t *Treatment) Summary() string {
	var all []string
	for _, s := range t.Shown {
		all = append(all, s.Summary)
	}
	return strings.Join(all, "; ")
}

// sight is one look at the pipeline.
type sight struct {
	*checks.Diagnosis
	world *pipeline.World
}

// look diagnoses the pipeline as it is now.
func (e *Engine) look(ctx context.Context) (*sight, error) {
	world, err := e.Open()
	if err != nil {
		return nil, err
	}
	return &sight{e.Diagnose(ctx, world), world}, nil
}

func (s *sight) outcome(of *checks.Check) *checks.Outcome {
	for _, o := range s.Outcomes {
		if o.Check == of {
			return o
		}
	}
	return &checks.Outcome{Check: of, Status: checks.Skipped, Reason: "takes no part"}
}

// named is the failing finding with a fingerprint; nil when there is none any more.
func (s *sight) named(fingerprint string) *checks.Finding {
	for _, f := range s.Findings() {
		if f.Failing() && f.Fingerprint() == fingerprint {
			return f
		}
	}
	return nil
}

// remedy is the one to run for a failing finding: the first that may be run at all.
func (e *Engine) remedy(s *sight, f *checks.Finding) (*Remedy, *Case) {
	of := &Case{Finding: f, Result: s.outcome(f.Check).Result, Team: e.Team, World: s.world, Journal: e.Journal, ExportTo: e.ExportTo}
	if !f.Failing() {
		return nil, nil
	}
	rows := e.table()
	for i := range rows {
		if _, ok := rows[i].says(of); ok && rows[i].Plan != nil {
			return &rows[i], of
		}
	}
	return nil, nil
}

// plan plans a remedy for a finding.
func plan(ctx context.Context, r *Remedy, of *Case) (*Treatment, error) {
	p, err := r.Plan(ctx, of)
	if err != nil {
		return nil, err
	}
	t := &Treatment{
		Remedy: r.ID, Code: of.Finding.Code, Finding: of.Finding.Fingerprint(), Title: of.Finding.Title, Safety: r.Safety,
		Proof: p.Proof, finding: of.Finding, plan: p,
	}
	if p.Prove == nil {
		t.Proof = fmt.Sprintf("%s does not find it any more", of.Finding.Check.ID)
	}
	if p.Then != nil {
		t.Then = p.Then(nil)
	}
	parts := []string{t.Remedy, t.Finding}
	for _, operation := range p.Operations {
		t.Shown = append(t.Shown, operation.Show())
		if why := operation.Final(); why != "" {
			t.Final = append(t.Final, why)
		}
		parts = append(parts, operation.Kind(), operation.Target(), operation.Essence())
	}
	t.Hash = hash(parts)
	return t, nil
}

// hash is short enough to be typed, and long enough not to be met by chance.
func hash(parts []string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (a *Agenda) add(t *Treatment) {
	a.Treatments = append(a.Treatments, *t)
	var hashes []string
	for _, t := range a.Treatments {
		hashes = append(hashes, t.Hash)
	}
	slices.Sort(hashes)
	a.Hash = hash(hashes)
}

// find is the treatment of a finding on the agenda.
func (a *Agenda) find(fingerprint string) *Treatment {
	for i := range a.Treatments {
		if a.Treatments[i].Finding == fingerprint {
			return &a.Treatments[i]
		}
	}
	return nil
}
