package environment

import (
	"context"
	"strings"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// SecretKey finds payloads that were encrypted with another key than any that is set here, and workers that say that they
// cannot open what they were given. The newest word counts.
var SecretKey = &checks.Check{
	ID:       "environment.secret-key",
	Title:    "the payloads of the workflows open with the SECRET_KEY that is set",
	Codes:    []checks.Code{checks.ENV007},
	Requires: []*checks.Check{journey.Histories},
	Reads:    []checks.Source{checks.Settings, checks.Temporal},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		keys, err := p.World.Keys(ctx)
		if err != nil {
			return nil, err
		}
		refused, worked := keyErrors(runs)
		sealed, found := newestSealed(runs)
		switch {
		case refused.after(worked):
			reportKey(p, refused, "a worker cannot open what it was given").
				Detailf("Its SECRET_KEY is not the one of whoever started the workflow. Nothing of it moves until both have the same.")
		case keys == 0:
			return nil, checks.Skip("no key is known that payloads could be compared with")
		case !found:
			return nil, checks.Skip("no encrypted payload was seen")
		case !opens(p.World, sealed.event):
			sealed.excerpt = "no key that is set here opens what this event carries"
			reportKey(p, sealed, "the newest payload was encrypted with another SECRET_KEY than any that is set here").
				As(checks.Warning).
				Detailf("A command that is started from here could not read it, nor could a worker read what that command sends. Without the key the doctor tells signals by order and count.")
		}
		return nil, nil
	},
}

// invalidToken is the exception of a key that does not fit (posthog/temporal/common/codec.py).
const invalidToken = "InvalidToken"

// KeyRefused reports whether a failure says that a payload could not be opened.
func KeyRefused(kind, message string) bool {
	return strings.HasSuffix(kind, invalidToken) || strings.Contains(message, invalidToken)
}

// keyErrors finds the newest failure for a key that does not fit, and the newest activity that was well.
func keyErrors(runs *journey.Runs) (refused, worked sign) {
	for _, run := range runs.All {
		for _, e := range run.Events {
			if e.Type == pipeline.ActivityCompleted {
				worked.put(run, e, "")
			}
			if inner := e.Failure.Innermost(); inner != nil && KeyRefused(inner.Type, inner.Message) {
				refused.put(run, e, checks.Clip(checks.OneLine(inner.Type+": "+inner.Message), 300))
			}
		}
	}
	return refused, worked
}

// newestSealed is the newest event that carries something encrypted.
func newestSealed(runs *journey.Runs) (newest sign, found bool) {
	for _, run := range runs.All {
		for _, e := range run.Events {
			if len(e.Input) > 0 && e.Input[0].Encrypted() {
				newest.put(run, e, "")
			}
		}
	}
	return newest, newest.run != nil
}

func opens(w *pipeline.World, e pipeline.Event) bool {
	_, ok := w.Open(e.Input[0])
	return ok
}

func reportKey(p *checks.Pass, s sign, title string) *checks.Finding {
	finding := p.Report(checks.ENV007, "SECRET_KEY").Titlef("%s", title).With(s.evidence(p))
	for _, name := range []string{"SECRET_KEY", "TEMPORAL_SECRET_KEY"} {
		if at, there := effective(p.World.Settings, name); there {
			finding.With(SeenAt(p.World.Settings, at.Origin, name+" is set, as a command started here sees it"))
		}
	}
	return finding
}
