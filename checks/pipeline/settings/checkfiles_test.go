package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckFiles(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, ChecksFolder, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := CheckFiles(folder); files != nil || err != nil {
		t.Errorf("without a folder of checks: %v, %v", files, err)
	}
	if err := os.MkdirAll(at("below.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	var wrong *CheckFileError
	if _, err := CheckFiles(folder); !errors.As(err, &wrong) || !strings.HasSuffix(err.Error(), "below.yaml: it is not a regular file") {
		t.Errorf("a folder that is called like a check: %v", err)
	}
	os.Remove(at("below.yaml"))
	write("b.yaml", "two")
	write("a.yml", "one")
	write("README.md", "words")
	write(".#a.yaml", "an editor's")
	s, err := Load(Options{PostHogDir: folder})
	if err != nil || fmt.Sprint(s.CheckFiles) != "[{.doctor-checks/a.yml one} {.doctor-checks/b.yaml two}]" {
		t.Fatalf("%v: %v", err, s)
	}
	// A capture has them.
	recorded, err := json.Marshal(s)
	var replayed Settings
	if err == nil {
		err = json.Unmarshal(recorded, &replayed)
	}
	if err != nil || len(replayed.CheckFiles) != 2 || replayed.CheckFiles[1] != s.CheckFiles[1] {
		t.Errorf("%v: %v", err, replayed.CheckFiles)
	}
	write("large.yaml", strings.Repeat("#", mostCheckBytes+1))
	if _, err := Load(Options{PostHogDir: folder}); !errors.As(err, &wrong) {
		t.Errorf("a large file: %v", err)
	}
	os.Remove(at("large.yaml"))
	for i := range mostCheckFiles {
		write(fmt.Sprintf("c%d.yaml", i), "")
	}
	if _, err := CheckFiles(folder); !errors.As(err, &wrong) {
		t.Errorf("many files: %v", err)
	}
}
