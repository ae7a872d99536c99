package remedies

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/embeddings"
	"doctor/checks/pipeline"
)

// shelf is hands for a table whose rows are one a document.
type shelf struct {
	rows    map[string]bool
	bytes   int64
	exports int
	halt    bool // the deletion ends half way

	calledOff int
}

func (s *shelf) Count(context.Context, pipeline.SignalsOfReports) (pipeline.Amount, error) {
	n := int64(len(s.rows))
	return pipeline.Amount{Documents: n, Rows: n, Bytes: s.bytes}, nil
}

func (s *shelf) Deletion(_ context.Context, signals pipeline.SignalsOfReports) ([]string, error) {
	return []string{"DELETE older", fmt.Sprintf("DELETE %q before %d", signals.Reports, signals.Before.UnixMilli())}, nil
}

func (s *shelf) Export(_ context.Context, _ pipeline.SignalsOfReports, to io.Writer, progress func(int64)) (pipeline.Export, error) {
	s.exports++
	for _, row := range slices.Sorted(maps.Keys(s.rows)) {
		fmt.Fprintln(to, row)
	}
	n := int64(len(s.rows))
	progress(n)
	return pipeline.Export{Documents: n, Rows: n}, nil
}

func (s *shelf) Delete(_ context.Context, _ pipeline.SignalsOfReports, exported pipeline.Amount, progress func(pipeline.Progress)) error {
	if int64(len(s.rows)) > exported.Rows {
		return errors.New("more than was exported")
	}
	for i, row := range slices.Sorted(maps.Keys(s.rows)) {
		if s.halt && i == 1 {
			return errors.New("interrupted")
		}
		delete(s.rows, row)
		progress(pipeline.Progress{Mutation: "m", Step: min(i+1, 2), Steps: 2})
	}
	return nil
}

func (s *shelf) CallOff(context.Context, pipeline.SignalsOfReports, func(pipeline.Progress)) error {
	s.calledOff++
	return nil
}

func (s *shelf) Restore(_ context.Context, _ pipeline.SignalsOfReports, _ pipeline.Export, from io.Reader, progress func(int64)) (pipeline.Restored, error) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		s.rows[lines.Text()] = true
		progress(1)
	}
	return pipeline.Restored{}, lines.Err()
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{rows: map[string]bool{"a": true, "b": true, "c": true}, bytes: 36_000}
	was := handsForEmbeddings
	handsForEmbeddings = func(*pipeline.World) (embeddingHands, error) { return s, nil }
	t.Cleanup(func() { handsForEmbeddings = was })
	return s
}

const shelfName = "posthog.shelf"

// staleCase is stale signals of two reports.
func staleCase(t *testing.T, at time.Time) *Case {
	t.Helper()
	w := checkstest.World()
	w.Now = at
	return &Case{
		Finding: &checks.Finding{Code: checks.CLK001, Subject: []string{shelfName}},
		Result: &embeddings.Staleness{Certain: true, Tables: []embeddings.TableSignals{{
			Table:   pipeline.Table{Database: "posthog", Name: "shelf"},
			Reports: []pipeline.ReportSignals{{Report: "r2", Documents: 2}, {Report: "r1", Documents: 1}},
		}}},
		Team: checkstest.Team, World: w, Journal: filepath.Join(t.TempDir(), ".doctor"),
	}
}

func deletion(t *testing.T, c *Case) *deleteEmbeddings {
	t.Helper()
	plan, err := planDeletion(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Operations[0].(*deleteEmbeddings)
}

// bench is the tools for a world in which Postgres has these of the reports.
func bench(folder string, alive ...pipeline.ReportState) *Tools {
	return benchBeside(folder, nil, alive...)
}

// benchBeside is a bench on which other mutations are under way.
func benchBeside(folder string, others []pipeline.Mutation, alive ...pipeline.ReportState) *Tools {
	return &Tools{
		Folder: folder, Progress: func(string) {}, step: func(string) {},
		open: func() (*pipeline.World, error) {
			return checkstest.World(
				pipeline.ReportStates.Is(pipeline.ReportsOf{Team: checkstest.Team, IDs: []string{"r1", "r2"}}, alive),
				pipeline.Mutations.Is(pipeline.Nothing{}, others),
			), nil
		},
	}
}

func TestADeletionDoesNotQueueBehindOneThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		other   pipeline.Mutation
		refused bool
	}{
		"it fails":         {pipeline.Mutation{Database: "posthog", Table: "shelf", ID: "mutation_3.txt", Failure: "cannot parse"}, true},
		"it is slow":       {pipeline.Mutation{Database: "posthog", Table: "shelf", ID: "mutation_3.txt"}, false},
		"of another table": {pipeline.Mutation{Database: "posthog", Table: "drawer", ID: "mutation_3.txt", Failure: "cannot parse"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, tools := newShelf(t), benchBeside(t.TempDir(), []pipeline.Mutation{test.other})
			planned := deletion(t, staleCase(t, checkstest.Now))
			err := planned.Apply(context.Background(), tools)
			if refused := err != nil && strings.Contains(err.Error(), "mutation_3.txt of posthog.shelf fails at each attempt"); refused != test.refused {
				t.Error(err)
			}
			if test.refused && s.exports > 0 {
				t.Error("it has exported")
			}
		})
	}
}

