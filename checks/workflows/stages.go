package workflows

import (
	"doctor/checks"
	"doctor/checks/journey"
)

// stages says where on a signal's way an activity works (products/signals/backend/temporal).
var stages = map[string]checks.Stage{
	"submit_signal_to_buffer_activity": checks.Emitter,
	journey.QuotaActivity:              checks.Buffer,
	journey.SafetyFilterActivity:       checks.Buffer,
	journey.FlushActivity:              checks.Batch,
	journey.HandOverActivity:           checks.Batch,
	"read_signals_from_s3_activity":    checks.Batch,
	journey.WaitActivity:               checks.Embeddings,
	"select_repository_activity":       checks.Sandbox,
	"run_agentic_report_activity":      checks.Sandbox,
	"mark_report_ready_activity":       checks.Inbox,
}

// stageOf is the stage of an activity: its own, else that of the workflow which runs it.
func stageOf(activity, workflowType string) checks.Stage {
	if stage, ok := stages[activity]; ok {
		return stage
	}
	return stageOfWorkflow(workflowType)
}

func stageOfWorkflow(workflowType string) checks.Stage {
	switch workflowType {
	case journey.EmitterWorkflow:
		return checks.Emitter
	case journey.BufferWorkflow:
		return checks.Buffer
	case journey.GroupingWorkflow:
		return checks.Grouping
	}
	return checks.Report
}
