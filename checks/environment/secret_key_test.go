package environment_test

import (
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

func TestSecretKey(t *testing.T) {
	at := func(minutes int) time.Time { return checkstest.Now.Add(time.Duration(minutes-60) * time.Minute) }
	sealed := []pipeline.Payload{{Metadata: map[string][]byte{"encoding": []byte("binary/encrypted")}, Data: []byte("token")}}
	plain := []pipeline.Payload{{Data: []byte("{}")}}
	started := func(input []pipeline.Payload) pipeline.Event {
		return pipeline.Event{ID: 1, Type: pipeline.WorkflowStarted, Time: at(1), Input: input}
	}
	refused := pipeline.Event{ID: 5, Type: pipeline.ActivityFailed, Scheduled: 3, Time: at(5), Failure: &pipeline.Failure{Type: "InvalidToken"}}
	for name, test := range map[string]struct {
		keys   int
		events []pipeline.Event
		says   string
	}{
		"no key opens it":      {1, []pipeline.Event{started(sealed)}, "the newest payload was encrypted with another SECRET_KEY than any that is set here"},
		"nothing is encrypted": {1, []pipeline.Event{started(plain)}, "skipped: no encrypted payload was seen"},
		"no key is known":      {0, []pipeline.Event{started(sealed)}, "skipped: no key is known that payloads could be compared with"},
		"a worker says so":     {1, []pipeline.Event{started(plain), refused}, "a worker cannot open what it was given"},
		"it has worked since": {1, []pipeline.Event{
			started(plain), refused, {ID: 7, Type: pipeline.ActivityCompleted, Time: at(7)},
		}, "skipped: no encrypted payload was seen"},
	} {
		t.Run(name, func(t *testing.T) {
			run := open("development-task-queue")
			answers := append(listed(run),
				pipeline.Histories.Is(run.Run, pipeline.History{Events: test.events}),
				pipeline.Details.Is(run.Run, pipeline.Detail{}),
				pipeline.PayloadKeys.Is(pipeline.Nothing{}, test.keys),
			)
			w := checkstest.World(answers...)
			checkstest.Run(w, environment.SecretKey).Says(t, test.says)
			if name == "a worker says so" {
				checkstest.Run(w, environment.SecretKey).Reports(t, checks.ENV007, "SECRET_KEY")
				checkstest.Run(w, workflows.Failures).Blames(t, "ENV007")
			}
		})
	}
	run := open("development-task-queue")
	unknown := checkstest.World(append(listed(run), pipeline.Histories.Is(run.Run, pipeline.History{}), pipeline.Details.Is(run.Run, pipeline.Detail{}))...)
	checkstest.Run(unknown, environment.SecretKey).Is(t, checks.Unknown, "not recorded")
}
