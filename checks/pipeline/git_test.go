package pipeline

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"doctor/checks/pipeline/settings"
)

// repository is a git repository in a folder of its own, in which the test then stands. The git of whoever runs the tests
// is not asked for its settings.
type repository struct {
	*testing.T
	environ []string
}

func newRepository(t *testing.T, arguments ...string) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	t.Chdir(t.TempDir())
	r := &repository{t, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1"}}
	r.git(append([]string{"init", "-q"}, arguments...)...)
	r.git("config", "user.name", "me")
	r.git("config", "user.email", "me@example.com")
	return r
}

func (r *repository) git(arguments ...string) string {
	r.Helper()
	command := exec.Command("git", arguments...)
	command.Env = r.environ
	said, err := command.CombinedOutput()
	if err != nil {
		r.Fatalf("git %q: %v\n%s", arguments, err, said)
	}
	return strings.TrimSpace(string(said))
}

func (r *repository) write(path, text string) {
	r.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.Fatal(err)
	}
}

// staged asks a live world what is staged.
func (r *repository) staged(paths ...string) []StagedFile {
	r.Helper()
	found, err := r.world().Git.Staged(context.Background(), paths)
	if err != nil {
		r.Fatal(err)
	}
	return found.Files
}

func (r *repository) world() *World { return Live(settings.Unset(r.environ), time.Now(), time.Minute) }

// texts are the contents by path, and wants nothing to be left unread.
func texts(t *testing.T, files []StagedFile) map[string]string {
	t.Helper()
	contents := map[string]string{}
	for _, f := range files {
		if f.Unread != "" {
			t.Errorf("%q is not read: %s", f.Path, f.Unread)
		}
		contents[f.Path] = f.Text
	}
	return contents
}

func TestStagedAtTheFirstCommit(t *testing.T) {
	r := newRepository(t)
	if files := r.staged(); len(files) > 0 {
		t.Errorf("%+v", files)
	}
	want := map[string]string{
		"a.py": "one\r\ntwo\n", "with space.py": "x", "deep/er/é.py": "y", "-x": "z", "new\nline.py": "l", `quo"te`: "q", "tab\there": "t",
		"*": "star", "empty": "", ":(top)": "magic",
	}
	for path, text := range want {
		r.write(path, text)
	}
	r.git("--literal-pathspecs", "add", "--", ".")
	files := r.staged()
	if diff := cmp.Diff(want, texts(t, files)); diff != "" {
		t.Error(diff)
	}
	for _, f := range files {
		if f.Before != "" {
			t.Errorf("%q was not there before: %+v", f.Path, f)
		}
	}
	for path := range want {
		if files := r.staged(path); len(files) != 1 || files[0].Path != path {
			t.Errorf("of %q: %+v", path, files)
		}
	}
	if files := r.staged("nowhere"); len(files) > 0 {
		t.Errorf("of no such file: %+v", files)
	}
}

// The index is what counts, whatever the working tree has become since.
func TestStagedIsNotTheWorkingTree(t *testing.T) {
	r := newRepository(t)
	for _, name := range []string{"same", "changed", "gone", "longer", "folder", "link", "binary now"} {
		r.write(name, "staged "+name)
	}
	r.git("add", ".")
	r.write("unstaged", "not staged")
	r.write("changed", "Staged changed")
	r.write("longer", "staged longer and longer")
	r.write("binary now", "\x00")
	for _, name := range []string{"gone", "folder", "link"} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	r.write("folder/file", "x")
	if err := os.Symlink("same", "link"); err != nil {
		t.Fatal(err)
	}
	for path, text := range texts(t, r.staged()) {
		if text != "staged "+path {
			t.Errorf("%q is %q", path, text)
		}
	}
}

func TestStagedAgainstACommit(t *testing.T) {
	r := newRepository(t)
	long := strings.Repeat("a line that stays as it is\n", 40)
	for path, text := range map[string]string{"kept": "k", "changed": "before", "deleted": "d", "moved": long, "moved and changed": long, "retyped": "r"} {
		r.write(path, text)
	}
	r.git("add", ".")
	r.git("commit", "-qm", "one")
	before := r.git("rev-parse", "HEAD:moved")
	r.write("changed", "after")
	r.git("rm", "-q", "deleted", "retyped")
	r.git("mv", "moved", "there")
	r.git("mv", "moved and changed", "there, too")
	r.write("there, too", long+"and one more\n")
	if err := os.Symlink("kept", "retyped"); err != nil {
		t.Fatal(err)
	}
	r.git("add", ".")
	files := r.staged()
	want := map[string]string{"changed": "after", "there": long, "there, too": long + "and one more\n"}
	if diff := cmp.Diff(want, texts(t, files)); diff != "" {
		t.Error(diff)
	}
	for _, f := range files {
		if f.Before == "" || strings.HasPrefix(f.Path, "there") && f.Before != before {
			t.Errorf("%q has been there before: %+v", f.Path, f)
		}
	}
	contents, err := r.world().Git.Contents(context.Background(), []string{before, "HEAD:changed", "HEAD:nowhere", "MERGE_HEAD:changed", "HEAD", files[0].Before})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Delete(contents, 4, 5), []string{long, "before", "", "", "before"}) {
		t.Errorf("%q", contents)
	}
}

