package remedies

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"doctor/checks"
)

func pair() []disease {
	return []disease{{name: "a", code: checks.ENV001, safety: Safe}, {name: "b", code: checks.CLK001, safety: Safe}}
}

func (w *ward) undo(t testing.TB, id string) *Outcome {
	t.Helper()
	o, err := w.Undo(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestTheJournalIsForThisUserAlone(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	o := w.treat(t, Options{})
	for path, want := range map[string]os.FileMode{
		w.Journal: 0o700 | os.ModeDir, o.Folder: 0o700 | os.ModeDir, filepath.Join(o.Folder, journalFile): 0o600,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(w.Journal, ".gitignore")); err != nil || string(text) != "*\n" {
		t.Errorf("%q, %v", text, err)
	}
	data, err := os.ReadFile(filepath.Join(o.Folder, journalFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	for _, line := range lines {
		if !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if len(lines) != 5 { // one to begin, and two an operation
		t.Errorf("%d lines", len(lines))
	}
}

func TestUndo(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	if _, err := w.Undo(context.Background(), ""); !errors.Is(err, ErrNothingToUndo) || exists(w.Journal) {
		t.Errorf("%v", err)
	}
	w.set(t, "b", "well")
	first := w.treat(t, Options{})
	w.set(t, "b", "sick")
	second := w.treat(t, Options{})
	if got := told(w.undo(t, "").Fixes); got != "cure-b verified: taken back: cure b\n" || w.says("b") != "sick" {
		t.Error(got)
	}
	if _, err := w.Undo(context.Background(), second.Run); err == nil || !strings.Contains(err.Error(), "nothing is in effect any more") {
		t.Error(err)
	}
	if _, err := w.Undo(context.Background(), "1999"); err == nil || !strings.Contains(err.Error(), `no treatment "1999"`) {
		t.Error(err)
	}
	if _, err := w.Undo(context.Background(), "2"); err == nil || !strings.Contains(err.Error(), "2 treatments that begin with") {
		t.Error(err)
	}
	w.undo(t, first.Run[:len(first.Run)-1])
	if w.says("a") != "sick" {
		t.Error("not taken back")
	}
	runs, err := Runs(w.Journal)
	if err != nil || len(runs) != 2 || runs[0].Steps[0].State != TakenBack || runs[0].Steps[0].Shown.Summary != "cure a" || runs[0].Began.IsZero() {
		t.Errorf("%+v, %v", runs, err)
	}
}

func TestUndoRefusesWhereTheWorldHasMovedOn(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	o := w.treat(t, Options{})
	w.set(t, "a", "better than ever")
	before := w.says("b")
	_, err := w.Undo(context.Background(), "")
	var moved MovedError
	if !errors.As(err, &moved) || moved.Run != o.Run || moved.Moved[0] != "it is better than ever" || w.says("b") != before {
		t.Errorf("%v", err)
	}
}

func TestWhatCannotBeTakenBackSaysSo(t *testing.T) {
	w := newWard(t, t.TempDir(), disease{name: "a", code: checks.ENV001, safety: Safe}, disease{name: "b", code: checks.CLK001, safety: Safe, final: "what was sent was sent"})
	w.treat(t, Options{})
	if got := told(w.undo(t, "").Fixes); got != "cure-b skipped: cannot be taken back: cure b (what was sent was sent)\ncure-a verified: taken back: cure a\n" {
		t.Error(got)
	}
}

func TestALineWithoutAnEndIsNoLine(t *testing.T) {
	for name, tail := range map[string]string{"half a line": `{"n":6,"at":"2026-`, "zeros": "\x00\x00\x00\n"} {
		w := newWard(t, t.TempDir(), pair()...)
		o := w.treat(t, Options{})
		path := filepath.Join(o.Folder, journalFile)
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(tail); err != nil {
			t.Fatal(err)
		}
		file.Close()
		w.undo(t, "")
		if _, _, _, err := readRecords(path); err != nil || w.says("a") != "sick" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChangedJournalIsNotTrusted(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	o := w.treat(t, Options{})
	path := filepath.Join(o.Folder, journalFile)
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(intact, []byte("\n"))
	for name, changed := range map[string][]byte{
		"a byte":       bytes.Replace(intact, []byte("ENV001"), []byte("ENV002"), 1),
		"a line less":  bytes.Join([][]byte{lines[0], lines[2], lines[3], lines[4]}, nil),
		"another last": append(bytes.Join(lines[:4], nil), bytes.Replace(lines[4], []byte("applied"), []byte("undone"), 1)...),
		"a line twice": append(bytes.Join(lines[:3], nil), bytes.Join(lines[2:], nil)...),
	} {
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		_, undoErr := w.Undo(context.Background(), "")
		_, treatErr := w.Treat(context.Background(), Options{})
		for _, err := range []error{undoErr, treatErr} {
			if err == nil || !strings.Contains(err.Error(), "is not as it was written") || strings.Contains(err.Error(), "\n") || w.says("a") != "well" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestAJournalOfANewerDoctor(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	w.treat(t, Options{})
	delete(kinds, "cure")
	defer func() { kinds["cure"] = func() Operation { return new(cure) } }()
	if _, err := w.Undo(context.Background(), ""); err == nil || !strings.Contains(err.Error(), `of the kind "cure", which this doctor does not know`) {
		t.Error(err)
	}
}

func TestPruneKeepsTheLast(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	var runs []string
	for i := range 4 {
		j, err := newJournalAt(w.Journal, i)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, filepath.Base(j.folder))
		if i == 0 {
			data, _ := json.Marshal(&cure{Path: filepath.Join(w.folder, "a"), Was: "ill"})
			if err := j.write(record{Event: intended, Kind: "cure", Data: data}); err != nil {
				t.Fatal(err)
			}
		}
		j.close()
	}
	w.set(t, "a", "ill")
	removed, err := w.Prune(context.Background(), 2)
	if err != nil || fmt.Sprint(removed) != fmt.Sprint(runs[1:2]) {
		t.Errorf("%v, %v; there were %v", removed, err, runs)
	}
	w.treat(t, Options{}) // settles the first one
	if removed, err = w.Prune(context.Background(), 10); err != nil || removed != nil {
		t.Errorf("%v, %v", removed, err)
	}
	if removed, err = w.Prune(context.Background(), 1); err != nil || len(removed) != 3 {
		t.Errorf("%v, %v", removed, err)
	}
}

func newJournalAt(folder string, second int) (*journal, error) {
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	return newJournal(folder, time.Date(2026, 11, 24, 14, 0, second, 0, time.UTC))
}

func TestTheSecondDoctorWaitsOrSaysForWhom(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	other := newWard(t, w.folder, pair()...)
	other.Patience = time.Millisecond
	var waited string
	other.Progress = func(text string) { waited = text }
	w.step = func(point string) {
		if point != "half" || w.says("a") == "well" {
			return
		}
		_, err := other.Treat(context.Background(), Options{})
		want := fmt.Sprintf("another doctor (pid %d, since ", os.Getpid())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(waited, "waiting for "+want) {
			t.Errorf("%v; %q", err, waited)
		}
		if _, err := other.Undo(context.Background(), ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
	w.treat(t, Options{})

	// It waits as long as it takes, and finds that nothing is left to do.
	w = newWard(t, t.TempDir(), pair()...)
	other = newWard(t, w.folder, pair()...)
	waiting, done := make(chan struct{}), make(chan *Outcome)
	other.Progress = func(string) { close(waiting) }
	w.step = func(point string) {
		if point != "half" || w.says("a") == "well" {
			return
		}
		go func() {
			o, err := other.Treat(context.Background(), Options{})
			if err != nil {
				t.Error(err)
			}
			done <- o
		}()
		<-waiting
	}
	w.treat(t, Options{})
	if o := <-done; o == nil || len(o.Fixes) > 0 {
		t.Errorf("%+v", o)
	}
}

// Who was first looks again when another one has treated in between.
func TestTheFirstTreatmentsOfTwoDoctors(t *testing.T) {
	w := newWard(t, t.TempDir(), pair()...)
	other := newWard(t, w.folder, pair()...)
	o := w.treat(t, Options{Show: func(Agenda) { other.treat(t, Options{}) }})
	if got := told(o.Fixes); got != "cure-a skipped: cure a: not needed any more\ncure-b skipped: cure b: not needed any more\n" {
		t.Error(got)
	}
	if runs, err := Runs(w.Journal); err != nil || len(runs) != 1 || o.Run != "" {
		t.Errorf("%+v, %v", runs, err)
	}
}
