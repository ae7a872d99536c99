package pipeline_test

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"doctor/checks/pipeline"
)

// TestReachNoAnswer dials where connection requests vanish, as behind a firewall.
func TestReachNoAnswer(t *testing.T) {
	address := swallowing(t)
	for _, g := range greetings() {
		t.Run(g.name, func(t *testing.T) {
			if failed := g.try(t, address, observation); failed.Kind != pipeline.TimedOut {
				t.Errorf("got %s, %q", failed.Kind, failed.Reason())
			}
		})
	}
}

// swallowing is an address whose backlog is full: the kernel drops what else comes.
func swallowing(t *testing.T) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	for range 16 {
		conn, err := net.DialTimeout("tcp", address, observation/2)
		var failed net.Error
		if errors.As(err, &failed) && failed.Timeout() {
			return address
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatalf("the backlog of %s does not fill", address)
	return ""
}
