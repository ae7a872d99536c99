package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"doctor/checks"
)

// JUnit writes the document as the XML that CI servers read test results from: a suite a part, a case a check. A check
// that could not look is an error, so that no server shows it as passed. No duration is told of a capture.
func JUnit(w io.Writer, d *Document) error {
	all := junitSuites{Name: "doctor"}
	at := map[string]int{}
	for _, c := range d.Checks {
		part, _, _ := strings.Cut(c.ID, ".")
		i, ok := at[part]
		if !ok {
			i = len(all.Suites)
			at[part], all.Suites = i, append(all.Suites, junitSuite{Name: part})
		}
		s := &all.Suites[i]
		made := junitCase{Class: "doctor." + part, Name: Line(c.ID + ": " + c.Title)}
		if d.Mode != Replay {
			made.Time = fmt.Sprintf("%.4f", c.DurationMS/1000)
		}
		s.Tests++
		switch c.Status {
		case checks.Failed:
			made.Failure = failure(d, c)
			s.Failures++
		case checks.Unknown, checks.Blocked:
			made.Error = &junitResult{Message: Line(string(c.Status) + ": " + c.Reason), Type: string(c.Status)}
			s.Errors++
		case checks.Skipped:
			made.Skipped = &junitResult{Message: Line(c.Reason)}
			s.Skipped++
		}
		s.Cases = append(s.Cases, made)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Name    string       `xml:"name,attr"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr,omitempty"` // seconds
	Failure *junitResult `xml:"failure"`
	Error   *junitResult `xml:"error"`
	Skipped *junitResult `xml:"skipped"`
}

type junitResult struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// failure tells all failing findings of a check.
func failure(d *Document, c Check) *junitResult {
	var result junitResult
	var text strings.Builder
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Check != c.ID || !f.Failing() {
			continue
		}
		if result.Message == "" {
			result.Message, result.Type = Line(string(f.Code)+" "+f.Title), string(f.Code)
		}
		fmt.Fprintf(&text, "%s %s\n", f.Code, Line(f.Title))
		if f.Detail != "" {
			fmt.Fprintf(&text, "  %s\n", Line(f.Detail))
		}
		for _, e := range f.Evidence {
			fmt.Fprintf(&text, "  %s\n", Line(e.Source+": "+e.Excerpt+" "+e.Locator.String()))
		}
		for _, r := range f.Remedies {
			fmt.Fprintf(&text, "  fix: %s\n", Line(r.Summary))
		}
	}
	if c.Coverage != "" {
		fmt.Fprintf(&text, "not all was looked at: %s\n", Line(c.Coverage))
	}
	result.Text = text.String()
	return &result
}
