package sandbox_test

import (
	"errors"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/sandbox"
)

// What kept a run from being taken up is told by the state of the feature flag.
func TestWhyNoWorkflowWasStarted(t *testing.T) {
	for name, test := range map[string]struct {
		flag []pipeline.Flag
		says []string
	}{
		"no flag":         {nil, []string{"project 7: there is no feature flag tasks", "Task workflow execution blocked"}},
		"off":             {[]pipeline.Flag{{Active: false, Percent: 100}}, []string{"the feature flag tasks is off"}},
		"for nobody":      {[]pipeline.Flag{{Active: true}}, []string{"the feature flag tasks is off"}},
		"for some":        {[]pipeline.Flag{{Active: true, Percent: 20}}, []string{"on for 20 %", "may not be among them"}},
		"for all":         {[]pipeline.Flag{{Active: true, Percent: 100}}, []string{"flag tasks is on", "No user_id provided"}},
		"by what is hard": {[]pipeline.Flag{{Active: true, Percent: -1}}, []string{"flag tasks is on", "another condition"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := told{flag: test.flag, agents: []agent{run("a", 20, "queued")}}.world()
			text := said(checkstest.Run(w, sandbox.Started).Reports(t, checks.SBX006, "a"))
			for _, part := range append(test.says, "task-processing-task-of-a-a", "there is no such workflow") {
				if !strings.Contains(text, part) {
					t.Errorf("nothing is said of %q in\n%s", part, text)
				}
			}
		})
	}
}

func TestBlockedRunsThatCannotBeLookedInto(t *testing.T) {
	blocked := []agent{run("a", 20, "queued")}
	unlisted := told{agents: blocked}.world()
	unlisted.Tell(pipeline.WorkflowsCalled.Fails([]string{blocked[0].Workflow()}, pipeline.Failed, errors.New("slow")))
	checkstest.Run(unlisted, sandbox.Started).Is(t, checks.Unknown, "slow")

	unflagged := told{agents: blocked, flagErr: errors.New("no such table")}.world()
	checkstest.Run(unflagged, sandbox.Started).Is(t, checks.Failed, "no such table")
}
