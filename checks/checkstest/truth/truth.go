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
	// Apart says that each scene was played on its own, see [Stage]: none touches the reports of another, and agents are
	// asked by those only that are about agents.
	Apart bool
}

// The largest numbers of scenes in one world.
const (
	mostMiddle   = 5
	mostSettings = 2
	mostAgents   = 5 // in which agents fail, twice each: the logs of ten are read
)

// Draw makes the world of a seed.
func Draw(seed uint64) World { return draw(World{Seed: seed}, Scenes) }

// DrawApart makes a world of scenes that were played on their own, from those that may be in it. Only one of them changes
// the settings: there is but one set of them.
func DrawApart(seed uint64, may func(Scene) bool) World {
	w := draw(World{Seed: seed, Apart: true}, slices.DeleteFunc(slices.Clone(Scenes), func(s Scene) bool { return !may(s) }))
	set := false
	w.Scenes = slices.DeleteFunc(w.Scenes, func(s Scene) bool {
		again := set && s.Sets
		set = set || s.Sets
		return again
	})
	return w
}

func draw(w World, from []Scene) World {
	random := rand.New(rand.NewPCG(w.Seed, 0))
	places := map[Place][]Scene{}
	for _, s := range from {
		places[s.Place] = append(places[s.Place], s)
	}
	pick := func(place Place) {
		if from := places[place]; len(from) > 0 {
			w.add(from[random.IntN(len(from))])
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
func (w *World) add(s Scene) {
	if s.Agents {
		if w.agents() == mostAgents {
			return
		}
		for i := len(w.Scenes) - 1; i >= 0 && !w.passes(w.Scenes[i], Agent); i-- {
			if w.Scenes[i].Agents {
				w.Scenes = append(w.Scenes, Scenes[1])
				break
			}
		}
	}
	w.Scenes = append(w.Scenes, s)
}

func (w *World) agents() (n int) {
	for _, s := range w.Scenes {
		if s.Agents {
			n++
		}
	}
	return n
}

// passes reports whether a step goes well in a scene.
func (w World) passes(s Scene, step Step) bool {
	if step == Agent && w.Apart && s.Name != Traffic && !s.Agents {
		return false
	}
	return slices.Contains(s.Passes, step)
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
	for i := range w.Scenes {
		if w.again(i) {
			continue
		}
		wrong, _ := w.left(i)
		for _, code := range wrong {
			if !w.cleared(i, code) {
				roots = append(roots, code)
			}
		}
	}
	slices.Sort(roots)
	return slices.DeleteFunc(slices.Compact(roots), w.explains)
}

// explains reports whether a scene explains what is wrong after another.
func (w World) explains(code checks.Code) bool {
	return slices.ContainsFunc(w.Scenes, func(s Scene) bool { return slices.Contains(s.Explains, code) })
}

// left is what is wrong of a scene in the end, and whether its fault is over.
func (w World) left(scene int) (wrong []checks.Code, over bool) {
	wrong = w.Scenes[scene].Roots
	for _, end := range w.Scenes[scene].Ends {
		if slices.ContainsFunc(w.Scenes[scene+1:], func(later Scene) bool { return w.passes(later, end.Step) }) {
			wrong, over = end.Left, true
		}
	}
	return wrong, over
}

// again reports whether what went wrong in a scene goes wrong in a later one, and is not over there. Where a fault has no end
// and others may follow, the scene itself has shown that it is over: what lasts is what it has cost.
func (w World) again(scene int) bool {
	fault := w.Scenes[scene].Fault
	for i := scene + 1; i < len(w.Scenes) && fault != ""; i++ {
		if w.Scenes[i].Fault != fault || len(w.Scenes[i].Ends) == 0 && w.Scenes[i].Place != Last {
			continue
		}
		if _, over := w.left(i); !over {
			return true
		}
	}
	return false
}

// cleared reports whether a later scene has taken away what was wrong after one.
func (w World) cleared(scene int, code checks.Code) bool {
	return !w.Apart && slices.ContainsFunc(w.Scenes[scene+1:], func(later Scene) bool { return slices.Contains(later.Clears, code) })
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
