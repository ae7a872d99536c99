package truth_test

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest/truth"
)

func world(t *testing.T, apart bool, names ...string) truth.World {
	t.Helper()
	w := truth.World{Apart: apart}
	for _, name := range names {
		name, ofAgents := strings.CutPrefix(name, "agents ")
		at := slices.IndexFunc(truth.Scenes, func(s truth.Scene) bool {
			return s.Name == name && (name != truth.Traffic || slices.Contains(s.Passes, truth.Agent) == ofAgents)
		})
		if at < 0 {
			t.Fatalf("there is no scene %q", name)
		}
		w.Scenes = append(w.Scenes, truth.Scenes[at])
	}
	return w
}

func TestWhatIsWrongInTheEnd(t *testing.T) {
	for name, test := range map[string]struct {
		scenes []string
		apart  bool
		want   []checks.Code
	}{
		"nothing":                               {[]string{"traffic", "agents traffic"}, false, nil},
		"a lost signal stays lost":              {[]string{"burst-lost", "agents traffic"}, false, []checks.Code{checks.TMP001}},
		"a batch has passed the quota":          {[]string{"quota-reached", "traffic"}, false, nil},
		"a fault, and what it costs":            {[]string{"activity-failed"}, false, []checks.Code{checks.TMP002}},
		"what it has cost, when it is over":     {[]string{"activity-failed", "traffic"}, false, []checks.Code{checks.TMP006}},
		"an agent is silent":                    {[]string{"agent-inactive", "traffic"}, false, []checks.Code{checks.SBX002}},
		"another one has ended well since":      {[]string{"agent-inactive", "agents traffic"}, false, []checks.Code{checks.INB004}},
		"nobody was asked in the other's world": {[]string{"agent-inactive", "signal-delivered-twice"}, true, []checks.Code{checks.SBX002, checks.TMP012}},
		"the reports were deleted":              {[]string{"agent-inactive", "stale-embeddings"}, false, []checks.Code{checks.CLK001}},
		"those of another world stay":           {[]string{"agent-inactive", "agents traffic", "stale-embeddings"}, true, []checks.Code{checks.CLK001, checks.INB004}},
		"the same fault comes again":            {[]string{"buffer-failed-in-safety-filter", "traffic", "emitter-behind-failing-buffer"}, false, []checks.Code{checks.TMP002}},
		"one explains the other":                {[]string{"stale-embeddings", "clickhouse-database-wrong"}, false, []checks.Code{checks.ENV001}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := world(t, test.apart, test.scenes...).Roots(); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestASeedIsOneWorld(t *testing.T) {
	agents := 0
	for seed := range uint64(500) {
		w := truth.Draw(seed)
		if len(w.Scenes) == 0 || !reflect.DeepEqual(w, truth.Draw(seed)) {
			t.Fatalf("seed %d: %q and %q", seed, w.Names(), truth.Draw(seed).Names())
		}
		for i, scene := range w.Scenes {
			if scene.Place == truth.First && i > 0 || scene.Place == truth.Last && i < len(w.Scenes)-1 {
				t.Errorf("seed %d: %s is out of place in %q", seed, scene.Name, w.Names())
			}
			if scene.Agents {
				agents++
			}
		}
	}
	if agents == 0 {
		t.Error("no world has agents that fail")
	}
}

func TestPrecisionAndRecall(t *testing.T) {
	var out bytes.Buffer
	err := truth.Write(&out, []truth.Verdict{
		{Expected: []checks.Code{checks.TMP001, checks.CLK001}, Found: []checks.Code{checks.TMP001}, Missed: []checks.Code{checks.CLK001}},
		{Expected: []checks.Code{checks.TMP001}, Found: []checks.Code{checks.TMP001, checks.TMP002}, False: []checks.Code{checks.TMP002}},
		{Expected: []checks.Code{checks.TMP001}, Failure: "it did not come about"},
		{Unknown: []string{"embeddings.live: no answer"}},
		{},
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	for _, want := range []string{
		"CLK001 1 0 0 – 0.0000", "TMP001 2 2 2 1.0000 1.0000", "TMP002 0 1 0 0.0000 –", "all 3 3 2 0.6667 0.6667",
		"5 worlds; 1 judged just right, 1 with a check that could not look, 1 did not come about",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}
