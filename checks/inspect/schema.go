package inspect

import (
	"embed"
	"strings"
)

//go:embed schemas/*.json
var schemas embed.FS

// Schemas are the JSON Schemas of the documents, by the command that prints them. A test makes them of the types.
func Schemas() map[string][]byte {
	published := map[string][]byte{}
	files, _ := schemas.ReadDir("schemas") // an embedded folder can be read
	for _, file := range files {
		schema, _ := schemas.ReadFile("schemas/" + file.Name())
		published[strings.TrimSuffix(file.Name(), ".json")] = schema
	}
	return published
}
