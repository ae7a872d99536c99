package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// stored is a log that gives ranges of itself, and keeps what it was asked for.
type stored struct {
	text  string
	asked []string
	bytes int
	fails int // from which question on
}

func (s *stored) get(ranged string) (part, error) {
	s.asked = append(s.asked, ranged)
	if s.fails > 0 && len(s.asked) > s.fails {
		return part{}, errors.New("reset")
	}
	var from, to int
	if n, _ := fmt.Sscanf(ranged, "bytes=-%d", &to); n == 1 {
		from, to = max(len(s.text)-to, 0), len(s.text)
	} else if n, _ := fmt.Sscanf(ranged, "bytes=%d-%d", &from, &to); n == 2 {
		to++
	}
	s.bytes += to - from
	return part{bytes: []byte(s.text[from:to]), at: int64(from), size: int64(len(s.text)), etag: "e"}, nil
}

func tailOf(t *testing.T, s *stored, q LogTail) *LogEntries {
	t.Helper()
	log, err := readTail(q, s.get)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func numbered(n int) string { return fmt.Sprintf(consoleLine, "debug", fmt.Sprintf("line %d", n)) }

func TestATailCostsWhatItShows(t *testing.T) {
	var log strings.Builder
	const lines = 40_000
	for n := range lines {
		log.WriteString(numbered(n) + "\n")
	}
	s := &stored{text: log.String()}
	tail := tailOf(t, s, LogTail{Entries: 50})
	if len(tail.Entries) != 50 || tail.Entries[49].Text != fmt.Sprintf("line %d", lines-1) || tail.Entries[0].Line != 0 {
		t.Errorf("%d entries, the last %+v", len(tail.Entries), tail.Entries[len(tail.Entries)-1])
	}
	if s.bytes > firstPart || tail.Read != int64(s.bytes) || len(s.text) < 100*s.bytes {
		t.Errorf("%d of %d bytes were read, %d are told", s.bytes, len(s.text), tail.Read)
	}
	for _, e := range tail.Entries {
		if line := s.text[e.Offset:]; !strings.HasPrefix(line, `{"type":"notification"`) || !strings.Contains(line[:strings.IndexByte(line, '\n')], e.Text+`"`) {
			t.Errorf("%q does not stand at %d", e.Text, e.Offset)
		}
	}

	all := tailOf(t, s, LogTail{})
	if len(all.Entries) != lines || all.From != 0 || all.Read != int64(len(s.text)) || all.Unreadable != 0 {
		t.Errorf("%d entries from %d, %d bytes, %d unreadable", len(all.Entries), all.From, all.Read, all.Unreadable)
	}
	for n, e := range all.Entries {
		if e.Line != n+1 || e.Text != fmt.Sprintf("line %d", n) {
			t.Fatalf("entry %d is %+v", n, e)
		}
	}
}

func TestLinesOfATail(t *testing.T) {
	long := `{"type":"` + strings.Repeat("x", longestLine) + `"}`
	for name, test := range map[string]struct {
		text                         string
		entries, unreadable, tooLong int
	}{
		"empty":                       {"", 0, 0, 0},
		"blank":                       {"\n\n \r\n", 0, 0, 0},
		"without a line end":          {numbered(1) + "\n" + numbered(2), 2, 0, 0},
		"torn":                        {numbered(1) + "\n" + numbered(2)[:40], 1, 1, 0},
		"no JSON":                     {"Traceback\n" + numbered(1) + "\n", 1, 1, 0},
		"JSON, but no entry":          {"12\n[1]\n\"x\"\nnull\n{}\n", 5, 0, 0},
		"too long":                    {numbered(1) + "\n" + long + "\n" + numbered(2) + "\n", 2, 0, 1},
		"too long, at the end":        {numbered(1) + "\n" + long, 1, 0, 1},
		"too long, at the beginning":  {long + "\r\n" + numbered(1), 1, 0, 1},
		"longer than a part":          {numbered(0) + "\n" + strings.Repeat("x", 6<<20) + "\n" + numbered(1), 2, 0, 1},
		"of another type than it was": {`{"timestamp":12,"notification":{"method":"_posthog/console","params":{"message":{"a":1}}}}`, 1, 0, 0},
	} {
		log := tailOf(t, &stored{text: test.text}, LogTail{})
		if len(log.Entries) != test.entries || log.Unreadable != test.unreadable || log.TooLong != test.tooLong || log.From != 0 {
			t.Errorf("%s: %d entries, %d unreadable, %d too long, from %d", name, len(log.Entries), log.Unreadable, log.TooLong, log.From)
		}
	}
	raw := tailOf(t, &stored{text: "Traceback\n" + numbered(1)}, LogTail{Raw: true})
	if len(raw.Entries) != 2 || raw.Entries[0].Raw != "Traceback" || raw.Entries[0].Kind != EntryUnreadable || raw.Entries[1].Raw != numbered(1) {
		t.Errorf("raw lines are %+v", raw.Entries)
	}
}

func TestATailThatBreaksOff(t *testing.T) {
	s := &stored{text: strings.Repeat(stepLine+"\n", 2000), fails: 1}
	log := tailOf(t, s, LogTail{Entries: 1000})
	if log.Cut != "reset" || len(log.Entries) == 0 || log.From == 0 {
		t.Errorf("cut %q, %d entries from %d", log.Cut, len(log.Entries), log.From)
	}
	if _, err := readTail(LogTail{}, func(string) (part, error) { return part{}, errors.New("reset") }); err == nil {
		t.Error("nothing was read, and that is no error")
	}
}

func TestALogGrows(t *testing.T) {
	for end, between := range map[string]string{"\n": "", "": "\n"} { // the pipeline ends lines, or parts them
		first := numbered(1) + "\n" + numbered(2) + end
		mark := tailOf(t, &stored{text: first}, LogTail{Entries: 50}).Mark
		grow := func(text string) *LogEntries {
			from := min(int(mark.Offset), len(text))
			return grown(LogGrowth{Mark: mark}, part{bytes: []byte(text[from:]), at: int64(from), size: int64(len(text)), etag: "f"})
		}
		if log := grow(first); len(log.Entries) > 0 || log.Shorter || log.Rewritten {
			t.Errorf("nothing new: %+v", log)
		}
		if log := grow(first[:len(first)-10]); !log.Shorter {
			t.Errorf("a shorter one: %+v", log)
		}
		if log := grow(numbered(1) + "\n" + numbered(3) + "\n"); !log.Rewritten {
			t.Errorf("another one: %+v", log)
		}
		torn := first + between + numbered(3) + "\nno JSON\n" + numbered(4)[:50]
		log := grow(torn)
		if len(log.Entries) != 1 || log.Entries[0].Text != "line 3" || log.Unreadable != 1 {
			t.Fatalf("%d entries, %d unreadable", len(log.Entries), log.Unreadable)
		}
		mark = log.Mark
		if log := grow(torn + numbered(4)[50:]); len(log.Entries) != 1 || log.Entries[0].Text != "line 4" {
			t.Errorf("the rest of a torn line: %+v", log)
		}
	}
}

func TestWhatEntriesSay(t *testing.T) {
	content := func(kind, content string) string {
		return fmt.Sprintf(`{"timestamp":"2026-11-24T10:00:02Z","notification":{"method":"session/update","params":{"update":{"sessionUpdate":%q,"content":%s}}}}`, kind, content)
	}
	for line, want := range map[string]LogEntry{
		stepLine: {Kind: EntryProgress, Status: "completed", Title: "Cloning repository"},
		stopLine: {Kind: EntryTurnEnd, Status: "end_turn"},
		fmt.Sprintf(errorLine, "Overloaded", "x"):   {Kind: EntryError, Title: "x", Text: "Overloaded", Length: 10},
		fmt.Sprintf(consoleLine, "warn", "a\nb"):    {Kind: EntryConsole, Level: "warn", Text: "a\nb", Length: 3},
		content("agent_message", `"hello"`):         {Kind: "agent_message", Text: "hello", Length: 5},
		content("user_message", `{"text":"hello"}`): {Kind: "user_message", Text: "hello", Length: 5},
		content("tool_call_update", `[{"type":"content","content":{"type":"text","text":"a"}},{"type":"diff"},{"text":"b"}]`): {Kind: "tool_call_update", Text: "a\nb", Length: 3},
		`{"type":"pi_event","event":{"type":"turn"}}`:                                                               {Kind: "pi_event", Title: "turn"},
		`{"notification":{"method":"_posthog/sandbox_output","params":{"stdout":"a\n","stderr":"b","exitCode":2}}}`: {Kind: EntryOutput, Status: "exit code 2", Text: "a\n\nb", Length: 4},
		`{"notification":{"method":"_posthog/task_complete"}}`:                                                      {Kind: "task_complete"},
		`{"notification":{"method":"_posthog/user_message","params":{"content":"hi"}}}`:                             {Kind: "user_message", Text: "hi", Length: 2},
		`{"notification":{"method":"session/update"}}`:                                                              {Kind: EntryOther},
	} {
		got, ok := logEntry([]byte(line))
		got.Time = want.Time
		if !ok || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\n got %+v\nwant %+v", line, got, want)
		}
	}
}

