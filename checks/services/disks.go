package services

import (
	"context"
	"errors"
	"fmt"

	"doctor/checks"
	"doctor/checks/pipeline"
)

// scarce is how much a disk must have free: a merge of the larger embedding tables, or the image of a sandbox, takes more.
const scarce = 1 << 30

// Disks finds disks that are nearly full: those of ClickHouse, and this machine's own under the PostHog folder and under
// Docker's data.
var Disks = &checks.Check{
	ID:    "services.disks",
	Title: "no disk of the pipeline is nearly full",
	Codes: []checks.Code{checks.SVC008},
	After: []*checks.Check{ClickHouse},
	Reads: []checks.Source{checks.Machine, checks.Settings, checks.Optional(checks.ClickHouse)},
	Run: func(ctx context.Context, p *checks.Pass) (any, error) {
		paths, folder := []string{dockerData}, p.World.Settings.Folder
		switch {
		case folder != "":
			paths = append(paths, folder)
		case !p.Passed(ClickHouse):
			return nil, checks.Skip("no PostHog folder here or above, and no ClickHouse that answers")
		}
		own, err := p.World.Machine.Disks(ctx, paths)
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
		judgeDisks(p, string(pipeline.SourceMachine), own)
		if p.Passed(ClickHouse) {
			disks, err := p.World.ClickHouse.Disks(ctx)
			if err != nil {
				p.Incomplete("%v", err)
			}
			judgeDisks(p, string(pipeline.SourceClickHouse), disks)
		}
		return nil, nil
	},
}

// dockerData is where an engine on Linux keeps its images unless it is told otherwise. In a virtual machine it is none of
// this machine's folders, and not looked at.
const dockerData = "/var/lib/docker"

func judgeDisks(p *checks.Pass, owner string, disks []pipeline.Disk) {
	for _, d := range disks {
		if d.Free >= scarce || d.Total == 0 {
			continue
		}
		p.Report(checks.SVC008, owner, d.Path).
			Titlef("%d MB are free on the disk of %s, of %.1f GB", d.Free>>20, name(owner, d), float64(d.Total)/(1<<30)).
			Detailf("What is written there fails when it is full: rows and mutations in ClickHouse, sandboxes and their images in Docker, the env files and the doctor's journal here.").
			With(checks.Evidence{Source: owner, Locator: checks.Locator{File: d.Path}, Excerpt: fmt.Sprintf("%d bytes free of %d", d.Free, d.Total), Time: p.World.Now})
	}
}

func name(owner string, d pipeline.Disk) string {
	if d.Name != "" {
		return owner + " (" + d.Name + ")"
	}
	return d.Path
}
