package commit

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// refusal is what a command of the pipeline would say about a fixture.
type refusal struct {
	line, column int // from 1; no column when the whole line is meant
	problem      string
	part         bool // one record is refused, the others are taken
}

func (r refusal) String() string {
	if r.column > 0 {
		return fmt.Sprintf("column %d: %s", r.column, r.problem)
	}
	return r.problem
}

const (
	evalFixtures   = "products/signals/eval/fixtures/"
	reportFixtures = "report_generation/fixtures/"
)

// required are the fields without which a source's emitter raises, and the record is skipped
// (posthog/temporal/data_imports/signals/github_issues.py, linear_issues.py). That of zendesk only passes over tickets
// with too little text (zendesk_tickets.py), which is no refusal.
var required = map[string][]string{
	"zendesk_tickets.json": nil,
	"github_issues.json":   {"id", "title", "body"},
	"linear_issues.json":   {"id", "title", "description"},
}

// fixtureOf returns what judges a file, by the command that it is made for, or nil when it is for none that is known:
//   - emit_signals_from_fixture reads three files of the eval's fixtures, each a JSON array of records;
//   - ingest_signals_json reads rows of the embedding table, a JSON array a line; those beside them are named *.jsonl;
//   - ingest_report_json reads one object, such as report_generation/fixtures/*_research_output.json.
//
// The commands are in products/signals/backend/management/commands. Only what they certainly refuse is told.
func fixtureOf(file string) func(text string) []refusal {
	folder, base := path.Split("/" + file)
	fields, isSource := required[base]
	switch {
	case strings.HasSuffix(folder, "/"+evalFixtures) && isSource:
		return func(text string) []refusal { return judgeRecords(text, fields) }
	case strings.HasSuffix(folder, "/"+evalFixtures) && path.Ext(base) == ".jsonl":
		return judgeRows
	case strings.HasSuffix(folder, "/"+reportFixtures) && strings.HasSuffix(base, "_research_output.json"):
		return judgeReport
	}
	return nil
}

// judgeRecords judges a file of emit_signals_from_fixture.
func judgeRecords(text string, fields []string) []refusal {
	if wrong, sure := malformed(text); wrong != nil || !sure {
		return wrong
	}
	if kind := kindOf(text); kind != "an array" {
		return []refusal{{line: 1, problem: fmt.Sprintf("it is %s, not an array of records", kind)}}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return nil
	}
	var refusals []refusal
	records := 0
	for lines := (lineCounter{text: text, line: 1}); decoder.More(); records++ {
		var record json.RawMessage
		if decoder.Decode(&record) != nil {
			return nil
		}
		line := lines.of(int(decoder.InputOffset()) - len(record))
		if problem := judgeRecord(record, fields); problem != "" {
			refusals = append(refusals, refusal{line: line, problem: fmt.Sprintf("record %d %s", records+1, problem), part: true})
		}
	}
	switch {
	case records == 0:
		return []refusal{{line: 1, problem: "it holds no record, and nothing would be emitted"}}
	case len(refusals) == records:
		return append([]refusal{{line: refusals[0].line, problem: "not one of its records can be emitted"}}, refusals...)
	}
	return refusals
}

// judgeRecord says what an emitter would raise about a record. Its text may be empty: then it is passed over.
func judgeRecord(record json.RawMessage, fields []string) string {
	if kind := kindOf(string(record)); kind != "an object" {
		return fmt.Sprintf("is %s, not an object", kind)
	}
	var values map[string]json.RawMessage
	if json.Unmarshal(record, &values) != nil {
		return ""
	}
	for _, name := range fields {
		if _, there := values[name]; !there {
			return fmt.Sprintf("has no %s", name)
		}
	}
	for _, name := range fields[:max(len(fields)-1, 0)] {
		if isFalse(values[name]) {
			return fmt.Sprintf("has an empty %s", name)
		}
	}
	return ""
}

// isFalse reports whether Python takes a JSON value for false.
func isFalse(value json.RawMessage) bool {
	var number json.Number
	if json.Unmarshal(value, &number) == nil && value[0] != '"' {
		f, err := number.Float64()
		return err == nil && f == 0
	}
	switch strings.Join(strings.Fields(string(value)), "") {
	case "null", "false", `""`, "[]", "{}":
		return true
	}
	return false
}