func TestWhatHasNoContentOfItsOwnIsLeftOut(t *testing.T) {
	r := newRepository(t)
	r.write("file", "text")
	r.write("picture", "\x89PNG\x00")
	r.write("large", "x")
	if err := os.Truncate("large", maxStagedFile+1); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", "link"); err != nil {
		t.Fatal(err)
	}
	r.git("add", ".")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",module")
	r.git("update-index", "--add", "--cacheinfo", "100644,"+strings.Repeat("2", 40)+",missing")
	want := []StagedFile{
		{Path: "file", Text: "text"},
		{Path: "large", Unread: "it is larger than 8 MiB"},
		{Path: "missing", Unread: "git does not have its content here"},
		{Path: "picture", Binary: true},
	}
	if diff := cmp.Diff(want, r.staged()); diff != "" {
		t.Error(diff)
	}
}

func TestRoomForAllFiles(t *testing.T) {
	r := newRepository(t)
	text := strings.Repeat("0123456789abcdef\n", maxStagedFile/17)
	for i := range maxStaged/maxStagedFile + 2 {
		r.write(string(rune('a'+i)), text)
	}
	r.git("add", ".")
	unread := 0
	for _, f := range r.staged() {
		if f.Unread != "" && f.Unread != "the files before it have 64 MiB" {
			t.Errorf("%s: %s", f.Path, f.Unread)
		}
		if f.Unread != "" {
			unread++
		}
	}
	if unread == 0 || unread > 2 {
		t.Errorf("%d files are unread", unread)
	}
}

// A hook runs with variables that name the repository, the index or both, wherever it stands.
func TestStagedAsAHookSeesIt(t *testing.T) {
	r := newRepository(t)
	r.write("a", "a")
	r.git("add", ".")
	r.git("commit", "-qm", "one")
	r.write("a", "changed")
	r.write("b", "b")
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	r.git("read-tree", "--index-output=.git/partial", "HEAD")
	partial := *r
	partial.environ = append(slices.Clone(r.environ), "GIT_INDEX_FILE="+filepath.Join(folder, ".git/partial"))
	partial.git("add", "b")
	if diff := cmp.Diff(map[string]string{"b": "b"}, texts(t, partial.staged())); diff != "" {
		t.Errorf("of a partial commit: %s", diff)
	}
	if files := r.staged(); len(files) > 0 {
		t.Errorf("of the other index: %+v", files)
	}

	r.git("worktree", "add", "-q", "../elsewhere")
	t.Chdir("../elsewhere")
	r.write("c", "c")
	r.git("add", "c")
	if diff := cmp.Diff(map[string]string{"c": "c"}, texts(t, r.staged())); diff != "" {
		t.Errorf("in a worktree: %s", diff)
	}

	t.Chdir(t.TempDir())
	r.environ = append(r.environ, "GIT_DIR="+filepath.Join(folder, ".git"), "GIT_WORK_TREE="+folder)
	r.git("add", "-A")
	if diff := cmp.Diff(map[string]string{"a": "changed", "b": "b"}, texts(t, r.staged())); diff != "" {
		t.Errorf("by GIT_DIR: %s", diff)
	}
}

func TestPathsAreThoseOfTheFolderTheyAreNamedIn(t *testing.T) {
	r := newRepository(t)
	r.write("a", "at the top")
	r.write("below/a", "below")
	r.git("add", ".")
	t.Chdir("below")
	if diff := cmp.Diff(map[string]string{"below/a": "below"}, texts(t, r.staged("a"))); diff != "" {
		t.Error(diff)
	}
	if files := r.staged(); len(files) != 2 {
		t.Errorf("%+v", files)
	}
}

