package custom_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"doctor/checks/custom"
)

// The schema takes the examples, and names the observations with their fields.
func TestSchema(t *testing.T) {
	var names, said []string
	for _, o := range custom.Observations() {
		names = append(names, o.Name)
		said = append(said, o.Name+" ("+strings.Join(o.Fields, ", ")+")")
	}
	var written struct {
		Properties struct {
			Observation struct {
				Properties struct {
					Of struct {
						Description string
						Enum        []string
					}
				}
			}
		}
	}
	if err := json.Unmarshal(custom.Schema, &written); err != nil {
		t.Fatal(err)
	}
	of := written.Properties.Observation.Properties.Of
	if want := "Which one, with its fields: " + strings.Join(said, "; ") + "."; !slices.Equal(of.Enum, names) || of.Description != want {
		t.Errorf("the schema names %q, want %q; it says\n%s\nwant\n%s", of.Enum, names, of.Description, want)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(custom.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("own.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("own.json")
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil || len(paths) != 4 {
		t.Fatalf("%d examples: %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		var value any
		if err == nil {
			err = yaml.Unmarshal(text, &value)
		}
		if err == nil {
			err = schema.Validate(value)
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
