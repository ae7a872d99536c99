package services_test

import (
	"errors"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

func TestDisks(t *testing.T) {
	const gigabyte = 1 << 30
	asked := []string{"/var/lib/docker", "/posthog"}
	roomy := pipeline.Disk{Name: "default", Path: "/data/", Free: 50 * gigabyte, Total: 100 * gigabyte}
	full := pipeline.Disk{Name: "default", Path: "/data/", Free: 300 << 20, Total: 100 * gigabyte}
	here := pipeline.Disk{Path: "/posthog", Free: 2 * gigabyte, Total: 3 * gigabyte}
	nearly := pipeline.Disk{Path: "/posthog", Free: 0, Total: 3 * gigabyte}
	run := func(answers ...pipeline.Answer) checkstest.Outcome {
		w := checkstest.World(answers...)
		w.Settings.Folder = "/posthog"
		return checkstest.Run(w, services.Disks)
	}
	own := func(d ...pipeline.Disk) pipeline.Answer { return pipeline.MachineDisks.Is(asked, d) }
	theirs := func(d ...pipeline.Disk) pipeline.Answer { return pipeline.ClickHouseDisks.Is(pipeline.Nothing{}, d) }

	run(own(here), theirs(roomy)).Silent(t)
	run(own(here), theirs()).Silent(t) // an old server does not tell
	run(own(here), theirs(full)).Reports(t, checks.SVC008, "ClickHouse", "/data/")
	run(own(nearly), theirs(roomy)).Reports(t, checks.SVC008, "this machine", "/posthog")
	run(own(here), pipeline.ClickHouseDisks.Fails(pipeline.Nothing{}, pipeline.Forbidden, errors.New("no"))).Is(t, checks.Unknown, "not permitted")
	run(pipeline.MachineDisks.Fails(asked, pipeline.Failed, errors.New("no")), theirs(roomy)).Is(t, checks.Unknown, "")
	run(pipeline.MachineDisks.Fails(asked, pipeline.Failed, errors.ErrUnsupported), theirs(roomy)).Silent(t)
}
