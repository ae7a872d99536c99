package report

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestVisibleLeavesNothingForATerminal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		for _, r := range visible(text) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is left of %q", r, text)
			}
		}
	})
}

// A text that is left as it is, is what it would become.
func TestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ a~é\t\n]{0,6}`).Draw(t, "text")
		if got, want := Line(text), strings.Join(strings.Fields(visible(text)), " "); got != want {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	})
}

func TestWrapKeepsWordsAndWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zé日🔥]{1,30} ?){0,20}`).Draw(t, "text")
		room := rapid.IntRange(2, 40).Draw(t, "room")
		var joined strings.Builder
		for _, line := range wrap(words(nil, text), room) {
			used := len(line) - 1
			for _, w := range line {
				used += columns(w.text)
				joined.WriteString(w.text)
			}
			if used > room {
				t.Fatalf("a line of %d columns in %d: %v", used, room, line)
			}
		}
		if want := strings.Join(strings.Fields(text), ""); joined.String() != want {
			t.Fatalf("words were lost: %q, want %q", joined.String(), want)
		}
	})
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "🔥": 2, "✓ ─ └": 5, "ｆ": 2} {
		if got := columns(text); got != want {
			t.Errorf("columns(%q) = %d, want %d", text, got, want)
		}
	}
}

// Only what may be opened is a link, and none ends early.
func TestOpenable(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8081/namespaces/default/workflows/a/b/history": true, "https://temporal.example/x?y=%20": true,
		"": false, "javascript:alert(1)": false, "file:///etc/passwd": false, "http://": false, "http://a/\x1b\\": false, "http://a/\u202e": false, "http://a/ b": false,
	} {
		if got := openable(address); got != "" && got != address || (got != "") != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}

func TestLinks(t *testing.T) {
	for links, want := range map[bool]string{
		true:  "run \x1b]8;;http://t/1\x1b\\01a2c7\x1b]8;;\x1b\\ then\n",
		false: "run 01a2c7 then\n",
	} {
		l := newLayout(TextOptions{Links: links})
		one := phrase(nil, "01a2c7")
		if links {
			one.link = openable("http://t/1")
		}
		l.row(margin{}, margin{}, []word{phrase(nil, "run"), one, phrase(nil, "then")})
		if got := l.String(); got != want {
			t.Errorf("%q", got)
		}
	}
}
