package truth

import (
	"encoding/json"
	"slices"
	"time"

	"doctor/checks/pipeline"
)

// past is what all scenes of a world together have left behind. What is asked by an id, and what is asked of a service as it
// is now, is told as it was recorded, the latest last; what is asked of a team is put together.
type past struct {
	since        time.Time
	observations []pipeline.Observation

	executions pipeline.Listing
	called     []pipeline.Execution
	taskRuns   []pipeline.TaskRun
	states     []pipeline.ReportState
	unfinished pipeline.UnfinishedReports
	logs       []pipeline.LogObject
	sandboxes  []pipeline.Sandbox
	kills      []pipeline.MemoryKill
	workers    map[string]time.Time
	missing    []string // objects
	signals    map[string]pipeline.TeamSignals
	rows       map[string][]pipeline.SignalRow
	seen       map[string]bool // facts of the present that a later scene has told
}

func newPast(since time.Time) *past {
	return &past{
		since: since, workers: map[string]time.Time{}, seen: map[string]bool{},
		signals: map[string]pipeline.TeamSignals{}, rows: map[string][]pipeline.SignalRow{},
	}
}

// tell adds what was recorded of a scene that comes before those which were told already.
func (p *past) tell(recorded []pipeline.Observation, last bool) error {
	runs := map[pipeline.Run]pipeline.Execution{}
	var told []pipeline.Observation
	for _, o := range recorded {
		if o.Error == nil && o.Fact == pipeline.Executions.Name && o.Source == pipeline.SourceTemporal {
			listing, err := decode[pipeline.Listing](o.Answer)
			if err != nil {
				return err
			}
			for _, e := range listing.Executions {
				if !last {
					e = rest(e)
				}
				runs[e.Run] = e
				p.executions.Executions = append(p.executions.Executions, e)
			}
			if last {
				p.executions.Listed = listing.Listed
			}
			continue
		}
		told = append(told, o)
	}
	for _, o := range told {
		if err := p.add(o, runs, last); err != nil {
			return err
		}
	}
	return nil
}

// add adds one observation.
func (p *past) add(o pipeline.Observation, runs map[pipeline.Run]pipeline.Execution, last bool) error {
	if o.Error == nil {
		switch merged, err := p.merge(o); {
		case err != nil:
			return err
		case merged:
			return nil
		case o.Fact == pipeline.Histories.Name && o.Source == pipeline.SourceTemporal:
			return p.addHistory(o, runs)
		case o.Fact == pipeline.Details.Name && !last:
			run, err := decode[pipeline.Run](o.Asked)
			if err != nil || runs[run].Status != pipeline.Running {
				return err
			}
		}
	}
	key := string(o.Source) + o.Fact + string(o.Asked)
	if !p.seen[key] {
		p.observations = append(p.observations, o)
	}
	p.seen[key] = true
	return nil
}

func (p *past) addHistory(o pipeline.Observation, runs map[pipeline.Run]pipeline.Execution) error {
	run, err := decode[pipeline.Run](o.Asked)
	if err != nil {
		return err
	}
	if e, ok := runs[run]; ok && e.Status == pipeline.RunTimedOut {
		history, err := decode[pipeline.History](o.Answer)
		if err != nil {
			return err
		}
		if o.Answer, err = json.Marshal(rested(history, e)); err != nil {
			return err
		}
	}
	p.observations = append(p.observations, o)
	return nil
}

// merge puts what was recorded of a team together with what other scenes have left.
func (p *past) merge(o pipeline.Observation) (merged bool, err error) {
	switch string(o.Source) + " " + o.Fact {
	case name(pipeline.WorkflowsCalled):
		err = collect(o, func(l pipeline.Listing) { p.called = append(p.called, l.Executions...) })
	case name(pipeline.TaskRuns):
		err = collect(o, func(l pipeline.TaskRunListing) { p.taskRuns = append(p.taskRuns, l.Runs...) })
	case name(pipeline.TaskRunsOf):
		// Those of strangers are nobody's here.
	case name(pipeline.ReportStates):
		err = collect(o, func(states []pipeline.ReportState) { p.states = append(p.states, states...) })
	case name(pipeline.ReportsUnfinished):
		err = collect(o, func(u pipeline.UnfinishedReports) {
			p.unfinished.Reports = append(p.unfinished.Reports, u.Reports...)
			p.unfinished.Failed = append(p.unfinished.Failed, u.Failed...)
		})
	case name(pipeline.AgentLogs):
		err = collect(o, func(l pipeline.LogListing) { p.logs = append(p.logs, l.Logs...) })
	case name(pipeline.Sandboxes):
		err = collect(o, func(all []pipeline.Sandbox) { p.sandboxes = append(p.sandboxes, all...) })
	case name(pipeline.MemoryKills):
		err = collect(o, func(all []pipeline.MemoryKill) { p.kills = append(p.kills, all...) })
	case name(pipeline.ObjectsMissing):
		err = collect(o, func(keys []string) { p.missing = append(p.missing, keys...) })
	case name(pipeline.LocalWorkers):
		err = collect(o, func(all map[string]time.Time) {
			for identity, at := range all {
				p.workers[identity] = at
			}
		})
	case name(pipeline.LiveSignals):
		err = p.mergeSignals(o)
	case name(pipeline.SignalRows):
		err = p.mergeRows(o)
	default:
		return false, nil
	}
	return true, err
}

