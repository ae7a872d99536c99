package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"doctor/checks"
	"doctor/remedies"
)

// Treatment is what the journal tells of one treatment.
type Treatment struct {
	ID    string    `json:"id"`
	Began time.Time `json:"began"`
	Steps []Step    `json:"steps"`
}

// Step is one operation of a treatment.
type Step struct {
	Code    checks.Code `json:"code"`
	Summary string      `json:"summary"`
	State   string      `json:"state"`            // in effect, taken back, not done, strayed or interrupted
	Detail  string      `json:"detail,omitempty"` // why, where it has not gone well
	Final   string      `json:"final,omitempty"`  // why it cannot be taken back
}

// PlanText shows what is going to be done, exactly.
func PlanText(w io.Writer, agenda remedies.Agenda, o TextOptions) error {
	t := &text{layout: newLayout(o)}
	plan := checks.Count(len(agenda.Treatments), "treatment")
	if len(agenda.Treatments) == 0 {
		plan = "there is nothing that can be treated by itself"
	}
	t.row(margin{}, margin{}, words(t.bold, "Plan: "+plan))
	for _, treatment := range agenda.Treatments {
		t.WriteByte('\n')
		t.row(margin{}.add(t.bold, string(treatment.Code)).add(nil, "  "), indent(8), words(nil, treatment.Title))
		for _, shown := range treatment.Shown {
			t.row(indent(2).add(t.dim, string(treatment.Safety)+"  "), indent(8), words(nil, shown.Summary))
			for line := range strings.Lines(shown.Text) {
				exact := []word{phrase(t.difference(shown.Form, line), strings.TrimSuffix(line, "\n"))}
				if shown.Form == "sql" {
					exact = words(nil, line)
				}
				t.row(indent(6), indent(6), exact)
			}
		}
		for _, of := range []struct{ label, text string }{
			{"proof", treatment.Proof},
			{"final", strings.Join(treatment.Final, "; ")},
			{"then", strings.Join(treatment.Then, "; ")},
			{"if", needed(treatment.After)},
		} {
			if of.text != "" {
				t.row(indent(2).add(t.dim, pad(of.label, 6)), indent(8), words(nil, of.text))
			}
		}
	}
	t.WriteByte('\n')
	_, err := io.WriteString(w, t.String())
	return err
}

// difference is the style of a line of a unified diff.
func (t *text) difference(form, line string) style {
	switch {
	case form != "diff":
		return nil
	case strings.HasPrefix(line, "+"):
		return t.green
	case strings.HasPrefix(line, "-"):
		return t.red
	}
	return t.dim
}

func needed(after []checks.Code) string {
	if len(after) == 0 {
		return ""
	}
	var names []string
	for _, code := range after {
		names = append(names, string(code))
	}
	return "it is still needed when " + strings.Join(names, ", ") + " is cured"
}

// FixesText shows what was done.
func FixesText(w io.Writer, fixes []Fix, o TextOptions) error {
	t := &text{layout: newLayout(o), document: &Document{Fixes: fixes}}
	t.fixes()
	_, err := io.WriteString(w, t.String())
	return err
}

// fixes shows what has become of each remedy that was tried, and what is left to do by hand.
func (t *text) fixes() {
	for _, fix := range t.document.Fixes {
		mark, style := t.fix(fix.Status)
		first := margin{}.add(style, mark+" "+string(fix.Code)).add(nil, "  ")
		t.row(first, indent(first.columns), words(nil, fix.Status+": "+fix.Detail))
	}
	for _, then := range t.document.Then {
		t.row(margin{}.add(t.dim, "  then"+strings.Repeat(" ", 4)), indent(10), words(nil, then))
	}
}

func (t *text) fix(status string) (mark string, s style) {
	switch remedies.Status(status) {
	case remedies.Verified:
		return "✓", t.green
	case remedies.Failed:
		return "✗", t.redBold
	case remedies.Applied:
		return "?", t.yellow
	}
	return "·", t.dim
}

// TreatmentsText lists what the journal has.
func TreatmentsText(w io.Writer, treatments []Treatment, o TextOptions) error {
	t := &text{layout: newLayout(o)}
	if len(treatments) == 0 {
		t.row(margin{}, margin{}, words(nil, "The journal has no treatment."))
	}
	for _, treatment := range treatments {
		t.row(margin{}, margin{}, []word{{text: treatment.ID, style: t.bold}, {text: "·", style: t.dim}, phrase(nil, treatment.Began.Format(time.DateTime))})
		for _, step := range treatment.Steps {
			line := fmt.Sprintf("%s: %s", step.State, step.Summary)
			for _, more := range []string{step.Detail, step.Final} {
				if more != "" {
					line += " (" + more + ")"
				}
			}
			first := indent(2).add(t.bold, string(step.Code)).add(nil, "  ")
			t.row(first, indent(first.columns), words(nil, line))
		}
	}
	_, err := io.WriteString(w, t.String())
	return err
}
