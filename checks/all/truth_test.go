package all_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/checks/checkstest/truth"
	"doctor/checks/configuration"
)

var (
	worlds = flag.Int("worlds", 100, "judge `N` random worlds")
	seed   = flag.Uint64("seed", 1, "the `SEED` of the first of them")
	table  = flag.String("table", "", "write precision and recall to `FILE`")
)

// Random worlds of recorded diseases among recorded traffic: what is wrong is found, all of it and nothing else.
func TestRandomWorlds(t *testing.T) {
	every, err := checks.Select(all.All(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	selection := every.Keep(func(c *checks.Check) bool { return !c.Commit && !configuration.Judges(c) })
	stage := truth.NewStage("../../fixtures/captures")
	var verdicts []truth.Verdict
	for n := *seed; n < *seed+uint64(*worlds); n++ {
		w := truth.DrawApart(n, stage.Has)
		options, err := stage.Play(w)
		if err != nil {
			t.Fatalf("world %d: %v", n, err)
		}
		d := checks.Run(context.Background(), selection, options)
		if err := checks.Unlinked(d); err != nil {
			t.Errorf("world %d: %v", n, err)
		}
		v := truth.Judge(w, d)
		if !v.Right() {
			t.Errorf("world %d, %q: expected %v, found %v, missed %v, false %v, unknown %q%s", n, v.Given, v.Expected, v.Found, v.Missed, v.False, v.Unknown, told(d))
		}
		verdicts = append(verdicts, v)
	}
	if err := write(t, verdicts); err != nil {
		t.Fatal(err)
	}
}

// told is all that was found, for a test that has failed.
func told(d *checks.Diagnosis) string {
	var b strings.Builder
	for _, f := range d.Findings() {
		fmt.Fprintf(&b, "\n  %s %s %s: %s (root %t)", f.Code, f.Severity, f.State, f.Title, f.Root())
	}
	return b.String()
}

func write(t *testing.T, verdicts []truth.Verdict) error {
	if *table == "" {
		return truth.Write(t.Output(), verdicts)
	}
	file, err := os.Create(*table)
	if err != nil {
		return err
	}
	defer file.Close()
	return truth.Write(file, verdicts)
}
