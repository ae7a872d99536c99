package command

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"doctor/checks"
)

// screen is a terminal that tells what was written to it since it was last looked at.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(piece []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(piece)
}

// shows wants exactly this text to be new on the screen.
func (s *screen) shows(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text.String() != want {
		t.Errorf("the screen shows %q, want %q", s.text.String(), want)
	}
	s.text.Reset()
}

func TestProgress(t *testing.T) {
	one, two := passing("a.one"), passing("b.two")
	synctest.Test(t, func(t *testing.T) {
		terminal := &screen{}
		s := &progress{width: 40}
		s.begin(terminal)
		s.show([]*checks.Check{one, two})
		time.Sleep(patience - time.Millisecond)
		terminal.shows(t, "")
		time.Sleep(time.Millisecond)
		terminal.shows(t, erase+"waiting for a.one and 1 more …")
		s.show([]*checks.Check{two})
		terminal.shows(t, erase+"waiting for b.two …")
		s.show(nil)
		terminal.shows(t, erase)
		s.end()
		terminal.shows(t, erase)
		s.show([]*checks.Check{one})
		time.Sleep(time.Minute)
		terminal.shows(t, "")
	})
}

func TestProgressOfAQuickRunShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terminal := &screen{}
		s := &progress{width: 40}
		s.begin(terminal)
		s.show([]*checks.Check{passing("a.one")})
		s.end()
		time.Sleep(time.Minute)
		terminal.shows(t, "")
	})
}

// A long id must not run over the line's end: what is erased is one line.
func TestProgressFitsItsLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		terminal := &screen{}
		s := &progress{width: 20}
		s.begin(terminal)
		s.show([]*checks.Check{passing("embeddings.a-check-with-a-long-name")})
		time.Sleep(patience)
		terminal.shows(t, erase+"waiting for embeddi…")
		s.end()
	})
}
