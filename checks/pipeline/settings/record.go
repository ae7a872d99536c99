package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// NotRecordedError is what a setting's value is, in settings that were recorded, when nobody asked for it at that time.
// Who asks for it now panics with it, which makes a check unknown: nobody can tell whether the process set it.
type NotRecordedError struct{ Name string }

func (e NotRecordedError) Error() string {
	return fmt.Sprintf("not recorded: %s in the process environment", e.Name)
}

// asks notes that a setting matters.
func (s *Settings) asks(name string) {
	if s.recorded != nil && !slices.Contains(s.recorded, name) {
		panic(NotRecordedError{name})
	}
	if s.asked != nil {
		s.asked.Store(name, nil)
	}
}

// plain is settings without their methods.
type plain Settings

type recording struct {
	*plain
	Process map[string]string // what anybody has asked for
	Asked   []string
}

// MarshalJSON records the settings. Of the process environment it takes what has been asked for, of the doctor's own
// credentials nothing. The env files are whole: see [Settings.Replace].
func (s *Settings) MarshalJSON() ([]byte, error) {
	r := recording{plain: (*plain)(s), Process: map[string]string{}, Asked: slices.Clone(s.recorded)}
	if s.asked != nil {
		s.asked.Range(func(name, _ any) bool {
			r.Asked = append(r.Asked, name.(string))
			return true
		})
	}
	slices.Sort(r.Asked)
	r.Asked = slices.Compact(r.Asked)
	for _, name := range r.Asked {
		if value, set := s.Process[name]; set {
			r.Process[name] = value
		}
	}
	return json.Marshal(r)
}

// UnmarshalJSON reads recorded settings. They panic with a [NotRecordedError] where they are asked for a setting that
// nobody had asked for when they were recorded.
func (s *Settings) UnmarshalJSON(data []byte) error {
	r := recording{plain: (*plain)(s)}
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	s.Process, s.recorded = r.Process, append([]string{}, r.Asked...)
	return nil
}

// Replace puts another value in the place of each that is set, whether or not it counts.
func (s *Settings) Replace(replaced func(name, value string) string) {
	for i := range s.EnvFiles {
		s.EnvFiles[i].replace(replaced)
	}
	s.Example.replace(replaced)
	replaceAll(s.Process, replaced)
}

func (f *EnvFile) replace(replaced func(name, value string) string) {
	for i := range f.Lines {
		line := &f.Lines[i]
		line.Value = replaced(line.Name, line.Value)
		if line.Shell != nil {
			line.Shell = &ShellView{line.Shell.Set, replaced(line.Name, line.Shell.Value)}
		}
	}
	replaceAll(f.Values, replaced)
}

func replaceAll(values map[string]string, replaced func(name, value string) string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		values[name] = replaced(name, values[name])
	}
}
