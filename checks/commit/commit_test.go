package commit_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/commit"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// world is a PostHog folder, what is staged, and what git's history has of it.
type world struct {
	env     map[string]string // the folder's env files
	staged  map[string]string
	before  map[string]string // in HEAD
	merged  map[string]string // in the commit that is being merged
	files   []pipeline.StagedFile
	answers []pipeline.Answer // in place of all that
	only    []string          // the files that are named
}

func (w world) examine(t *testing.T, check *checks.Check) checkstest.Outcome {
	t.Helper()
	folder := checkstest.Folder(t, w.env)
	set, err := settings.Load(settings.Options{PostHogDir: folder, WorkingDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	files := slices.Clone(w.files)
	for path, text := range w.staged {
		f := pipeline.StagedFile{Path: path, Text: text}
		if _, there := w.before[path]; there {
			f.Before = "id of " + path
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b pipeline.StagedFile) int { return strings.Compare(a.Path, b.Path) })
	answers := append([]pipeline.Answer{pipeline.StagedFiles.Is(w.only, pipeline.Staged{Files: files})}, w.history(files)...)
	return checkstest.Run(pipeline.Told(set, checkstest.Now, append(answers, w.answers...)...), check, w.only...)
}

// history answers for each set of files that may be asked about: the checks ask only about those that they suspect.
func (w world) history(files []pipeline.StagedFile) []pipeline.Answer {
	var answers []pipeline.Answer
	for set := range 1 << len(files) {
		var names, contents []string
		for i, f := range files {
			if set&(1<<i) == 0 {
				continue
			}
			if f.Before != "" {
				names, contents = append(names, f.Before), append(contents, w.before[f.Path])
			}
			if strings.Contains(f.Path, "\n") {
				continue
			}
			for _, head := range []string{"MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"} {
				names = append(names, head+":"+f.Path)
				if head == "MERGE_HEAD" {
					contents = append(contents, w.merged[f.Path])
				} else {
					contents = append(contents, "")
				}
			}
		}
		if len(names) > 0 {
			answers = append(answers, pipeline.GitContents.Is(names, contents))
		}
	}
	return answers
}

// told is a finding as text: its title, and its evidence.
func told(o checkstest.Outcome) []string {
	var rows []string
	for _, f := range o.Findings {
		rows = append(rows, f.Title)
		for _, e := range f.Evidence {
			rows = append(rows, strings.TrimSpace(fmt.Sprintf("  %s  %s  %s", e.Locator, e.Source, e.Excerpt)))
		}
	}
	return rows
}

const (
	alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	base64url    = alphanumeric + "-_"
	base64std    = alphanumeric + "+/"
	hex          = "0123456789abcdef"
)

// draw makes a random text, the same for each seed. So no secret stands in this file as it would have to be found.
func draw(seed uint64, alphabet string, length int) string {
	source := rand.New(rand.NewPCG(seed, 2))
	text := make([]byte, length)
	for i := range text {
		text[i] = alphabet[source.IntN(len(alphabet))]
	}
	return string(text)
}

func key(lineBreak string) string {
	lines := []string{"-----BEGIN PRIVATE KEY-----"}
	for i := range uint64(20) {
		lines = append(lines, draw(i, base64std, 64))
	}
	return strings.Join(append(lines, "-----END PRIVATE KEY-----"), lineBreak)
}

func token(payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(payload)) + "." + draw(3, base64url, 43)
}

func TestNothingToLookAt(t *testing.T) {
	for name, test := range map[string]struct {
		answer pipeline.Answer
		status checks.Status
		reason string
	}{
		"no repository": {pipeline.StagedFiles.Fails(nil, pipeline.Missing, errors.New("this is no git repository")), checks.Skipped, "this is no git repository"},
		"no git":        {pipeline.StagedFiles.Fails(nil, pipeline.Missing, errors.New("git is not installed")), checks.Skipped, "git is not installed"},
		"a broken one":  {pipeline.StagedFiles.Fails(nil, pipeline.Failed, errors.New("bad index")), checks.Unknown, "asking git for what is staged: bad index"},
		"nothing":       {pipeline.StagedFiles.Is(nil, pipeline.Staged{}), checks.Passed, ""},
	} {
		for _, check := range []*checks.Check{commit.Secrets, commit.Folder, commit.Fixtures} {
			o := world{answers: []pipeline.Answer{test.answer}}.examine(t, check)
			if o.Status != test.status || o.Reason != test.reason {
				t.Errorf("%s: %s is %s (%s)", name, check.ID, o.Status, o.Reason)
			}
		}
	}
}

func TestFolder(t *testing.T) {
	for name, test := range map[string]struct {
		staged []string
		want   []string
	}{
		"another":       {[]string{"doctor/x", ".doctor.yaml", "a/.doctored/x", "b.doctor/x", "doctor", ".doctor"}, nil},
		"one file":      {[]string{"a.py", ".doctor/journal"}, []string{"1 file of .doctor is about to be committed", ".doctor/journal  staged"}},
		"several below": {[]string{"x/.doctor/a", "x/.doctor/b/c"}, []string{"2 files of x/.doctor are about to be committed", "x/.doctor/a  staged", "x/.doctor/b/c  staged"}},
		"two folders":   {[]string{".doctor/a", "x/.doctor/a"}, []string{"1 file of .doctor is about to be committed", ".doctor/a  staged", "1 file of x/.doctor is about to be committed", "x/.doctor/a  staged"}},
		"hostile":       {[]string{"a\n\x1b[2J/.doctor/x"}, []string{"1 file of a\n\x1b[2J/.doctor is about to be committed", "a\n\x1b[2J/.doctor/x  staged"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{staged: map[string]string{}}
			for _, path := range test.staged {
				w.staged[path] = "x"
			}
			o := w.examine(t, commit.Folder)
			if diff := cmp.Diff(test.want, told(o)); diff != "" {
				t.Error(diff)
			}
			if wantFail := len(test.want) > 0; wantFail != (o.Status == checks.Failed) {
				t.Errorf("%s (%s)", o.Status, o.Reason)
			}
		})
	}
}

func TestNamedFilesAreAskedFor(t *testing.T) {
	world{only: []string{"a.py"}, staged: map[string]string{"a.py": "x = 1\n"}}.examine(t, commit.Secrets).Silent(t)
}
