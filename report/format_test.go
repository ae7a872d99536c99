package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks"
)

// Whatever the pipeline says stays data in the formats for other programs.
func TestFormatsObeyNobody(t *testing.T) {
	evil := "\x1b[2J ]]> --> | ` \r\n::error::owned %0A \u202e \xff\x00 @all <b>"
	all := diagnoses()
	d := hostile()
	f := &d.Findings[0]
	f.Title, f.Detail = evil, evil
	f.Evidence = append(f.Evidence, Evidence{Source: evil, Excerpt: evil, Locator: checks.Locator{File: "a,b:c\n::error::x", Line: 3}})
	f.Remedies = []Remedy{{ID: "x", Safety: "manual", Summary: evil}}
	all["evil"] = d
	for name, d := range all {
		for format := range renderings {
			var out bytes.Buffer
			if err := Render(&out, d, format); err != nil {
				t.Fatal(err)
			}
			for _, r := range out.String() {
				if r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) {
					t.Errorf("%s as %s: %q is written as it is", name, format, r)
				}
			}
			if format == "github" {
				for line := range strings.Lines(out.String()) {
					if !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") && !strings.HasPrefix(line, "::notice ") {
						t.Errorf("%s: no annotation: %q", name, line)
					}
				}
			}
			if format == "junit" {
				decoder := xml.NewDecoder(&out)
				for {
					if _, err := decoder.Token(); errors.Is(err, io.EOF) {
						break
					} else if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
				}
			}
		}
	}
}

func TestFormatsGolden(t *testing.T) {
	var out bytes.Buffer
	if err := SARIF(&out, diagnoses()["tree"]); err != nil {
		t.Fatal(err)
	}
	golden(t, "tree.sarif", out.String())
	for _, name := range []string{"chain", "down", "tree", "unlooked", "hostile"} {
		for _, format := range []string{"github", "junit", "markdown"} {
			var out bytes.Buffer
			if err := Render(&out, diagnoses()[name], format); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+format, out.String())
		}
	}
}

// What is written is SARIF as its schema has it (report/testdata, from oasis-tcs/sarif-spec), whatever the pipeline says.
func TestSARIFIsValid(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range diagnoses() {
		var out bytes.Buffer
		if err := SARIF(&out, d); err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file of the PostHog folder is named as the repository knows it, and any other one by its whole path.
func TestSARIFPlaces(t *testing.T) {
	for _, c := range []struct{ folder, file, uri, base string }{
		{"/home/me/posthog", "/home/me/posthog/.env", ".env", folderBase},
		{"/home/me/posthog", "/home/me/other/.env", "file:///home/me/other/.env", ""},
		{"/home/me/posthog", "/home/me/posthog/a b:c", "./a%20b:c", folderBase},
		{"", "/home/me/.env", "file:///home/me/.env", ""},
		{"", "a b", "a%20b", ""},
	} {
		d := &Document{Folder: c.folder}
		got := d.sarifLocationOf(Evidence{Source: "s", Locator: checks.Locator{File: c.file, Line: 4}})
		if got.Physical.Artifact != (sarifArtifact{c.uri, c.base}) || got.Physical.Region.StartLine != 4 {
			t.Errorf("%+v: %+v", c, got.Physical)
		}
	}
}

// Nothing that the pipeline says becomes markup.
func TestPlain(t *testing.T) {
	for said, want := range map[string]string{
		"a_b *c* `d`":      "a\\_b \\*c\\* \\`d\\`",
		"<img src=x>":      "&lt;img src=x&gt;",
		"[x](http://evil)": "\\[x\\](http://evil)",
		"@all | #1":        "`@`all \\| \\#1",
		"a\nb":             plain("a b"),
	} {
		if got := plain(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
	for said, want := range map[string]string{"a": "`a`", "a`b": "``a`b``", "`": "`` ` ``", "```": "```` ``` ````"} {
		if got := asCode(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}