func expectState(t *testing.T, o Operation, tools *Tools, want State, says string) {
	t.Helper()
	state, seen, err := o.Look(context.Background(), tools)
	if err != nil || state != want || !strings.Contains(seen, says) {
		t.Errorf("state %d (%s), %v; want %d (%s)", state, seen, err, want, says)
	}
}

func TestEmbeddingsAreDeletedAndPutBack(t *testing.T) {
	s, tools, ctx := newShelf(t), bench(t.TempDir()), context.Background()
	planned := deletion(t, staleCase(t, checkstest.Now))
	for _, says := range []string{"-- exported first to", "about 36.0 kB", `DELETE ["r1" "r2"] before 1795521600000`} {
		if shown := planned.Show(); !strings.Contains(shown.Text, says) || strings.Contains(shown.Text, "older") || shown.Form != "sql" {
			t.Errorf("shown as %+v, want %q", shown, says)
		}
	}
	expectState(t, planned, tools, Before, "3 rows of 3 embeddings")
	s.halt = true
	if err := planned.Apply(ctx, tools); err == nil {
		t.Error("the deletion was not interrupted")
	}
	expectState(t, planned, tools, Between, "2 rows of 2 embeddings, of 3 exported")
	s.halt = false
	if err := planned.Apply(ctx, tools); err != nil || s.exports != 1 {
		t.Fatalf("exported %d times, %v", s.exports, err)
	}
	expectState(t, planned, tools, After, "0 rows")
	s.rows["c"] = true
	for range 2 { // it can be repeated
		if err := planned.Undo(ctx, tools); err != nil || len(s.rows) != 3 {
			t.Fatalf("%v, %v", s.rows, err)
		}
		expectState(t, planned, tools, Before, "3 rows")
		if err := os.Rename(planned.export(tools)+isBack, planned.export(tools)+described); err != nil {
			t.Fatal(err)
		}
	}
	s.rows["d"] = true
	expectState(t, planned, tools, Elsewhere, "4 rows of 4 embeddings, and only 3 were exported")
}

func TestADamagedExportIsNotPutBack(t *testing.T) {
	s, tools, ctx := newShelf(t), bench(t.TempDir()), context.Background()
	planned := deletion(t, staleCase(t, checkstest.Now))
	if err := planned.Apply(ctx, tools); err != nil {
		t.Fatal(err)
	}
	path := planned.export(tools)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"half": whole[:len(whole)/2], "another": bytes.ToUpper(whole), "more": append(whole, '\n')} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := planned.Undo(ctx, tools); err == nil || !strings.Contains(err.Error(), "is damaged") || len(s.rows) > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	expectState(t, planned, tools, After, "0 rows")
}

func TestWhatIsNotStaleAnyMoreIsKept(t *testing.T) {
	ctx := context.Background()
	for name, test := range map[string]struct {
		because standing
		alive   pipeline.ReportState
	}{
		"restored": {missing, pipeline.ReportState{ID: "r1", Status: pipeline.ReportDeleted}},
		"revived":  {deleted, pipeline.ReportState{ID: "r1", Status: "ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, folder := newShelf(t), t.TempDir()
			planned := deletion(t, staleCase(t, checkstest.Now))
			planned.Because = test.because
			if err := planned.Apply(ctx, bench(folder, test.alive)); err == nil || len(s.rows) != 3 || s.exports > 0 {
				t.Errorf("%v, %d exports: %v", s.rows, s.exports, err)
			}
			s.halt = true
			if err := planned.Apply(ctx, bench(folder)); err == nil || len(s.rows) != 2 {
				t.Fatalf("%v: %v", s.rows, err)
			}
			if err := planned.Apply(ctx, bench(folder, test.alive)); err == nil || !strings.Contains(err.Error(), "report r1 is not "+string(test.because)) || len(s.rows) != 3 {
				t.Errorf("%v: %v", s.rows, err)
			}
			expectState(t, planned, bench(folder), Before, "3 rows")
		})
	}
}

func TestALargeExportWantsAFolder(t *testing.T) {
	s, c := newShelf(t), staleCase(t, checkstest.Now)
	s.bytes = largestExport + 1
	if _, err := planDeletion(context.Background(), c); err == nil || !strings.Contains(err.Error(), "about 2.1 GB: name a folder for it with --export-to") {
		t.Error(err)
	}
	c.ExportTo = filepath.Join(t.TempDir(), "none")
	if _, err := planDeletion(context.Background(), c); err == nil || !strings.Contains(err.Error(), "there is no folder") {
		t.Error(err)
	}
	c.ExportTo, s.bytes = t.TempDir(), 1<<62
	if _, err := planDeletion(context.Background(), c); err == nil || !strings.Contains(err.Error(), "are free in") {
		t.Error(err)
	}
	s.bytes = 1000
	planned, tools := deletion(t, c), bench(t.TempDir())
	if err := planned.Apply(context.Background(), tools); err != nil || filepath.Dir(planned.export(tools)) != c.ExportTo || !exists(planned.export(tools)) {
		t.Errorf("%s, %v", planned.export(tools), err)
	}
}

