package environment

import (
	"strings"

	"doctor/checks"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// What ought to be given, and is not, is spoken of here without its values: they may be keys.

// reference is a 1Password reference, which bin/start resolves where it is in .env.local.
func reference(value string) bool { return strings.Contains(value, "op://") }

// given reports whether a worker is started with a value of a setting, and not with what only stands for one. It returns
// where that is.
func given(set *settings.Settings, name string) (settings.Origin, bool) {
	value, origin := set.Worker(name)
	return origin, !origin.Default && !redact.Placeholder(value)
}

// shellFile is the file where a setting belongs that is nowhere: the one that shells read, and workers through them.
func shellFile(set *settings.Settings) settings.EnvFile {
	if len(set.EnvFiles) == 0 {
		return settings.EnvFile{Absent: true}
	}
	file := set.EnvFiles[0]
	for _, other := range set.EnvFiles {
		if !other.Starter {
			file = other
		}
	}
	return file
}

// absence says in which way a setting is not given, and shows every place where it stands.
func absence(set *settings.Settings, name string) (how string, evidence []checks.Evidence) {
	file := shellFile(set)
	for _, s := range set.Seen(name) {
		says := absent(s)
		at := SeenAt(set, s.Origin, name+" "+says)
		if how == "" || s.Effective || !s.Commented {
			how = says + " " + in(at.Source)
		}
		evidence = append(evidence, at)
	}
	if len(evidence) > 0 {
		return how, evidence
	}
	missed := "no such line"
	if file.Absent {
		missed = "no such file"
	}
	return "is not set", []checks.Evidence{{Source: set.Name(file.Path), Locator: checks.Locator{File: file.Path}, Excerpt: missed}}
}

func absent(s settings.Sighting) string {
	switch {
	case s.Commented:
		return "is commented out"
	case s.Value == "":
		return "is empty"
	case reference(s.Value):
		return "is a 1Password reference"
	}
	return "is a placeholder"
}

// SeenAt is the evidence of what stands in one place.
func SeenAt(set *settings.Settings, origin settings.Origin, says string) checks.Evidence {
	source := origin.String()
	if origin.File != "" {
		source = set.Name(origin.File)
	}
	return checks.Evidence{Source: source, Locator: checks.Locator{File: origin.File, Line: origin.Line}, Excerpt: says}
}

// in is a place in a sentence.
func in(source string) string {
	if source == (settings.Origin{Process: true}).String() {
		return "in the " + source
	}
	return "in " + source
}

// Absence is how a setting is not given to a worker, and every place where it stands nevertheless; missing is false when it is given.
func Absence(set *settings.Settings, name string) (how string, places []checks.Evidence, missing bool) {
	if _, isGiven := given(set, name); isGiven {
		return "", nil, false
	}
	how, places = absence(set, name)
	return how, places, true
}
