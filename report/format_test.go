package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode"

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
	for _, name := range []string{"chain", "down", "tree", "unlooked", "hostile"} {
		for _, format := range []string{"github", "junit"} {
			var out bytes.Buffer
			if err := Render(&out, diagnoses()[name], format); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+format, out.String())
		}
	}
}
