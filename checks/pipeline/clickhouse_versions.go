package pipeline

import (
	"fmt"
	"strconv"
	"strings"
)

// ofSignals chooses the rows of the signals of a team, which it is to be given.
const ofSignals = "team_id = ? AND product = 'signals' AND document_type = 'signal'"

// newestVersions is a statement for the newest version of each signal of a team that has a version for which a condition
// holds, and how to write a field of its metadata that holds text. It is to be given the team twice, and then what the
// condition is: of those a server holds all metadata at a time, so what is not asked for is left out before.
func newestVersions(version string, table Table, condition string) (statement string, text func(name string) string) {
	text, deleted := metadataFields(version, "said")
	return fmt.Sprintf(`SELECT document_id, argMax(metadata, inserted_at) AS said, %s AS report, %s AS deleted,
	argMax(timestamp, inserted_at) AS signalled, max(inserted_at) AS arrived
FROM %[3]s
WHERE %[4]s AND document_id GLOBAL IN (SELECT document_id FROM %[3]s WHERE %[4]s AND %[5]s)
GROUP BY document_id`, text("report_id"), deleted, quoted(table.Reader()), ofSignals, condition), text
}

// verdicts is a statement for what the newest version of each signal of a team says that tells whether it is live. It is to be
// given what is late, in milliseconds and in seconds, and the team. All signals are looked at, so as little as possible is held
// of each: a hash of its id, and what counts as one text, which is short enough to lie in the state itself. All is read once:
// rows may be merged, or deleted, between two readings in one statement.
func verdicts(version string, table Table) string {
	text, deleted := metadataFields(version, "metadata")
	return fmt.Sprintf(`SELECT substring(said, 11) AS report, said LIKE 'd%%' AS deleted, said LIKE '_l%%' AS late,
	reinterpretAsInt64(substring(said, 3, 8)) AS signalled, arrived
FROM (SELECT argMax(concat(if(%s, 'd', '-'), if(milliseconds >= if(toTypeName(timestamp) LIKE 'DateTime64%%', ?, ?), 'l', '-'),
		toFixedString(reinterpretAsString(milliseconds), 8), %s), inserted_at) AS said, max(inserted_at) AS arrived
	FROM (SELECT document_id, metadata, timestamp, inserted_at, toInt64(round(toFloat64(timestamp) * 1000)) AS milliseconds
		FROM %s WHERE %s)
	GROUP BY cityHash64(document_id))`, deleted, text("report_id"), quoted(table.Reader()), ofSignals)
}

// metadataFields returns expressions for a field that holds text, and for whether the signal is deleted, in a column of metadata.
//
// A server from before the JSON functions gets regular expressions, for its visitParamExtract finds nothing behind the
// space that Python writes after a colon. They see the text only: the first "report_id" and any "deleted" count, also one
// inside of "extra".
func metadataFields(version, column string) (text func(name string) string, deleted string) {
	if old(version) {
		return func(name string) string { return `extract(` + column + `, '"` + name + `"\\s*:\\s*"([^"]*)"')` }, `match(` + column + `, '"deleted"\\s*:\\s*true')`
	}
	return func(name string) string { return `JSONExtractString(` + column + `, '` + name + `')` }, `JSONExtractBool(` + column + `, 'deleted')`
}

// weightField returns an expression for the weight in the metadata "said", which Python writes as a number.
func weightField(version string) string {
	if old(version) {
		return `toFloat64OrZero(extract(said, '"weight"\\s*:\\s*([-+.0-9eE]+)'))`
	}
	return `JSONExtractFloat(said, 'weight')`
}

// old reports whether a server is from before 2020: it has no functions for JSON, and does not say why a mutation fails.
func old(version string) bool {
	major, _, _ := strings.Cut(version, ".")
	year, err := strconv.Atoi(major)
	return err == nil && year < 20
}
