// Package custom makes checks of the files that a team writes itself, in .doctor-checks beside .env. Such a file says what to
// look for; it brings no code along, no command and no SQL.
package custom

import (
	_ "embed" // the schema
	"path"
	"regexp"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
	"doctor/checks/yamlfile"
)

// Schema is the JSON Schema of such a file, for editors.
//
//go:embed schema.json
var Schema []byte

// Part is what the ids of such checks begin with: a check is called after its file.
const Part = "own"

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	// No code of the doctor's table will ever have this form.
	codeForm = regexp.MustCompile(`^X-[A-Z0-9]+(-[A-Z0-9]+)*$`)
)

// Parse makes a check of each file. They may wait for the given checks. The first mistake is a [yamlfile.Error].
func Parse(files []settings.CheckFile, all []*checks.Check) ([]*checks.Check, error) {
	var made []*checks.Check
	where, names := map[checks.Code]string{}, map[string]string{}
	for _, file := range files {
		r := reader{Reader: yamlfile.Reader{Path: file.Path}, all: all}
		d := r.read([]byte(file.Text))
		if other := where[d.code]; other != "" {
			r.Line = d.lines["code"]
			r.FailHere("%s is the code of %s, too", d.code, other)
		}
		if other := names[d.name]; other != "" {
			r.Line = 0
			r.FailHere("%s is called the same", other)
		}
		if r.Err != nil {
			return nil, r.Err
		}
		where[d.code], names[d.name] = file.Path, file.Path
		made = append(made, d.check(file.Path))
	}
	return made, nil
}

// Of are the codes of checks that a team has written itself.
func Of(all []*checks.Check) []checks.Code {
	var codes []checks.Code
	for _, c := range all {
		if c.Own != nil {
			codes = append(codes, c.Own.Code)
		}
	}
	return codes
}

// definition is what a file says.
type definition struct {
	name                   string
	code                   checks.Code
	severity               checks.Severity
	stage                  checks.Stage
	title, finding, detail string
	advice                 []string
	requires, after        []*checks.Check
	evidence               []string // names of fields
	count                  condition
	kind                   kind

	lines map[string]int // of each key
}

// kind is one of the ways to look.
type kind interface {
	// reads is what is read beside what is required.
	reads() []checks.Source
	// needs is the id of the check without which nothing can be seen; "" for none.
	needs() string
	// says tells in a sentence of the catalogue how it is decided, and names what was looked at.
	says() string
	looker
}

func nameOf(file string) string { return strings.TrimSuffix(path.Base(file), path.Ext(file)) }

// check makes the check of a definition.
func (d *definition) check(file string) *checks.Check {
	name := d.name
	c := &checks.Check{
		ID:       Part + "." + name,
		Title:    d.title,
		Codes:    []checks.Code{d.code},
		Requires: d.requires,
		After:    d.after,
		Reads:    d.kind.reads(),
		Static:   !slices.ContainsFunc(d.requires, func(c *checks.Check) bool { return !c.Static }),
		Own: &checks.OwnCode{
			CodeInfo: checks.CodeInfo{Code: d.code, Slug: name, Severity: d.severity, Stage: d.stage, Summary: d.finding},
			Page:     d.page(file),
			Advice:   d.advice,
		},
	}
	c.Run = d.run
	return c
}
