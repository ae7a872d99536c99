package report

import (
	"fmt"
	"io"
	"strings"

	"doctor/checks"
)

// GitHub writes the document as workflow commands, which GitHub Actions shows as annotations
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions): one for each active finding, and one
// for each check that could not look. A file is named where a finding's evidence has one in the PostHog folder, which is
// taken for the repository.
func GitHub(w io.Writer, d *Document) error {
	var out strings.Builder
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.State != checks.Active {
			continue
		}
		level := "notice"
		if f.Severity == checks.Error || f.Severity == checks.Warning {
			level = string(f.Severity)
		}
		message := []string{Line(f.Title)}
		if f.Detail != "" {
			message = append(message, Line(f.Detail))
		}
		for _, r := range f.Remedies {
			message = append(message, "fix: "+Line(r.Summary))
		}
		annotate(&out, level, string(f.Code)+" "+f.Slug, d.localPlace(f), strings.Join(message, "\n"))
	}
	for _, c := range d.Checks {
		if c.Status == checks.Unknown || c.Status == checks.Blocked {
			annotate(&out, "notice", c.ID+" "+string(c.Status), checks.Locator{}, Line(c.Reason))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

var (
	commandMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func annotate(out *strings.Builder, level, title string, at checks.Locator, message string) {
	var properties []string
	if at.File != "" {
		properties = append(properties, "file="+commandProperty.Replace(Line(at.File)))
	}
	if at.File != "" && at.Line > 0 {
		properties = append(properties, fmt.Sprintf("line=%d", at.Line))
	}
	properties = append(properties, "title="+commandProperty.Replace(Line(title)))
	fmt.Fprintf(out, "::%s %s::%s\n", level, strings.Join(properties, ","), commandMessage.Replace(message))
}

// localPlace is the first file of a finding's evidence that lies in the PostHog folder, one with a line before others. The zero
// value means that there is none.
func (d *Document) localPlace(f *Finding) checks.Locator {
	var place checks.Locator
	for _, e := range f.Evidence {
		file, ok := d.within(e.Locator.File)
		if ok && (place.File == "" || place.Line == 0 && e.Locator.Line > 0) {
			place = checks.Locator{File: file, Line: e.Locator.Line}
		}
	}
	return place
}
