package workflows_test

import (
	"strings"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

const (
	safe     = `{"safe": true, "threat_type": "", "explanation": null}`
	override = `{"safe": false, "threat_type": "instruction_override"}`
	mute     = `{"safe": false, "threat_type": "provider_safety_filter"}`
)

// judge drains: a safety filter a verdict. An empty verdict is one that no key opens.
func (t *told) judge(verdicts ...string) *told {
	scheduled := t.ask(slicesOf(journey.SafetyFilterActivity, len(verdicts))...)
	for i, verdict := range verdicts {
		t.complete(scheduled[i])
		result := sealed()
		if verdict != "" {
			result = plain(verdict)
		}
		t.events[len(t.events)-1].Result = result
	}
	return t
}

func slicesOf(s string, n int) []string { return strings.Split(strings.Repeat(s+" ", n-1)+s, " ") }

// flush stores a batch and tells grouping.
func (t *told) flush() *told {
	return t.succeed(journey.FlushActivity).succeed(journey.HandOverActivity)
}

// bring delivers the ticket, in a payload that a key opens.
func (t *told) bring() *told {
	t.write(pipeline.Event{Type: pipeline.WorkflowSignaled, Signal: journey.SubmitSignal, Input: plain(ticket)})
	return t
}

func TestSignalsThatTheSafetyFilterDrops(t *testing.T) {
	const one, two = "1 signal was judged unsafe by the safety filter, and dropped", "2 signals were judged unsafe by the safety filter, and dropped"
	const noAnswer = "1 signal was dropped: the safety filter's model gave no answer, which counts as unsafe"
	for name, test := range map[string]struct {
		run  *told
		want string
	}{
		"all are safe":                    {buffers().begin().signal(2).wait().judge(safe, safe).flush().goOn().idle(), ""},
		"all of a batch":                  {buffers().begin().signal(2).wait().judge(override, override).goOn().idle(), two},
		"one of two":                      {buffers().begin().signal(2).wait().judge(safe, override).flush().goOn().idle(), one},
		"one that was carried in":         {flushed(0, 1, 0).wait().judge(override).goOn().idle(), one},
		"all of a batch, without a key":   {buffers().begin().signal(2).wait().judge("", "").goOn().idle(), two},
		"some, without a key":             {buffers().begin().signal(2).wait().judge("", "").flush().goOn().idle(), ""},
		"in the middle of it":             {buffers().begin().signal(1).wait().judge(""), ""},
		"the buffer failed after it":      {buffers().begin().signal(1).wait().judge("").end(pipeline.RunFailed, pipeline.Event{}), ""},
		"no verdict at all":               {buffers().begin().signal(1).wait().judge(mute).goOn().idle(), noAnswer},
		"no verdict, and delivered again": {buffers().begin().bring().wait().judge(mute).goOn().idle().bring().wait().judge(safe).flush().goOn().idle(), "recovered: " + noAnswer},
		"a changed buffer":                {buffers().begin().signal(3).wait().judge(safe).flush().goOn().idle(), "unknown: run run-000 of buffer-signals-7: its batches do not add up as those of the known buffer do"},
		"history beyond retention":        {gone(flushed(0, 0, 0).idle()), "unknown: run run-001 of buffer-signals-7: asking Temporal for the history of buffer-signals-7 run run-001: missing"},
	} {
		t.Run(name, func(t *testing.T) {
			o := checkstest.Run(world(test.run.story), workflows.Dropped)
			o.Says(t, test.want)
			for _, f := range o.Findings {
				want := checks.Info
				if test.want == noAnswer {
					want = checks.Warning
				}
				if f.Code != checks.TMP007 || f.Severity != want {
					t.Errorf("%s as %s", f.Code, f.Severity)
				}
			}
		})
	}
}

func TestARefusalNamesItsSignal(t *testing.T) {
	run := buffers().begin().signal(1).bring().wait().judge(safe, override).flush().goOn().idle()
	f := checkstest.Run(world(run.story), workflows.Dropped).Reports(t, checks.TMP007, bufferID)
	if f.Evidence[0].Excerpt != "zendesk/ticket 4711: instruction_override" {
		t.Errorf("got %q", f.Evidence[0].Excerpt)
	}
}

func TestBatchesThatTheQuotaDrops(t *testing.T) {
	over := func(run *told) *told { return run.signal(2).wait().succeed(journey.QuotaActivity).goOn() }
	within := func(run *told) *told {
		return run.signal(1).wait().succeed(journey.QuotaActivity).judge(safe).flush().goOn()
	}
	for name, test := range map[string]struct {
		run  *told
		want string
	}{
		"within the quota":       {within(buffers().begin()).idle(), ""},
		"over it":                {over(buffers().begin()).idle(), "1 batch was dropped at the buffer's quota check"},
		"over it again":          {over(over(within(buffers().begin()))).idle(), "2 batches were dropped at the buffer's quota check"},
		"within again":           {within(over(buffers().begin())).idle(), "recovered: 1 batch was dropped at the buffer's quota check"},
		"in the middle of it":    {buffers().begin().signal(1).wait().succeed(journey.QuotaActivity), ""},
		"the buffer ended there": {buffers().begin().signal(1).wait().succeed(journey.QuotaActivity).end(pipeline.Terminated, pipeline.Event{}), ""},
		"before there were any":  {buffers().begin().signal(1).wait().judge(safe).flush().goOn().idle(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			checkstest.Run(world(test.run.story), workflows.Dropped).Says(t, test.want)
		})
	}
}
