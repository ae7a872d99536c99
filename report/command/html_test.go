package command

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"doctor/checks/pipeline/redact"
	"doctor/report"
	"doctor/report/htmltest"
)

// pictures is where the page of the demonstration is kept, to be opened, and to be seen when it changes.
const pictures = "../pictures"

// The page of every capture can be read by everybody, and asks nothing of anybody.
func TestHTMLOfCaptures(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(captures, "*.zip"))
	if err != nil || len(found) < 60 {
		t.Fatalf("%d captures found: %v", len(found), err)
	}
	for _, path := range found {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".zip"), func(t *testing.T) {
			page := replay(t, path, "--format", "html")
			for _, fault := range htmltest.Faults(page) {
				t.Error(fault)
			}
			if size := len(page); size > 256<<10 {
				t.Errorf("the page has %d bytes", size)
			}
		})
	}
}

func TestHTMLGolden(t *testing.T) {
	golden(t, filepath.Join(pictures, "demo.html"), far(func() string { return replay(t, captured(t, "demo"), "--format", "html") }))
}

// What a diagnosis calls lost is drawn where it happened: after the last batch of its run, and in the table's words.
func TestLossesAreDrawn(t *testing.T) {
	for name, want := range map[string][]string{
		"demo":                         {`>lost, TMP001</text>`, `>dropped, TMP006</text>`, `class="after"`},
		"burst-lost":                   {`>15 lost, TMP001</text>`, `class="after"`},
		"two-of-three-signals-lost":    {`lost, TMP001</text>`},
		"all-signals-lost":             {`lost, TMP001</text>`},
		"buffer-terminated":            {`lost, TMP005</text>`},
		"signal-dropped-among-others":  {`dropped, TMP006</text>`},
		"signal-lost-in-reset-run":     {`lost, TMP001</text>`},
		"signal-lost-during-flush":     {`class="after"`},
		"signal-lost-before-retention": {`lost, TMP001</text>`},
	} {
		page := replay(t, captured(t, name), "--format", "html")
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page has no %s", name, text)
			}
		}
	}
	if page := replay(t, captured(t, "healthy"), "--format", "html"); strings.Contains(page, `class="after"`) || strings.Contains(page, `class="lost"`) {
		t.Error("healthy: a loss is drawn")
	}
}

// What JSON leaves out is cleared of secrets like the rest: a time line quotes the pipeline.
func TestTimelineIsRedacted(t *testing.T) {
	const secret = "Vq8rT2mXz5Lk9Wp3"
	d := &report.Document{Timeline: &report.Timeline{Lanes: []report.Lane{{Runs: []report.Life{{
		Name: "run " + secret, Of: secret, State: secret, Marks: []report.Mark{{Text: "it said " + secret}},
	}}}}}}
	redact.New([]redact.Seed{{Name: "API_KEY", Value: secret}}, nil).Strings("report", d)
	if said := fmt.Sprintf("%+v", d.Timeline.Lanes); strings.Contains(said, secret) || !strings.Contains(said, "it said ") {
		t.Errorf("the time line is %s", said)
	}
}
