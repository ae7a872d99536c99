package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	sickEnv    = "# ClickHouse\nDEBUG=1\n"
	treatedEnv = "# ClickHouse\nDEBUG=1\nCLICKHOUSE_DATABASE=posthog\n"
	nobodysID  = 65534
)

// sickFolder is a folder whose .env lacks what doctor adds. Everybody may look into it.
func sickFolder(t *testing.T) (folder, env string) {
	t.Helper()
	folder = t.TempDir()
	env = filepath.Join(folder, ".env")
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{env: sickEnv, filepath.Join(folder, "manage.py"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder, env
}

// treats has the doctor treat a folder, as a process of its own.
func treats(t *testing.T, folder string) *exec.Cmd {
	t.Helper()
	cmd := doctor(t, "127.0.0.1:1", "--only", "ENV001", "--fix")
	cmd.Dir = folder
	return cmd
}

// outcome runs a doctor, and returns all that it says.
func outcome(cmd *exec.Cmd) (code int, said string) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String()
}

// asAnother has a command run as a user who owns nothing.
func asAnother(t *testing.T, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	program, err := exec.LookPath("doctor")
	if err != nil {
		t.Fatal(err)
	}
	// Where the test's programs are, not everybody may look.
	cmd.Path = filepath.Join(filepath.Dir(cmd.Dir), "doctor")
	data, err := os.ReadFile(program)
	if err == nil {
		err = os.WriteFile(cmd.Path, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodysID, Gid: nobodysID}}
	return cmd
}

func chown(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Chown(path, nobodysID, nobodysID); err != nil {
			t.Fatal(err)
		}
	}
}

// What keeps a treatment from being done is said in one line, with the exit code of a disease that is still there, and nothing
// is half done: neither a journal nor a file is left that was not there before.
func TestWhatCannotBeTreatedIsLeftAlone(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, folder, env string)
		want    string
	}{
		"read-only folder": {func(t *testing.T, folder, env string) {
			chown(t, folder, env)
			if err := os.Chmod(folder, 0o555); err != nil {
				t.Fatal(err)
			}
		}, "cannot keep a journal, and treats nothing without: mkdir"},
		"another's folder": {func(*testing.T, string, string) {}, "cannot keep a journal, and treats nothing without: mkdir"},
		"another's .env":   {func(t *testing.T, folder, _ string) { chown(t, folder) }, "permission denied"},
		"another's .env that all may write": {func(t *testing.T, folder, env string) {
			chown(t, folder)
			if err := os.Chmod(env, 0o666); err != nil {
				t.Fatal(err)
			}
		}, "it belongs to user 0 and group 0, and this user cannot leave it to them"},
	} {
		t.Run(name, func(t *testing.T) {
			folder, env := sickFolder(t)
			cmd := asAnother(t, treats(t, folder))
			test.prepare(t, folder, env)
			code, said := outcome(cmd)
			if code != 1 || !strings.Contains(strings.Join(strings.Fields(said), " "), test.want) || strings.Contains(said, "panic") {
				t.Errorf("exit code %d:\n%s", code, said)
			}
			if text, err := os.ReadFile(env); err != nil || string(text) != sickEnv {
				t.Errorf("%q, %v", text, err)
			}
			left(t, folder)
		})
	}
}

func TestAJournalOfAnotherUserIsRefused(t *testing.T) {
	folder, env := sickFolder(t)
	cmd := asAnother(t, treats(t, folder))
	chown(t, folder, env)
	if err := os.Mkdir(filepath.Join(folder, ".doctor"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, said := outcome(cmd)
	if code != exitUsage || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "doctor: ") || !strings.Contains(said, "permission denied") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
	if text, err := os.ReadFile(env); err != nil || string(text) != sickEnv {
		t.Errorf("%q, %v", text, err)
	}
}

// left wants no more than what was there, beside a journal of which nothing is interrupted.
func left(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != ".env" && name != "manage.py" && name != ".doctor" {
			t.Errorf("%s was left behind", name)
		}
	}
	list := doctor(t, "127.0.0.1:1", "undo", "--list", "--format", "json")
	list.Dir = folder
	var past []struct{ Steps []struct{ State string } }
	out, err := list.Output()
	if err == nil {
		err = json.Unmarshal(out, &past)
	}
	if err != nil {
		t.Errorf("the journal cannot be read: %v", err)
	}
	for _, treatment := range past {
		for _, step := range treatment.Steps {
			if step.State != "not done" {
				t.Errorf("the journal has a step that is %s", step.State)
			}
		}
	}
}

