package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"doctor/checks"
)

func TestOutputIsWholeOrNotThere(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "report.json")
	link := filepath.Join(folder, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if got := call(t, []*checks.Check{broke("a.one", checks.TMP001, checks.Error)}, "--output", path, "--format", "json"); got != (said{exit: 1}) {
		t.Fatalf("%+v", got)
	}
	first := contents(t, path)
	if got := call(t, []*checks.Check{passing("a.one")}, "--output", link, "--format", "json"); got != (said{}) {
		t.Fatalf("%+v", got)
	}
	if contents(t, path) == first {
		t.Error("the file that the link names was not replaced")
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", info, err)
	}
	if got := call(t, []*checks.Check{passing("a.one")}, "--output", path, "--env-file", "/does/not/exist"); got.exit != exitUsage {
		t.Fatalf("%+v", got)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 2 {
		t.Errorf("something is left behind: %v %v", left, err)
	}
	if got := call(t, nil, "version", "--output", "/dev/null"); got != (said{}) {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null was replaced: %v %v", info, err)
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	read, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(read)
}

func TestColorIsDecidedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		args []string
		want bool
	}{
		"no terminal":                  {want: false},
		"always":                       {args: []string{"--color", "always"}, want: true},
		"always and NO_COLOR":          {env: []string{"NO_COLOR=1"}, args: []string{"--color", "always"}, want: true},
		"forced":                       {env: []string{"CLICOLOR_FORCE=1"}, want: true},
		"forced with 0":                {env: []string{"CLICOLOR_FORCE=0"}, want: false},
		"forced and NO_COLOR":          {env: []string{"CLICOLOR_FORCE=1", "NO_COLOR=1"}, want: false},
		"forced and an empty NO_COLOR": {env: []string{"CLICOLOR_FORCE=1", "NO_COLOR="}, want: true},
		"never and forced":             {env: []string{"CLICOLOR_FORCE=1"}, args: []string{"--color", "never"}, want: false},
	} {
		got := callWith(t, t.Context(), []*checks.Check{passing("a.one")}, c.env, c.args...)
		if colored := strings.Contains(got.stdout, "\x1b["); colored != c.want {
			t.Errorf("%s: color is %v", name, colored)
		}
	}
}

func TestColumnsSetTheWidth(t *testing.T) {
	long := broke("a.one", checks.TMP001, checks.Error)
	long.Run = func(_ context.Context, p *checks.Pass) (any, error) {
		p.Report(checks.TMP001, "x").Titlef("%s", strings.Repeat("word ", 40))
		return nil, nil
	}
	for columns, want := range map[string]int{"50": 50, "100": 100, "": 80, "none": 80, "-3": 80, "100000": 120} {
		got := callWith(t, t.Context(), []*checks.Check{long}, []string{"COLUMNS=" + columns})
		widest := 0
		for _, line := range strings.Split(got.stdout, "\n") {
			widest = max(widest, len([]rune(line)))
		}
		if widest > want || widest < want-8 {
			t.Errorf("COLUMNS=%s: the widest line has %d columns, want about %d", columns, widest, want)
		}
	}
}
