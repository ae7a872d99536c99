package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// sparing is an answer as it may be recorded: what was decrypted never in the clear, and, unless content says otherwise,
// without the texts that no check needs.
func sparing(value any, content bool) any {
	switch value := value.(type) {
	case opened:
		return opened(Outline([]byte(value)))
	case History:
		if !content {
			value.Events = slices.Clone(value.Events)
			for i := range value.Events {
				value.Events[i].Input = outlined(value.Events[i].Input)
				value.Events[i].Result = outlined(value.Events[i].Result)
			}
		}
		return value
	case Reports:
		if !content {
			value.Reports = guardedAll(value.Reports)
		}
		return value
	case []Report:
		if !content {
			value = guardedAll(value)
		}
		return value
	case *AgentLog:
		if content || value == nil {
			return value
		}
		bare := *value
		bare.Notices = slices.Clone(bare.Notices)
		for i := range bare.Notices {
			bare.Notices[i].Message = withheld(bare.Notices[i].Message)
		}
		return &bare
	case *LogEntries:
		if content || value == nil {
			return value
		}
		return value.withoutTexts()
	case *ServerLog:
		if content || value == nil {
			return value
		}
		bare := *value
		bare.Lines, bare.Withheld = nil, len(bare.Lines) > 0
		return &bare
	}
	return value
}

// outlined is the input of an event, or its result, without the texts in it. What is encrypted stays as it is.
func outlined(input []Payload) []Payload {
	bare := slices.Clone(input)
	for i, p := range bare {
		if !p.Encrypted() {
			bare[i].Data = Outline(p.Data)
		}
	}
	return bare
}

// Outline is what may be kept of a signal, or of what an activity was given: its shape, its ids, keys and times, and of each
// other text its length and its hash, so that equal ones stay equal. The outline of an outline is the same.
func Outline(content []byte) []byte {
	if len(content) == 0 {
		return content
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if decoder.Decode(&tree) != nil || decoder.More() {
		tree = withheld(string(content))
	}
	kept, err := json.Marshal(outline("", tree))
	if err != nil { // cannot be: it was JSON before
		return nil
	}
	return kept
}

// outline is the outline of a value that stands under a name, or under none.
func outline(name string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			value[key] = outline(key, inner)
		}
	case []any:
		for i, inner := range value {
			value[i] = outline(name, inner)
		}
	case string:
		if !names(name, value) {
			return withheld(value)
		}
	}
	return value
}

// telling are the fields that name something, as the pipeline spells them (products/signals/backend/temporal/types.py).
var telling = []string{"id", "ids", "key", "keys", "product", "type", "status", "stage", "repository"}

var objectKey = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^signals/signal_batches/[\w./:-]+$`) })

// names reports whether a text names something, instead of saying something.
func names(field, text string) bool {
	last := strings.ToLower(field[strings.LastIndexByte(field, '_')+1:])
	isName := slices.Contains(telling, last) && len(text) <= 200 && !strings.ContainsAny(text, " \t\r\n")
	_, notTime := time.Parse(time.RFC3339, text)
	return isName || notTime == nil || objectKey().MatchString(text) || isWithheld(text)
}

// withheld is what is kept of a text: enough to tell it from others.
func withheld(text string) string {
	if text == "" || isWithheld(text) {
		return text
	}
	hash := sha256.Sum256([]byte(text))
	return fmt.Sprintf("(%d bytes, %x)", len(text), hash[:8])
}

var withheldText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\(\d+ bytes, [0-9a-f]{16}\)$`) })

// Withheld reports whether a text is what a capture has in the place of one that it leaves out.
func Withheld(text string) bool { return isWithheld(text) }

func isWithheld(text string) bool { return withheldText().MatchString(text) }
