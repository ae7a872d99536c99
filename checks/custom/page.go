package custom

import (
	"fmt"
	"strings"
)

// page is what `doctor explain` prints of the code.
func (d *definition) page(file string) string {
	var b strings.Builder
	section := func(heading, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", heading, text)
		}
	}
	fmt.Fprintf(&b, "# %s %s\n", d.code, d.name)
	section("Meaning", strings.TrimSpace(d.finding+"\n\n"+d.detail))
	decided := d.kind.says()
	if len(d.count.said) > 0 {
		decided += " The number is wanted to be: " + strings.Join(d.count.said, ", and ") + "."
	}
	section("How it is decided", decided)
	var waits []string
	for _, c := range d.requires {
		waits = append(waits, "- "+c.ID+", without which it cannot look")
	}
	for _, c := range d.after {
		waits = append(waits, "- "+c.ID+", whatever that finds")
	}
	section("It waits for", strings.Join(waits, "\n"))
	var fix []string
	for _, line := range d.advice {
		fix = append(fix, "- "+line)
	}
	section("Fix", strings.Join(fix, "\n"))
	section("Files", "- `"+file+"`: a check of your own")
	return b.String()
}
