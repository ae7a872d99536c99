package commit

import (
	"context"

	"doctor/checks"
)

// Fixtures finds fixtures that the commands which feed the pipeline would refuse, as a whole or a record of them.
var Fixtures = &checks.Check{
	ID:     "commit.fixtures",
	Title:  "the pipeline takes the fixtures that are about to be committed",
	Codes:  []checks.Code{checks.GIT003},
	Reads:  []checks.Source{checks.Git},
	Static: true,
	Commit: true,
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		files, err := staged(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, file := range files.Files {
			judge := fixtureOf(file.Path)
			switch {
			case judge == nil:
			case file.Unread != "":
				p.Incomplete("%s was not judged: %s", file.Path, file.Unread)
			case file.Binary:
				reportRefusals(p, file.Path, []refusal{{line: 1, problem: "it is no text"}})
			default:
				reportRefusals(p, file.Path, judge(file.Text))
			}
		}
		return files, nil
	},
}

func reportRefusals(p *checks.Pass, path string, refusals []refusal) {
	if len(refusals) == 0 {
		return
	}
	f := p.Report(checks.GIT003, path)
	switch first := refusals[0]; {
	case !first.part:
		f.Titlef("%s would be refused: %s", path, first.problem)
	case len(refusals) == 1:
		f.Titlef("a record of %s would be refused: %s", path, first.problem)
	default:
		f.Titlef("%d records of %s would be refused", len(refusals), path)
	}
	for _, r := range refusals[:min(len(refusals), maxEvidence)] {
		f.With(checks.Evidence{Source: "staged", Locator: checks.Locator{File: path, Line: r.line}, Excerpt: r.String(), Time: p.World.Now})
	}
}
