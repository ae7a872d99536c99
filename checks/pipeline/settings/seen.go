package settings

import (
	"path/filepath"
	"slices"
)

// Seen lists where a setting stands, as the pipeline's commands see it: the process environment comes before .env (or
// the env files that were named), and what bin/start loads for the processes that it starts does not count for others.
// At most one sighting is the effective one; none is when nothing sets the name.
func (s *Settings) Seen(name string) []Sighting {
	s.asks(name)
	var seen, starter []Sighting
	effective := -1
	value, process := s.Process[name]
	if process {
		seen = append(seen, Sighting{Origin: Origin{Process: true}, Value: value})
		effective = 0
	}
	for _, file := range s.EnvFiles {
		for _, line := range file.Lines {
			if line.Name != name {
				continue
			}
			sighting := Sighting{
				Origin: Origin{File: file.Path, Line: line.Number}, Value: line.Value,
				Commented: line.Commented, Starter: file.Starter, Shell: line.Shell,
			}
			if file.Starter {
				starter = append(starter, sighting)
				continue
			}
			seen = append(seen, sighting)
			if !line.Commented && !process {
				effective = len(seen) - 1
			}
		}
	}
	if effective >= 0 {
		seen[effective].Effective = true
	}
	return append(seen, starter...)
}

// Worker is what a worker is started with, as far as that can be told from here, and where it comes from: the value of the
// process environment, else of .env (or the last of the env files that were named), which the shell has read, else of the
// first of bin/start's own files that gives one (bin/start, bin/helpers/dev-env.sh).
func (s *Settings) Worker(name string) (string, Origin) {
	s.asks(name)
	if value := s.Process[name]; given(value) {
		return value, Origin{Process: true}
	}
	var starter []EnvFile
	for _, file := range slices.Backward(s.EnvFiles) {
		switch value := file.Values[name]; {
		case file.Starter:
			starter = append(starter, file)
		case given(value):
			return value, Origin{File: file.Path, Line: file.line(name)}
		}
	}
	for _, file := range slices.Backward(starter) {
		if value := file.Values[name]; given(value) {
			return value, Origin{File: file.Path, Line: file.line(name)}
		}
	}
	return "", Origin{Default: true}
}

// Name is what people call a file: its path below the PostHog folder, and the whole path of one that lies elsewhere.
func (s *Settings) Name(path string) string {
	if below, err := filepath.Rel(s.Folder, path); err == nil && filepath.IsLocal(below) {
		return below
	}
	return path
}
