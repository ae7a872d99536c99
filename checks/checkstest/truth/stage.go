package truth

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// Team is whose world is played on a [Stage].
const Team = 7

// Now is when a world that is played on a [Stage] has come to its end.
var Now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// window is how far back is looked there: the scenes lie hours apart.
const window = 4 * 24 * time.Hour

// Stage plays worlds from captures of the real services: each scene was recorded on its own, and one world is made of them
// as if all had happened to one team, one after another.
type Stage struct {
	folder     string
	recordings map[string]*recording // nil: there is none
}

// NewStage makes a stage of the captures in a folder.
func NewStage(folder string) *Stage {
	return &Stage{folder: folder, recordings: map[string]*recording{}}
}

// Has reports whether a scene can be played. One that moves the embeddings to tables of its own cannot be played with others.
func (s *Stage) Has(scene Scene) bool {
	return s.recording(scene) != nil && scene.Name != "mutation-stuck"
}

// recording is that of a scene; nil when there is none that can be read.
func (s *Stage) recording(scene Scene) *recording {
	name := scene.Name
	if name == Traffic {
		name = "traffic-of-many-matters"
		if slices.Contains(scene.Passes, Agent) {
			name = "traffic-of-one-matter"
		}
	}
	if _, known := s.recordings[name]; !known {
		s.recordings[name], _ = readRecording(filepath.Join(s.folder, name+".zip"))
	}
	return s.recordings[name]
}

// The idle run time-outs of buffer and grouping (products/signals/backend/temporal).
var idle = map[string]time.Duration{"buffer-signals": time.Hour, "team-signal-grouping-v2": 3 * time.Hour}

// Play makes a pipeline of a world, and says how to look at it. Between two scenes lies a time in which buffer and grouping
// time out idle, as they do on a quiet day.
func (s *Stage) Play(w World) (checks.Options, error) {
	random := rand.New(rand.NewPCG(w.Seed, 1))
	p := newPast(Now.Add(-window))
	var used *settings.Settings
	ends := Now
	for i, scene := range slices.Backward(w.Scenes) {
		recorded := s.recording(scene)
		if recorded == nil {
			return checks.Options{}, fmt.Errorf("there is no recording of %s", scene.Name)
		}
		r := retelling{
			salt: fmt.Sprintf("%d/%d/", w.Seed, i), words: map[string]string{}, shift: ends.Sub(recorded.at).Truncate(time.Second),
		}
		if err := p.tell(r.observations(recorded), i == len(w.Scenes)-1); err != nil {
			return checks.Options{}, fmt.Errorf("%s: %w", scene.Name, err)
		}
		if used == nil || scene.Sets {
			var err error
			if used, err = r.settings(recorded); err != nil {
				return checks.Options{}, err
			}
		}
		ends = ends.Add(-idle["team-signal-grouping-v2"] - time.Duration(600+random.IntN(7200))*time.Second)
	}
	world := pipeline.Replayed(used, Now, p.observations)
	world.Tell(p.answers()...)
	return checks.Options{World: world, Team: Team, Since: p.since}, nil
}

// rest ends what is open of buffer and grouping as a quiet day does.
func rest(e pipeline.Execution) pipeline.Execution {
	if after, idles := idle[e.Type]; idles && e.Status == pipeline.Running {
		e.Status, e.Close = pipeline.RunTimedOut, e.Start.Add(after)
	}
	return e
}

// rested adds to a history how its run has ended.
func rested(h pipeline.History, run pipeline.Execution) pipeline.History {
	n := len(h.Events)
	if run.Status != pipeline.RunTimedOut || n == 0 || h.Events[n-1].Type.Ends() {
		return h
	}
	h.Events = append(slices.Clone(h.Events), pipeline.Event{ID: h.Events[n-1].ID + 1, Time: run.Close, Type: pipeline.WorkflowTimedOut})
	return h
}

func decode[A any](raw json.RawMessage) (value A, err error) {
	err = json.Unmarshal(raw, &value)
	return value, err
}

// newest puts what is newest first.
func newest[T any](all []T, at func(T) time.Time) []T {
	slices.SortStableFunc(all, func(a, b T) int { return at(b).Compare(at(a)) })
	return all
}
