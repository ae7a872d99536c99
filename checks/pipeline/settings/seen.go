package settings

import "path/filepath"

// Seen lists where a setting stands, as the pipeline's commands see it: the process environment comes before .env (or
// the env files that were named), and what bin/start loads for the processes that it starts does not count for others.
// At most one sighting is the effective one; none is when nothing sets the name.
func (s *Settings) Seen(name string) []Sighting {
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

// Name is what people call a file: its path below the PostHog folder, and the whole path of one that lies elsewhere.
func (s *Settings) Name(path string) string {
	if below, err := filepath.Rel(s.Folder, path); err == nil && filepath.IsLocal(below) {
		return below
	}
	return path
}
