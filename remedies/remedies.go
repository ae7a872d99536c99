// Package remedies says what to do about a finding, and does it where it may: a [Remedy] plans operations, and an [Engine]
// shows them, keeps in a journal what they replace, carries them out, looks whether they helped, and takes them back.
package remedies

import (
	"context"
	"slices"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Safety says how much a remedy may do by itself.
type Safety string

// The safeties.
const (
	Safe   Safety = "safe"   // destroys nothing: what it replaces can be put back
	Unsafe Safety = "unsafe" // destroys or interrupts what cannot be brought back as it was
	Manual Safety = "manual" // told, never run
)

// Remedy is one thing to do about findings of some codes. It is a value, found in the one table of this package. The same
// id may have several rows: how much a remedy may do can depend on the case.
type Remedy struct {
	ID     string
	Codes  []checks.Code
	Safety Safety

	// Says is the line to write or the command to run, in one line; "" where the remedy is none for this case. It looks at
	// nothing but the finding and the result of its check, for it is asked for each report.
	Says func(*Case) string

	// Plan finds out what exactly there is to do. It looks only. A manual remedy has none, all others have one.
	Plan func(context.Context, *Case) (*Plan, error)
}

// Case is a finding, with what else is known when it is to be treated.
type Case struct {
	Finding *checks.Finding
	Result  any // of the finding's check
	Team    int64
	World   *pipeline.World // in which it was found; nil where nothing is to be planned

	Journal  string // the folder of the journal, which may be yet to be made
	ExportTo string // the folder for exports; "" for that of the treatment in the journal
}

// Plan is what a remedy would do about one finding.
type Plan struct {
	Operations []Operation // in the order in which they have to be done
	// Proof names what will show that it helped, and Prove looks for that in a fresh world and says what it has seen there.
	// Without Prove it is proven when the check that found the disease does not find it any more; with Both it has to be gone
	// besides.
	Proof string
	Both  bool
	Prove func(context.Context, *pipeline.World) (string, error)
	// Then is what is left to do by hand, a line each. It is asked with the diagnosis after the treatment, and with nil
	// while that is only planned.
	Then func(*checks.Diagnosis) []string
}

// Advice is what a remedy says about a finding.
type Advice struct {
	ID      string
	Safety  Safety
	Summary string // the line to write or the command to run
}

// For returns what to do about a finding, in order. What is no longer active needs nothing.
func For(f *checks.Finding, of Case) []Advice {
	if f.State != checks.Active {
		return nil
	}
	of.Finding = f
	var all []Advice
	for _, r := range table {
		if line, ok := r.says(&of); ok {
			all = append(all, Advice{r.ID, r.Safety, line})
		}
	}
	if f.Check != nil && f.Check.Own != nil {
		for _, line := range f.Check.Own.Advice {
			all = append(all, Advice{"advice", Manual, line})
		}
	}
	return all
}

func (r *Remedy) says(of *Case) (line string, applies bool) {
	if !slices.Contains(r.Codes, of.Finding.Code) {
		return "", false
	}
	line = r.Says(of)
	return line, line != ""
}
