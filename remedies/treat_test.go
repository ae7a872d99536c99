package remedies

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doctor/checks"
)

func yes([]Treatment) (bool, error) { return true, nil }

func TestCausesAreTreatedFirst(t *testing.T) {
	w := newWard(t, t.TempDir(),
		disease{name: "root", code: checks.ENV001, safety: Safe},
		disease{name: "effect", code: checks.CLK001, safety: Safe, cause: "root"},
		disease{name: "shadow", code: checks.CLK002, safety: Safe, cause: "root", echo: true},
		disease{name: "other", code: checks.TMP001, safety: Safe},
	)
	o := w.treat(t, Options{})
	want := `cure-root verified: cure root; ward.root does not find it any more
cure-effect verified: cure effect; ward.effect does not find it any more
cure-other verified: cure other; ward.other does not find it any more
cure-shadow skipped: cure shadow: not needed any more
`
	if got := told(o.Fixes); got != want {
		t.Errorf("got\n%s", got)
	}
	if w.diagnoses != 4 || len(o.Diagnosis.Findings()) > 0 {
		t.Errorf("%d diagnoses, %v", w.diagnoses, o.Diagnosis.Findings())
	}
	if after := o.Agenda.find(o.Agenda.Treatments[2].Finding).After; len(after) != 1 || after[0] != checks.ENV001 {
		t.Errorf("%+v", o.Agenda)
	}
	again := w.treat(t, Options{})
	if len(again.Agenda.Treatments) > 0 || len(again.Fixes) > 0 || again.Run != "" {
		t.Errorf("a second treatment plans %+v", again)
	}
}

