// Package eyesight holds the checks of whether the doctor can see: what it may not look at is no health, and what a service
// hides from it looks as if it were not there.
package eyesight

import (
	"context"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
	"doctor/checks/services"
)

// ClickHouse finds what the user of ClickHouse may not read of that which the checks ask about.
var ClickHouse = &checks.Check{
	ID:       "eyesight.clickhouse",
	Title:    "ClickHouse shows its user what the checks ask about",
	Codes:    []checks.Code{checks.SEE001},
	Requires: []*checks.Check{services.ClickHouse},
	Reads:    []checks.Source{checks.ClickHouse},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		sight, err := p.World.ClickHouse.Sight(ctx)
		report(p, checks.SEE001, checks.ClickHouse, sight)
		return nil, err
	},
}

// Postgres finds the tables that the user of Postgres may not read, of those that the checks ask.
var Postgres = &checks.Check{
	ID:       "eyesight.postgres",
	Title:    "Postgres shows its user what the checks ask about",
	Codes:    []checks.Code{checks.SEE006},
	Requires: []*checks.Check{services.Postgres},
	Reads:    []checks.Source{checks.Postgres},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		sight, err := p.World.Postgres.Sight(ctx)
		report(p, checks.SEE006, checks.Postgres, sight)
		return nil, err
	},
}

func report(p *checks.Pass, code checks.Code, source checks.Source, sight pipeline.Sight) {
	if len(sight.Unseen) == 0 {
		return
	}
	service := string(source.Source)
	subject := []string{sight.User}
	var evidence []checks.Evidence
	for _, one := range sight.Unseen {
		subject = append(subject, one.Name)
		evidence = append(evidence, checks.Evidence{
			Source: service, Excerpt: one.Name + ": " + checks.Clip(one.Reason, 300), Time: p.World.Now,
		})
	}
	p.Report(code, subject...).
		Titlef("%s does not let its user %.60q read %s", service, sight.User, strings.Join(subject[1:], ", ")).
		Detailf("The doctor cannot judge what it is not shown: the checks that ask for it are unknown.").
		With(evidence...)
}
