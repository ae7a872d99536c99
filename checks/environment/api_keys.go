package environment

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// APIKeys finds out whether the keys are given without which a model cannot be asked. None is tried: what the team's
// activities did tells whether they had one.
var APIKeys = &checks.Check{
	ID:     "environment.api-keys",
	Title:  "the keys of the models are set, and taken",
	Codes:  []checks.Code{checks.ENV003},
	After:  []*checks.Check{journey.Histories},
	Reads:  []checks.Source{checks.Settings, checks.Optional(checks.Temporal)},
	Static: true,
	Run: func(_ context.Context, p *checks.Pass) (any, error) {
		if len(p.World.Settings.EnvFiles) == 0 {
			return nil, checks.Skip(settings.NoEnvFile)
		}
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		for _, k := range keys {
			k.judge(p, k.useIn(runs))
		}
		return nil, nil
	},
}

// key is a setting that lets the pipeline ask a model.
type key struct {
	setting    string
	activities []string // that need it
	refusals   []string // what its provider's errors say of a key that it does not take, in lower case
	without    string   // what there is to know when it is missing
	optional   bool     // the pipeline goes on without
}

// keys are the keys that the signals pipeline needs (products/signals/backend/temporal/llm.py;
// rust/embedding-worker/src/config.rs; posthog/temporal/data_imports/signals/pipeline.py).
var keys = []key{
	{
		setting: "ANTHROPIC_API_KEY",
		activities: []string{
			journey.SafetyFilterActivity, "generate_search_queries_activity", "match_signal_to_report_activity",
			"verify_match_specificity_activity", "report_safety_judge_activity",
		},
		refusals: []string{"invalid x-api-key", "authentication_error"},
		without:  "Without it the safety filter fails, the buffer with it, and the signals in hand are lost; so do the search queries, the matching and the judges.",
	},
	{
		setting:    "OPENAI_API_KEY",
		activities: []string{"get_embedding_activity"},
		refusals:   []string{"incorrect api key provided", "invalid_api_key"},
		without:    "Without it the embedding worker does not start: no signal is embedded, matched or stored.",
	},
	{
		setting:  "GEMINI_API_KEY",
		without:  "Without it signals from fixtures are not summarized, and all are taken to be actionable.",
		optional: true,
	},
}

// use is what the activities that need a key tell of it, the newest of each.
type use struct {
	missing, refused, worked sign
}

// sign is one event that tells something of a key.
type sign struct {
	run     *journey.Run // nil: there is none
	event   pipeline.Event
	excerpt string // of a failure: what it says
}

func (s *sign) put(run *journey.Run, e pipeline.Event, excerpt string) {
	if s.run == nil || e.Time.After(s.event.Time) {
		*s = sign{run, e, excerpt}
	}
}

func (s sign) after(other sign) bool {
	return s.run != nil && (other.run == nil || s.event.Time.After(other.event.Time))
}

// useIn looks through the histories. Of a grouping run of which only the end was read that end says that all went well,
// and so that each model did what it was asked.
func (k key) useIn(runs *journey.Runs) (u use) {
	if runs == nil || k.activities == nil {
		return use{}
	}
	for _, run := range runs.All {
		scheduled := map[int64]string{}
		for _, e := range run.Events {
			activity := scheduled[e.Scheduled]
			switch e.Type {
			case pipeline.ActivityScheduled:
				scheduled[e.ID] = e.Activity
			case pipeline.ActivityCompleted:
				if slices.Contains(k.activities, activity) {
					u.worked.put(run, e, "")
				}
			case pipeline.ActivityFailed, pipeline.WorkflowFailed:
				k.read(&u, run, e, activity, e.Failure)
			}
		}
		for _, a := range run.Detail.Pending {
			k.read(&u, run, pipeline.Event{Time: a.LastStarted}, a.Activity, a.LastFailure)
		}
		if run.Tail && len(run.Events) > 0 {
			u.worked.put(run, run.Events[len(run.Events)-1], "")
		}
	}
	return u
}

// shown is what a provider's error repeats of a key that it does not take.
var shown = regexp.MustCompile(`\bsk-[\w*-]+`)

