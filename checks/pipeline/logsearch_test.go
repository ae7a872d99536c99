package pipeline

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestSearchLog(t *testing.T) {
	console := func(text string) string {
		return fmt.Sprintf(`{"timestamp":"2026-11-28T12:00:00Z","notification":{"method":"_posthog/console","params":{"level":"info","message":%q}}}`, text)
	}
	lines := []string{console("all is well"), "no JSON: boom", console("then boom 1!"), "", console(strings.Repeat("x", longestLine) + "boom"), console("boom 2, and boom 3")}
	for range 10 {
		lines = append(lines, console("boom 9"+strings.Repeat("9", 300)))
	}
	text := strings.Join(lines, "\n")
	pattern := regexp.MustCompile(`boom \d+`)
	whole, err := searchLog(strings.NewReader(text), int64(len(text)), false, pattern)
	if err != nil || whole.Count != 12 || len(whole.Matches) != keptMatches || whole.TooLong != 1 || whole.Read != whole.Size {
		t.Fatalf("%v: %+v", err, whole)
	}
	if last := whole.Matches[keptMatches-1]; last.Line != len(lines) || last.Kind != EntryConsole || len(last.Text) > matchedText+len("…") || last.Time.IsZero() {
		t.Errorf("the last match is %+v", last)
	}
	first, err := searchLog(strings.NewReader(strings.Join(lines[:4], "\n")), 1, false, pattern)
	if err != nil || first.Count != 1 || first.Matches[0].Line != 3 || first.Matches[0].Text != "boom 1" {
		t.Errorf("%v: %+v", err, first)
	}
	// Of a log that is not read from its beginning the first line may be the end of one, and no line has a number.
	tail, err := searchLog(strings.NewReader(lines[2]+"\n"+lines[5]), 1<<20, true, pattern)
	if err != nil || tail.Count != 1 || tail.Matches[0].Line != 0 || tail.Matches[0].Text != "boom 2" {
		t.Errorf("%v: %+v", err, tail)
	}
}