// What agents and their users said is in no recording; what the pipeline says of them is.
func TestWithoutTexts(t *testing.T) {
	kept := []string{stepLine, fmt.Sprintf(errorLine, "Overloaded", ""), fmt.Sprintf(consoleLine, "debug", "Starting agent")}
	gone := []string{
		fmt.Sprintf(updateLine, "agent_message", ""), fmt.Sprintf(updateLine, "user_message", ""), fmt.Sprintf(updateLine, "unheard_of", ""),
		fmt.Sprintf(consoleLine, "debug", serverLogTail+"\na secret of a customer"),
		`{"notification":{"method":"_posthog/sandbox_output","params":{"stdout":"a secret of a customer"}}}`,
		`{"notification":{"method":"_posthog/anything","params":{"message":"a secret of a customer"}}}`,
	}
	log := tailOf(t, &stored{text: strings.Join(slices.Concat(kept, gone), "\n")}, LogTail{Raw: true})
	if len(log.Entries) != len(kept)+len(gone) {
		t.Fatalf("%d entries", len(log.Entries))
	}
	recorded, err := json.Marshal(sparing(log, false))
	if err != nil || bytes.Contains(recorded, []byte("customer")) || !bytes.Contains(recorded, []byte("Overloaded")) || !bytes.Contains(recorded, []byte("Starting agent")) {
		t.Errorf("%v: %s", err, recorded)
	}
	if whole, _ := json.Marshal(sparing(log, true)); !bytes.Contains(whole, []byte("customer")) {
		t.Errorf("with content it is gone, too: %s", whole)
	}
}

