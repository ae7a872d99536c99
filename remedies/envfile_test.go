package remedies

import (
	"strings"
	"testing"

	"github.com/joho/godotenv"
	"pgregory.net/rapid"

	"doctor/checks/pipeline/settings"
)

func TestAssign(t *testing.T) {
	const set = "CLICKHOUSE_DATABASE=posthog"
	for name, test := range map[string]struct{ text, want string }{
		"nothing there":            {"", set + "\n"},
		"a byte order mark alone":  {"\ufeff", "\ufeff" + set + "\n"},
		"no relatives":             {"A=1\nB=2\n", "A=1\nB=2\n" + set + "\n"},
		"no end of the last line":  {"A=1\nB=2", "A=1\nB=2\n" + set},
		"behind its relatives":     {"CLICKHOUSE_HOST=h\nCLICKHOUSE_USER=u\nB=2\n", "CLICKHOUSE_HOST=h\nCLICKHOUSE_USER=u\n" + set + "\nB=2\n"},
		"behind a longer one":      {"CLICKHOUSE_CA=\"a\nb\"\nB=2\n", "CLICKHOUSE_CA=\"a\nb\"\n" + set + "\nB=2\n"},
		"behind the commented one": {"# CLICKHOUSE_DATABASE=x\nA=1\nCLICKHOUSE_HOST=h\n", "# CLICKHOUSE_DATABASE=x\n" + set + "\nA=1\nCLICKHOUSE_HOST=h\n"},
		"Windows":                  {"A=1\r\nCLICKHOUSE_HOST=h\r\nB=2\r\n", "A=1\r\nCLICKHOUSE_HOST=h\r\n" + set + "\r\nB=2\r\n"},
		"Windows, without an end":  {"A=1\r\nB=2", "A=1\r\nB=2\r\n" + set},
		"wrong":                    {"A=1\n" + "CLICKHOUSE_DATABASE=default\nB=2\n", "A=1\n" + set + "\nB=2\n"},
		"wrong, on Windows":        {"\ufeffCLICKHOUSE_DATABASE=default\r\n", "\ufeff" + set + "\r\n"},
		"empty":                    {"CLICKHOUSE_DATABASE=\nB=2\n", set + "\nB=2\n"},
		"empty, on Windows":        {"CLICKHOUSE_DATABASE=\r\nB=2\r\n", set + "\r\nB=2\r\n"},
		"empty, with a comment":    {"CLICKHOUSE_DATABASE= # which?\n", set + " # which?\n"},
		"twice":                    {"CLICKHOUSE_DATABASE=posthog\nCLICKHOUSE_DATABASE=default", "CLICKHOUSE_DATABASE=posthog\n" + set},
		"export and a comment":     {"export CLICKHOUSE_DATABASE=default   # local\n", "export " + set + "   # local\n"},
		"double quotes":            {`CLICKHOUSE_DATABASE="default" # x` + "\n", `CLICKHOUSE_DATABASE="posthog" # x` + "\n"},
		"single quotes":            {`CLICKHOUSE_DATABASE='default'` + "\n", `CLICKHOUSE_DATABASE='posthog'` + "\n"},
		"over two lines":           {"CLICKHOUSE_DATABASE=\"de\nfault\"\nB=2\n", "CLICKHOUSE_DATABASE=\"posthog\"\nB=2\n"},
		"blanks and a tab":         {"\tCLICKHOUSE_DATABASE\t= default \n", "\tCLICKHOUSE_DATABASE\t= posthog \n"},
		"a colon":                  {"CLICKHOUSE_DATABASE: default\n", "CLICKHOUSE_DATABASE: posthog\n"},
		"commented out below":      {"CLICKHOUSE_DATABASE=default\n#CLICKHOUSE_DATABASE=posthog\n", set + "\n#CLICKHOUSE_DATABASE=posthog\n"},
		"others are made of it":    {"CLICKHOUSE_DATABASE=default\nURL=ch://h/${CLICKHOUSE_DATABASE}\n", set + "\nURL=ch://h/${CLICKHOUSE_DATABASE}\n"},
		"in a value":               {"NOTE=\"x\nCLICKHOUSE_DATABASE=default\"\n", "NOTE=\"x\nCLICKHOUSE_DATABASE=default\"\n" + set + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			change, err := assign(test.text, "CLICKHOUSE_DATABASE", "posthog")
			if err != nil {
				t.Fatal(err)
			}
			if got := change.apply(test.text); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if again, err := assign(test.want, "CLICKHOUSE_DATABASE", "posthog"); err != nil || again.apply(test.want) != test.want {
				t.Errorf("once more: %q, %v", again.apply(test.want), err)
			}
		})
	}
}

func TestAssignRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, value, want string }{
		"what cannot be read":        {"nonsense\nA=1\n", "x", "no = behind the name"},
		"a shared line":              {`A="1"CLICKHOUSE_DATABASE=default` + "\n", "x", "more than one assignment"},
		"a value for no quotes":      {"A=1\n", "it's", "cannot be written"},
		"a last line without a name": {"A=1\nnonsense", "x", "too odd"},
	} {
		if change, err := assign(test.text, "CLICKHOUSE_DATABASE", test.value); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v", name, change, err)
		}
	}
}

func TestQuotedValues(t *testing.T) {
	for value, want := range map[string]string{
		"http://host.docker.internal:8787/mcp": "http://host.docker.internal:8787/mcp",
		"a b":                                  "'a b'",
		"$HOME #1":                             "'$HOME #1'",
		"":                                     "''",
	} {
		change, err := assign("", "A_B", value)
		if err != nil || change.New != "A_B="+want+"\n" {
			t.Errorf("%q: %q, %v", value, change.New, err)
		}
	}
}

// FuzzAssign: whatever the file is, an edit changes one setting, reads as it should, and leaves every other byte.
func FuzzAssign(f *testing.F) {
	for _, text := range []string{
		"A=1\n# CLICKHOUSE_DATABASE=x\nexport CLICKHOUSE_DATABASE=\"default\" # x\r\n",
		"\ufeffCLICKHOUSE_HOST='h'\r\nCLICKHOUSE_DATABASE = \r\n",
		"A=\"1\"CLICKHOUSE_DATABASE=x\nB=$CLICKHOUSE_DATABASE",
	} {
		f.Add(text, "posthog")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		if len(text) > 4096 {
			return
		}
		if change, err := assign(text, "CLICKHOUSE_DATABASE", value); err == nil {
			holds(t, text, change, "CLICKHOUSE_DATABASE", value)
		}
	})
}

type fataler interface {
	Fatalf(format string, args ...any)
}

// holds wants an edit to do what it should, and no more.
func holds(t fataler, text string, change splice, name, value string) {
	edited := change.apply(text)
	before, _ := settings.Parse(text)
	after, err := settings.Parse(edited)
	if err != nil {
		t.Fatalf("%q became %q, which cannot be read: %v", text, edited, err)
	}
	if values, err := godotenv.Unmarshal(strings.TrimPrefix(edited, byteOrderMark)); err != nil || values[name] != value {
		t.Fatalf("%q became %q: %q, %v", text, edited, values[name], err)
	}
	count := func(lines []settings.Line) (n int) {
		for _, line := range lines {
			if line.Name == name && !line.Commented {
				n++
			}
		}
		return n
	}
	if was, is := count(before), count(after); is != max(was, 1) {
		t.Fatalf("%q became %q: %d lines of it, then %d", text, edited, was, is)
	}
	if count(before) > 0 && strings.Count(text, "\n") < strings.Count(edited, "\n") {
		t.Fatalf("%q became %q, which is longer", text, edited)
	}
	if back := (splice{change.Start, change.Start + len(change.New), text[change.Start:change.End]}).apply(edited); back != text {
		t.Fatalf("%q became %q", text, edited)
	}
	if diff := change.unified(".env", text); text != edited && (!strings.Contains(diff, "\n+") || strings.Count(diff, "\n") > 12+strings.Count(text[change.Start:change.End], "\n")) {
		t.Fatalf("%q became %q, shown as\n%s", text, edited, diff)
	}
}

