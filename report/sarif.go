package report

import (
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/catalog"
)

// SARIF writes the document in the Static Analysis Results Interchange Format 2.1.0
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which editors and code scanning read. Only active and suppressed findings are
// results: what is over is none. A check that could not look is a notification, so that nobody takes its silence for health.
func SARIF(w io.Writer, d *Document) error {
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "doctor", Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{invocation(d)},
		Results:     []sarifResult{},
		ColumnKind:  "unicodeCodePoints",
	}
	if d.Folder != "" {
		run.Bases = map[string]sarifArtifact{folderBase: {URI: fileURI(d.Folder) + "/"}}
	}
	rules := map[checks.Code]int{}
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.State == checks.Recovered {
			continue
		}
		if _, known := rules[f.Code]; !known {
			rules[f.Code] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f))
		}
		run.Results = append(run.Results, d.sarifResultOf(f, rules[f.Code]))
	}
	return JSON(w, sarifLog{
		Schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// folderBase is what paths within the PostHog folder are relative to.
const folderBase = "POSTHOG"

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool                `json:"tool"`
		Invocations []sarifInvocation        `json:"invocations"`
		Bases       map[string]sarifArtifact `json:"originalUriBaseIds,omitempty"`
		Results     []sarifResult            `json:"results"`
		ColumnKind  string                   `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID       string     `json:"id"`
		Name     string     `json:"name"`
		Short    sarifText  `json:"shortDescription"`
		Help     sarifText  `json:"help"`
		Defaults sarifLevel `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Descriptor sarifID   `json:"descriptor"`
		Level      string    `json:"level"`
		Message    sarifText `json:"message"`
	}
	sarifID struct {
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations,omitempty"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   sarifCauses        `json:"properties"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifCauses struct {
		Root     bool     `json:"root"`
		CausedBy []string `json:"causedBy"`
	}
	sarifLocation struct {
		ID       int                    `json:"id,omitempty"`
		Physical *sarifPhysicalLocation `json:"physicalLocation,omitempty"`
		Logical  []sarifLogicalLocation `json:"logicalLocations,omitempty"`
		Message  *sarifText             `json:"message,omitempty"`
	}
	sarifPhysicalLocation struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogicalLocation struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

// invocation says when was looked, and what could not be.
func invocation(d *Document) sarifInvocation {
	i := sarifInvocation{Successful: !d.Interrupted, Start: d.StartedAt.UTC().Format("2006-01-02T15:04:05.000Z"), Notifications: []sarifNotification{}}
	for _, c := range d.Checks {
		said := c.Reason
		switch {
		case c.Status == checks.Failed && c.Coverage != "":
			said = c.Coverage
		case c.Status != checks.Unknown && c.Status != checks.Blocked:
			continue
		}
		i.Notifications = append(i.Notifications, sarifNotification{sarifID{c.ID}, "warning", sarifText{Text: Line(c.ID + " did not see all: " + said)}})
	}
	return i
}

// sarifRuleOf is what is fixed about a finding's code, with its page of the catalogue.
func sarifRuleOf(f *Finding) sarifRule {
	info := f.Code.Info()
	if info.Code == "" { // a check of the team's own
		info.Summary, info.Severity = Line(f.Title), f.Severity
	}
	help := sarifText{Text: info.Summary}
	if page, err := catalog.Page(f.Code); err == nil {
		help = sarifText{Text: page, Markdown: page}
	}
	return sarifRule{string(f.Code), f.Slug, sarifText{Text: info.Summary}, help, sarifLevel{level(info.Severity)}}
}

// level is a severity as SARIF calls it.
func level(s checks.Severity) string {
	if s == checks.Info {
		return "note"
	}
	return string(s)
}

// sarifResultOf places a finding where its first evidence is, a file before others.
func (d *Document) sarifResultOf(f *Finding, rule int) sarifResult {
	said := []string{Line(f.Title)}
	if f.Detail != "" {
		said = append(said, Line(f.Detail))
	}
	for _, cause := range d.Findings {
		if slices.Contains(f.CausedBy, cause.Fingerprint) {
			said = append(said, "Because of "+string(cause.Code)+": "+Line(cause.Title))
		}
	}
	r := sarifResult{
		RuleID: string(f.Code), RuleIndex: rule, Level: level(f.Severity), Message: sarifText{Text: strings.Join(said, "\n")},
		Fingerprints: map[string]string{"doctor/v1": f.Fingerprint}, Properties: sarifCauses{f.Root, f.CausedBy},
	}
	if s := f.Suppression; s != nil {
		r.Suppressions = []sarifSuppression{{"external", "accepted", Line(s.Owner + " until " + s.Until + ": " + s.Reason)}}
	}
	var files, others []sarifLocation
	for i, e := range f.Evidence {
		l := d.sarifLocationOf(e)
		l.ID = i + 1
		if l.Physical != nil {
			files = append(files, l)
		} else {
			others = append(others, l)
		}
	}
	if all := slices.Concat(files, others); len(all) > 0 {
		r.Locations, r.Related = all[:1], all[1:]
	}
	return r
}

// sarifLocationOf is where a piece of evidence can be seen. What is no file has a name: a run, a table, a container.
func (d *Document) sarifLocationOf(e Evidence) sarifLocation {
	l := sarifLocation{Message: &sarifText{Text: Line(strings.TrimSuffix(e.Source+": "+e.Excerpt, ": "))}}
	if e.Locator.File == "" {
		l.Logical = []sarifLogicalLocation{{Line(strings.TrimSuffix(e.Source+" "+e.Locator.String(), " ")), "resource"}}
		return l
	}
	l.Physical = &sarifPhysicalLocation{Artifact: sarifArtifact{URI: fileURI(e.Locator.File)}}
	if within, ok := d.within(e.Locator.File); ok {
		l.Physical.Artifact = sarifArtifact{URI: fileURI(within), Base: folderBase}
		if d.Folder == "" {
			l.Physical.Artifact.Base = ""
		}
	}
	if e.Locator.Line > 0 {
		l.Physical.Region = &sarifRegion{e.Locator.Line}
	}
	return l
}

// within is a file's path within the PostHog folder, as a repository knows it; it is false when it lies elsewhere.
func (d *Document) within(path string) (string, bool) {
	if filepath.IsLocal(path) {
		return path, true
	}
	relative, err := filepath.Rel(d.Folder, path)
	return relative, d.Folder != "" && err == nil && filepath.IsLocal(relative)
}

func fileURI(path string) string {
	u := url.URL{Path: filepath.ToSlash(path)}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
