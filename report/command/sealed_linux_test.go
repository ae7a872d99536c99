package command

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func init() {
	programs["sealed"] = func() {
		if err := seal(); err != nil {
			panic(err)
		}
		programs["doctor"]()
	}
}

// seal has the kernel end this process when it opens a socket, of whatever kind.
func seal() error {
	const onlyTheNumber = 0 // of the system call, in what the filter is given (seccomp(2))
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: onlyTheNumber},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}

// A replay opens no socket. That a diagnosis of running services does shows that the seal holds.
func TestAReplayOpensNoSocket(t *testing.T) {
	capture := captured(t, "demo")
	sealed := func(args ...string) (*os.ProcessState, string) {
		cmd := exec.Command("sealed", args...)
		cmd.Dir = t.TempDir()
		cmd.Env = append(elsewhere("127.0.0.1:1"), "HOME="+cmd.Dir, "PATH="+os.Getenv("PATH"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		_ = cmd.Run()
		return cmd.ProcessState, out.String()
	}
	if ended, said := sealed("--only", "services.temporal"); ended.Sys().(syscall.WaitStatus).Signal() != unix.SIGSYS {
		t.Fatalf("a live run was not ended: %v\n%s", ended, said)
	}
	if ended, said := sealed("--from", capture, "-v"); ended.ExitCode() != 1 {
		t.Errorf("a replay ended with %v\n%s", ended, said)
	}
}
