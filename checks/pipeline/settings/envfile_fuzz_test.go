package settings

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

// FuzzEnvFile holds the scanner against godotenv: both accept the same texts, and find the same names with the same values.
func FuzzEnvFile(f *testing.F) {
	for _, text := range []string{
		"A=1\nB=\"two\"\n# C=3\nexport D='four'\n",
		"\ufeffA=1\r\nB=2 # two\r\n",
		"A=\"line\nline\"B=2\nC: 3\n",
		"A=$B\nB=x\nC=\"${B}\\$B\"\nA=${A}y\n",
		"A = 1 # one # two\nexportB=3\nbare",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, values, err := parse(text)
		if err != nil && strings.Contains(err.Error(), "expand") {
			return // godotenv would not come back
		}
		want, wantErr := godotenv.Unmarshal(strings.TrimPrefix(text, byteOrderMark))
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("parse says %v, godotenv says %v", err, wantErr)
		}
		if err != nil {
			if strings.Contains(err.Error(), "godotenv") {
				t.Fatalf("the scanner accepts what godotenv does not: %v", wantErr)
			}
			return
		}
		if !maps.Equal(values, want) {
			t.Fatalf("values %q, want %q", values, want)
		}
		effective := map[string]string{}
		physical := strings.Split(text, "\n")
		for _, line := range lines {
			if !strings.Contains(physical[line.Number-1], line.Name) {
				t.Fatalf("line %d does not hold %q", line.Number, line.Name)
			}
			if !line.Commented {
				effective[line.Name] = line.Value
			}
		}
		if !maps.Equal(effective, want) {
			t.Fatalf("effective lines %q, want %q", effective, want)
		}
		if !slices.IsSortedFunc(lines, func(a, b Line) int { return a.Number - b.Number }) {
			t.Fatalf("lines are not in order: %v", lines)
		}
	})
}
