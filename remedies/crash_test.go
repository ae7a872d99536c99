package remedies

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

// The crash tests start this test once more as a process of its own, which kills itself at a fault point.
const (
	crashAt     = "REMEDIES_TEST_CRASH_AT"
	crashFolder = "REMEDIES_TEST_CRASH_FOLDER"
	crashDoing  = "REMEDIES_TEST_CRASH_DOING"
)

func TestMain(m *testing.M) {
	if at, err := strconv.Atoi(os.Getenv(crashAt)); err == nil {
		crash(at, os.Getenv(crashFolder), os.Getenv(crashDoing))
	}
	os.Exit(m.Run())
}

func crash(at int, folder, doing string) {
	var t testing.T
	engine := scenarios[strings.Fields(doing)[1]](&t, folder)
	point := 0
	engine.step = func(string) {
		if point == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		point++
	}
	var err error
	if strings.HasPrefix(doing, "undo") {
		_, err = engine.Undo(context.Background(), "")
	} else {
		_, err = engine.Treat(context.Background(), Options{})
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

var scenarios = map[string]func(testing.TB, string) *Engine{
	"ward": func(t testing.TB, folder string) *Engine { return newWard(t, folder, pair()...).Engine },
	"env":  func(_ testing.TB, folder string) *Engine { return envEngine(folder) },
}

// killed runs a treatment in another process until it is killed at a fault point. It is false when that has more points
// than the treatment.
func killed(t *testing.T, at int, folder, doing string) bool {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), crashAt+"="+strconv.Itoa(at), crashFolder+"="+folder, crashDoing+"="+doing)
	out, err := c.CombinedOutput()
	if err == nil {
		return false
	}
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%v: %s", err, out)
	}
	return true
}

// everyPoint kills a treatment at each of its fault points in turn, each time in a new folder.
func everyPoint(t *testing.T, doing string, prepare func(folder string), then func(t *testing.T, folder string)) {
	for at := 0; ; at++ {
		folder := t.TempDir()
		prepare(folder)
		if !killed(t, at, folder, doing) {
			if at < 5 {
				t.Errorf("only %d fault points", at)
			}
			return
		}
		if then(t, folder); t.Failed() {
			t.Fatalf("at fault point %d", at)
		}
	}
}

func TestATreatmentKilledAnywhereIsBroughtToItsEnd(t *testing.T) {
	t.Parallel()
	everyPoint(t, "treat ward", func(folder string) { newWard(t, folder, pair()...) }, func(t *testing.T, folder string) {
		w := newWard(t, folder, pair()...)
		o := w.treat(t, Options{})
		if w.says("a") != "well" || w.says("b") != "well" || strings.Contains(told(o.Fixes), "failed") {
			t.Errorf("a is %s, b is %s\n%s", w.says("a"), w.says("b"), told(o.Fixes))
		}
		if again := w.treat(t, Options{}); len(again.Fixes) > 0 {
			t.Errorf("once more: %s", told(again.Fixes))
		}
		runs, err := Runs(w.Journal)
		if err != nil {
			t.Error(err)
		}
		for range runs {
			if _, err := w.Undo(context.Background(), ""); err != nil && !errors.Is(err, ErrNothingToUndo) {
				t.Error(err)
			}
		}
		if w.says("a") != "sick" || w.says("b") != "sick" {
			t.Errorf("taken back: a is %s, b is %s", w.says("a"), w.says("b"))
		}
	})
}

func TestAnUndoKilledAnywhereIsBroughtToItsEnd(t *testing.T) {
	t.Parallel()
	third := disease{name: "c", code: checks.TMP001, safety: Safe}
	everyPoint(t, "undo ward", func(folder string) {
		newWard(t, folder, third).treat(t, Options{}) // an earlier treatment, which is not to be taken back
		newWard(t, folder, pair()...).treat(t, Options{})
	}, func(t *testing.T, folder string) {
		w := newWard(t, folder, pair()...)
		if w.says("a") == "sick" && w.says("b") == "sick" {
			if runs, err := Runs(w.Journal); err != nil || !runs[1].is(Interrupted) {
				return // it was killed behind its end
			}
		}
		if _, err := w.Undo(context.Background(), ""); err != nil {
			t.Error(err)
		}
		if w.says("a") != "sick" || w.says("b") != "sick" || w.says("c") != "well" {
			t.Errorf("a is %s, b is %s, c is %s", w.says("a"), w.says("b"), w.says("c"))
		}
	})
}

