package pipeline

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that has ended is dead, though its parent has not asked how it did.
func TestAZombieIsNoWorker(t *testing.T) {
	child := exec.Command("true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	if err := unix.Waitid(unix.P_PID, child.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if _, lives, err := processStart(child.Process.Pid); lives || err != nil {
		t.Errorf("it lives: %t, %v", lives, err)
	}
}
