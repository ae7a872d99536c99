package truth

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"doctor/checks"
)

// Verdict is what a diagnosis found in a world, held against the truth. It is plain data, one line of a file of results.
type Verdict struct {
	Seed     uint64        `json:"seed"`
	Given    []string      `json:"given"`
	Expected []checks.Code `json:"expected"`
	Found    []checks.Code `json:"found"`
	Missed   []checks.Code `json:"missed,omitempty"`
	False    []checks.Code `json:"false,omitempty"`   // found, and not there
	Unknown  []string      `json:"unknown,omitempty"` // the checks that could not look, and why
	Failure  string        `json:"failure,omitempty"` // the world did not come about, and nothing was judged
}

// Judge holds what was found in a world against the truth.
func Judge(w World, d *checks.Diagnosis) Verdict {
	v := Verdict{Seed: w.Seed, Given: w.Names(), Found: Found(d)}.Against(w)
	for _, o := range d.Outcomes {
		if o.Status == checks.Unknown {
			v.Unknown = append(v.Unknown, o.Check.ID+": "+o.Reason)
		}
	}
	return v
}

// Against holds what was found before against the world as it is known now.
func (v Verdict) Against(w World) Verdict {
	v.Expected = w.Roots()
	v.Missed, v.False = without(v.Expected, v.Found), without(v.Found, v.Expected)
	return v
}

// Right reports whether all that is wrong was found, and nothing else.
func (v Verdict) Right() bool {
	return len(v.Missed)+len(v.False)+len(v.Unknown) == 0 && v.Failure == ""
}

func without(codes, others []checks.Code) []checks.Code {
	return slices.DeleteFunc(slices.Clone(codes), func(c checks.Code) bool { return slices.Contains(others, c) })
}

// count is how often a code was a root, and how often that was found.
type count struct{ expected, found, right int }

func (c *count) add(o count) {
	c.expected, c.found, c.right = c.expected+o.expected, c.found+o.found, c.right+o.right
}

// Write writes the table of precision and recall, one line a code. Precision is how many of the roots that were found are
// there; recall is how many of those that are there were found.
func Write(to io.Writer, verdicts []Verdict) error {
	byCode, total := map[checks.Code]*count{}, &count{}
	of := func(code checks.Code) *count {
		if byCode[code] == nil {
			byCode[code] = &count{}
		}
		return byCode[code]
	}
	right, unknown, failures := 0, 0, 0
	for _, v := range verdicts {
		if v.Failure != "" {
			failures++
			continue
		}
		if v.Right() {
			right++
		}
		if len(v.Unknown) > 0 {
			unknown++
		}
		for _, code := range v.Expected {
			of(code).expected++
		}
		for _, code := range v.Found {
			of(code).found++
			if slices.Contains(v.Expected, code) {
				of(code).right++
			}
		}
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "code\tthere\tfound\tboth\tprecision\trecall\t")
	for _, code := range slices.SortedFunc(maps.Keys(byCode), cmp.Compare[checks.Code]) {
		writeCount(table, string(code), *byCode[code])
		total.add(*byCode[code])
	}
	writeCount(table, "all", *total)
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(to, "\n%d worlds; %d judged just right, %d with a check that could not look, %d did not come about\n", len(verdicts), right, unknown, failures)
	return err
}

func writeCount(to io.Writer, name string, c count) {
	fmt.Fprintf(to, "%s\t%d\t%d\t%d\t%s\t%s\t\n", name, c.expected, c.found, c.right, ratio(c.right, c.found), ratio(c.right, c.expected))
}

func ratio(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4f", float64(n)/float64(of))
}
