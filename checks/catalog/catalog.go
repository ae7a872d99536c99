// Package catalog holds one page for each code: what it means, how it is decided, and what to do about it.
package catalog

import (
	"embed"
	"fmt"

	"doctor/checks"
)

// Sections are the headings of every page, in order, below the line with code and slug.
var Sections = []string{"Meaning", "How it is decided", "Evidence", "Causes", "Fix", "False positives", "Files"}

//go:embed *.md
var pages embed.FS

// Page returns the page of a code, as Markdown.
func Page(code checks.Code) (string, error) {
	page, err := pages.ReadFile(string(code) + ".md")
	if err != nil {
		return "", fmt.Errorf("the catalogue has no page for %s", code)
	}
	return string(page), nil
}
