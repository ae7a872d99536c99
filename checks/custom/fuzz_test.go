package custom_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"doctor/checks"
	"doctor/checks/all"
	"doctor/checks/custom"
	"doctor/checks/pipeline/settings"
	"doctor/checks/yamlfile"
)

// Whatever a file holds is a check that fits in with the others, or a mistake with a place.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(paths) != 4 {
		f.Fatalf("%d examples: %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	builtin := all.All()
	f.Fuzz(func(t *testing.T, text string) {
		own, err := custom.Parse([]settings.CheckFile{{Path: "own.yaml", Text: text}}, builtin)
		if err != nil {
			if mistake := new(yamlfile.Error); !errors.As(err, &mistake) {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if err := checks.Validate(all.With(builtin, own)); err != nil {
			t.Error(err)
		}
	})
}
