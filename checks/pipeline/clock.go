package pipeline

import (
	"net/http"
	"time"
)

// Clock is what a service's clock said, in whole seconds, and what this machine's said before it was asked and after it had
// answered. The zero value is that of a service that did not tell the time.
type Clock struct{ Says, Asked, Answered time.Time }

// Skew is by how much the service's clock is surely ahead of this machine's; negative where it is behind. What the way there
// and back, or the rest of a second, may explain is no skew.
func (c Clock) Skew() time.Duration {
	switch earliest, latest := c.Says, c.Says.Add(time.Second); {
	case earliest.After(c.Answered):
		return earliest.Sub(c.Answered)
	case latest.Before(c.Asked):
		return latest.Sub(c.Asked)
	}
	return 0
}

// clockOf reads the time that an HTTP server gives with each answer.
func clockOf(header http.Header, asked time.Time) Clock {
	says, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return Clock{}
	}
	return Clock{says, asked, time.Now()}
}
