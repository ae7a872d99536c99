package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const page = "# TMP001 a-page\n\n## Meaning\n\nA paragraph with `code`, (`more code`), **weight**, and enough words that it has to\n" +
	"go on below itself in any width.\n\n## Lists\n\n1. The first cause, which is\n   told in two lines.\n2. The second.\n\n" +
	"- An item\n  - within an item\n- `code` first: 2 * 3 * 4 and a_b_c stay as they are.\n\n```\nrun 01a2c7d4  is   kept\n              as it is\n\n# not a heading\n```\n\nThe end.\n"

func TestPageGolden(t *testing.T) {
	for _, o := range []TextOptions{{Width: 50}, {Width: 80}, {Width: 80, Color: true}} {
		var out bytes.Buffer
		if err := Page(&out, page, o); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("page-%d-%v.txt", o.Width, o.Color), out.String())
	}
}

func TestRowsAreAlignedOrBroken(t *testing.T) {
	rows := []Row{
		{Cells: []string{"services.temporal", "SVC001"}, Text: "Temporal answers"},
		{Cells: []string{"x", ""}, Text: strings.Repeat("many words ", 6)},
		{Cells: []string{"no text", "\x1b[2J"}},
	}
	for _, width := range []int{40, 80} {
		var out bytes.Buffer
		if err := Rows(&out, rows, TextOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("rows-%d.txt", width), out.String())
	}
}
