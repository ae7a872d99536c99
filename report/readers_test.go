package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	source "github.com/yuin/goldmark/text"

	"doctor/checks"
)

// toldEvil is diagnoses, and one of a pipeline that says all that could be taken for markup.
func toldEvil() map[string]*Document {
	all := diagnoses()
	evil := hostile()
	f := &evil.Findings[0]
	f.Title = "]]> --> <b> </details> # no heading\n# no heading\n\n---\n[link](http://evil.example) ![picture](http://evil.example/x.png) `code` **bold** <script> @all https://evil.example"
	f.Detail, f.Evidence[0].Excerpt, f.Evidence[0].Source = f.Title, f.Title, f.Title
	all["evil"] = evil
	return all
}

// A CI server reads what each check has come to.
func TestJUnitIsRead(t *testing.T) {
	status := map[checks.Status]junit.Status{
		checks.Passed: junit.StatusPassed, checks.Failed: junit.StatusFailed, checks.Skipped: junit.StatusSkipped,
		checks.Unknown: junit.StatusError, checks.Blocked: junit.StatusError,
	}
	for name, d := range toldEvil() {
		var out bytes.Buffer
		if err := JUnit(&out, d); err != nil {
			t.Fatal(err)
		}
		suites, err := junit.Ingest(out.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var want, got []string
		for _, c := range d.Checks {
			want = append(want, c.ID+" "+string(status[c.Status]))
		}
		for _, suite := range suites {
			for _, test := range suite.Tests {
				id, _, _ := strings.Cut(test.Name, ": ")
				got = append(got, id+" "+string(test.Status))
				found := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Check == id && f.Failing() })
				if found >= 0 && !strings.HasPrefix(test.Message, string(d.Findings[found].Code)+" ") {
					t.Errorf("%s: %s says %q", name, test.Name, test.Message)
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v is read, want %v", name, got, want)
		}
	}
}

// Of Markdown only what the format writes itself becomes markup.
func TestMarkdownIsRead(t *testing.T) {
	reader := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
	for name, d := range toldEvil() {
		var out bytes.Buffer
		if err := Markdown(&out, d); err != nil {
			t.Fatal(err)
		}
		markdown := out.Bytes()
		headings, folded := 0, 0
		_ = ast.Walk(reader.Parse(source.NewReader(markdown)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			switch n := n.(type) {
			case *ast.Heading:
				headings++
			case *ast.HTMLBlock:
				block := string(n.Lines().Value(markdown))
				if block != "<details>\n<summary>Evidence</summary>\n" && block != "</details>\n" {
					t.Errorf("%s: %q is taken for HTML", name, block)
				}
				folded++
			case *ast.Link, *ast.Image, *ast.RawHTML, *ast.ThematicBreak, *ast.FencedCodeBlock, *ast.CodeBlock:
				t.Errorf("%s: there is a %s", name, n.Kind())
			}
			return ast.WalkContinue, nil
		})
		roots := 0
		for _, f := range d.Findings {
			if f.State == checks.Active && f.Root {
				roots++
			}
		}
		if headings != roots+1 || folded%2 != 0 {
			t.Errorf("%s: %d headings for %d roots, %d folds", name, headings, roots, folded)
		}
	}
}
