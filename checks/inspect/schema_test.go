package inspect

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"doctor/checks"
	"doctor/checks/inbox"
)

var update = flag.Bool("update", false, "make the published schemas anew")

// documents are all documents, by the command that prints them.
var documents = map[string]Document{
	"logs":      &Log{},
	"sandboxes": &Sandboxes{},
	"trace":     &Trace{},
	"workflows": &Workflows{},
	"history":   &History{},
	"reports":   &Reports{},
	"status":    &Status{},
	"canary":    &Canary{},
}

// words are the types of which only some words are values.
var words = map[reflect.Type][]any{
	reflect.TypeFor[checks.Stage](): stages(),
	reflect.TypeFor[StatusState]():  {Settled, AtWork, HeldUp, NotAllSeen},
	reflect.TypeFor[HopState]():     {HopDone, HopSkipped, HopGoing, HopWaits, HopFailed, HopUnknown},
	reflect.TypeFor[inbox.State]():  {inbox.Arrived, inbox.Moving, inbox.Waits, inbox.Stopped, inbox.Lost, inbox.Unclear},
}

func stages() (all []any) {
	for _, stage := range checks.Stages {
		all = append(all, stage)
	}
	return all
}

// The schemas that are published are those of the documents. They are files, so that a change of what scripts read is
// seen as one.
func TestSchemasArePublished(t *testing.T) {
	if diff := cmp.Diff(slices.Sorted(maps.Keys(documents)), slices.Sorted(maps.Keys(Schemas()))); diff != "" && !*update {
		t.Errorf("documents and published schemas (-documents +published):\n%s", diff)
	}
	for name, document := range documents {
		schema := schemaOf(t, name, document)
		path := "schemas/" + name + ".json"
		if *update {
			if err := os.WriteFile(path, schema, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(Schemas()[name]), string(schema)); diff != "" {
			t.Errorf("%s is not that of its document (-published +made); -update makes it anew:\n%s", path, diff)
		}
	}
}

func schemaOf(t *testing.T, name string, document Document) []byte {
	t.Helper()
	types := map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[time.Time](): {Type: "string", Format: "date-time"}}
	for of, values := range words {
		types[of] = &jsonschema.Schema{Type: "string", Enum: values}
	}
	schema, err := jsonschema.ForType(reflect.TypeOf(document).Elem(), &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		t.Fatal(err)
	}
	schema.Schema = "https://json-schema.org/draft/2020-12/schema"
	schema.Title = "What doctor " + name + " --format json prints"
	encoded, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	// A list that is empty is written as one.
	encoded = bytes.ReplaceAll(encoded, []byte(`"type":["null","array"]`), []byte(`"type":"array"`))
	var indented bytes.Buffer
	if err := json.Indent(&indented, encoded, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}
