package report

import (
	"fmt"
	"time"
)

// ago is how old something is, in its largest unit that is not one: 45 s, 4 min, 3 h, 12 d.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// lasting says a length of time in the unit that tells most of it: 20 ms, 3.2 s, 34 s, 12 min, 3 h.
func lasting(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(d, 0).Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return ago(d)
}

// exactly says a length of time in its two largest units: 34 s, 4 m 12 s, 3 h 2 m.
func exactly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return lasting(d)
	case d < time.Hour:
		return fmt.Sprintf("%d m %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d m", int(d.Hours()), int(d.Minutes())%60)
}
