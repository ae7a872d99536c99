package settings

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []Line
	}{
		"export":           {"export A=1\n", []Line{{Number: 1, Name: "A", Value: "1"}}},
		"quotes":           {"A='x y'\nB=\"x y\"\n", []Line{{Number: 1, Name: "A", Value: "x y"}, {Number: 2, Name: "B", Value: "x y"}}},
		"trailing comment": {"A=1 # one\nB=\"2\" # two\n", []Line{{Number: 1, Name: "A", Value: "1"}, {Number: 2, Name: "B", Value: "2"}}},
		"commented out":    {"# A=1\n #export B='2' \n## C = 3\n", []Line{{Number: 1, Name: "A", Value: "1", Commented: true}, {Number: 2, Name: "B", Value: "2", Commented: true}, {Number: 3, Name: "C", Value: "3", Commented: true}}},
		"prose":            {"# the value of A=1 is old\n\n#\nA=1", []Line{{Number: 4, Name: "A", Value: "1"}}},
		"comment behind a quote is none of its own": {"A=\"1\" # B=2\n", []Line{{Number: 1, Name: "A", Value: "1"}}},
		"unfinished comment":                        {"# A=\"1\n", []Line{{Number: 1, Name: "A", Value: `"1`, Commented: true}}},
		"several lines":                             {"A=\"x\n# B=no\ny\"\nC=1\n", []Line{{Number: 1, Name: "A", Value: "x\n# B=no\ny"}, {Number: 4, Name: "C", Value: "1"}}},
		"duplicates":                                {"A=1\n#A=2\nA=3\n", []Line{{Number: 1, Name: "A", Value: "1"}, {Number: 2, Name: "A", Value: "2", Commented: true}, {Number: 3, Name: "A", Value: "3"}}},
		"variables":                                 {"B=x\nA=$B\nA=${B}y\n", []Line{{Number: 1, Name: "B", Value: "x"}, {Number: 2, Name: "A", Value: "$B"}, {Number: 3, Name: "A", Value: "xy"}}},
		"byte order mark": {"\ufeffA=1\nB=2\n", []Line{
			{Number: 1, Name: "A", Value: "1", Shell: &ShellView{}}, {Number: 2, Name: "B", Value: "2"},
		}},
		"CRLF": {"# one\r\nA=1\r\nB=\"2\"\r\nC=3 # three\r\n", []Line{
			{Number: 2, Name: "A", Value: "1", Shell: &ShellView{Set: true, Value: "1\r"}},
			{Number: 3, Name: "B", Value: "2", Shell: &ShellView{Set: true, Value: "2\r"}},
			{Number: 4, Name: "C", Value: "3"},
		}},
		"two comments in one": {"A=1 # one # more\n", []Line{{Number: 1, Name: "A", Value: "1 # one", Shell: &ShellView{Set: true, Value: "1"}}}},
		"spaces around =":     {"A = 1\n", []Line{{Number: 1, Name: "A", Value: "1", Shell: &ShellView{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			lines, _, err := parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestShellView asks a real shell what it makes of each assignment.
func TestShellView(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell on this machine")
	}
	for _, text := range []string{
		"A=1", "export A=1", " A=1", "A='1'", `A="1"`, "A=1 # one", "A=1 # one # more", "A= # none", "A=", "A=#1", "A=1#", "A='1' # one",
		"A=1\r", "A=\"1\"\r", "A=1 # one\r", "A=\"1\" \r", "A=\r", "\ufeffA=1",
		"A = 1", "A= 1", "A =1", "A: 1", "A=true false", `A=a\b`, `A="a\nb"`, `A="a\"b"`, `A=a\ b`, "A='a\\n'", "A='x\ny'", "A='x\r\ny'", "A='x \"y\"'",
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			lines, _, err := parse(text + "\n")
			if err != nil {
				t.Fatal(err)
			}
			view := lines[0].Shell
			if view == nil {
				view = &ShellView{Set: true, Value: lines[0].Value}
			}
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "env"), []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			source := exec.Command(shell, "-c", `. ./env; if [ -n "${A+set}" ]; then printf 'set %s' "$A"; else printf unset; fi`)
			source.Dir, source.Env = folder, []string{"PATH=/nowhere"}
			seen, err := source.Output()
			if err != nil {
				t.Fatal(err)
			}
			want := "unset"
			if view.Set {
				want = "set " + view.Value
			}
			if string(seen) != want {
				t.Errorf("the shell says %q, the view %q", seen, want)
			}
		})
	}
}

func TestShellViewIsSilentWhereOnlyAShellCanTell(t *testing.T) {
	for _, text := range []string{"A=$HOME", `A="$HOME"`, "A=`id`", "A=$(id)", "A=~/x", "A=1 B=2", "A=1;"} {
		lines, _, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if view := lines[0].Shell; view != nil {
			t.Errorf("%s: view %+v", text, *view)
		}
	}
}

func TestReadEnvFileRefuses(t *testing.T) {
	folder := t.TempDir()
	write := func(text string) func(string) error {
		return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
	}
	for name, test := range map[string]struct {
		make func(path string) error
		want string // behind the path
	}{
		"absent":        {func(string) error { return nil }, ": no such file or directory"},
		"folder":        {func(path string) error { return os.Mkdir(path, 0o700) }, ": it is a folder"},
		"pipe":          {func(path string) error { return syscall.Mkfifo(path, 0o600) }, ": it is not a regular file"},
		"unreadable":    {func(path string) error { return os.Symlink(path, path) }, ": too many levels of symbolic links"},
		"huge":          {write(strings.Repeat("A=1\n", maxEnvFile/4+1)), ": it is larger than 1 MiB"},
		"binary":        {write("A=1\nB=\x00\n"), ":2: it is not a text file"},
		"UTF-16":        {write("\xff\xfeA\x00=\x001\x00"), ":1: it is not a text file"},
		"prose":         {write("A=1\n\nthis, hunter2, is secret\n"), ":3: ',' cannot stand in a name"},
		"no separator":  {write("A=1\nB\nC=2\n"), ":2: no = behind the name"},
		"strange name":  {write("A=1\nhunter2!=1\n"), `:2: '!' cannot stand in a name`},
		"open quote":    {write("A=1\n# x\nB=\"hunter2\nC=1\n"), ":3: the quote that begins there does not end"},
		"export only":   {write("A=1\nexport "), ":2: no name behind export"},
		"billion times": {write("A=0123456789\n" + doubling(40)), ":18: the variables in it expand to more than 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, name)
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := readEnvFile(path)
			if err == nil {
				t.Fatal("no error")
			}
			if want := "cannot read env file " + path + test.want; err.Error() != want {
				t.Errorf("error %q\nwant  %q", err, want)
			}
		})
	}
}

// doubling is text in which each of n assignments is twice the one before.
func doubling(n int) string {
	var text strings.Builder
	for range n {
		text.WriteString("A=$A$(A\n")
	}
	return text.String()
}

// TestParseLong holds texts on which a careless reader takes quadratic time, or more stack than there is.
func TestParseLong(t *testing.T) {
	for name, test := range map[string]struct {
		piece string
		lines int // in each piece
	}{
		"names that begin with export": {"exportA=1\n", 1},
		"one line":                     {`A="x"`, 1},
		"comments":                     {"#\n", 0},
		"carriage returns":             {"A=1\r", 1},
		"duplicates":                   {"A=$B\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			pieces := maxEnvFile / 16 / len(test.piece)
			lines, _, err := parse(strings.Repeat(test.piece, pieces))
			if err != nil || len(lines) != pieces*test.lines {
				t.Errorf("%d lines, error %v, want %d", len(lines), err, pieces*test.lines)
			}
		})
	}
}
