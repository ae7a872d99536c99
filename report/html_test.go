package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"doctor/checks"
	"doctor/report/htmltest"
)

func htmlOf(t *testing.T, d *Document) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestHTMLOfEveryShape(t *testing.T) {
	for name, d := range diagnoses() {
		for _, fault := range htmltest.Faults(htmlOf(t, d)) {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// hostilities are texts that would do something if a page took them for more than text.
var hostilities = []string{
	`<script>alert(1)</script>`, `</style><script>alert(1)</script>`, `</title></svg><img src=x onerror=alert(1)>`,
	`"><a href="javascript:alert(1)">`, `' onfocus='alert(1)`, `javascript:alert(1)`, "data:text/html,<script>alert(1)</script>",
	"//evil.example/x", "http://evil.example/\u202e", "{{.Document}}", "<!-- ", "]]>", "\u202egnp.exe", "\x1b[31mred\x1b[0m", "\x00\x9b", "&lt;&#106;",
}

// Whatever text a document holds, in whichever place, the page is the same page, with other words in it.
func TestHTMLTakesTextForText(t *testing.T) {
	plain := shape(t, htmlOf(t, hostileEverywhere("plain")))
	for _, text := range hostilities {
		got := htmlOf(t, hostileEverywhere(text))
		for _, fault := range htmltest.Faults(got) {
			t.Errorf("%q: %s", text, fault)
		}
		if made := shape(t, got); made != plain {
			t.Errorf("%q changes what the page is made of", text)
		}
	}
}

// shape is the elements of a page without their text.
func shape(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var made strings.Builder
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		fmt.Fprintf(&made, "<%s", n.Data)
		for _, a := range n.Attr {
			fmt.Fprintf(&made, " %s", a.Key)
		}
		made.WriteString(">")
	}
	return made.String()
}

func hostileEverywhere(text string) *Document {
	d := chain()
	for i := range d.Findings {
		f := &d.Findings[i]
		f.Title, f.Detail, f.Subject = text, text, []string{text}
		f.Remedies = []Remedy{{ID: text, Safety: "safe", Summary: text}}
		f.Evidence = []Evidence{{Source: text, Excerpt: text, Time: started, Locator: checks.Locator{
			File: text, Line: 1, Workflow: text, Run: text, Event: 1, URL: text, Query: text, Object: text, Container: text,
		}}}
	}
	for i := range d.Checks {
		d.Checks[i].Reason, d.Checks[i].Coverage, d.Checks[i].Title, d.Checks[i].ID = text, text, text, text
	}
	d.NewestSignal.Note, d.Then = text, []string{text}
	d.Fixes = []Fix{{Remedy: text, Code: checks.ENV001, Status: "failed", Detail: text}}
	finding := d.Findings[0].Fingerprint
	d.Timeline = &Timeline{Lanes: []Lane{{Name: "Buffer runs", More: 3, Runs: []Life{{
		ID: text, Name: text, Of: text, State: text, Ended: EndWell, Start: started.Add(-time.Minute), End: started, Next: text,
		Marks: []Mark{{Kind: MarkLost, Time: started.Add(-time.Second), Text: text, Code: checks.TMP001, Finding: finding}, {Kind: MarkReceived, Time: started, Text: text}},
	}}}}}
	return d
}

func TestOnlyAddressesOfTheWebBecomeLinks(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8081/namespaces/default": true, "https://[::1]:8081/x?y=z": true,
		"": false, "javascript:alert(1)": false, "JaVaScRiPt://x/%0aalert(1)": false, "data:text/html,x": false, "file:///etc/passwd": false,
		"//host/path": false, "clickhouse://localhost:9000": false, "http:///path": false, "http://a\u202eb/": false, "http://host/\x1b[0m": false, "\thttp://host/": false,
	} {
		if got := openable(address) != ""; got != want {
			t.Errorf("%q: a link: %v", address, got)
		}
	}
}

func TestTimeScaleKeepsTheOrder(t *testing.T) {
	times := []time.Time{started, started.Add(time.Millisecond), started.Add(time.Second), started.Add(20 * time.Hour)}
	scale := newTimeScale(times)
	if scale.at(times[0]) != timeLeft || scale.at(times[3]) != timeRight {
		t.Errorf("it goes from %d to %d", scale.at(times[0]), scale.at(times[3]))
	}
	for i := range times[1:] {
		if scale.places[i+1] <= scale.places[i] {
			t.Errorf("instant %d is not right of the one before", i+1)
		}
	}
	one := newTimeScale(times[:1])
	if one.at(times[0]) != timeLeft {
		t.Error("a single instant has no place")
	}
}

func BenchmarkHTML(b *testing.B) {
	d := chain()
	for b.Loop() {
		if err := HTML(new(bytes.Buffer), d); err != nil {
			b.Fatal(err)
		}
	}
}
