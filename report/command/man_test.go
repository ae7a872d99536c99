package command

import (
	"os/exec"
	"strings"
	"testing"
)

func TestManualNamesAllThatThereIs(t *testing.T) {
	page := call(t, nil, "man")
	if page.exit != 0 || page.stderr != "" {
		t.Fatalf("%+v", page)
	}
	p := &program{}
	for _, c := range p.app().Commands {
		_, section, found := strings.Cut(page.stdout, "\n.SS \"doctor "+escaped(c.Name))
		if !found || !strings.Contains(section, "\n"+escaped(c.Usage)+".\n") {
			t.Errorf("doctor %s is not told of", c.Name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n.SS ")
		flags := p.own(c)
		if c.Name == "check" { // tells of the common ones, too
			flags = c.Flags
		}
		for _, f := range p.spellings(flags) {
			if !strings.Contains(section, escaped(f.dashed())) {
				t.Errorf("doctor %s: %s is not told of", c.Name, f.dashed())
			}
		}
	}
}

// What looks like one of troff's own commands is text.
func TestManualIsNotObeyed(t *testing.T) {
	for line, want := range map[string]string{
		".so /etc/passwd":      `\&.so /etc/passwd`,
		"'tis":                 `\&'tis`,
		`a\b --from "x"`:       `a\eb \-\-from \(dqx\(dq`,
		"  .nf, after a blank": "  .nf, after a blank",
	} {
		if got := escaped(line); got != want {
			t.Errorf("%q becomes %q, want %q", line, got, want)
		}
	}
}

func TestManualIsWellFormed(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("mandoc is not installed")
	}
	lint := exec.CommandContext(t.Context(), "mandoc", "-Tlint", "-Wwarning")
	lint.Stdin = strings.NewReader(call(t, nil, "man").stdout)
	out, err := lint.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "missing date") { // a test binary is of no revision
			t.Error(line)
		}
	}
	if err != nil && !t.Failed() {
		t.Log(err)
	}
}
