package remedies

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// asNobody has one thread of this process, and what is done on it, meet files as another user does where the test is run by
// one who may do everything.
func asNobody(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its user
		if os.Geteuid() == 0 {
			_, _ = unix.SetfsuidRetUid(nobody)
		}
		do()
	}()
	<-done
}

func owned(t *testing.T, uid int, paths ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for _, path := range paths {
		if err := os.Chown(path, uid, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// open lets everybody into the folders above a test's folder, which are only made for the test.
func open(t *testing.T, folder string) {
	t.Helper()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestAReadOnlyFolderIsRefused(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	file := filepath.Join(folder, ".env")
	put(t, file, "A=1\n")
	owned(t, nobody, folder, file)
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(folder, 0o700) }()
	asNobody(func() {
		refuses(t, folder, "cannot keep a journal, and treats nothing without: mkdir "+filepath.Join(folder, ".doctor")+": permission denied")
	})
}

func TestAFileOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make one")
	}
	folder := t.TempDir()
	open(t, folder)
	file := filepath.Join(folder, ".env")
	put(t, file, "A=1\n")
	owned(t, nobody, folder)
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	asNobody(func() { refuses(t, folder, "cannot write "+file+": permission denied") })
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	asNobody(func() { refuses(t, folder, "it belongs to user 0 and group 0, and this user cannot leave it to them") })

	// Who may do everything leaves it to its owner.
	owned(t, nobody, file)
	cured(t, envEngine(folder))
	if info, err := os.Stat(file); err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("%+v, %v", info.Sys(), err)
	}
}

// A file that may not grow is as good as a full disk. The limit is one of a process, so that it needs one of its own.
func TestAFullDisk(t *testing.T) {
	if folder := os.Getenv("REMEDIES_TEST_FULL"); folder != "" {
		signal.Ignore(syscall.SIGXFSZ)
		put(t, filepath.Join(folder, ".doctor", "probe"), "")
		var usual unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &usual); err != nil {
			t.Fatal(err)
		}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 300, Max: usual.Max}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setrlimit(unix.RLIMIT_FSIZE, &usual) }()
		edit := &fileEdit{File: filepath.Join(folder, ".env"), Before: []byte(longEnv), Change: splice{0, 0, "B=2\n"}}
		err := edit.Apply(context.Background(), &Tools{Folder: filepath.Join(folder, ".doctor"), step: func(string) {}})
		if err == nil || err.Error() != "cannot write "+edit.File+": file too large" {
			t.Errorf("the file: %v", err)
		}
		if entries, err := os.ReadDir(filepath.Join(folder, ".doctor")); err != nil || len(entries) != 1 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
		refuses(t, folder, "cannot write to the journal: ")
		return
	}
	folder := t.TempDir()
	put(t, filepath.Join(folder, ".env"), longEnv)
	if err := os.Mkdir(filepath.Join(folder, ".doctor"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestAFullDisk$")
	c.Env = append(os.Environ(), "REMEDIES_TEST_FULL="+folder)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// When there is room again, the treatment goes on.
	cured(t, envEngine(folder))
}

var longEnv = "A=1\n#" + strings.Repeat("x", 300) + "\n"
