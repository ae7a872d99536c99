package command

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser finds Chromium and axe-core (apt install chromium, npm install --global axe-core). Where one is missing the
// test is skipped, or fails with DOCTOR_BROWSER=require.
func browser(t *testing.T) (chromium, axe string) {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("DOCTOR_BROWSER") == "require" {
		missing = t.Fatalf
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && chromium == "" {
			chromium = path
		}
	}
	if chromium == "" {
		missing("chromium is not installed")
	}
	modules, err := exec.Command("npm", "root", "--global").Output()
	if axe = os.Getenv("DOCTOR_AXE"); axe == "" && err == nil {
		axe = filepath.Join(strings.TrimSpace(string(modules)), "axe-core", "axe.min.js")
	}
	if _, err := os.Stat(axe); err != nil {
		missing("axe-core is not installed, nor named by DOCTOR_AXE")
	}
	return chromium, axe
}

// opened is what Chromium makes of a page, and what it has to say about it.
func opened(t *testing.T, chromium, page string, flags ...string) (dom, said string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	flags = append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--dump-dom", "file://"+path)
	command := exec.CommandContext(ctx, chromium, flags...)
	var stdout, stderr strings.Builder
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	return stdout.String(), stderr.String()
}

// harness shows a page in frames of three widths, and lets axe judge each. What came of it stands in the element "seen".
const harness = `<!DOCTYPE html><title>harness</title><pre id="seen"></pre>
<script>
const page = %s, axe = %s, seen = []
async function look(width) {
	const frame = document.createElement("iframe")
	frame.width = width; frame.height = 900; frame.srcdoc = page
	const loaded = new Promise(done => frame.onload = done)
	document.body.append(frame)
	await loaded
	const inside = frame.contentDocument, wide = inside.documentElement.scrollWidth
	inside.querySelectorAll("details").forEach(d => d.open = true)
	const script = inside.createElement("script")
	script.textContent = axe
	inside.head.append(script)
	const result = await frame.contentWindow.axe.run()
	seen.push({width, wide, dark: frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches,
		passes: result.passes.length, violations: result.violations.map(v => v.impact + " " + v.id + ": " + v.nodes.map(n => n.html).join(" ").slice(0, 300))})
}
(async () => {
	try { for (const width of [360, 800, 1400]) await look(width) } catch (e) { seen.push({error: String(e)}) }
	document.getElementById("seen").textContent = JSON.stringify(seen)
})()
</script>`

var (
	policyTag = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)
	seenText  = regexp.MustCompile(`(?s)<pre id="seen">(.*?)</pre>`)
)

// In a real browser the page fits phones and wide screens, in the light and in the dark, and axe finds nothing wrong with it.
func TestHTMLInABrowser(t *testing.T) {
	chromium, path := browser(t)
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, scheme string }{
		{"demo", "light"}, {"demo", "dark"}, {"healthy", "dark"}, {"orphan-container", "light"},
	} {
		t.Run(c.name+"-"+c.scheme, func(t *testing.T) {
			page := replay(t, captured(t, c.name), "--format", "html")
			if _, said := opened(t, chromium, page); strings.Contains(said, "Content Security Policy") || strings.Contains(said, "CONSOLE") {
				t.Errorf("the browser complains: %s", said)
			}
			// The policy would not let axe in either.
			content := fmt.Sprintf(harness, quotedForScript(t, policyTag.ReplaceAllString(page, "")), quotedForScript(t, string(axe)))
			flag := map[string]string{"dark": "0", "light": "1"}[c.scheme]
			dom, said := opened(t, chromium, content, "--blink-settings=preferredColorScheme="+flag, "--virtual-time-budget=60000")
			judge(t, dom, said, c.scheme == "dark")
		})
	}
}

func judge(t *testing.T, dom, said string, dark bool) {
	t.Helper()
	var seen []struct {
		Width, Wide, Passes int
		Dark                bool
		Violations          []string
		Error               string
	}
	found := seenText.FindStringSubmatch(dom)
	if found == nil {
		t.Fatalf("nothing was seen: %s", said)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &seen); err != nil || len(seen) != 3 {
		t.Fatalf("%v: %s: %s", err, found[1], said)
	}
	for _, s := range seen {
		if s.Error != "" || s.Wide > s.Width || s.Dark != dark || s.Passes < 20 || len(s.Violations) > 0 {
			t.Errorf("%+v", s)
		}
	}
}

// quotedForScript is a text as a script's literal, in which no markup can end the script.
func quotedForScript(t *testing.T, text string) string {
	t.Helper()
	quoted, err := json.Marshal(text) // which escapes < and >
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}
