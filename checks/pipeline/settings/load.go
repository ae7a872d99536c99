package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Options is what the command line and its surroundings say.
type Options struct {
	PostHogDir    string   // --posthog-dir
	EnvFiles      []string // --env-file, in the order given: a later one wins
	ClickHouseURL string   // --clickhouse-url
	Environ       []string // the process environment, as os.Environ gives it
	WorkingDir    string   // absolute; where the search for the PostHog folder begins and what relative paths start from
}

// envFiles are the env files of a PostHog folder, the one that wins last. bin/start loads all but .env; that one is
// sourced by the shell's flox activation.
var envFiles = []string{".env", ".env.local", ".env.development", ".env.services"}

// Load finds out where to connect: flags come first, then the process environment, then the env files, then defaults
// for a pipeline on this machine. All errors about what was set are of type [*Error].
func Load(options Options) (*Settings, error) {
	s := Unset(options.Environ)
	var err error
	if s.Folder, err = options.folder(); err != nil {
		return nil, err
	}
	if s.EnvFiles, err = options.envFiles(s.Folder); err != nil {
		return nil, err
	}
	s.Example = example(s.Folder)
	if s.CheckFiles, err = CheckFiles(s.Folder); err != nil {
		return nil, err
	}
	if s.Temporal, err = s.temporal(); err != nil {
		return nil, err
	}
	if s.ClickHouse, err = s.clickHouse(options.ClickHouseURL); err != nil {
		return nil, err
	}
	if s.ObjectStorage, err = s.objectStorage(); err != nil {
		return nil, err
	}
	if s.Docker, err = s.docker(); err != nil {
		return nil, err
	}
	if s.Postgres, err = s.postgres(); err != nil {
		return nil, err
	}
	s.Support = s.support()
	s.PayloadKeys = s.payloadKeys()
	return s, nil
}

// Unset are settings of which nothing can be told but the process environment.
func Unset(environ []string) *Settings {
	return &Settings{Process: environment(environ), asked: new(sync.Map)}
}

// environment makes a map of KEY=value pairs. Of a name that is there twice the first one counts, as for os.Getenv.
func environment(pairs []string) map[string]string {
	process := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if _, twice := process[name]; !twice {
			process[name] = value
		}
	}
	return process
}

// Folder is the PostHog folder: the one given, else the nearest one upwards that looks like one, else "".
func Folder(options Options) (string, error) { return options.folder() }

// folder is the PostHog folder: the one given, else the nearest one upwards that looks like one, else "".
func (o Options) folder() (string, error) {
	if o.PostHogDir != "" {
		folder := o.absolute(o.PostHogDir)
		wrong := &Error{Setting: "--posthog-dir", Origin: Origin{Flag: "--posthog-dir"}}
		switch info, err := os.Stat(folder); {
		case err != nil:
			wrong.Problem, wrong.Err = folder+": "+reason(err), err
			return "", wrong
		case !info.IsDir():
			wrong.Problem = folder + " is not a folder"
			return "", wrong
		}
		return folder, nil
	}
	for folder := filepath.Clean(o.WorkingDir); ; folder = filepath.Dir(folder) {
		for _, mark := range []string{"manage.py", ".env"} {
			if _, err := os.Stat(filepath.Join(folder, mark)); err == nil {
				return folder, nil
			}
		}
		if folder == filepath.Dir(folder) {
			return "", nil
		}
	}
}

// envFiles reads the env files that were named, which must exist, or else those of the folder, which need not.
func (o Options) envFiles(folder string) ([]EnvFile, error) {
	var files []EnvFile
	for _, path := range o.EnvFiles {
		file, err := readEnvFile(o.absolute(path))
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	if len(o.EnvFiles) > 0 || folder == "" {
		return files, nil
	}
	for _, name := range envFiles {
		path := filepath.Join(folder, name)
		file, err := readEnvFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			file = EnvFile{Path: path, Absent: true}
		} else if err != nil {
			return nil, err
		}
		file.Starter = name != ".env"
		files = append(files, file)
	}
	return files, nil
}

// example reads the file that .env is copied from.
func example(folder string) EnvFile {
	if folder == "" {
		return EnvFile{}
	}
	path := filepath.Join(folder, ".env.example")
	file, err := readEnvFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return EnvFile{Path: path, Absent: true}
	case err != nil:
		return EnvFile{Path: path, Problem: err.Error()}
	}
	return file
}

func (o Options) absolute(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(o.WorkingDir, path)
}

// look finds the value that the doctor itself goes by, and where it comes from.
func (s *Settings) look(name string) (string, Origin) {
	if value := s.Process[name]; given(value) {
		return value, Origin{Process: true}
	}
	for _, file := range slices.Backward(s.EnvFiles) {
		if value := file.Values[name]; given(value) {
			return value, Origin{File: file.Path, Line: file.line(name)}
		}
	}
	return "", Origin{Default: true}
}

// lookOr is look with a default.
func (s *Settings) lookOr(name, fallback string) string {
	if value, origin := s.look(name); !origin.Default {
		return value
	}
	return fallback
}

// lookBool is look for a switch, with a default.
func (s *Settings) lookBool(name string, fallback bool) bool {
	value, origin := s.look(name)
	if origin.Default {
		return fallback
	}
	return IsTrue(value)
}

// IsTrue reads a switch as PostHog does (posthog/utils.py, str_to_bool): what does not say yes says no.
func IsTrue(value string) bool {
	return slices.Contains([]string{"y", "yes", "t", "true", "on", "1"}, strings.ToLower(value))
}

// given tells a value from a setting that is set to nothing, and from a 1Password reference that nobody has resolved:
// PostHog takes both for unset (bin/helpers/dev-env.sh).
func given(value string) bool { return value != "" && !strings.Contains(value, "op://") }

// line is where the file sets a name: its last line that does.
func (f *EnvFile) line(name string) int {
	for _, line := range slices.Backward(f.Lines) {
		if line.Name == name && !line.Commented {
			return line.Number
		}
	}
	return 0
}
