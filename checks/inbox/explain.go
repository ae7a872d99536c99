package inbox

import (
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/sources"
)

// Explains chooses the findings that can be why a signal is no further.
type Explains func(*checks.Finding) bool

// Stopper is the most telling failing finding of a diagnosis that explains why a signal is no further; nil when none does.
func Stopper(d *checks.Diagnosis, explains Explains) *checks.Finding {
	for _, check := range slices.Concat(stoppers, []*checks.Check{sources.Sources}) {
		for _, o := range d.Outcomes {
			if o.Check != check {
				continue
			}
			for _, f := range o.Findings {
				if f.Failing() && explains(f) {
					return f
				}
			}
		}
	}
	return nil
}

// Of chooses the findings about a workflow.
func Of(workflow string) Explains {
	return func(f *checks.Finding) bool {
		return slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return e.Locator.Workflow == workflow })
	}
}

// At chooses the findings about an event.
func At(run string, event int64) Explains {
	return func(f *checks.Finding) bool {
		return slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool { return e.Locator.Run == run && e.Locator.Event == event })
	}
}

// since chooses the findings about a workflow that were seen from an instant on.
func since(instant time.Time, workflow string) Explains {
	return func(f *checks.Finding) bool {
		return slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool {
			return e.Locator.Workflow == workflow && (e.Time.IsZero() || !e.Time.Before(instant)) // what goes on just now has no time
		})
	}
}

// HoldsUp chooses the findings that keep a workflow from going on with what it was given at an instant: no worker, a pause,
// code that does not fit it, rows that do not come, or a failure since.
func HoldsUp(workflow string, given time.Time) Explains {
	return func(f *checks.Finding) bool {
		switch f.Code {
		case checks.TMP003, checks.TMP009, checks.TMP011, checks.CLK009:
			return Of(workflow)(f)
		}
		return f.Code == checks.TMP002 && since(given, workflow)(f)
	}
}

// Dropped chooses the findings that grouping went on without a signal that it was given at an instant.
func Dropped(workflow string, given time.Time) Explains {
	return func(f *checks.Finding) bool { return f.Code == checks.TMP006 && since(given, workflow)(f) }
}

// HeldBy is what has become of a signal, sent at an instant, that a finding keeps from going on: an activity that is tried
// again may yet succeed, whatever became of it before.
func HeldBy(f *checks.Finding, sent time.Time) State {
	if f.Code != checks.TMP002 {
		return Stopped
	}
	failed := slices.ContainsFunc(f.Evidence, func(e checks.Evidence) bool {
		return e.Locator.Event != 0 && !e.Time.Before(sent) // a retry is no event
	})
	ofActivity := len(f.Subject) > 1 && f.Subject[1] != "" // else the workflow's own code fails
	if f.Severity == checks.Warning || ofActivity && !failed {
		return Moving
	}
	return Stopped
}
