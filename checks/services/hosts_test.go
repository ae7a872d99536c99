package services_test

import (
	"errors"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
	"doctor/checks/services"
)

func TestHosts(t *testing.T) {
	answer := func(resolves bool) pipeline.Answer {
		return pipeline.Resolutions.Is([]string{"kafka", "objectstorage"}, map[string]bool{"kafka": true, "objectstorage": resolves})
	}
	named := func(answers ...pipeline.Answer) *pipeline.World {
		w := checkstest.World(answers...)
		w.Settings.ObjectStorage.Address = settings.Address{Setting: "OBJECT_STORAGE_ENDPOINT", URL: "http://objectstorage:19000", Origin: inFile}
		w.Settings.ClickHouse.Address = settings.Address{Setting: "CLICKHOUSE_HOST", URL: "clickhouse://clickhouse:9000", Origin: byDefault}
		w.Settings.Support = []settings.Support{{Name: "Kafka", Address: settings.Address{Setting: "KAFKA_HOSTS", Origin: inFile}, Hosts: []string{"kafka:9092", "localhost:9092"}}}
		return w
	}
	o := checkstest.Run(named(answer(false)), services.Hosts)
	f := o.Reports(t, checks.ENV011, "objectstorage")
	if len(f.Evidence) != 1 || f.Evidence[0].Locator.Line != 7 {
		t.Errorf("evidence %+v", f.Evidence)
	}
	for message, want := range map[string]int{
		"Error -3 connecting to objectstorage:19000. Temporary failure in name resolution.": 1,
		"[Errno 8] nodename nor servname provided, or not known: kafka":                     0,
		"connection to objectstorage:19000 refused":                                         0,
		"Temporary failure in name resolution: myobjectstorage2":                            0,
	} {
		if got := len(services.Unresolved(o.Findings, message)); got != want {
			t.Errorf("%s: %d findings, want %d", message, got, want)
		}
	}
	checkstest.Run(named(answer(true)), services.Hosts).Silent(t)
	local := checkstest.World()
	local.Settings.Folder = "/posthog"
	checkstest.Run(local, services.Hosts).Silent(t) // no name to ask for
	checkstest.Run(checkstest.World(), services.Hosts).Is(t, checks.Skipped, "no PostHog folder")
	failed := pipeline.Resolutions.Fails([]string{"kafka", "objectstorage"}, pipeline.RunOver, errors.New("no time"))
	checkstest.Run(named(failed), services.Hosts).Is(t, checks.Unknown, "")
}
