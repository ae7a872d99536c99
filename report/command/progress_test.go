package command

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"doctor/checks"
)

func TestProgress(t *testing.T) {
	one, two := passing("a.one"), passing("b.two")
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		s := &progress{width: 40}
		s.begin(&terminal)
		s.show([]*checks.Check{one, two})
		time.Sleep(patience - time.Millisecond)
		synctest.Wait()
		if terminal.Len() > 0 {
			t.Errorf("shown too soon: %q", terminal.String())
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if want := erase + "waiting for a.one and 1 more …"; terminal.String() != want {
			t.Errorf("%q, want %q", terminal.String(), want)
		}
		terminal.Reset()
		s.show([]*checks.Check{two})
		if want := erase + "waiting for b.two …"; terminal.String() != want {
			t.Errorf("%q, want %q", terminal.String(), want)
		}
		s.end()
		if !strings.HasSuffix(terminal.String(), erase) {
			t.Errorf("the line is left behind: %q", terminal.String())
		}
		terminal.Reset()
		s.show([]*checks.Check{one})
		time.Sleep(time.Minute)
		synctest.Wait()
		if terminal.Len() > 0 {
			t.Errorf("shown after its end: %q", terminal.String())
		}
	})
}

func TestProgressOfAQuickRunShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var terminal bytes.Buffer
		s := &progress{width: 40}
		s.begin(&terminal)
		s.show([]*checks.Check{passing("a.one")})
		s.end()
		time.Sleep(time.Minute)
		synctest.Wait()
		if terminal.Len() > 0 {
			t.Errorf("%q", terminal.String())
		}
	})
}
