package workflows_test

import (
	"errors"
	"fmt"
	"testing"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/journey"
	"doctor/checks/pipeline"
	"doctor/checks/workflows"
)

// unreadable is a grouping that failed because it could not read a batch.
func unreadable(s *story, key int, message string) *told {
	run := s.begin().hand(key)
	run.fail(run.give(journey.ReadBatchActivity, fmt.Sprintf(`{"object_key": %q}`, keyOf(key))), "ValueError", message)
	return run.end(pipeline.RunFailed, pipeline.Event{Failure: wrapped("ValueError", message)})
}

func TestBatchesThatAreNotThere(t *testing.T) {
	const gone, one = "Signal batch not found in S3: ", "1 batch that grouping was told of is not in the object storage"
	for name, test := range map[string]struct {
		message string
		sealed  bool
		missing []string
		want    string
		blames  string // by the failure of grouping
	}{
		"it is not there":                {gone + keyOf(1), false, []string{keyOf(1)}, one, "TMP014"},
		"it is not there, without a key": {gone + keyOf(1), true, []string{keyOf(1)}, one, "TMP014"},
		"the failure does not name it":   {"read failed", false, []string{keyOf(1)}, one, "TMP014"},
		"nothing names it":               {"read failed", true, nil, "", ""},
		"it is there":                    {"read failed", false, nil, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := world(unreadable(groupingsSealed(test.sealed), 1, test.message).story)
			w.Settings.ObjectStorage.Enabled = true
			w.Tell(pipeline.ObjectsMissing.Is([]string{keyOf(1)}, test.missing))
			o := checkstest.Run(w, workflows.Objects)
			o.Says(t, test.want)
			if test.want != "" && o.Reports(t, checks.TMP014, "team-signal-grouping-v2-7").Evidence[0].Locator.Object != keyOf(1) {
				t.Errorf("it does not name the batch: %+v", o.Findings[0].Evidence)
			}
			checkstest.Run(w, workflows.Failures).Blames(t, test.blames)
		})
	}
}

func TestABatchThatIsNotThereIsDeliveredAgain(t *testing.T) {
	run := buffers().begin().bring().wait().judge(safe).succeed(journey.FlushActivity)
	run.complete(run.give(journey.HandOverActivity, fmt.Sprintf(`{"object_key": %q}`, keyOf(1))))
	w := world(run.goOn().bring().wait().story, unreadable(groupings(), 1, "Signal batch not found in S3: "+keyOf(1)).story)
	w.Settings.ObjectStorage.Enabled = true
	w.Tell(pipeline.ObjectsMissing.Is([]string{keyOf(1)}, []string{keyOf(1)}))
	checkstest.Run(w, workflows.Objects).Says(t, "recovered: 1 batch that grouping was told of is not in the object storage")
}

func TestAStorageThatCannotBeAskedForABatch(t *testing.T) {
	w := world(unreadable(groupings(), 1, "Signal batch not found in S3: "+keyOf(1)).story)
	w.Settings.ObjectStorage.Enabled = true
	w.Tell(pipeline.ObjectsMissing.Fails([]string{keyOf(1)}, pipeline.Denied, errors.New("AccessDenied")))
	checkstest.Run(w, workflows.Objects).Is(t, checks.Unknown, "AccessDenied")
}
