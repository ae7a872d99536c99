package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
)

func TestProcesses(t *testing.T) {
	// The first is of procps, the second of busybox.
	listed, err := processes(container.TopResponse{Titles: processColumns[0].titles, Processes: [][]string{
		{"3360", "00:03", "1400", "tail"}, {"12", "1-02:03:04", "61m", "MainThread x"}, {"9"}, {"x", "?", "-", "\x1b[2J"},
	}}, processColumns[0].titles)
	if err != nil {
		t.Fatal(err)
	}
	want := []Process{
		{12, 26*time.Hour + 3*time.Minute + 4*time.Second, 61 << 20, "MainThread x"}, {3360, 3 * time.Second, 1400 << 10, "tail"}, {0, 0, 0, "\x1b[2J"},
	}
	if !slices.Equal(listed, want) {
		t.Errorf("%+v", listed)
	}
	timeless := container.TopResponse{Titles: processColumns[1].titles, Processes: [][]string{{"7", "12", "node a"}}}
	if listed, err = processes(timeless, processColumns[1].titles); err != nil || !slices.Equal(listed, []Process{{7, 0, 12 << 10, "node a"}}) {
		t.Errorf("without times: %+v, %v", listed, err)
	}
}

// What an engine answers that was not asked for may hold arguments, and in them secrets.
func TestOtherColumnsAreNotRead(t *testing.T) {
	for _, titles := range [][]string{{"UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"}, {"PID", "ELAPSED", "RSS", "CMD"}, {"PID", "USER", "TIME", "COMMAND"}, nil} {
		if listed, err := processes(container.TopResponse{Titles: titles, Processes: [][]string{{"1", "2", "3", "agent --token secret"}}}, processColumns[0].titles); err == nil {
			t.Errorf("%v: %+v", titles, listed)
		}
	}
}

func TestServerLog(t *testing.T) {
	var lines strings.Builder
	for n := range 100 {
		fmt.Fprintf(&lines, "line %d\n", n)
	}
	text := lines.String()
	for name, test := range map[string]struct {
		text  string
		size  int
		lines int
		first string
		whole bool
	}{
		"empty":            {"", 0, 0, "", true},
		"short":            {"a\nb\n", 4, 2, "a", true},
		"without line end": {"a\nb", 3, 2, "a", true},
		"long":             {text, len(text), serverLogLines, "line 60", false},
		"the end of one":   {"of a line\nb\n", 1 << 20, 1, "b", false},
		"one line":         {"xxx", 1 << 20, 1, "xxx", false},
	} {
		log := serverLog([]byte(test.text), int64(test.size))
		if len(log.Lines) != test.lines || log.Whole != test.whole || test.lines > 0 && log.Lines[0] != test.first {
			t.Errorf("%s: %+v", name, log)
		}
	}
}