func TestWhatIsNotTreatedSaysWhy(t *testing.T) {
	w := newWard(t, t.TempDir(),
		disease{name: "fate", code: checks.SVC001, safety: Manual},
		disease{name: "victim", code: checks.TMP001, safety: Safe, cause: "fate"},
		disease{name: "deaf", code: checks.ENV001, safety: Safe, deaf: true},
		disease{name: "child", code: checks.CLK001, safety: Safe, cause: "deaf"},
		disease{name: "beast", code: checks.TMP002, safety: Unsafe},
	)
	o := w.treat(t, Options{})
	want := `cure-deaf failed: cure deaf: it does not hear
cure-beast skipped: cure beast: it is unsafe: --unsafe runs it
cure-victim skipped: cure victim: its cause SVC001 has to be cured first
cure-child skipped: cure child: its cause ENV001 has to be cured first
`
	if got := told(o.Fixes); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestWhatCannotBeSeenIsNotVerified(t *testing.T) {
	w := newWard(t, t.TempDir(), disease{name: "shy", code: checks.ENV001, safety: Safe})
	w.step = func(point string) {
		if point == "settled" {
			w.set(t, "shy", "hidden")
		}
	}
	if got := told(w.treat(t, Options{}).Fixes); !strings.Contains(got, "applied: cure shy; whether it helped is not known: ward.shy is unknown (it hides)") {
		t.Error(got)
	}
	w.set(t, "shy", "sick")
	w.step = func(point string) {
		if point == "settled" {
			w.set(t, "shy", "sick again")
		}
	}
	if got := told(w.treat(t, Options{}).Fixes); !strings.Contains(got, "applied: cure shy; ward.shy finds it still") {
		t.Error(got)
	}
}

// A disease that a remedy brings up itself is not treated with it again: that would go on for ever.
func TestNothingIsTreatedThatHasComeUpSince(t *testing.T) {
	folder := t.TempDir()
	w := newWard(t, folder, disease{name: "a", code: checks.ENV001, safety: Safe}, disease{name: "b", code: checks.ENV001, safety: Safe})
	w.remedies = w.remedies[1:2] // one remedy for both
	w.remedies[0].Plan = func(_ context.Context, c *Case) (*Plan, error) {
		name := c.Finding.Subject[0]
		return &Plan{Operations: []Operation{&cure{Path: filepath.Join(folder, name), Was: w.says(name)}}}, nil
	}
	w.set(t, "b", "well")
	w.step = func(point string) {
		if point == "settled" {
			w.set(t, "b", "sick")
		}
	}
	o := w.treat(t, Options{})
	if got := told(o.Fixes); !strings.Contains(got, "cure-a skipped: cure a: it has come up since cure-a was run") || len(o.Fixes) != 2 {
		t.Error(got)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	w := newWard(t, t.TempDir(),
		disease{name: "root", code: checks.ENV001, safety: Safe},
		disease{name: "effect", code: checks.CLK001, safety: Unsafe, cause: "root"},
	)
	before := snapshot(t, w.folder)
	shown := 0
	o := w.treat(t, Options{DryRun: true, Unsafe: true, Show: func(a Agenda) { shown += len(a.Treatments) }})
	if snapshot(t, w.folder) != before || shown != 2 {
		t.Errorf("%d shown; before\n%s\nafter\n%s", shown, before, snapshot(t, w.folder))
	}
	if got := told(o.Fixes); got != "cure-root planned: cure root\ncure-effect planned: cure effect, if it is still needed when ENV001 is cured\n" {
		t.Error(got)
	}
	// What was shown is what is done.
	done := w.treat(t, Options{Unsafe: true, Confirm: yes, Agreed: o.Agenda.Hash})
	if got := told(done.Fixes); strings.Count(got, "verified") != 2 {
		t.Error(got)
	}
}

func TestOnlyWhatWasAgreedToIsDone(t *testing.T) {
	w := newWard(t, t.TempDir(), disease{name: "root", code: checks.ENV001, safety: Safe}, disease{name: "effect", code: checks.CLK001, safety: Safe, cause: "root"})
	agreed := w.treat(t, Options{DryRun: true}).Agenda.Hash
	if w.treat(t, Options{DryRun: true}).Agenda.Hash != agreed {
		t.Error("the same plan has another hash")
	}
	w.set(t, "effect", "sicker")
	before := snapshot(t, w.folder)
	if _, err := w.Treat(context.Background(), Options{Agreed: agreed}); !errors.Is(err, ErrPlanChanged) || snapshot(t, w.folder) != before {
		t.Errorf("%v", err)
	}
	agreed = w.treat(t, Options{DryRun: true}).Agenda.Hash
	w.step = func(point string) {
		if point == "settled" {
			w.set(t, "effect", "dying")
		}
	}
	if got := told(w.treat(t, Options{Agreed: agreed}).Fixes); !strings.Contains(got, "cure-root verified") || !strings.Contains(got, "cure-effect skipped: cure effect: it is not what was agreed to") {
		t.Error(got)
	}
}

func TestAskingAndConfirming(t *testing.T) {
	sick := []disease{
		{name: "mild", code: checks.ENV001, safety: Safe},
		{name: "beast", code: checks.TMP002, safety: Unsafe},
		{name: "brute", code: checks.CLK003, safety: Unsafe},
	}
	w := newWard(t, t.TempDir(), sick...)
	before := snapshot(t, w.folder)
	if _, err := w.Treat(context.Background(), Options{Unsafe: true}); !errors.Is(err, ErrUnconfirmed) || snapshot(t, w.folder) != before {
		t.Errorf("%v", err)
	}
	asked := 0
	got := told(w.treat(t, Options{Unsafe: true, Confirm: func(all []Treatment) (bool, error) {
		asked += len(all)
		return false, nil
	}}).Fixes)
	if asked != 2 || strings.Count(got, "skipped: ") != 2 || strings.Count(got, "not confirmed") != 2 || w.says("mild") != "well" || w.says("beast") != "sick" {
		t.Errorf("asked about %d:\n%s", asked, got)
	}
	asked = 0
	got = told(w.treat(t, Options{Unsafe: true, Confirm: yes, Ask: func(one Treatment) (bool, error) {
		asked++
		return one.Remedy == "cure-beast", nil
	}}).Fixes)
	if asked != 2 || !strings.Contains(got, "cure-beast verified") || !strings.Contains(got, "cure-brute skipped: cure brute: declined") {
		t.Errorf("asked %d times:\n%s", asked, got)
	}
	o, err := w.Treat(context.Background(), Options{Unsafe: true, Confirm: yes, Ask: func(Treatment) (bool, error) { return false, os.ErrClosed }})
	if !errors.Is(err, os.ErrClosed) || o == nil {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestAnInterruptedTreatmentStops(t *testing.T) {
	w := newWard(t, t.TempDir(), disease{name: "a", code: checks.ENV001, safety: Safe}, disease{name: "b", code: checks.CLK001, safety: Safe})
	ctx, cancel := context.WithCancel(context.Background())
	w.step = func(point string) {
		if point == "half" {
			cancel()
		}
	}
	o, err := w.Treat(ctx, Options{})
	if err != nil || w.says("a") != "well" || w.says("b") != "sick" || !o.Diagnosis.Interrupted {
		t.Errorf("%v\n%s", err, told(o.Fixes))
	}
}

func TestWithoutAPlaceForAJournalNothingIsTreated(t *testing.T) {
	w := newWard(t, t.TempDir(), disease{name: "a", code: checks.ENV001, safety: Safe})
	w.Journal = ""
	if _, err := w.Treat(context.Background(), Options{}); !errors.Is(err, ErrNoJournal) || w.says("a") != "sick" {
		t.Error(err)
	}
	w.Journal = filepath.Join(w.folder, "a") // a file
	o := w.treat(t, Options{DryRun: true})
	if len(o.Agenda.Treatments) != 1 {
		t.Error(told(o.Fixes))
	}
	w.Journal = filepath.Join(w.folder, "no", "folder")
	if got := told(w.treat(t, Options{}).Fixes); !strings.Contains(got, "cannot keep a journal, and treats nothing without") || w.says("a") != "sick" {
		t.Error(got)
	}
}
