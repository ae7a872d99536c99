package commit

import (
	"context"
	"slices"
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// Secrets finds secrets in what a commit would add. What git's history holds already is not about to be committed.
var Secrets = &checks.Check{
	ID:     "commit.secrets",
	Title:  "no secret is about to be committed",
	Codes:  []checks.Code{checks.GIT001},
	Reads:  []checks.Source{checks.Git, checks.Settings},
	Static: true,
	Commit: true,
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		s := newSearch(p.World.Settings, p.World.Now) // while git still looks
		files, err := staged(ctx, p)
		if err != nil {
			return nil, err
		}
		found := map[string][]secret{} // by path
		var suspects []pipeline.StagedFile
		for i, secrets := range s.inAll(files.Files) {
			file := files.Files[i]
			if file.Unread != "" {
				p.Incomplete("%s was not searched: %s", file.Path, file.Unread)
			}
			if len(secrets) > 0 {
				found[file.Path] = secrets
				suspects = append(suspects, file)
			}
		}
		if err := forget(ctx, p.World.Git, suspects, found); err != nil {
			return nil, err
		}
		for _, file := range suspects {
			reportSecrets(p, file.Path, found[file.Path])
		}
		return files, nil
	},
}

// secret is one that was found in a staged file.
type secret struct {
	what  string // what it is: its kind, or the setting that has it
	value string // never shown
	mask  string // what may be shown of it
	line  int
}

// heads are the commits, beside HEAD, that a commit in the making may take its content from.
var heads = []string{"MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"}

// forget drops what the history already holds in the same file: it is too late for that, and to block each commit that
// touches the file would help nobody.
func forget(ctx context.Context, git *pipeline.Git, files []pipeline.StagedFile, found map[string][]secret) error {
	var names, paths []string
	for _, file := range files {
		if file.Before != "" {
			names, paths = append(names, file.Before), append(paths, file.Path)
		}
		if strings.ContainsAny(file.Path, "\n") {
			continue // git reads a name a line
		}
		for _, head := range heads {
			names, paths = append(names, head+":"+file.Path), append(paths, file.Path)
		}
	}
	if len(names) == 0 {
		return nil
	}
	contents, err := git.Contents(ctx, names)
	if err != nil {
		return err
	}
	for i, path := range paths {
		found[path] = slices.DeleteFunc(found[path], func(s secret) bool { return strings.Contains(contents[i], s.value) })
	}
	return nil
}

func reportSecrets(p *checks.Pass, path string, secrets []secret) {
	if len(secrets) == 0 {
		return
	}
	number, are := "a secret", "is"
	if len(secrets) > 1 {
		number, are = checks.Count(len(secrets), "secret"), "are"
	}
	f := p.Report(checks.GIT001, path).
		Titlef("%s %s about to be committed in %s", number, are, path).
		Detailf("Git keeps what was committed, even when the next commit takes it out again.")
	for _, s := range secrets[:min(len(secrets), maxEvidence)] {
		f.With(checks.Evidence{Source: s.what, Locator: checks.Locator{File: path, Line: s.line}, Excerpt: s.mask, Time: p.World.Now})
	}
}

// maxEvidence is how many places of one file are told: nobody reads more of them.
const maxEvidence = 50