func name[Q, A any](f pipeline.Fact[Q, A]) string { return string(f.Source) + " " + f.Name }

func collect[A any](o pipeline.Observation, add func(A)) error {
	value, err := decode[A](o.Answer)
	if err == nil {
		add(value)
	}
	return err
}

func (p *past) mergeSignals(o pipeline.Observation) error {
	asked, err := decode[pipeline.SignalsOf](o.Asked)
	if err != nil {
		return err
	}
	return collect(o, func(s pipeline.TeamSignals) {
		all := p.signals[asked.Table.String()]
		all.Recent += s.Recent
		all.Reports = append(all.Reports, s.Reports...)
		slices.SortStableFunc(all.Reports, func(a, b pipeline.ReportSignals) int { return b.Documents - a.Documents })
		p.signals[asked.Table.String()] = all
	})
}

func (p *past) mergeRows(o pipeline.Observation) error {
	asked, err := decode[pipeline.SignalsSince](o.Asked)
	if err != nil {
		return err
	}
	return collect(o, func(rows []pipeline.SignalRow) {
		p.rows[asked.Table.String()] = append(p.rows[asked.Table.String()], rows...)
	})
}

// answers are those to what is asked of the team as a whole.
func (p *past) answers() []pipeline.Answer {
	newest(p.executions.Executions, func(e pipeline.Execution) time.Time { return e.Start })
	newest(p.taskRuns, func(r pipeline.TaskRun) time.Time { return r.Created })
	newest(p.logs, func(l pipeline.LogObject) time.Time { return l.Modified })
	newest(p.unfinished.Reports, func(r pipeline.UnfinishedReport) time.Time { return r.Updated })
	newest(p.unfinished.Failed, func(r pipeline.UnfinishedReport) time.Time { return r.Updated })
	return []pipeline.Answer{
		always(pipeline.ReportsUnfinished, p.unfinished),
		always(pipeline.Sandboxes, p.sandboxes),
		always(pipeline.MemoryKills, p.kills),
		always(pipeline.AgentLogs, pipeline.LogListing{Logs: p.logs}),
		always(pipeline.Executions, p.executions),
		always(pipeline.TaskRuns, pipeline.TaskRunListing{Runs: p.taskRuns}),
		always(pipeline.TaskRunsOf, pipeline.TaskRunListing{}),
		pipeline.LiveSignals.By(func(asked pipeline.SignalsOf) (pipeline.TeamSignals, error) {
			return p.signals[asked.Table.String()], nil
		}),
		pipeline.SignalRows.By(func(asked pipeline.SignalsSince) ([]pipeline.SignalRow, error) {
			rows := newest(p.rows[asked.Table.String()], func(r pipeline.SignalRow) time.Time { return r.Signalled })
			return rows[:min(asked.Most, len(rows))], nil
		}),
		pipeline.ReportStates.By(func(asked pipeline.ReportsOf) ([]pipeline.ReportState, error) {
			return among(p.states, asked.IDs, func(s pipeline.ReportState) string { return s.ID }), nil
		}),
		pipeline.WorkflowsCalled.By(func(ids []string) (pipeline.Listing, error) {
			return pipeline.Listing{Executions: among(p.called, ids, func(e pipeline.Execution) string { return e.Workflow })}, nil
		}),
		pipeline.ObjectsMissing.By(func(keys []string) ([]string, error) {
			return among(p.missing, keys, func(key string) string { return key }), nil
		}),
		pipeline.LocalWorkers.By(func([]string) (map[string]time.Time, error) { return p.workers, nil }),
	}
}

func always[Q, A any](f pipeline.Fact[Q, A], value A) pipeline.Answer {
	return f.By(func(Q) (A, error) { return value, nil })
}

// among chooses those of the given ids, each once.
func among[T any](all []T, ids []string, id func(T) string) []T {
	var chosen []T
	taken := map[string]bool{}
	for _, one := range all {
		if slices.Contains(ids, id(one)) && !taken[id(one)] {
			chosen, taken[id(one)] = append(chosen, one), true
		}
	}
	return chosen
}
