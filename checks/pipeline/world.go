// Package pipeline is the one door to the outside: it is all that the doctor can see of a signals pipeline.
//
// What can be seen is plain typed data, one [Fact] a kind of question. A check cannot tell whether an answer was
// just looked up or was known before, which is what lets the same checks judge a live pipeline and a told one.
package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"doctor/checks/pipeline/settings"
)

// DefaultObservation is how long one observation may take unless the caller of [Live] says otherwise. It bounds each
// question on its own, so that one silent service cannot eat the time of the others.
const DefaultObservation = 3 * time.Second

// World is one pipeline as it can be seen: what was set, and every service that can be asked. It reads only.
//
// The same question is asked once, however many checks ask it; all get the same answer or the same error.
type World struct {
	Settings   *settings.Settings
	Now        time.Time // the instant that this world is judged at
	Temporal   *Temporal
	ClickHouse *ClickHouse
	Objects    *ObjectStorage
	Docker     *Docker
	Postgres   *Postgres
	Support    *Support
	Machine    *Machine
	Git        *Git

	observation time.Duration
	told        bool // nothing is looked up: what is not among the answers is not known
	roads       roads

	mu      sync.Mutex
	answers map[question]*answer
	tellers map[question]*teller // of a told world: what answers any question of a fact, which is named without one
	closers []func()
}

// Live is the world behind the given settings at the instant now. Nothing is opened before something is asked.
// Each observation may take as long as observation says; zero means [DefaultObservation]. Close it after use.
func Live(s *settings.Settings, now time.Time, observation time.Duration) *World {
	if observation <= 0 {
		observation = DefaultObservation
	}
	w := newWorld(s, now)
	w.observation = observation
	return w
}

// Told is a world that knows the given answers and nothing else: any other question is answered with an error of
// kind [NotRecorded].
func Told(s *settings.Settings, now time.Time, answers ...Answer) *World {
	w := newWorld(s, now)
	w.told = true
	w.Tell(answers...)
	return w
}

// Tell adds answers to what a world knows, before it is asked.
func (w *World) Tell(answers ...Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, told := range answers {
		if told.by != nil {
			w.tellers[told.question] = told.by
			continue
		}
		known := &answer{value: told.value, err: told.err, done: make(chan struct{})}
		close(known.done)
		w.answers[told.question] = known
	}
}

// Recorded reports whether nothing is looked up: all that there is to know was told, or recorded.
func (w *World) Recorded() bool { return w.told }

func newWorld(s *settings.Settings, now time.Time) *World {
	w := &World{Settings: s, Now: now, answers: map[question]*answer{}, tellers: map[question]*teller{}}
	w.Temporal = &Temporal{world: w}
	w.ClickHouse = &ClickHouse{world: w}
	w.Objects = &ObjectStorage{world: w}
	w.Docker = &Docker{world: w}
	w.Postgres = &Postgres{world: w, turn: make(chan struct{}, 1)}
	w.Support = &Support{world: w}
	w.Machine = &Machine{world: w}
	w.Git = &Git{world: w, environ: s.Process}
	return w
}

// Close gives back the connections that the observations opened.
func (w *World) Close() {
	w.mu.Lock()
	closers := w.closers
	w.closers = nil
	w.mu.Unlock()
	for _, closeConnection := range closers {
		closeConnection()
	}
}

// onClose registers what [World.Close] has to give back.
func (w *World) onClose(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closers = append(w.closers, f)
}

// question is one asked fact. Its argument is kept as text so that questions compare and can be written down.
type question struct {
	source Source
	fact   string
	asked  string
}

type answer struct {
	value any
	err   error
	done  chan struct{}
	read  sync.Once // of a recorded value: it is decoded once
}

// known reports whether the answer has come.
func (a *answer) known() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// ask answers a fact's question: from what is known already, else by looking, within the time that one observation may take.
func ask[Q, A any](ctx context.Context, w *World, fact Fact[Q, A], asked Q, look func(context.Context) (A, error)) (A, error) {
	key := fact.question(asked)
	noted(ctx, fact.Source)
	w.mu.Lock()
	known, found := w.answers[key]
	if !found {
		known = &answer{done: make(chan struct{})}
		w.answers[key] = known
	}
	w.mu.Unlock()
	if !found {
		known.value, known.err = observe(ctx, w, fact, asked, look)
		close(known.done)
	}
	var none A
	select {
	case <-known.done:
	case <-ctx.Done():
		return none, interrupted(ctx, fact.Source, fact.Asking(asked))
	}
	return valueOf[A](known, key)
}

// valueOf is the value of a known answer, which is decoded when it comes from a recording.
func valueOf[A any](known *answer, asked question) (value A, err error) {
	known.read.Do(func() {
		raw, ok := known.value.(undecoded)
		if !ok || known.err != nil {
			return
		}
		var decoded A
		if err := json.Unmarshal(raw, &decoded); err != nil {
			known.err = &Error{Kind: Failed, Source: asked.source, Asking: asked.fact, Err: fmt.Errorf("what was recorded cannot be read: %w", err)}
			return
		}
		known.value = decoded
	})
	if known.err != nil {
		return value, known.err
	}
	value, ok := known.value.(A)
	if !ok {
		return value, fmt.Errorf("the answer to %s was kept as %T, not as %T", asked.fact, known.value, value)
	}
	return value, nil
}

// observe looks once and says of a failure what kind it is, whom it asked, for what, and how long that took.
func observe[Q, A any](ctx context.Context, w *World, fact Fact[Q, A], asked Q, look func(context.Context) (A, error)) (value any, err error) {
	if teller := w.tellers[question{source: fact.Source, fact: fact.Name}]; teller != nil {
		return teller.answer(asked)
	}
	if w.told {
		return nil, &Error{Kind: NotRecorded, Source: fact.Source, Asking: fact.Asking(asked)}
	}
	defer func() {
		// A panic of a client library is that one observation's failure. The waiting askers must be answered, too.
		if r := recover(); r != nil {
			err = &Error{Kind: Failed, Source: fact.Source, Asking: fact.Asking(asked), Err: fmt.Errorf("crashed: %v", r)}
		}
	}()
	started := time.Now()
	bounded, cancel := context.WithTimeout(ctx, w.observation)
	defer cancel()
	answered, err := look(bounded)
	if err != nil {
		return nil, w.describe(bounded, fact.Source, fact.Asking(asked), time.Since(started), err)
	}
	return answered, nil
}
