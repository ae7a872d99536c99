package settings

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestExampleDecidesNothing(t *testing.T) {
	folder := tree(t, map[string]string{".env": "A=1\n", ".env.example": "TEMPORAL_NAMESPACE=example\n# B=<b>\n"})
	s := load(t, Options{PostHogDir: folder})
	if s.Temporal.Namespace != "default" || len(s.Seen("TEMPORAL_NAMESPACE")) > 0 {
		t.Errorf("the example counts: %+v", s.Temporal)
	}
	lines := s.Example.Lines
	if s.Example.Path != filepath.Join(folder, ".env.example") || len(lines) != 2 || lines[1].Name != "B" || lines[1].Value != "<b>" || !lines[1].Commented {
		t.Errorf("%+v", s.Example)
	}
	s = load(t, Options{PostHogDir: tree(t, map[string]string{".env": "A=1\n"})})
	if !s.Example.Absent || s.Example.Problem != "" {
		t.Errorf("%+v", s.Example)
	}
	s = load(t, Options{PostHogDir: tree(t, map[string]string{".env.example": "A=1\nnonsense\n"})})
	if s.Example.Absent || !strings.HasSuffix(s.Example.Problem, ".env.example:2: no = behind the name") {
		t.Errorf("%+v", s.Example)
	}
}

func TestParseReadsWhatAFileHolds(t *testing.T) {
	lines, err := Parse("\ufeffA='1'\r\n# B=2\n")
	if err != nil || len(lines) != 2 || lines[0].Value != "1" || lines[1].Number != 2 || !lines[1].Commented {
		t.Errorf("%+v, %v", lines, err)
	}
	if _, err := Parse("nonsense"); err != nil {
		t.Errorf("a last line without a name is a value: %v", err)
	}
	if _, err := Parse("nonsense\nA=1\n"); err == nil {
		t.Error("a line without = is an assignment")
	}
}
