package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Schema is the JSON Schema of [Document].
//
//go:embed schema.json
var Schema []byte

// JSON writes v, a document or a part of one, as JSON for people and programs: indented, with a newline at its end, and
// without a character that a terminal would obey.
func JSON(w io.Writer, v any) error {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(EscapeControls(encoded.Bytes()))
	return err
}

// EscapeControls writes the control and format characters that JSON allows in a string (DEL, the C1 controls, marks that
// turn the direction of writing) as escapes. They cannot stand outside strings, so the document stays the same.
func EscapeControls(encoded []byte) []byte {
	var escaped bytes.Buffer
	escaped.Grow(len(encoded))
	for len(encoded) > 0 {
		if plain := plainBytes(encoded); plain > 0 {
			escaped.Write(encoded[:plain])
			encoded = encoded[plain:]
			continue
		}
		r, size := utf8.DecodeRune(encoded)
		encoded = encoded[size:]
		switch {
		case !unicode.In(r, unicode.Cc, unicode.Cf):
			escaped.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&escaped, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&escaped, `\u%04x`, r)
		}
	}
	return escaped.Bytes()
}

// plainBytes is how many bytes at a text's beginning are ASCII that can be seen, or line ends: nearly all of it, as a rule.
func plainBytes(text []byte) int {
	n := 0
	for n < len(text) && (' ' <= text[n] && text[n] <= '~' || text[n] == '\n') {
		n++
	}
	return n
}
