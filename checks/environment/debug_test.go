package environment_test

import (
	"errors"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

func TestDebug(t *testing.T) {
	const dev, video, tasks = "development-task-queue", "video-export-task-queue", "tasks-task-queue"
	here := []pipeline.Poller{{Identity: "1@vm", LastAccess: checkstest.Now.Add(-10 * time.Second)}}
	gone := []pipeline.Poller{{Identity: "1@vm", LastAccess: checkstest.Now.Add(-2 * time.Minute)}}
	for name, test := range map[string]struct {
		queue   string
		waits   time.Duration
		pollers map[string][]pipeline.Poller
		says    string
	}{
		"the command has it, the worker not":    {dev, time.Minute, map[string][]pipeline.Poller{video: here}, "workflows wait in " + dev + ", and the workers ask " + video},
		"the worker has it, the command not":    {video, time.Minute, map[string][]pipeline.Poller{dev: here}, "workflows wait in " + video + ", and the workers ask " + dev},
		"the worker of the agents only":         {dev, time.Minute, map[string][]pipeline.Poller{tasks: here}, "workflows wait in " + dev + ", and the workers ask " + tasks},
		"nobody asks either":                    {dev, time.Minute, nil, ""},
		"the worker there is gone":              {dev, time.Minute, map[string][]pipeline.Poller{video: gone}, ""},
		"the worker is busy":                    {dev, time.Minute, map[string][]pipeline.Poller{dev: here, video: here}, ""},
		"nothing has waited for long":           {dev, time.Second, map[string][]pipeline.Poller{video: here}, ""},
		"a queue of another name has no other":  {"mine", time.Minute, map[string][]pipeline.Poller{video: here}, ""},
		"the only worker was here a minute ago": {dev, time.Minute, map[string][]pipeline.Poller{dev: gone, video: here}, "workflows wait in " + dev + ", and the workers ask " + video},
	} {
		t.Run(name, func(t *testing.T) {
			run := open(test.queue)
			answers := append(listed(run),
				pipeline.Histories.Is(run.Run, pipeline.History{}),
				pipeline.Details.Is(run.Run, pipeline.Detail{Task: &pipeline.PendingTask{State: "SCHEDULED", Scheduled: checkstest.Now.Add(-test.waits)}}),
			)
			for _, queue := range []string{dev, video, tasks, "mine"} {
				answers = append(answers, pipeline.Pollers.Is(pipeline.TaskQueue{Name: queue}, test.pollers[queue]))
			}
			w := checkstest.World(answers...)
			o := checkstest.Run(w, environment.Debug)
			o.Says(t, test.says)
			if test.says != "" {
				o.Reports(t, checks.ENV006, test.queue)
				checkstest.Run(w, workflows.Workers).Blames(t, "ENV006")
			}
		})
	}
}

func TestDebugThatCannotBeTold(t *testing.T) {
	run := open("development-task-queue")
	answers := append(listed(run),
		pipeline.Histories.Is(run.Run, pipeline.History{}),
		pipeline.Details.Is(run.Run, pipeline.Detail{Task: &pipeline.PendingTask{State: "SCHEDULED", Scheduled: checkstest.Now.Add(-time.Minute)}}),
		pipeline.Pollers.Is(pipeline.TaskQueue{Name: "development-task-queue"}, nil),
		pipeline.Pollers.Fails(pipeline.TaskQueue{Name: "video-export-task-queue"}, pipeline.TimedOut, errors.New("silence")),
	)
	checkstest.Run(checkstest.World(answers...), environment.Debug).Is(t, checks.Unknown, "timed out")
}
