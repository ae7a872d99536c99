package commit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/commit"
	"doctor/checks/pipeline"
)

const (
	githubs  = "products/signals/eval/fixtures/github_issues.json"
	linear   = "products/signals/eval/fixtures/linear_issues.json"
	zendesk  = "products/signals/eval/fixtures/zendesk_tickets.json"
	rows     = "products/signals/eval/fixtures/analytics_error_tracking_signal.jsonl"
	research = "products/signals/backend/report_generation/fixtures/analyze_report_funnel_research_output.json"
)

func row(content, metadata string) string {
	return fmt.Sprintf(`["signals", "signal", "a1b2", "2026-04-20T12:00:06Z", "2026-04-20T12:00:06Z", %s, %s]`, content, metadata)
}

func text(of string) string {
	encoded, err := json.Marshal(of)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func TestFixtures(t *testing.T) {
	words := text(strings.Repeat("word ", 8001))
	for name, test := range map[string]struct {
		path, text string
		want       []string // without the path before them
	}{
		"records":                  {githubs, `[{"id":"1","title":"t","body":"b"},{"id":2,"title":"t","body":null}]`, nil},
		"records of linear":        {linear, `[{"id":"1","title":"t","description":""}]`, nil},
		"tickets with little text": {zendesk, `[{"id":"1","subject":"s","description":"d"},{},{"subject":null}]`, nil},
		"numbers beyond JSON":      {zendesk, `[{"id": NaN, "x": -Infinity},]`, nil},
		"a large number":           {githubs, `[{"id":1e999,"title":"t","body":"b"}]`, nil},
		"broken": {githubs, "[\n  {\"id\": 1,\n   \"title\" \"é\"}\n]\n", []string{
			" would be refused: invalid character '\"' after object key", ":3  staged  column 12: invalid character '\"' after object key",
		}},
		"cut off":     {linear, "[{\"id\":\n\"é", []string{" would be refused: unexpected end of JSON input", ":2  staged  column 3: unexpected end of JSON input"}},
		"empty":       {zendesk, "", []string{" would be refused: unexpected end of JSON input", ":1  staged  column 1: unexpected end of JSON input"}},
		"two values":  {zendesk, "[]\n[]", []string{" would be refused: invalid character '[' after top-level value", ":2  staged  column 1: invalid character '[' after top-level value"}},
		"a mark":      {zendesk, "\ufeff[]", []string{" would be refused: it begins with a byte order mark", ":1  staged  column 1: it begins with a byte order mark"}},
		"an object":   {githubs, ` {"id":1}`, []string{" would be refused: it is an object, not an array of records", ":1  staged  it is an object, not an array of records"}},
		"null":        {githubs, `null`, []string{" would be refused: it is null, not an array of records", ":1  staged  it is null, not an array of records"}},
		"no record":   {zendesk, " [ ]\n", []string{" would be refused: it holds no record, and nothing would be emitted", ":1  staged  it holds no record, and nothing would be emitted"}},
		"a bad one":   {githubs, "[{\"id\":1,\"title\":\"t\",\"body\":\"b\"},\n {\"id\":2,\"title\":\"t\"}]", []string{"a record of |  would be refused: record 2 has no body", ":2  staged  record 2 has no body"}},
		"an empty id": {linear, "[{\"id\":1,\"title\":\"t\",\"description\":\"b\"},{\"id\":0,\"title\":\"t\",\"description\":\"\"}]", []string{"a record of |  would be refused: record 2 has an empty id", ":1  staged  record 2 has an empty id"}},
		"two bad ones": {githubs, "[\n1,\n{\"id\":1,\"title\":\"t\",\"body\":\"b\"},\n{\"id\":1,\"title\":\"\",\"body\":\"b\"}]", []string{
			"2 records of |  would be refused", ":2  staged  record 1 is a number, not an object", ":4  staged  record 3 has an empty title",
		}},
		"none good": {zendesk, "[[],\n\"x\"]", []string{
			" would be refused: not one of its records can be emitted", ":1  staged  not one of its records can be emitted",
			":1  staged  record 1 is an array, not an object", ":2  staged  record 2 is a text, not an object",
		}},

		"rows":                  {rows, row(`"content"`, text(`{"source_product":"x"}`)) + "\n\n" + row(`""`, `{"source_product":"x"}`) + "\r\n", nil},
		"as many words":         {rows, row(text(strings.Repeat("word ", 8000)), `{}`), nil},
		"long without words":    {rows, row(text(strings.Repeat("x", 100_000)), `{}`), nil},
		"metadata beyond JSON":  {rows, row(`"x"`, text(`{"weight": NaN}`)), nil},
		"more words":            {rows, row(words, `{}`), []string{"a record of |  would be refused: its content has 8001 words, and 8000 tokens are the limit", ":1  staged  its content has 8001 words, and 8000 tokens are the limit"}},
		"a broken row":          {rows, row(`"x"`, `{}`) + "\n[1,", []string{"a record of |  would be refused: unexpected end of JSON input", ":2  staged  column 4: unexpected end of JSON input"}},
		"a row that is no row":  {rows, `{"content":"x"}`, []string{"a record of |  would be refused: the row is an object, not an array", ":1  staged  the row is an object, not an array"}},
		"a short row":           {rows, `["signals","signal","x"]`, []string{"a record of |  would be refused: the row has 3 columns of 7", ":1  staged  the row has 3 columns of 7"}},
		"content that is none":  {rows, row(`null`, `{}`), []string{"a record of |  would be refused: its content is null, not a text", ":1  staged  its content is null, not a text"}},
		"metadata that is none": {rows, row(`"x"`, `7`), []string{"a record of |  would be refused: its metadata is a number, not an object", ":1  staged  its metadata is a number, not an object"}},
		"metadata of a list":    {rows, row(`"x"`, text(`[1]`)), []string{"a record of |  would be refused: its metadata is an array, not an object", ":1  staged  its metadata is an array, not an object"}},
		"broken metadata": {rows, row(`"x"`, text(`{"a":}`)), []string{
			"a record of |  would be refused: its metadata is no valid JSON: invalid character '}' looking for beginning of value",
			":1  staged  its metadata is no valid JSON: invalid character '}' looking for beginning of value",
		}},
		"no row": {rows, "\n \n", []string{" would be refused: it holds no row", ":1  staged  it holds no row"}},

		"a report":         {research, `{"repository":"a/b","signal_ids":[],"result":{"title":"t"}}`, nil},
		"without result":   {research, `{"repository":"a/b","signal_ids":[]}`, []string{" would be refused: it has no result", ":1  staged  it has no result"}},
		"an empty result":  {research, `{"result": null}`, []string{" would be refused: it has no result", ":1  staged  it has no result"}},
		"a list":           {research, `[{"result": {}}]`, []string{" would be refused: it is an array, not an object", ":1  staged  it is an array, not an object"}},
		"a broken report":  {research, `{`, []string{" would be refused: unexpected end of JSON input", ":1  staged  column 2: unexpected end of JSON input"}},
		"beyond, a report": {research, `{"result": {"x": NaN}}`, nil},

		"other JSON":                {"tsconfig.json", `{ // a comment`, nil},
		"a like name":               {"posthog/temporal/data_imports/signals/tests/fixtures/linear_issues.json", `{}`, nil},
		"another fixture":           {"products/signals/eval/fixtures/grouping_signals.json", `{}`, nil},
		"rows of something else":    {"products/signals/eval/experiments/x/fixtures/attack_fixtures.jsonl", `{}`, nil},
		"in a folder of a monorepo": {"posthog/" + zendesk, `{}`, []string{" would be refused: it is an object, not an array of records", ":1  staged  it is an object, not an array of records"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := world{staged: map[string]string{test.path: test.text}}.examine(t, commit.Fixtures)
			var want []string
			for i, line := range test.want {
				before, after, found := strings.Cut(line, "|")
				switch {
				case i > 0:
					line = test.path + line
				case found:
					line = before + test.path + after[1:]
				default:
					line = test.path + line
				}
				want = append(want, line)
			}
			if diff := cmp.Diff(want, told(o)); diff != "" {
				t.Error(diff)
			}
			if (len(want) > 0) != (o.Status == checks.Failed) || o.Reason != "" {
				t.Errorf("%s (%s)", o.Status, o.Reason)
			}
		})
	}
}

func TestFixturesThatCannotBeJudged(t *testing.T) {
	unread := pipeline.StagedFile{Path: zendesk, Unread: "it is larger than 8 MiB"}
	other := pipeline.StagedFile{Path: "dump.json", Unread: "it is larger than 8 MiB"}
	o := world{files: []pipeline.StagedFile{unread, other}}.examine(t, commit.Fixtures)
	o.Says(t, "unknown: "+zendesk+" was not judged: it is larger than 8 MiB")
	o = world{files: []pipeline.StagedFile{{Path: zendesk, Binary: true}}}.examine(t, commit.Fixtures)
	if o.Status != checks.Failed || !strings.Contains(o.Findings[0].Title, "it is no text") {
		t.Errorf("%s (%s)", o.Status, o.Reason)
	}
}