// However a log is cut into parts, it has the lines that it has.
func FuzzLogTail(f *testing.F) {
	f.Add(stepLine+"\n"+stopLine, 1)
	f.Add("\n\n{\"notification\":{\"method\":\"session/update\"}}\n\x00", 0)
	f.Add(strings.Repeat(numbered(1)+"\n", 700)+"no JSON", 600)
	f.Fuzz(func(t *testing.T, text string, want int) {
		want = max(want, 0)
		log, err := readTail(LogTail{Entries: want, Raw: true}, (&stored{text: text}).get)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.SplitSeq(text, "\n") {
			if line = strings.TrimRight(line, " \t\r"); line != "" && len(line) <= longestLine {
				lines = append(lines, line)
			}
		}
		if want > 0 {
			lines = lines[max(len(lines)-want, 0):]
		}
		var got []string
		for _, e := range log.Entries {
			got = append(got, e.Raw)
			if e.Length < 0 || !strings.HasPrefix(text[e.Offset:], e.Raw) {
				t.Fatalf("%+v", e)
			}
		}
		if !slices.Equal(got, lines) {
			t.Fatalf("%q, want %q", got, lines)
		}
	})
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string][3]int64{
		"bytes 10-19/100": {10, 10, 100}, "bytes 0-0/1": {0, 1, 1}, "bytes 0--1/0": {0, 0, 0},
		"bytes 5-3/10": {}, "bytes 0-10/10": {}, "bytes */10": {}, "bytes -1-3/10": {}, "": {},
	} {
		from, length, size, err := contentRange(text)
		if got := [3]int64{from, length, size}; got != want || (err == nil) != (want != [3]int64{} || text == "bytes 0--1/0") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
