package inspect

import (
	"errors"
	"testing"
)

func TestChoose(t *testing.T) {
	among := [][]string{{"buffer-signals-1", "5b0c21"}, {"signal-emitter-1-aa"}, {"signal-emitter-1-ab"}, {"signal-emitter-1"}}
	names := func(of []string) []string { return of }
	for name, want := range map[string]int{"buffer-signals-1": 0, "buffer": 0, "5b": 0, "signal-emitter-1-aa": 1, "signal-emitter-1": 3} {
		if got, err := choose(among, names, "workflow", name, "doctor workflows"); err != nil || got[0] != among[want][0] {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	var ambiguous AmbiguousError
	if _, err := choose(among, names, "workflow", "signal", "doctor workflows"); !errors.As(err, &ambiguous) ||
		err.Error() != `"signal" could be any workflow of signal-emitter-1-aa, signal-emitter-1-ab, signal-emitter-1` {
		t.Error(err)
	}
	for _, name := range []string{"", "sandbox"} {
		var unknown UnknownError
		if _, err := choose(among, names, "workflow", name, "doctor workflows"); !errors.As(err, &unknown) || len(unknown.Known) != 5 {
			t.Errorf("%q: %v", name, err)
		}
	}
}