func TestAnotherHash(t *testing.T) {
	r := newRepository(t, "--object-format=sha256")
	r.write("a", "one")
	r.write("b", "two")
	r.git("add", ".")
	r.write("b", "three")
	if diff := cmp.Diff(map[string]string{"a": "one", "b": "two"}, texts(t, r.staged())); diff != "" {
		t.Error(diff)
	}
}

// A repository may be configured to run programs. None of them runs here.
func TestNoOtherProgramRuns(t *testing.T) {
	r := newRepository(t)
	trap := filepath.Join(t.TempDir(), "trap")
	r.write(trap, "#!/bin/sh\ntouch "+trap+".sprung\n")
	if err := os.Chmod(trap, 0o700); err != nil {
		t.Fatal(err)
	}
	r.write("a.txt", "one")
	r.write(".gitattributes", "*.txt diff=trap filter=trap")
	r.git("add", ".")
	r.git("commit", "-qm", "one")
	r.write("a.txt", "two")
	r.git("add", ".")
	for _, name := range []string{"core.fsmonitor", "core.pager", "diff.external", "diff.trap.command", "diff.trap.textconv", "filter.trap.smudge", "pager.diff"} {
		r.git("config", name, trap)
	}
	r.environ = append(r.environ, "GIT_EXTERNAL_DIFF="+trap, "GIT_PAGER="+trap)
	if diff := cmp.Diff(map[string]string{"a.txt": "two"}, texts(t, r.staged())); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(trap + ".sprung"); err == nil {
		t.Error("a program of the repository's choice has run")
	}
}

func TestNothingIsFetched(t *testing.T) {
	r := newRepository(t)
	trap := filepath.Join(t.TempDir(), "trap")
	r.write(trap, "#!/bin/sh\ntouch "+trap+".sprung\n")
	if err := os.Chmod(trap, 0o700); err != nil {
		t.Fatal(err)
	}
	r.git("config", "extensions.partialClone", "origin")
	r.git("config", "core.repositoryFormatVersion", "1")
	r.git("config", "remote.origin.promisor", "true")
	r.git("config", "remote.origin.url", "ext::"+trap)
	r.git("config", "protocol.ext.allow", "always")
	r.git("update-index", "--add", "--cacheinfo", "100644,"+strings.Repeat("2", 40)+",missing")
	found, err := r.world().Git.Staged(context.Background(), nil)
	if err == nil && (len(found.Files) != 1 || found.Files[0].Unread == "") {
		t.Errorf("%+v", found)
	}
	if _, err := os.Stat(trap + ".sprung"); err == nil {
		t.Error("git has asked its remote")
	}
}

func TestNoRepository(t *testing.T) {
	r := newRepository(t)
	elsewhere := t.TempDir()
	t.Chdir(elsewhere)
	r.environ = append(r.environ, "GIT_CEILING_DIRECTORIES="+filepath.Dir(elsewhere))
	for name, environ := range map[string][]string{
		"none":      nil,
		"no folder": {"GIT_DIR=" + filepath.Join(elsewhere, "nowhere")},
	} {
		world := Live(settings.Unset(append(slices.Clone(r.environ), environ...)), time.Now(), time.Minute)
		_, err := world.Git.Staged(context.Background(), nil)
		var failed *Error
		if !errors.As(err, &failed) || failed.Kind != Missing || failed.Reason() != "this is no git repository" {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Setenv("PATH", elsewhere)
	_, err := r.world().Git.Staged(context.Background(), nil)
	var failed *Error
	if !errors.As(err, &failed) || failed.Kind != Missing || failed.Reason() != "git is not installed" {
		t.Errorf("without git: %v", err)
	}
}

func TestABrokenRepositoryIsNoMissingOne(t *testing.T) {
	r := newRepository(t)
	r.write("a", "a")
	r.git("add", ".")
	r.write(".git/index", "nonsense")
	_, err := r.world().Git.Staged(context.Background(), nil)
	if KindOf(err) != Failed || !strings.Contains(err.Error(), "asking git for what is staged: ") || !strings.Contains(err.Error(), "index") {
		t.Errorf("%v", err)
	}
}

func TestGitThatDoesNotEnd(t *testing.T) {
	r := newRepository(t)
	bin := t.TempDir()
	r.write(filepath.Join(bin, "git"), "#!/bin/sh\nexec sleep 60\n")
	if err := os.Chmod(filepath.Join(bin, "git"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	_, err := Live(settings.Unset(r.environ), time.Now(), 50*time.Millisecond).Git.Staged(context.Background(), nil)
	if KindOf(err) != TimedOut {
		t.Errorf("%v", err)
	}
}
