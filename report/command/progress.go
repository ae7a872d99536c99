package command

import (
	"fmt"
	"io"
	"sync"
	"time"

	"doctor/checks"
	"doctor/report"
)

// patience is how long a run may take before it says what it is waiting for.
const patience = 500 * time.Millisecond

// erase goes to the start of a terminal's line and empties it.
const erase = "\r\x1b[K"

// progress is one line on a terminal that names the checks being waited for.
type progress struct {
	terminal io.Writer // nil where there is none: nothing is ever shown
	width    int

	mu      sync.Mutex
	running []*checks.Check
	said    string // what is shown instead of these
	late    bool   // patience is over
	timer   *time.Timer
}

// progress begins to wait. What it shows goes to standard error, and only when that is a terminal.
func (p *program) progress() *progress {
	s := &progress{width: p.width(p.stderr)}
	if _, ok := terminal(p.stderr); ok {
		s.begin(p.stderr)
	}
	return s
}

func (s *progress) begin(terminal io.Writer) {
	s.terminal = terminal
	s.timer = time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.terminal != nil {
			s.late = true
			s.draw()
		}
	})
}

// show takes note of the checks that are running now.
func (s *progress) show(running []*checks.Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = running
	if s.late {
		s.draw()
	}
}

// say shows a text from now on, not the checks that are running.
func (s *progress) say(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = text
	if s.late {
		s.draw()
	}
}

func (s *progress) draw() {
	line := ""
	switch {
	case s.said != "":
		line = report.Clip(s.said, s.width)
	case len(s.running) > 0:
		line = "waiting for " + s.running[0].ID
		if more := len(s.running) - 1; more > 0 {
			line += fmt.Sprintf(" and %d more", more)
		}
		line = report.Clip(line+" …", s.width)
	}
	fmt.Fprint(s.terminal, erase+line)
}

// end erases the line for good.
func (s *progress) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.late {
		fmt.Fprint(s.terminal, erase)
	}
	s.terminal, s.late = nil, false
}