// read takes in what a failure says of the key.
func (k key) read(u *use, run *journey.Run, e pipeline.Event, activity string, failure *pipeline.Failure) {
	inner := failure.Innermost()
	if inner == nil {
		return
	}
	says := shown.ReplaceAllString(strings.Join(strings.Fields(inner.Message), " "), "(secret)")
	if activity != "" {
		says = activity + ": " + says
	}
	switch {
	case k.refusedBy(inner.Message):
		u.refused.put(run, e, says)
	case strings.Contains(inner.Message, k.setting):
		u.missing.put(run, e, says)
	}
}

func (k key) refusedBy(message string) bool {
	message = strings.ToLower(message)
	return slices.ContainsFunc(k.refusals, func(refusal string) bool { return strings.Contains(message, refusal) })
}

// judge reports the key where it is missing or refused. A failure that says it is missing while it is given here is not
// this check's: that worker was started without it. One that has worked since is no fault.
func (k key) judge(p *checks.Pass, u use) {
	set := p.World.Settings
	origin, isGiven := given(set, k.setting)
	switch {
	case u.refused.after(u.worked) && u.refused.after(u.missing):
		file := shellFile(set).Path
		if isGiven {
			file = origin.File
		}
		finding := p.Report(checks.ENV003, k.subject(set, file)...).
			Titlef(refusedTitle, k.setting).
			Detailf("The key is wrong, revoked or of another account. %s", k.without)
		if isGiven {
			finding.With(SeenAt(set, origin, k.setting+" is set"))
		}
		finding.With(u.refused.evidence(p))
	case isGiven || u.worked.after(u.missing):
	default:
		k.reportMissing(p, u.missing)
	}
}

func (k key) reportMissing(p *checks.Pass, failed sign) {
	set := p.World.Settings
	how, places := absence(set, k.setting)
	finding := p.Report(checks.ENV003, k.subject(set, shellFile(set).Path)...).
		Titlef("%s %s", k.setting, how).
		Detailf("%s", k.without).
		With(places...)
	switch {
	case failed.run != nil:
		finding.With(failed.evidence(p))
	case k.optional || k.resolved(set):
		finding.As(checks.Info)
	default:
		finding.As(checks.Warning)
	}
}

// resolved reports whether bin/start may have found the key at 1Password, which it does for references in .env.local.
func (k key) resolved(set *settings.Settings) bool {
	return slices.ContainsFunc(set.Seen(k.setting), func(s settings.Sighting) bool {
		return s.Starter && !s.Commented && reference(s.Value)
	})
}

func (k key) subject(set *settings.Settings, file string) []string {
	if file == "" {
		file = settings.Origin{Process: true}.String()
	} else {
		file = set.Name(file)
	}
	return []string{file, k.setting}
}

func (s sign) evidence(p *checks.Pass) checks.Evidence {
	return checks.Evidence{
		Source:  "run " + pipeline.Short(s.run.ID),
		Locator: checks.Locator{Workflow: s.run.Workflow, Run: s.run.ID, Event: s.event.ID, URL: p.World.Temporal.Page(s.run.Run)},
		Excerpt: s.excerpt,
		Time:    s.event.Time,
	}
}

const refusedTitle = "%s is refused by its provider"

// Explains returns those of the findings of [APIKeys] that a failure's own words are about: it names the setting, or says in
// the provider's words that the key is not taken. A key that is refused explains nothing that had none.
func Explains(findings []*checks.Finding, message string) []*checks.Finding {
	var about []*checks.Finding
	for _, f := range findings {
		at := slices.IndexFunc(keys, func(k key) bool { return len(f.Subject) == 2 && f.Subject[1] == k.setting })
		if at >= 0 && keys[at].explains(f, message) {
			about = append(about, f)
		}
	}
	return about
}

func (k key) explains(f *checks.Finding, message string) bool {
	refused := f.Title == fmt.Sprintf(refusedTitle, k.setting)
	return k.refusedBy(message) || !refused && strings.Contains(message, k.setting)
}
