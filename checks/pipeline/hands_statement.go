package pipeline

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// statement is a statement for ClickHouse and the values for its question marks: numbers, texts, lists of texts, and times.
type statement struct {
	text   string
	values []any
}

func (s statement) add(text string, values ...any) statement {
	return statement{s.text + text, append(s.values[:len(s.values):len(s.values)], values...)}
}

func (s statement) with(other statement) statement { return s.add(other.text, other.values...) }

// bound is the values as the driver takes them.
func (s statement) bound() []any {
	bound := make([]any, len(s.values))
	for i, value := range s.values {
		switch value := value.(type) {
		case []string:
			group := clickhouse.GroupSet{}
			for _, text := range value {
				group.Value = append(group.Value, text)
			}
			bound[i] = group
		case time.Time:
			bound[i] = seconds(value)
		default:
			bound[i] = value
		}
	}
	return bound
}

// String is the statement with the values in their places, for people.
func (s statement) String() string {
	var text strings.Builder
	at := 0
	for _, r := range s.text {
		if r != '?' || at == len(s.values) {
			text.WriteRune(r)
			continue
		}
		text.WriteString(literal(s.values[at]))
		at++
	}
	return text.String()
}

// unbounded lets a long statement pass: a server takes 256 KiB unless it is told otherwise.
func unbounded(ctx context.Context, s statement, settings ...clickhouse.Settings) context.Context {
	all := clickhouse.Settings{"max_query_size": 1<<18 + 2*len(s.String())}
	for _, some := range settings {
		maps.Copy(all, some)
	}
	return clickhouse.Context(ctx, clickhouse.WithSettings(all))
}

func literal(value any) string {
	switch value := value.(type) {
	case string:
		return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(value) + "'"
	case []string:
		all := make([]string, len(value))
		for i, text := range value {
			all[i] = literal(text)
		}
		return "(" + strings.Join(all, ", ") + ")"
	case time.Time:
		return fmt.Sprintf("%.3f", seconds(value))
	}
	return fmt.Sprint(value)
}

// seconds is an instant in a form that compares with DateTime and DateTime64 alike, after toFloat64. It keeps the milliseconds.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