// envText draws the text of an env file as people, editors and scripts leave them.
func envText(t *rapid.T) string {
	var b strings.Builder
	if rapid.IntRange(0, 9).Draw(t, "mark") == 0 {
		b.WriteString(byteOrderMark)
	}
	lineBreak := rapid.SampledFrom([]string{"\n", "\n", "\r\n"}).Draw(t, "break")
	names := []string{"CLICKHOUSE_DATABASE", "CLICKHOUSE_DATABASE", "CLICKHOUSE_HOST", "CLICKHOUSE_PASSWORD", "DEBUG", "SECRET_KEY", "X"}
	values := []string{"", "default", "posthog", `"default"`, `'default'`, "a b # c", "${DEBUG}x", "\"one" + lineBreak + "two\"", "x=y", "# c", "op://a/b"}
	lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return ""
		case 1:
			return "# a comment, with CLICKHOUSE_DATABASE in it"
		}
		head := rapid.SampledFrom([]string{"", "", "", "export ", "# ", "#", "  "}).Draw(t, "head")
		sign := rapid.SampledFrom([]string{"=", "=", "=", " = ", ": "}).Draw(t, "sign")
		value := rapid.SampledFrom(values).Draw(t, "value")
		if strings.HasPrefix(head, "#") {
			value, _, _ = strings.Cut(value, lineBreak)
		}
		return head + rapid.SampledFrom(names).Draw(t, "name") + sign + value + rapid.SampledFrom([]string{"", "", " ", " # why"}).Draw(t, "tail")
	}), 0, 12).Draw(t, "lines")
	b.WriteString(strings.Join(lines, lineBreak))
	if rapid.Bool().Draw(t, "ends") {
		b.WriteString(lineBreak)
	}
	return b.String()
}

func TestAssignChangesOneLineOfAnyFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := envText(t)
		if _, err := settings.Parse(text); err != nil {
			return
		}
		change, err := assign(text, "CLICKHOUSE_DATABASE", "posthog")
		if err != nil {
			t.Fatalf("%q is refused: %v", text, err)
		}
		holds(t, text, change, "CLICKHOUSE_DATABASE", "posthog")
	})
}

func TestDiffShowsTheChangeAndNoSecret(t *testing.T) {
	text := "# PostHog\nDEBUG=1\nSECRET_KEY=hunter2hunter2\nDATABASE_URL=postgres://me:hunter2@db/x\nOIDC_RSA_PRIVATE_KEY=\"-----BEGIN\nhunter2\n-----END\"\nCLICKHOUSE_HOST=localhost\nNOTE=x\nD=4\nE=5\nF=6\n"
	change, err := assign(text, "CLICKHOUSE_DATABASE", "posthog")
	if err != nil {
		t.Fatal(err)
	}
	want := `--- .env
+++ .env
@@ -6,6 +6,7 @@
 …
 …
 CLICKHOUSE_HOST=localhost
+CLICKHOUSE_DATABASE=posthog
 NOTE=x
 D=4
 E=5
`
	if got := change.unified(".env", text); got != want {
		t.Errorf("got\n%s", got)
	}
	for i, line := range masked(text) {
		if strings.Contains(line, "hunter2") {
			t.Errorf("line %d: %s", i+1, line)
		}
	}
	end, err := assign("A=1\nSECRET_KEY=hunter2hunter2", "CLICKHOUSE_DATABASE", "posthog")
	if err != nil {
		t.Fatal(err)
	}
	want = "--- .env\n+++ .env\n@@ -1,2 +1,3 @@\n A=1\n SECRET_KEY=…\n+CLICKHOUSE_DATABASE=posthog\n"
	if got := end.unified(".env", "A=1\nSECRET_KEY=hunter2hunter2"); got != want {
		t.Errorf("got\n%s", got)
	}
}
