// Package truth draws random worlds of a signals pipeline, knows what is wrong in each, and counts how often that is what is
// found. A world is a row of scenes: diseases, among signals that go through. What is wrong in the end follows from what each
// scene breaks, and from what later ones show to work again; no check is asked.
package truth

import (
	"math/rand/v2"
	"slices"

	"doctor/checks"
)

// World is a row of scenes.
type World struct {
	Seed   uint64
	Scenes []Scene
}

// The largest numbers of scenes of a place in one world.
const (
	mostMiddle   = 5
	mostSettings = 2
)

// Draw makes the world of a seed from the scenes that may be in it.
func Draw(seed uint64, may func(Scene) bool) World {
	random := rand.New(rand.NewPCG(seed, 0))
	places := map[Place][]Scene{}
	for _, s := range Scenes {
		if may(s) {
			places[s.Place] = append(places[s.Place], s)
		}
	}
	w := World{Seed: seed}
	pick := func(place Place) {
		if from := places[place]; len(from) > 0 {
			w.add(random, from[random.IntN(len(from))])
		}
	}
	if random.IntN(6) == 0 {
		pick(First)
	}
	for range random.IntN(mostMiddle + 1) {
		w.traffic(random, random.IntN(2))
		pick(Middle)
	}
	for range max(0, random.IntN(mostSettings+3)-2) {
		pick(Setting)
	}
	w.traffic(random, random.IntN(2))
	if random.IntN(3) == 0 {
		pick(Last)
	}
	if len(w.Scenes) == 0 {
		w.traffic(random, 1)
	}
	return w
}

// traffic adds signals that go through, of one matter or not.
func (w *World) traffic(random *rand.Rand, times int) {
	for range times {
		w.Scenes = append(w.Scenes, Scenes[random.IntN(2)])
	}
}

// add adds a scene. Where agents have failed before, others do well first: the next failure could hide at which step that was.
func (w *World) add(random *rand.Rand, s Scene) {
	if s.Agents {
		for i := len(w.Scenes) - 1; i >= 0 && !slices.Contains(w.Scenes[i].Passes, Agent); i-- {
			if w.Scenes[i].Agents {
				w.Scenes = append(w.Scenes, Scenes[1])
				break
			}
		}
	}
	w.Scenes = append(w.Scenes, s)
}

// Names are the names of the scenes.
func (w World) Names() []string {
	var names []string
	for _, s := range w.Scenes {
		names = append(names, s.Name)
	}
	return names
}

// Roots are the codes of what is wrong in the end and explained by nothing else, sorted.
func (w World) Roots() []checks.Code {
	var roots []checks.Code
	for i, s := range w.Scenes {
		wrong := s.Roots
		for _, later := range w.Scenes[i+1:] {
			if s.Over != "" && slices.Contains(later.Passes, s.Over) {
				wrong = s.Left
			}
		}
		for _, code := range wrong {
			if !w.cleared(i, code) {
				roots = append(roots, code)
			}
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// cleared reports whether a later scene has taken away what was wrong after one.
func (w World) cleared(scene int, code checks.Code) bool {
	return slices.ContainsFunc(w.Scenes[scene+1:], func(later Scene) bool { return slices.Contains(later.Clears, code) })
}

// Found are the codes of the roots that fail a diagnosis, sorted.
func Found(d *checks.Diagnosis) []checks.Code {
	var roots []checks.Code
	for _, f := range d.Findings() {
		if f.Failing() && f.Root() {
			roots = append(roots, f.Code)
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}
