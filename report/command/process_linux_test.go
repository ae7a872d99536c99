package command

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// silence is a service that accepts and never answers. The channel tells of each call.
func silence(t *testing.T) (address string, called <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	calls := make(chan struct{}, 100)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { connection.Close() })
			calls <- struct{}{}
		}
	}()
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String(), calls
}

// doctor is the doctor as a process of its own, with all services at one address.
func doctor(t *testing.T, address string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("doctor", args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(elsewhere(address), "HOME="+cmd.Dir, "PATH="+os.Getenv("PATH"), "TERM=xterm")
	return cmd
}

func TestInterruptEndsARunAtOnce(t *testing.T) {
	address, called := silence(t)
	var stdout, stderr bytes.Buffer
	cmd := doctor(t, address, "--only", "services.temporal", "--timeout", "1h")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-called
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if cmd.ProcessState.ExitCode() != exitInterrupted || stderr.Len() > 0 {
		t.Errorf("%v, standard error %q", cmd.ProcessState, &stderr)
	}
	for _, wanted := range []string{"interrupted", "services.temporal unknown"} {
		if !strings.Contains(stdout.String(), wanted) {
			t.Errorf("%q is not in the report:\n%s", wanted, &stdout)
		}
	}
}

func TestClosedPipeLeavesNoStackTrace(t *testing.T) {
	address, err := nobody()
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"--format", "json"}, {"explain", "TMP001"}, {"checks"}, {"version"}, {"--help"}} {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		read.Close()
		var stderr bytes.Buffer
		cmd := doctor(t, address, args...)
		cmd.Stdout, cmd.Stderr = write, &stderr
		_ = cmd.Run()
		write.Close()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGPIPE || stderr.Len() > 0 {
			t.Errorf("doctor %v: %v, standard error %q", args, cmd.ProcessState, &stderr)
		}
	}
}

func TestFullDiskIsSaid(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	var stderr bytes.Buffer
	cmd := doctor(t, "127.0.0.1:1", "version")
	cmd.Stdout, cmd.Stderr = full, &stderr
	_ = cmd.Run()
	if cmd.ProcessState.ExitCode() != exitUsage || !strings.Contains(stderr.String(), "no space left") {
		t.Errorf("%v, standard error %q", cmd.ProcessState, &stderr)
	}
}

// terminalPair opens a terminal of the given width: the end that a program sees, and the end that a person sees.
func terminalPair(t *testing.T, width uint16) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: width, Row: 24}); err != nil {
		t.Fatal(err)
	}
	return program, person
}

func TestProgressOnATerminalOnly(t *testing.T) {
	address, _ := silence(t)
	program, person := terminalPair(t, 80)
	var stdout bytes.Buffer
	cmd := doctor(t, address, "--only", "services.temporal", "--timeout", "1h")
	cmd.Stdout, cmd.Stderr = &stdout, program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	shown := readUntil(t, person, "waiting for services.temporal …")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	shown += readUntil(t, person, erase)
	if !strings.HasSuffix(shown, erase) || strings.Contains(stdout.String(), "waiting") {
		t.Errorf("terminal %q, standard output %q", shown, &stdout)
	}
}

func TestReportFitsTheTerminal(t *testing.T) {
	address, err := nobody()
	if err != nil {
		t.Fatal(err)
	}
	program, person := terminalPair(t, 60)
	cmd := doctor(t, address, "--only", "services")
	cmd.Stdout = program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	shown := readUntil(t, person, "doctor explain SVC001")
	_ = cmd.Wait()
	if !strings.Contains(shown, "\x1b[31;1m✗ SVC001") {
		t.Errorf("no color on a terminal: %q", shown)
	}
	widest := 0
	for line := range strings.Lines(shown) {
		plain := 0
		for i, part := range strings.Split(line, "\x1b[") {
			if i > 0 {
				_, part, _ = strings.Cut(part, "m")
			}
			plain += len([]rune(strings.TrimRight(part, "\r\n")))
		}
		widest = max(widest, plain)
	}
	if widest > 60 || widest < 50 {
		t.Errorf("the widest line has %d columns", widest)
	}
}

// readUntil reads what a person sees until it ends with the given text.
func readUntil(t *testing.T, person io.Reader, text string) string {
	t.Helper()
	var seen strings.Builder
	piece := make([]byte, 1)
	for !strings.Contains(seen.String(), text) {
		if _, err := person.Read(piece); err != nil {
			t.Fatalf("%v after %q", err, seen.String())
		}
		seen.Write(piece)
	}
	return seen.String()
}
