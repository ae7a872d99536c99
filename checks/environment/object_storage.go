package environment

import (
	"context"
	"fmt"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

const storageSwitch = "OBJECT_STORAGE_ENABLED"

// ObjectStorage finds a worker whose object storage is switched off: it writes its batches and the agents' logs to nowhere,
// and says that it has written them.
var ObjectStorage = &checks.Check{
	ID:     "environment.object-storage",
	Title:  storageSwitch + " is on for the workers",
	Codes:  []checks.Code{checks.ENV008},
	Reads:  []checks.Source{checks.Settings},
	Static: true,
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		set := p.World.Settings
		if len(set.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		value, origin := set.Worker(storageSwitch)
		if origin.Default || settings.IsTrue(value) {
			return nil, nil
		}
		at := SeenAt(set, origin, fmt.Sprintf("%s=%.60q", storageSwitch, value))
		p.Report(checks.ENV008, at.Source, storageSwitch).
			Titlef("%s is off %s", storageSwitch, in(at.Source)).
			Detailf("The buffer then hands batches to grouping that nobody has kept, and grouping fails: Signal batch not found in S3. The logs of agents are not kept either. What was written is not there to be read later.").
			With(at)
		return nil, nil
	},
}