// The hash of a plan is made of its essence.
func TestTheSameDeletionHasOneEssence(t *testing.T) {
	newShelf(t)
	c, later := staleCase(t, checkstest.Now), staleCase(t, checkstest.Now.Add(time.Hour))
	reports := later.Result.(*embeddings.Staleness).Tables[0].Reports
	slices.Reverse(reports)
	essence := deletion(t, c).Essence()
	if got := deletion(t, later).Essence(); got != essence {
		t.Errorf("%s, later %s", essence, got)
	}
	reports[0].Report = "r3"
	if deletion(t, later).Essence() == essence {
		t.Error("another report is the same")
	}
}

// A doctor that ends at any of its steps leaves no row lost, and the next one goes on.
func TestADeletionEndsAnywhere(t *testing.T) {
	ctx := context.Background()
	for at := 0; ; at++ {
		s, folder := newShelf(t), t.TempDir()
		planned := deletion(t, staleCase(t, checkstest.Now))
		steps := func() *Tools {
			n, tools := 0, bench(folder)
			tools.step = func(string) {
				if n++; n == at+1 {
					panic(at)
				}
			}
			return tools
		}
		ended := func(do func(context.Context, *Tools) error) (ended bool) {
			defer func() { ended = recover() != nil }()
			if err := do(ctx, steps()); err != nil {
				t.Error(err)
			}
			return false
		}
		applying := ended(planned.Apply)
		if state, seen, err := planned.Look(ctx, bench(folder)); err != nil || state == Elsewhere || state == Before && len(s.rows) < 3 {
			t.Errorf("step %d: state %d (%s), %v", at, state, seen, err)
		} else if state != After {
			if err := planned.Apply(ctx, bench(folder)); err != nil {
				t.Errorf("step %d: %v", at, err)
			}
		}
		expectState(t, planned, bench(folder), After, "0 rows")
		undoing := ended(planned.Undo)
		if state, _, _ := planned.Look(ctx, bench(folder)); state != Before {
			if err := planned.Undo(ctx, bench(folder)); err != nil {
				t.Errorf("step %d: %v", at, err)
			}
		}
		expectState(t, planned, bench(folder), Before, "3 rows")
		if !applying && !undoing {
			if at < 5 {
				t.Errorf("only %d steps", at)
			}
			return
		}
	}
}

func TestHowFarADeletionMayGo(t *testing.T) {
	uncertain := &embeddings.Staleness{Tables: staleCase(t, checkstest.Now).Result.(*embeddings.Staleness).Tables}
	gone := []embeddings.DeletedReport{{Table: uncertain.Tables[0].Table, ReportSignals: uncertain.Tables[0].Reports[0]}}
	for name, test := range map[string]struct {
		code   checks.Code
		result any
		want   Advice
	}{
		"stale":     {checks.CLK001, staleCase(t, checkstest.Now).Result, Advice{"delete-stale-embeddings", Safe, "doctor --fix deletes 3 embeddings of 2 reports, and doctor undo puts them back"}},
		"uncertain": {checks.CLK001, uncertain, Advice{"delete-stale-embeddings", Unsafe, "doctor --fix --unsafe deletes all 3 embeddings, also those of reports that may exist"}},
		"deleted":   {checks.CLK004, gone, Advice{"delete-embeddings-of-deleted-reports", Safe, "doctor --fix deletes 2 embeddings of 1 report, and doctor undo puts them back"}},
	} {
		f := &checks.Finding{Code: test.code, State: checks.Active, Subject: []string{shelfName}}
		if told := For(f, Case{Team: 7, Result: test.result}); len(told) != 1 || told[0] != test.want {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

func TestWhatIsLeftOfAnExportIsRemoved(t *testing.T) {
	s, folder, ctx := newShelf(t), t.TempDir(), context.Background()
	tools := bench(folder)
	planned := deletion(t, staleCase(t, checkstest.Now))
	path := planned.export(tools)
	for name, left := range map[string][]string{"none": nil, "being written": {unfinished}, "not described": {""}} {
		for _, end := range left {
			if err := os.WriteFile(path+end, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := planned.Tidy(tools); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
			t.Errorf("%s: %v, %v are left", name, entries, err)
		}
	}
	s.halt = true
	if err := planned.Apply(ctx, tools); err == nil {
		t.Fatal("the deletion was not interrupted")
	}
	for range 2 { // a complete one stays, before and after its rows were put back
		if err := planned.Tidy(tools); err != nil || planned.Undo(ctx, tools) != nil && s.calledOff == 0 {
			t.Error(err)
		}
		if !exists(path) || len(s.rows) != 3 || s.calledOff != 1 {
			t.Errorf("%v is there, %d mutations called off", s.rows, s.calledOff)
		}
	}
}