// The columns of a row that ingest_signals_json reads.
const (
	content  = 5
	metadata = 6
)

// maxWords is more words than tokens that emit_signal takes (products/signals/backend/facade/api.py): its tokenizer puts
// no two words into one token, so that a text has at least as many tokens as words.
const maxWords = 8000

// judgeRows judges a file of ingest_signals_json, which goes on behind a row that it cannot take.
func judgeRows(text string) []refusal {
	var refusals []refusal
	rows := 0
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		rows++
		wrong, sure := malformed(line)
		switch problem := ""; {
		case wrong != nil:
			refusals = append(refusals, refusal{line: number + 1, column: wrong[0].column, problem: wrong[0].problem, part: true})
		case sure:
			if problem = judgeRow(line); problem != "" {
				refusals = append(refusals, refusal{line: number + 1, problem: problem, part: true})
			}
		}
	}
	if rows == 0 {
		return []refusal{{line: 1, problem: "it holds no row"}}
	}
	return refusals
}

func judgeRow(line string) string {
	if kind := kindOf(line); kind != "an array" {
		return fmt.Sprintf("the row is %s, not an array", kind)
	}
	var row []json.RawMessage
	if json.Unmarshal([]byte(line), &row) != nil {
		return ""
	}
	if len(row) <= metadata {
		return fmt.Sprintf("the row has %d columns of %d", len(row), metadata+1)
	}
	if kind := kindOf(string(row[content])); kind != "a text" {
		return fmt.Sprintf("its content is %s, not a text", kind)
	}
	var description, nested string
	if json.Unmarshal(row[content], &description) != nil {
		return ""
	}
	if words := len(strings.Fields(description)); words > maxWords {
		return fmt.Sprintf("its content has %d words, and %d tokens are the limit", words, maxWords)
	}
	object := string(row[metadata])
	if json.Unmarshal(row[metadata], &nested) == nil && kindOf(object) == "a text" {
		object = nested
		if wrong, sure := malformed(object); wrong != nil {
			return "its metadata is no valid JSON: " + wrong[0].problem
		} else if !sure {
			return ""
		}
	}
	if kind := kindOf(object); kind != "an object" {
		return fmt.Sprintf("its metadata is %s, not an object", kind)
	}
	return ""
}

// judgeReport judges a file of ingest_report_json.
func judgeReport(text string) []refusal {
	if wrong, sure := malformed(text); wrong != nil || !sure {
		return wrong
	}
	if kind := kindOf(text); kind != "an object" {
		return []refusal{{line: 1, problem: fmt.Sprintf("it is %s, not an object", kind)}}
	}
	var report map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &report) != nil {
		return nil
	}
	if result, there := report["result"]; !there || string(result) == "null" {
		return []refusal{{line: 1, problem: "it has no result"}}
	}
	return nil
}

// kindOf names what a JSON text is, by its first character.
func kindOf(text string) string {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return "nothing"
	case text[0] == '[':
		return "an array"
	case text[0] == '{':
		return "an object"
	case text[0] == '"':
		return "a text"
	case text == "null", text == "true", text == "false":
		return text
	}
	return "a number"
}

// malformed says where a text stops being JSON. It is not sure about one with NaN or Infinity, which Python reads.
func malformed(text string) (wrong []refusal, sure bool) {
	if strings.HasPrefix(text, "\ufeff") {
		return []refusal{{line: 1, column: 1, problem: "it begins with a byte order mark"}}, true
	}
	var whole json.RawMessage
	err := json.Unmarshal([]byte(text), &whole)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return nil, err == nil
	}
	if strings.Contains(text, "NaN") || strings.Contains(text, "Infinity") {
		return nil, false
	}
	at := min(max(int(syntax.Offset)-1, 0), len(text))
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		at = len(text)
	}
	before := text[:at]
	return []refusal{{
		line:    1 + strings.Count(before, "\n"),
		column:  1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
		problem: syntax.Error(),
	}}, true
}
