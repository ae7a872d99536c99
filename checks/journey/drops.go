package journey

import (
	"encoding/json"

	"doctor/checks/pipeline"
)

// Refused is a signal that the safety filter judged unsafe.
type Refused struct {
	Link   *Link
	Filter *Step
	Threat string         // as the filter put it; "" where no key opens it
	Event  pipeline.Event // by which the run received the signal; the zero event when an earlier run did
}

// Refused are the signals that the safety filter judged unsafe, oldest first: where a key opens its verdicts, all of them;
// else those of the batches of which nothing was handed on.
func (c Chain) Refused(open func(pipeline.Payload) ([]byte, bool)) []Refused {
	var all []Refused
	for _, link := range c {
		filters, before := link.filters(), 0
		for i, drain := range link.Ledger.Drains {
			carried := drain.Filters - (drain.Received - before)
			for k, filter := range filters[:min(drain.Filters, len(filters))] {
				safe, known := verdict(filter, open)
				if known && safe || !known && link.outcome(i) != Dropped {
					continue
				}
				refused := Refused{Link: link, Filter: filter, Threat: threat(filter, open)}
				if own := before + k - carried; carried >= 0 && k >= carried && own < len(link.Ledger.Signals) {
					refused.Event = link.Ledger.Signals[own]
				}
				all = append(all, refused)
			}
			filters, before = filters[min(drain.Filters, len(filters)):], drain.Received
		}
	}
	return all
}

// filters are the safety filters of a run, in the order of its signals.
func (l *Link) filters() []*Step {
	var all []*Step
	for _, step := range Steps(l.Events) {
		if step.Name() == SafetyFilterActivity {
			all = append(all, step)
		}
	}
	return all
}

// threat is what a safety filter says against a signal (SafetyFilterOutput, products/signals/backend/temporal/buffer.py).
func threat(filter *Step, open func(pipeline.Payload) ([]byte, bool)) string {
	var said struct {
		Threat string `json:"threat_type"`
	}
	if len(filter.End.Result) == 0 {
		return ""
	}
	if content, ok := open(filter.End.Result[0]); !ok || json.Unmarshal(content, &said) != nil {
		return ""
	}
	return said.Threat
}

// QuotaCheck is a batch at the buffer's quota check.
type QuotaCheck struct {
	Link    *Link
	End     pipeline.Event   // of the check
	Signals []pipeline.Event // what the run had received of the batch; more may have been carried in
}

// OverQuota are the batches that the quota check let nothing of through, oldest first, and the newest that passed it: its
// link is nil where none has.
func (c Chain) OverQuota() (dropped []QuotaCheck, passed QuotaCheck) {
	for _, link := range c {
		ends, before := link.quotaChecks(), 0
		for i, drain := range link.Ledger.Drains {
			if drain.Quota && len(ends) > 0 {
				check := QuotaCheck{link, ends[0], link.Ledger.Signals[before:drain.Received]}
				ends = ends[1:]
				switch {
				case drain.Filters > 0:
					passed = check
				case link.outcome(i) == Dropped:
					dropped = append(dropped, check)
				}
			}
			before = drain.Received
		}
	}
	return dropped, passed
}

// quotaChecks are the ends of a run's quota checks, one a batch.
func (l *Link) quotaChecks() []pipeline.Event {
	var ends []pipeline.Event
	for _, step := range Steps(l.Events) {
		if step.Name() == QuotaActivity {
			ends = append(ends, step.End)
		}
	}
	return ends
}
