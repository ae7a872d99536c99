package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// told is a graph with all that a program which draws it could take for its own.
var told = Graph{
	Title: "of \"all\" kinds\nend",
	Groups: []Group{
		{"the [first] \"group\"", []Box{{"A.one-two", []string{"A.one-two", `says "<b>no</b>" & #1 \n`}, Bad, "a \\ hint\x1b[2J"}}},
		{"second", []Box{{"B", []string{"B"}, Odd, ""}, {"C", []string{"C"}, Plain, ""}}},
	},
	Arrows: []Arrow{{"A.one-two", "B", `because of "|" and ]`, false}, {"B", "C", "", true}},
}

func drawing(t *testing.T, write func(*strings.Builder) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r != '\n' && r < ' ' {
			t.Errorf("%q is written as it is", r)
		}
	}
	return b.String()
}

// Graphviz reads the graph as it was meant: `dot -Tplain` has a line a box and an arrow.
func TestDotIsRead(t *testing.T) {
	text := drawing(t, func(b *strings.Builder) error { return told.Dot(b) })
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("graphviz is not installed")
	}
	command := exec.CommandContext(t.Context(), dot, "-Tplain")
	command.Stdin = strings.NewReader(text)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, text)
	}
	for _, want := range []string{"node \"A.one-two\" ", "node B ", "edge \"A.one-two\" B ", "edge B C "} {
		if !strings.Contains(string(out), "\n"+want) {
			t.Errorf("Graphviz draws no %s:\n%s", want, out)
		}
	}
}

// Mermaid reads it, too (npm install --global @mermaid-js/mermaid-cli).
func TestMermaidIsRead(t *testing.T) {
	text := drawing(t, func(b *strings.Builder) error { return told.Mermaid(b) })
	mermaid, err := exec.LookPath("mmdc")
	if err != nil {
		t.Skip("mermaid-cli is not installed")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	folder := t.TempDir()
	for name, content := range map[string]string{"graph.mmd": text, "browser.json": `{"executablePath": "` + chromium + `", "args": ["--no-sandbox"]}`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), mermaid, "-q", "-p", "browser.json", "-i", "graph.mmd", "-o", "graph.svg")
	command.Dir = folder
	out, err := command.CombinedOutput()
	drawn, _ := os.ReadFile(filepath.Join(folder, "graph.svg"))
	if err != nil || !strings.Contains(string(drawn), "because of") || strings.Contains(string(drawn), "<b>no") {
		t.Errorf("%v: %s\n%s\n%s", err, out, text, drawn)
	}
}
