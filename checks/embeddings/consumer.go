package embeddings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// quiet is for how long a consumer must have asked for messages without a failure to be well again: one that cannot reach a
// broker, or a topic, fails again within five minutes.
const quiet = 10 * time.Minute

// reportConsumer reports a consumer that has failed since the time that is looked at.
func reportConsumer(p *checks.Pass, c pipeline.KafkaConsumer) {
	if c.Failed.IsZero() || c.Failed.Before(p.Since) {
		return
	}
	what, _, _ := strings.Cut(c.Failure, "\n") // then comes where in the server it happened
	what = checks.Clip(checks.OneLine(what), 300)
	f := p.Report(checks.CLK006, c.Database, c.Table).
		Titlef("ClickHouse cannot read %s: %s", c.Table, what).
		Detailf("No embedding gets into ClickHouse meanwhile. It keeps trying, and goes on where it was.").
		With(checks.Evidence{
			Source: c.Database + "." + c.Table, Excerpt: what, Time: c.Failed,
			Locator: checks.Locator{Query: fmt.Sprintf("SELECT * FROM system.kafka_consumers WHERE database = '%s' AND table = '%s'", quoted(c.Database), quoted(c.Table))},
		})
	switch {
	case c.Committed.After(c.Failed):
		f.Healed(checks.Evidence{Source: c.Database + "." + c.Table, Excerpt: "has read and stored messages since", Time: c.Committed})
	case c.Polled.Sub(c.Failed) > quiet:
		f.Healed(checks.Evidence{Source: c.Database + "." + c.Table, Excerpt: "has asked for messages since without a failure", Time: c.Polled})
	default:
		f.CausedBy(slices.DeleteFunc(p.Findings(services.Support), func(down *checks.Finding) bool { return !services.Named(down, c.Failure) })...)
	}
}
