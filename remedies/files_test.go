package remedies

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPermissionsAndLinksStay(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	file := filepath.Join(elsewhere, "env")
	put(t, file, "A=1\n")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, ".env")
	if err := os.Symlink(filepath.Join("..", filepath.Base(elsewhere), "env"), link); err != nil {
		t.Fatal(err)
	}
	e := envEngine(folder)
	for _, want := range []string{"A=1\nCLICKHOUSE_DATABASE=posthog\n", "A=1\n"} {
		if want != "A=1\n" {
			cured(t, e)
		} else if _, err := e.Undo(context.Background(), ""); err != nil {
			t.Fatal(err)
		}
		at, err := os.Lstat(link)
		if err != nil || at.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link: %v, %v", at.Mode(), err)
		}
		info, err := os.Stat(file)
		if err != nil || info.Mode() != 0o644 || textOf(t, file) != want {
			t.Errorf("%v, %v, %q", info.Mode(), err, textOf(t, file))
		}
	}
}

// refuses wants a folder's .env not to be treated, for a reason in one line, and nothing to be left half done.
func refuses(t *testing.T, folder, reason string) {
	t.Helper()
	file := filepath.Join(folder, ".env")
	before := textOf(t, file)
	o, err := envEngine(folder).Treat(context.Background(), Options{})
	if err != nil || len(o.Fixes) != 1 || o.Fixes[0].Status != Failed || !strings.Contains(o.Fixes[0].Detail, reason) || strings.Contains(o.Fixes[0].Detail, "\n") {
		t.Errorf("%+v, %v", o, err)
	}
	if textOf(t, file) != before {
		t.Errorf("it was written: %q", textOf(t, file))
	}
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if name := entry.Name(); name != ".env" && name != ".doctor" && name != "link" {
			t.Errorf("left behind: %s", name)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestAFileWithTwoNamesIsRefused(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, ".env"), "A=1\n")
	if err := os.Link(filepath.Join(folder, ".env"), filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	refuses(t, folder, "it has 2 names (hard links)")
}

func TestALinkToNothingIsRefused(t *testing.T) {
	folder := t.TempDir()
	put(t, filepath.Join(folder, "manage.py"), "")
	if err := os.Symlink("nowhere", filepath.Join(folder, ".env")); err != nil {
		t.Fatal(err)
	}
	o, err := envEngine(folder).Treat(context.Background(), Options{})
	if err != nil || o.Fixes[0].Status != Failed || !strings.Contains(o.Fixes[0].Detail, "it is a link to a file that is not there") {
		t.Errorf("%+v, %v", o, err)
	}
}
