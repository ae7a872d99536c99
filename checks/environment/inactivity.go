package environment

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

const inactivityTimeout = "TASKS_INACTIVITY_TIMEOUT_SECONDS"

// Inactivity finds out whether anything says how long an agent in a sandbox may be silent. The result is an
// [*InactivityTimeout].
var Inactivity = &checks.Check{
	ID:     "environment.inactivity-timeout",
	Title:  inactivityTimeout + " says how long an agent may be silent",
	Codes:  []checks.Code{checks.ENV002},
	Reads:  []checks.Source{checks.Settings},
	Static: true,
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		set := p.World.Settings
		value, origin := set.Worker(inactivityTimeout)
		if origin.Default && len(set.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		at := SeenAt(set, origin, fmt.Sprintf("%s=%.60q", inactivityTimeout, value))
		limit, err := seconds(value)
		switch {
		case origin.Default:
			how, places := absence(set, inactivityTimeout)
			reportUnset(p, set.Name(shellFile(set).Path), how, places...)
		case err != nil:
			reportNoNumber(p, at)
		case limit == 0:
			reportUnset(p, at.Source, "is 0, which is as if it were not set", at)
		}
		return &InactivityTimeout{Limit: limit, Origin: origin}, nil
	},
}

// InactivityTimeout is how long an agent may be silent before its run is ended, as it is set.
type InactivityTimeout struct {
	Limit  time.Duration   // 0: nothing sets it, and PostHog's own applies, which depends on its version
	Origin settings.Origin // where it is set
}

// seconds reads a number as Python's int does, which is how PostHog reads it (posthog/settings/utils.py, get_from_env).
// Nothing is 0, the default.
func seconds(value string) (time.Duration, error) {
	if value == "" {
		return 0, nil
	}
	const most = int64(math.MaxInt64 / time.Second) // 292 years
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(value), "_", ""), 10, 64)
	if err != nil {
		return 0, err
	}
	return time.Duration(max(-most, min(n, most))) * time.Second, nil
}

// reportUnset tells what applies then (products/tasks/backend/temporal/process_task/workflow.py, and in newer code
// products/tasks/backend/temporal/execute_sandbox), and what there is to know of the value that is often advised.
func reportUnset(p *checks.Pass, file, how string, places ...checks.Evidence) {
	p.Report(checks.ENV002, file, inactivityTimeout).
		Titlef("%s %s", inactivityTimeout, how).
		Detailf("An agent that says nothing then keeps its run waiting for 2 hours; in newer versions of PostHog for 30 minutes, or 1 hour where a person started the run." +
			" 30 seconds make it fail fast, but end healthy agents, too, whose start alone can take longer: a few minutes do neither.").
		With(places...)
}

// reportNoNumber tells of a value with which PostHog's settings cannot be loaded: whatever sees it ends when it starts.
func reportNoNumber(p *checks.Pass, at checks.Evidence) {
	p.Report(checks.ENV002, at.Source, inactivityTimeout).
		As(checks.Error).
		Titlef("%s is no whole number %s", inactivityTimeout, in(at.Source)).
		Detailf("PostHog's settings cannot be loaded with it: no worker and no command that sees it starts. It is a number of seconds, without a unit.").
		With(at)
}
