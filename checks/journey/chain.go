package journey

import (
	"slices"
	"strings"

	"doctor/checks/pipeline"
)

// Chain is the runs of one workflow id, oldest first, each with what came of it. A run that an operator rewound, and what
// followed from it, is left out: its events live on in the run that survived.
type Chain []*Link

// Link is one run of a buffer's chain.
type Link struct {
	*Run
	Ledger Ledger
	Next   *Link // the run that went on from here; nil when there is none, or it is not among those that were listed
}

// bufferChain puts the runs of the team's buffer in order and keeps the account of each.
func (r *Runs) bufferChain(open func(pipeline.Payload) ([]byte, bool)) Chain {
	var chain Chain
	byID, rewound := map[string]*Link{}, map[string]bool{}
	for _, run := range slices.Backward(r.OfType(BufferWorkflow)) {
		link := &Link{Run: run, Ledger: Keep(run.Events, open)}
		chain, byID[run.ID] = append(chain, link), link
		if original := run.started().Original; original != "" && original != run.ID {
			rewound[original] = true
		}
	}
	abandoned := func(l *Link) bool {
		for l != nil {
			if rewound[l.ID] {
				return true
			}
			l = byID[l.started().Previous]
		}
		return false
	}
	chain = slices.DeleteFunc(chain, abandoned)
	// Both ends name each other. The later one is believed: after a rewind the earlier still names the abandoned run.
	for _, link := range chain {
		if next := byID[link.ended().Next]; next != nil && !abandoned(next) && link.Next == nil {
			link.Next = next
		}
		if previous := byID[link.started().Previous]; previous != nil {
			previous.Next = link
		}
	}
	return chain
}

// Answers reports whether an id, or the beginning of one, is the run's: its own, or the one that it had before it was rewound.
func (l *Link) Answers(id string) bool {
	return strings.HasPrefix(l.ID, id) || strings.HasPrefix(l.started().Original, id)
}

func (r *Run) started() pipeline.Event {
	if len(r.Events) > 0 && r.Events[0].Type == pipeline.WorkflowStarted {
		return r.Events[0]
	}
	return pipeline.Event{}
}

// ended is the run's last event.
func (r *Run) ended() pipeline.Event {
	if len(r.Events) > 0 {
		return r.Events[len(r.Events)-1]
	}
	return pipeline.Event{}
}

// End is the event that closed the run; the zero event while it is open.
func (r *Run) End() pipeline.Event {
	if r.Open() {
		return pipeline.Event{}
	}
	return r.ended()
}