const envBefore = "# PostHog\nSECRET_KEY=hunter2hunter2\nCLICKHOUSE_HOST=localhost # here\nDEBUG=1"

func TestAnEnvFileSurvivesAKillAnywhere(t *testing.T) {
	t.Parallel()
	prepare := func(folder string) {
		if err := os.WriteFile(filepath.Join(folder, ".env"), []byte(envBefore), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	const want = "# PostHog\nSECRET_KEY=hunter2hunter2\nCLICKHOUSE_HOST=localhost # here\nCLICKHOUSE_DATABASE=posthog\nDEBUG=1"
	read := func(folder string) string {
		text, err := os.ReadFile(filepath.Join(folder, ".env"))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	everyPoint(t, "treat env", prepare, func(t *testing.T, folder string) {
		if text := read(folder); text != envBefore && text != want {
			t.Errorf("left behind: %q", text)
		}
		if _, err := settings.Load(settings.Options{WorkingDir: folder}); err != nil {
			t.Error(err)
		}
		e := envEngine(folder)
		o, err := e.Treat(context.Background(), Options{})
		if text := read(folder); err != nil || text != want {
			t.Errorf("%q, %v", text, err)
		}
		if again, err := e.Treat(context.Background(), Options{}); err != nil || len(again.Fixes) > 0 {
			t.Errorf("once more: %+v, %v", again, err)
		}
		if strings.Contains(told(o.Fixes), "failed") {
			t.Error(told(o.Fixes))
		}
		if _, err := e.Undo(context.Background(), ""); err != nil || read(folder) != envBefore {
			t.Errorf("taken back: %q, %v", read(folder), err)
		}
		entries, err := os.ReadDir(folder)
		if err != nil || len(entries) != 2 {
			t.Errorf("beside .env and .doctor: %v, %v", entries, err)
		}
	})
	everyPoint(t, "undo env", func(folder string) {
		prepare(folder)
		if _, err := envEngine(folder).Treat(context.Background(), Options{}); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, folder string) {
		if _, err := envEngine(folder).Undo(context.Background(), ""); err != nil && !errors.Is(err, ErrNothingToUndo) || read(folder) != envBefore {
			t.Errorf("%q, %v", read(folder), err)
		}
	})
}

// An interrupted operation whose place something else has changed since is left alone, and said so once.
func TestWhatHasStrayedIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	w := newWard(t, folder, pair()...)
	if !killed(t, 3, folder, "treat ward") || w.says("a") != "half" {
		t.Fatalf("a is %s", w.says("a"))
	}
	w.set(t, "a", "on holiday")
	got := told(w.treat(t, Options{}).Fixes)
	if !strings.Contains(got, "cure-a failed: cure a, of the interrupted treatment") || !strings.Contains(got, "it is on holiday") {
		t.Error(got)
	}
	w.set(t, "a", "well")
	if o := w.treat(t, Options{}); len(o.Fixes) > 0 {
		t.Error(told(o.Fixes))
	}
	if runs, err := Runs(w.Journal); err != nil || runs[0].Steps[0].State != Strayed || runs[0].Steps[0].Code != checks.ENV001 {
		t.Errorf("%+v, %v", runs, err)
	}
}

// Who takes back what was interrupted does not want it to be brought to its end first: perhaps it never can be.
func TestWhatIsHalfDoneIsGivenUpByUndo(t *testing.T) {
	folder := t.TempDir()
	w := newWard(t, folder, pair()...)
	if !killed(t, 3, folder, "treat ward") || w.says("a") != "half" {
		t.Fatalf("a is %s", w.says("a"))
	}
	var points []string
	w.step = func(string) { points = append(points, w.says("a")) }
	o, err := w.Undo(context.Background(), "")
	if err != nil || w.says("a") != "sick" || slices.Contains(points, "well") {
		t.Errorf("a is %s, and was %v: %v", w.says("a"), points, err)
	}
	if got := told(o.Fixes); !strings.Contains(got, "cure-a verified: cure a, of the interrupted treatment") || !strings.Contains(got, ": taken back") {
		t.Error(got)
	}
	if runs, err := Runs(w.Journal); err != nil || runs[0].Steps[0].State != TakenBack {
		t.Errorf("%+v, %v", runs, err)
	}
}
