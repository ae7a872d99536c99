package capture_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/capture"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

var (
	now   = time.Date(2026, 11, 24, 14, 2, 11, 5, time.FixedZone("", 3600))
	about = capture.About{Doctor: "(devel)", Team: 7, Since: now.Add(-time.Hour)}
	run   = pipeline.Run{Workflow: "buffer-signals-7", ID: "01a2c7"}
)

// world knows a history with a signal in the clear, a version, and one thing that could not be looked up.
func world(environ ...string) *pipeline.World {
	s := settings.Unset(environ)
	signal := pipeline.Payload{Data: []byte(`{"source_id":"t-1","description":"Alice cannot pay with her card 4111"}`)}
	return pipeline.Told(s, now,
		pipeline.TemporalReached.Is(pipeline.Nothing{}, pipeline.Reached{Address: "localhost:8081", Version: "1.29.1"}),
		pipeline.Histories.Is(run, pipeline.History{Events: []pipeline.Event{{ID: 5, Time: now, Input: []pipeline.Payload{signal}}}}),
		pipeline.DockerReached.Fails(pipeline.Nothing{}, pipeline.TimedOut, context.DeadlineExceeded),
	)
}

func write(t testing.TB, w *pipeline.World, about capture.About, seeds ...redact.Seed) string {
	t.Helper()
	recorded, err := capture.Of(w, about)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "world.zip")
	file, err := capture.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Discard()
	if _, err := file.Write(recorded, redact.New(seeds, nil)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatWasObservedIsKnownAgain(t *testing.T) {
	read, err := capture.Read(write(t, world(), about))
	if err != nil {
		t.Fatal(err)
	}
	w := read.World()
	if !w.Now.Equal(now) || w.Now.Format(time.RFC3339Nano) != now.Format(time.RFC3339Nano) || read.About.Team != 7 || !read.About.Since.Equal(about.Since) {
		t.Errorf("recorded at %s, of team %d since %s", w.Now, read.About.Team, read.About.Since)
	}
	if read.About.Versions["Temporal"] != "1.29.1" {
		t.Errorf("the versions are %v", read.About.Versions)
	}
	if reached, err := w.Temporal.Reach(t.Context()); err != nil || reached.Address != "localhost:8081" {
		t.Errorf("Temporal is %+v, %v", reached, err)
	}
	_, err = w.Docker.Reach(t.Context())
	if kind := pipeline.KindOf(err); kind != pipeline.TimedOut || err.Error() != failure(t) {
		t.Errorf("Docker is %s: %v", kind, err)
	}
	if _, err := w.Postgres.Reach(t.Context()); pipeline.KindOf(err) != pipeline.NotRecorded {
		t.Errorf("Postgres, which nobody asked, is %v", err)
	}
}

// failure is what the world itself says of what it could not look up.
func failure(t *testing.T) string {
	_, err := world().Docker.Reach(t.Context())
	return err.Error()
}

func TestTheSameWorldMakesTheSameFile(t *testing.T) {
	first, _ := os.ReadFile(write(t, world(), about))
	second, _ := os.ReadFile(write(t, world(), about))
	if len(first) == 0 || !bytes.Equal(first, second) {
		t.Errorf("%d and %d bytes, which differ", len(first), len(second))
	}
}

func TestASignalsTextIsLeftOut(t *testing.T) {
	kept := entries(t, write(t, world(), about))
	for name, text := range kept {
		if strings.Contains(text, "Alice") {
			t.Errorf("%s holds the text of a signal", name)
		}
	}
	w, err := capture.Read(write(t, world(), about))
	if err != nil {
		t.Fatal(err)
	}
	history, err := w.World().Temporal.History(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	var signal map[string]string
	if err := json.Unmarshal(history.Events[0].Input[0].Data, &signal); err != nil || signal["source_id"] != "t-1" || !strings.HasPrefix(signal["description"], "(35 bytes, ") {
		t.Errorf("what is left is %v, %v", signal, err)
	}

	whole := about
	whole.Content = true
	if w, err = capture.Read(write(t, world(), whole)); err != nil {
		t.Fatal(err)
	}
	if history, _ = w.World().Temporal.History(t.Context(), run); !bytes.Contains(history.Events[0].Input[0].Data, []byte("Alice")) {
		t.Errorf("with content there is %s", history.Events[0].Input[0].Data)
	}
}

// Of the process environment only that is kept which somebody asked for. Nobody can know more of it later.
func TestTheProcessEnvironmentIsKeptWhereItMatters(t *testing.T) {
	w := world("DEBUG=1", "HOLIDAY=Crete")
	w.Settings.Seen("DEBUG")
	w.Settings.Worker("SITE_URL")
	path := write(t, w, about)
	if text := entries(t, path)["settings.json"]; strings.Contains(text, "Crete") || strings.Contains(text, "HOLIDAY") {
		t.Errorf("the settings are %s", text)
	}
	read, err := capture.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if seen := read.Settings.Seen("DEBUG"); len(seen) != 1 || seen[0].Value != "1" {
		t.Errorf("DEBUG is seen as %v", seen)
	}
	if value, origin := read.Settings.Worker("SITE_URL"); value != "" || !origin.Default {
		t.Errorf("SITE_URL is %q of %s", value, origin)
	}
	defer func() {
		if err, ok := recover().(settings.NotRecordedError); !ok || err.Name != "HOLIDAY" {
			t.Errorf("asking for what was not recorded ends with %v", err)
		}
	}()
	read.Settings.Seen("HOLIDAY")
}

func TestAFileThatIsThereIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := capture.Create(path); err == nil {
		t.Error("it would have been replaced")
	}
	if _, err := capture.Create(filepath.Join(path, "world.zip")); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func entries(t testing.TB, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	texts := map[string]string{}
	for _, entry := range archive.File {
		reader, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(reader); err != nil {
			t.Fatal(err)
		}
		texts[entry.Name] = text.String()
	}
	return texts
}

const secret = "hunter2-Correct.Horse/9"

func TestASecretIsInNoPartOfACapture(t *testing.T) {
	w := world()
	w.Settings.EnvFiles = []settings.EnvFile{{
		Path: "/posthog/.env", Lines: []settings.Line{{Number: 1, Name: "SMTP_PASSWORD", Value: secret}}, Values: map[string]string{"SMTP_PASSWORD": secret},
	}}
	encoded := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
	w.Tell(
		pipeline.AgentLogEnds.Is(pipeline.LogEnd{Key: "log"}, &pipeline.AgentLog{Errors: []pipeline.LogError{{Message: "cannot log in with " + secret}}, Stop: encoded}),
		pipeline.SupportReached.Fails("localhost:25", pipeline.Failed, errors.New("refused: "+url.QueryEscape(secret))),
	)
	path := write(t, w, about, redact.Seed{Name: "SMTP_PASSWORD", Value: secret})
	for name, text := range entries(t, path) {
		for _, form := range []string{secret, "hunter2", url.QueryEscape(secret), encoded} {
			if strings.Contains(text, form) {
				t.Errorf("%s holds %s", name, form)
			}
		}
	}
	if list := entries(t, path)["redactions.json"]; strings.Count(list, "SMTP_PASSWORD") != 3 {
		t.Errorf("the list of what was replaced is %s", list)
	}
	if w.Settings.EnvFiles[0].Lines[0].Value != secret {
		t.Error("the world itself was changed")
	}
}

func TestACaptureWithASecretIsNotKept(t *testing.T) {
	careless := about
	careless.Doctor = secret // which nobody expects there
	recorded, err := capture.Of(world(), careless)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "world.zip")
	file, err := capture.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.Write(recorded, redact.New([]redact.Seed{{Name: "SMTP_PASSWORD", Value: secret}}, nil))
	file.Discard()
	if err == nil || !strings.Contains(err.Error(), "capture.json still held a secret, and was not kept: SMTP_PASSWORD") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
