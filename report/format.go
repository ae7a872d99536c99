package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// renderings are the formats of a diagnosis for other programs, by name. Text and JSON are not among them: every command
// knows those two, and text is laid out for a terminal.
var renderings = map[string]func(io.Writer, *Document) error{
	"html":       HTML,
	"github":     GitHub,
	"junit":      JUnit,
	"markdown":   Markdown,
	"prometheus": Prometheus,
	"sarif":      SARIF,
}

// Formats are the names of all formats of a diagnosis.
func Formats() []string {
	return slices.Concat([]string{"text", "json"}, slices.Sorted(maps.Keys(renderings)))
}

// Render writes the document in a format that is neither text nor JSON.
func Render(w io.Writer, d *Document, format string) error {
	render, ok := renderings[format]
	if !ok {
		return fmt.Errorf("a diagnosis has no format %q", format)
	}
	return render(w, d)
}
