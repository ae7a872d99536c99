package commit

import (
	"context"
	"strings"

	"doctor/checks"
)

// folder is where the doctor keeps its journal of treatments, beside the env file.
const folder = ".doctor"

// Folder finds out whether the doctor's own folder would be committed. It ignores itself for git, so that somebody must
// have added it by force, or deleted its .gitignore. The journal in it holds what was replaced, such as lines of .env.
var Folder = &checks.Check{
	ID:     "commit.doctor-folder",
	Title:  "the doctor's journal stays out of the commit",
	Codes:  []checks.Code{checks.GIT002},
	Reads:  []checks.Source{checks.Git},
	Static: true,
	Commit: true,
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		files, err := staged(ctx, p)
		if err != nil {
			return nil, err
		}
		var folders []string
		within := map[string][]string{}
		for _, file := range files.Files {
			if at, ok := doctorFolder(file.Path); ok {
				if within[at] == nil {
					folders = append(folders, at)
				}
				within[at] = append(within[at], file.Path)
			}
		}
		for _, at := range folders {
			report(p, at, within[at])
		}
		return files, nil
	},
}

// doctorFolder is the doctor's folder that a file lies in.
func doctorFolder(path string) (at string, found bool) {
	before, _, found := strings.Cut("/"+path, "/"+folder+"/")
	return strings.TrimPrefix(before+"/"+folder, "/"), found
}

func report(p *checks.Pass, at string, files []string) {
	are := "are"
	if len(files) == 1 {
		are = "is"
	}
	f := p.Report(checks.GIT002, at).
		Titlef("%s of %s %s about to be committed", checks.Count(len(files), "file"), at, are).
		Detailf("It is the doctor's journal: what its treatments have replaced, settings and rows included.")
	for _, file := range files {
		f.With(checks.Evidence{Source: "staged", Locator: checks.Locator{File: file}, Time: p.World.Now})
	}
}
