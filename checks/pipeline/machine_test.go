//go:build linux || darwin

package pipeline

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"doctor/checks/pipeline/settings"
)

func TestWorkersOfThisMachine(t *testing.T) {
	before := time.Now()
	living := exec.Command("sleep", "1000")
	if err := living.Start(); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	t.Cleanup(func() {
		_ = living.Process.Kill()
		_ = living.Wait()
	})
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	identity := func(pid int, host string) string { return fmt.Sprintf("%d@%s", pid, host) }
	ours := identity(living.Process.Pid, host)
	w := Live(&settings.Settings{}, time.Now(), 0)
	defer w.Close()
	started, err := w.Machine.Workers(t.Context(), []string{
		ours, identity(os.Getpid(), host), identity(dead.Process.Pid, host),
		identity(living.Process.Pid, host+".example"), identity(living.Process.Pid, ""),
		"", "@" + host, "0@" + host, "-1@" + host, "1e9@" + host, "../1@" + host, "99999999999999999999@" + host, "a worker",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(started) != 2 {
		t.Errorf("got %v, want the two processes that live here", started)
	}
	const unit = 20 * time.Millisecond // two of the kernel's
	if at := started[ours]; at.Before(before.Add(-unit)) || at.After(after.Add(unit)) {
		t.Errorf("started at %s, says the kernel; it was between %s and %s", at, before, after)
	}
	if at := started[identity(os.Getpid(), host)]; !at.Before(before.Add(unit)) {
		t.Errorf("this process was started at %s, says the kernel, and it is %s", at, before)
	}
}