// A file that may not grow is as good as a full disk, whether it is the journal that has no room, or what replaces .env.
func TestAFullDiskTreatsNothing(t *testing.T) {
	for _, room := range []int{0, 100, 1000, 4000} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			folder, env := sickFolder(t)
			long := strings.Repeat("# padding\n", 500) + sickEnv
			if err := os.WriteFile(env, []byte(long), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := treats(t, folder)
			cmd.Args, cmd.Path = []string{"small", fmt.Sprint(room)}, ""
			cmd.Path, _ = exec.LookPath("small")
			code, said := outcome(cmd)
			if code != 1 || !strings.Contains(said, "file too large") {
				t.Errorf("exit code %d:\n%s", code, said)
			}
			if text, err := os.ReadFile(env); err != nil || string(text) != long {
				t.Errorf("%q, %v", text, err)
			}
			left(t, folder)
			if code, said := outcome(treats(t, folder)); code != 0 {
				t.Errorf("when there is room again: exit code %d\n%s", code, said)
			}
			if text, err := os.ReadFile(filepath.Join(folder, ".doctor", ".gitignore")); err != nil || string(text) != "*\n" {
				t.Errorf("git is told %q, %v", text, err)
			}
		})
	}
}

func init() {
	programs["small"] = func() {
		var room uint64
		_, _ = fmt.Sscan(os.Args[1], &room)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: room, Max: room}); err != nil {
			panic(err)
		}
		os.Args = []string{"doctor", "--only", "ENV001", "--fix"}
		programs["doctor"]()
	}
}

// The second of two doctors waits for the first, and says for whom when that takes too long; it changes nothing then.
func TestTwoDoctorsAtOnce(t *testing.T) {
	folder, env := sickFolder(t)
	if err := os.Mkdir(filepath.Join(folder, ".doctor"), 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, ".doctor", "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if _, err := lock.WriteString(`{"pid":4711,"since":"2026-11-24T14:02:11Z"}`); err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	program, person := terminalPair(t, 200)
	var stdout bytes.Buffer
	second := treats(t, folder)
	second.Env, second.Stdout, second.Stderr = append(second.Env, "TZ=UTC"), &stdout, program
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	readUntil(t, person, "waiting for another doctor (pid 4711, since 14:02:11) to end its treatment")
	if text, err := os.ReadFile(env); err != nil || string(text) != sickEnv {
		t.Errorf("while it waits: %q, %v", text, err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &stdout)
	}
	if text, err := os.ReadFile(env); err != nil || string(text) != treatedEnv {
		t.Errorf("%q, %v", text, err)
	}
}

// Of several doctors that treat at once one treats, and the others find nothing left to do.
func TestManyDoctorsAtOnce(t *testing.T) {
	folder, env := sickFolder(t)
	outputs := make(chan string)
	const doctors = 6
	for range doctors {
		cmd := treats(t, folder)
		go func() {
			code, said := outcome(cmd)
			outputs <- fmt.Sprintf("exit code %d\n%s", code, said)
		}()
	}
	treated := 0
	for range doctors {
		said := <-outputs
		if !strings.HasPrefix(said, "exit code 0\n") {
			t.Error(said)
		}
		treated += strings.Count(said, "ENV001  verified")
	}
	if text, err := os.ReadFile(env); err != nil || string(text) != treatedEnv || treated != 1 {
		t.Errorf("%d have treated: %q, %v", treated, text, err)
	}
}
