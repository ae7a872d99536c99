package workflows

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"doctor/checks"
	"doctor/checks/environment"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// Objects finds batches that grouping was told of and that are not in the object storage, which answers: it was reset, or is
// another one than the buffer has written to. Only what grouping could not read is asked for.
var Objects = &checks.Check{
	ID:       "workflows.batch-objects",
	Title:    "every batch that grouping could not read is in the object storage",
	Codes:    []checks.Code{checks.TMP014},
	Requires: []*checks.Check{journey.Histories, services.ObjectStorage},
	After:    []*checks.Check{environment.ObjectStorage},
	Reads:    []checks.Source{checks.Temporal, checks.Settings, checks.ObjectStorage},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		runs, _ := checks.ResultOf[*journey.Runs](p, journey.Histories)
		o := objects{p, runs}
		unread := o.unread()
		const most = 50
		if len(unread) > most {
			p.Incomplete("only the newest %d of %d batches that could not be read were asked for", most, len(unread))
			unread = unread[len(unread)-most:]
		}
		if len(unread) == 0 {
			return nil, nil
		}
		var keys []string
		for _, batch := range unread {
			keys = append(keys, batch.key)
		}
		missing, err := p.World.Objects.Missing(ctx, keys)
		if err != nil {
			return nil, err
		}
		o.report(slices.DeleteFunc(unread, func(batch unreadBatch) bool { return !slices.Contains(missing, batch.key) }))
		return nil, nil
	},
}

type objects struct {
	*checks.Pass
	runs *journey.Runs
}

// unreadBatch is a batch that grouping could not read.
type unreadBatch struct {
	key string
	run *journey.Run
	failedActivity
}

// batchKey is the name of a batch (products/signals/backend/temporal/buffer.py).
var batchKey = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`signals/signal_batches/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
})

// unread are the batches that grouping could not read, oldest first. The failure names its batch where it was not there
// ("Signal batch not found in S3: …" in products/signals/backend/temporal/grouping_v2.py); else what the activity was given
// does, where a key opens it. Without a name there is nothing to ask for.
func (o objects) unread() []unreadBatch {
	var all []unreadBatch
	for _, run := range slices.Backward(o.runs.OfType(journey.GroupingWorkflow)) {
		for _, failed := range failuresOf(run) {
			if failed.activity != journey.ReadBatchActivity {
				continue
			}
			key := batchKey().FindString(failed.message)
			for _, e := range run.Events {
				if key == "" && e.Type == pipeline.ActivityScheduled && e.ID == failed.event.Scheduled {
					content, _ := journey.Content(e, o.World.Open)
					key = string(batchKey().Find(content))
				}
			}
			if key != "" && !slices.ContainsFunc(all, func(other unreadBatch) bool { return other.key == key }) {
				all = append(all, unreadBatch{key, run, failed})
			}
		}
	}
	return all
}

// report reports the batches that are not there.
func (o objects) report(missing []unreadBatch) {
	n := len(missing)
	if n == 0 {
		return
	}
	verb := "are"
	if n == 1 {
		verb = "is"
	}
	f := o.Report(checks.TMP014, missing[n-1].run.Workflow).
		Titlef("%s that grouping was told of %s not in the object storage", batches(n), verb).
		Detailf("The storage answers, and does not have what the buffer has written. Grouping fails as a whole for it.")
	var proof []checks.Evidence
	for _, batch := range missing {
		told := evidence(o.Pass, batch.run.Run, batch.event, checks.Clip(batch.message, 300))
		told.Locator.Object = batch.key
		f.With(told)
		if again, ok := o.deliveredAgain(batch.key); ok {
			proof = append(proof, again)
		}
	}
	if len(proof) == n {
		f.Healed(newest(proof)...)
		return
	}
	f.CausedBy(o.Findings(environment.ObjectStorage)...)
}

// deliveredAgain is the proof that all signals of a batch have come to the buffer again since, where a key opens which these were.
func (o objects) deliveredAgain(key string) (proof checks.Evidence, ok bool) {
	b := buffer{o.Pass, o.runs.Buffer}
	for place, link := range b.chain {
		before := 0
		for _, drain := range link.Ledger.Drains {
			content, opened := journey.Content(drain.Hand.Scheduled, o.World.Open)
			own := link.Ledger.Signals[before:drain.Received]
			before = drain.Received
			if !opened || !strings.Contains(string(content), key) || drain.Filters != len(own) {
				continue
			}
			_, lost, again := b.since(own, place)
			if len(lost) == 0 && len(again) > 0 {
				return again[len(again)-1], true
			}
		}
	}
	return checks.Evidence{}, false
}
