package journey_test

import (
	"testing"

	"doctor/checks/journey"
	"doctor/checks/pipeline"
)

// mentioned reads the mention in a payload that a key opens.
func mentioned(input string) (journey.Mention, bool) {
	e := pipeline.Event{Input: []pipeline.Payload{{Data: []byte(input)}}}
	return journey.Mentioned(e, func(p pipeline.Payload) ([]byte, bool) { return p.Data, true })
}

func TestMentioned(t *testing.T) {
	const signal = `"source_product": "zendesk", "source_type": "ticket", "description": "Checkout fails"`
	for name, test := range map[string]struct{ input, want string }{
		"an emitter's":     {`{"team_id": 1, "signal": {"source_id": "4711", ` + signal + `}}`, "zendesk/ticket 4711"},
		"a signal itself":  {`{"source_id": "4711", ` + signal + `}`, "zendesk/ticket 4711"},
		"without its id":   {`{` + signal + `, "queries": []}`, "a zendesk/ticket"},
		"about a report":   {`{"team_id": 1, "report_id": "r"}`, ""},
		"neither id, text": {`{"source_product": "zendesk", "source_type": "ticket"}`, ""},
		"no object":        {`["zendesk"]`, ""},
		"no JSON":          {"\x00", ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, ok := mentioned(test.input)
			if ok != (test.want != "") || ok && m.String() != test.want {
				t.Errorf("got %s, %t; want %q", m, ok, test.want)
			}
		})
	}
	sealed := func(pipeline.Payload) ([]byte, bool) { return nil, false }
	if _, ok := journey.Mentioned(pipeline.Event{Input: []pipeline.Payload{{}}}, sealed); ok {
		t.Error("read what no key opens")
	}
}

func TestSameSignal(t *testing.T) {
	full := journey.Mention{Signal: journey.Signal{Product: "zendesk", Type: "ticket", ID: "1"}, Description: "Checkout fails"}
	byText, byID, other, silent := full, full, full, full
	byText.ID, byID.Description, other.Description, silent.ID, silent.Description = "", "", "Charts are empty", "", ""
	otherSource := byID
	otherSource.Type = "chat"
	for name, test := range map[string]struct {
		a, b journey.Mention
		want bool
	}{
		"itself":              {full, full, true},
		"known by its text":   {byText, full, true},
		"known by its id":     {full, byID, true},
		"id against text":     {byText, byID, false},
		"the same id, anew":   {full, other, false},
		"of another source":   {byID, otherSource, false},
		"nothing to tell it":  {silent, full, false},
		"nothing on any side": {silent, silent, false},
	} {
		if got := test.a.Same(test.b); got != test.want || test.b.Same(test.a) != got {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}
