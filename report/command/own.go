package command

import (
	"errors"
	"slices"

	"doctor/checks/all"
	"doctor/checks/custom"
	"doctor/checks/pipeline/settings"
)

// ownless are the commands that no check of a team's own concerns.
var ownless = []string{"version", "completion", "skill", "diff", "undo"}

// ownChecks adds the checks that a team has written itself: those of the PostHog folder, or those that a capture was made
// with.
func (p *program) ownChecks(command string) error {
	if slices.Contains(ownless, command) {
		return nil
	}
	files, err := p.checkFiles()
	if err != nil && !slices.Contains(unconfigured, command) || errors.As(err, new(*settings.CheckFileError)) {
		return err
	}
	own, err := custom.Parse(files, p.checks)
	if err == nil {
		p.checks = all.With(p.checks, own)
	}
	return err
}

func (p *program) checkFiles() ([]settings.CheckFile, error) {
	if p.options.from != "" {
		captured, err := p.read()
		if err != nil {
			return nil, err
		}
		return captured.Settings.CheckFiles, nil
	}
	where, err := p.where()
	if err != nil {
		return nil, err
	}
	folder, err := settings.Folder(where)
	if err != nil {
		return nil, err
	}
	return settings.CheckFiles(folder)
}
