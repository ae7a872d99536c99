package journey

import "doctor/checks/pipeline"

// Step is one activity of a run, as its history has it.
type Step struct {
	Scheduled pipeline.Event
	End       pipeline.Event // how it ended; the zero event while it has not
	Attempts  int            // how many were made; 0 where the history does not say yet
}

// Steps are the activities of a run, in the order in which they were asked for.
func Steps(events []pipeline.Event) []*Step {
	var steps []*Step
	by := map[int64]*Step{}
	for _, e := range events {
		switch e.Type {
		case pipeline.ActivityScheduled:
			by[e.ID] = &Step{Scheduled: e}
			steps = append(steps, by[e.ID])
		case pipeline.ActivityStarted:
			if step := by[e.Scheduled]; step != nil {
				step.Attempts = e.Attempt
			}
		case pipeline.ActivityCompleted, pipeline.ActivityFailed, pipeline.ActivityTimedOut, pipeline.ActivityCanceled:
			if step := by[e.Scheduled]; step != nil {
				step.End = e
			}
		}
	}
	return steps
}

// Name is the activity's type.
func (s *Step) Name() string { return s.Scheduled.Activity }

// Ended reports whether the activity has ended, well or not.
func (s *Step) Ended() bool { return s.End.ID != 0 }

// Well reports whether the activity has ended as it should.
func (s *Step) Well() bool { return s.End.Type == pipeline.ActivityCompleted }
