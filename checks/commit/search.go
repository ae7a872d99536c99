package commit

import (
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// search is what secrets are searched with: their shapes, and the values of this folder's env files.
type search struct {
	now    time.Time
	values []value
	public map[string]bool // values that stand in files made for committing, in their plain form
}

// value is one that an env file keeps.
type value struct {
	what string
	text string
	word string // the longest word in it, by which it is found
	at   int    // where in it that word begins
}

// open are the parts of an env file's name that say that it is made for committing. PostHog has .env.services,
// .env.development and .env.example in its repository, with passwords for this machine only.
var open = []string{"example", "sample", "template", "dist", "defaults", "development", "services", "test"}

// isEnvFile reports whether a file is one that settings are kept in, and whether it is one that is made for committing.
func isEnvFile(file string) (is, committed bool) {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	rest, is := strings.CutPrefix(base, ".env")
	if is = is && (rest == "" || rest[0] == '.'); !is {
		return false, false
	}
	return true, slices.ContainsFunc(open, func(part string) bool { return slices.Contains(strings.Split(rest, "."), part) })
}

func newSearch(set *settings.Settings, now time.Time) *search {
	s := &search{now: now, public: map[string]bool{}}
	var private []settings.EnvFile
	s.publish(set.Example)
	for _, file := range set.EnvFiles {
		if _, committed := isEnvFile(file.Path); committed {
			s.publish(file)
		} else {
			private = append(private, file)
		}
	}
	for _, file := range private {
		for _, line := range file.Lines {
			if !line.Commented {
				s.keep(line, set.Name(file.Path))
			}
		}
	}
	return s
}

func (s *search) publish(file settings.EnvFile) {
	for _, line := range file.Lines {
		s.public[plain(line.Value)] = true
	}
}

// keep takes in what a line of an env file keeps secret. What spreads over several lines is found by its longest one.
func (s *search) keep(line settings.Line, file string) {
	for _, text := range s.secretsOf(line) {
		text = slices.MaxFunc(strings.Split(text, "\n"), byLength)
		v := value{what: line.Name + " of " + file, text: text}
		for start, end := range redact.Words(text) {
			if end-start > len(v.word) {
				v.word, v.at = text[start:end], start
			}
		}
		if v.word != "" {
			s.values = append(s.values, v)
		}
	}
}

func byLength(a, b string) int { return len(a) - len(b) }

// secretsOf are the secrets in an assignment: its value when the name says so, else what shapes tell.
func (s *search) secretsOf(line settings.Line) []string {
	if redact.SaysSecret(line.Name) && s.isReal(line.Value) {
		return []string{line.Value}
	}
	var secrets []string
	for _, m := range redact.Find(line.Value) {
		if s.isLive(line.Value, m) {
			secrets = append(secrets, line.Value[m.Start:m.End])
		}
	}
	return secrets
}

// inAll returns the secrets in each file. All processors search.
func (s *search) inAll(files []pipeline.StagedFile) [][]secret {
	found := make([][]secret, len(files))
	var searchers sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		searchers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(files)); i = next.Add(1) - 1 {
				found[i] = s.in(files[i].Path, files[i].Text)
			}
		})
	}
	searchers.Wait()
	return found
}

// in returns the secrets in a staged file, in order.
func (s *search) in(file, text string) []secret {
	var found []secret
	is, committed := isEnvFile(file)
	switch {
	case committed: // what is public because it stands in this file was not so before
		s = &search{now: s.now, values: s.values}
	case is:
		found = s.assigned(text)
	}
	lines := lineCounter{text: text, line: 1}
	add := func(start, end int, what, mask string) {
		token := text[start:end]
		twice := slices.ContainsFunc(found, func(other secret) bool {
			return strings.Contains(other.value, token) || strings.Contains(token, other.value)
		})
		if !twice && !isAllowed(text, start) {
			found = append(found, secret{what, token, mask, lines.of(start)})
		}
	}
	for _, m := range redact.Find(text) {
		if s.isLive(text, m) && (!isMadeForTests(m.Kind) || !isTest(file)) {
			add(m.Start, m.End, m.Kind, m.Mask())
		}
	}
	lines = lineCounter{text: text, line: 1}
	for start, v := range s.occurrences(text) {
		add(start, start+len(v.text), v.what, redact.Match{End: len(v.text)}.Mask())
	}
	slices.SortStableFunc(found, func(a, b secret) int { return a.line - b.line })
	return found
}

// assigned returns the secrets that an env file assigns.
func (s *search) assigned(text string) []secret {
	lines, err := settings.Parse(text)
	if err != nil {
		return nil // shapes are looked for all the same
	}
	var found []secret
	for _, line := range lines {
		if line.Commented || !redact.SaysSecret(line.Name) || !s.isReal(line.Value) {
			continue
		}
		mask := redact.Match{End: len(line.Value)}
		if shaped := redact.Find(line.Value); len(shaped) > 0 && shaped[0].Start == 0 {
			mask.Prefix = shaped[0].Prefix
		}
		found = append(found, secret{line.Name, line.Value, mask.Mask(), line.Number})
	}
	return found
}

// occurrences yields where the values of the env files stand in a text.
func (s *search) occurrences(text string) func(yield func(int, value) bool) {
	return func(yield func(int, value) bool) {
		if len(s.values) == 0 {
			return
		}
		for start, end := range redact.Words(text) {
			for _, v := range s.values {
				within := strings.Index(text[start:end], v.word)
				if begin := start + within - v.at; within >= 0 && begin >= 0 && strings.HasPrefix(text[begin:], v.text) && !yield(begin, v) {
					return
				}
			}
		}
	}
}

// marks are what people write on a line to say that a scanner is wrong about it. They are those of the scanners that are
// most in use, so that nobody has to write two.
var marks = []string{"gitleaks:allow", "pragma: allowlist secret"}

func isAllowed(text string, at int) bool {
	line := text[strings.LastIndexByte(text[:at], '\n')+1:]
	line, _, _ = strings.Cut(line, "\n")
	return slices.ContainsFunc(marks, func(mark string) bool { return strings.Contains(line, mark) })
}

// lineCounter tells the lines of places that come in order.
type lineCounter struct {
	text     string
	line, at int
}

func (c *lineCounter) of(place int) int {
	if place > c.at {
		c.line += strings.Count(c.text[c.at:place], "\n")
		c.at = place
	}
	return c.line
}
