package journey

import "time"

// CleanupReason is what cleanup_signals gives as the reason when it terminates a workflow, which it does last
// (products/signals/backend/management/commands/cleanup_signals.py).
const CleanupReason = "cleanup_signals management command"

// Cleanup is the end of the newest cleanup_signals that has terminated a workflow, and the run that tells of it; nil where none
// has in the time that is looked at.
func (r *Runs) Cleanup() (run *Run, at time.Time) {
	for _, one := range r.All {
		if end := one.End(); end.Reason == CleanupReason && end.Time.After(at) {
			run, at = one, end.Time
		}
	}
	return run, at
}
