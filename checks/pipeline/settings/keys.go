package settings

import (
	"slices"
	"strings"
)

// debugSecretKey is PostHog's SECRET_KEY where DEBUG is on and nothing sets it (posthog/settings/access.py).
const debugSecretKey = "<randomly generated secret key>"

// payloadKeys collects every key that was set anywhere, since the worker that encrypted a payload may have been started
// from another environment than this one (posthog/settings/temporal.py, posthog/temporal/common/codec.py).
func (s *Settings) payloadKeys() []Secret {
	values := slices.Concat(s.everywhere("TEMPORAL_SECRET_KEY"), s.everywhere("SECRET_KEY"))
	for _, list := range s.everywhere("TEMPORAL_FALLBACK_SECRET_KEYS") {
		for key := range strings.SplitSeq(list, ",") {
			values = append(values, strings.TrimSpace(key))
		}
	}
	var keys []Secret
	for _, value := range append(values, debugSecretKey) {
		if given(value) && !slices.Contains(keys, Secret(value)) {
			keys = append(keys, Secret(value))
		}
	}
	return keys
}

// everywhere returns a setting's value in each place that may set it, the one that wins first.
func (s *Settings) everywhere(name string) []string {
	values := []string{s.Process[name]}
	for _, file := range slices.Backward(s.EnvFiles) {
		values = append(values, file.Values[name])
	}
	return values
}
