// Package commit holds the checks of what a commit would change. They read the staged content, not the working tree, and
// take part in doctor pre-commit only.
package commit

import (
	"context"
	"errors"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// staged is what is about to be committed. Where nothing can be, the check that asks is skipped.
func staged(ctx context.Context, p *checks.Pass) (*pipeline.Staged, error) {
	found, err := p.World.Git.Staged(ctx, p.Files)
	var failed *pipeline.Error
	if errors.As(err, &failed) && failed.Kind == pipeline.Missing {
		return nil, checks.Skip("%s", failed.Reason())
	}
	return &found, err
}
