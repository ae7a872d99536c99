package custom

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"doctor/checks/pipeline"
)

// condition is what a value must be like, in all that it says.
type condition struct {
	tests []test
	said  []string // as the catalogue tells it
}

// test judges one value. It is false as well where a recording has left the value out, which unseen tells.
type test func(v reflect.Value, now time.Time) bool

// The operators, by what they are for.
var (
	countOperators   = []string{"is", "is-not", "above", "below"}
	settingOperators = []string{"is", "is-not", "matches", "set", "above", "below"}
	fieldOperators   = []string{"is", "is-not", "matches", "set", "above", "below", "older-than", "newer-than"}
)

var (
	reflectInt    = reflect.TypeFor[int]()
	reflectString = reflect.TypeFor[string]()
	reflectTime   = reflect.TypeFor[time.Time]()
	reflectLength = reflect.TypeFor[time.Duration]()
)

// condition reads operators with their values, for a value of a type.
func (r *reader) condition(node ast.Node, of reflect.Type, operators []string) condition {
	var c condition
	for key, value := range r.Pairs(node) {
		if !slices.Contains(operators, key) {
			r.Unknown(key, operators)
			return c
		}
		r.operator(&c, key, value, of)
	}
	if len(c.tests) == 0 && r.Err == nil {
		r.Fail(node, "a condition is missing: one of %s", strings.Join(operators, ", "))
	}
	return c
}

// operator adds what one operator wants.
func (r *reader) operator(c *condition, name string, value ast.Node, of reflect.Type) {
	text := r.Text(value)
	if len(text) > longestText {
		r.Fail(value, "a value has %d bytes at most", longestText)
	}
	var t test
	switch name {
	case "is", "is-not":
		if of == reflectTime || of == reflectLength {
			r.Fail(value, "a time is compared by older-than or newer-than, a length of time by above or below")
		}
		t = func(v reflect.Value, _ time.Time) bool { return (textOf(v) == text) == (name == "is") }
	case "matches":
		pattern, err := regexp.Compile(text)
		if err != nil {
			r.Fail(value, "%q is no regular expression: %s", text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
			return
		}
		t = func(v reflect.Value, _ time.Time) bool { return pattern.MatchString(textOf(v)) }
	case "set":
		want, err := strconv.ParseBool(text)
		if err != nil {
			r.Fail(value, "set is true or false, and not %q", text)
		}
		t = func(v reflect.Value, _ time.Time) bool { return (v.IsValid() && !v.IsZero()) == want }
	case "above", "below":
		t = r.compare(name == "above", value, text, of)
	default:
		t = r.age(name == "older-than", value, text, of)
	}
	c.tests, c.said = append(c.tests, t), append(c.said, strings.ReplaceAll(name, "-", " ")+" `"+strings.ReplaceAll(text, "`", "'")+"`")
}

// compare compares numbers, and lengths of time.
func (r *reader) compare(above bool, value ast.Node, text string, of reflect.Type) test {
	limit, err := number(text, of)
	if err != nil || of == reflectTime {
		r.Fail(value, "above and below compare numbers or lengths of time, and not with %q", text)
	}
	return func(v reflect.Value, _ time.Time) bool {
		n, err := number(textOf(v), of)
		return err == nil && (above && n > limit || !above && n < limit)
	}
}

func number(text string, of reflect.Type) (float64, error) {
	if of == reflectLength {
		length, err := time.ParseDuration(text)
		return float64(length), err
	}
	return strconv.ParseFloat(strings.TrimSpace(text), 64)
}

// age compares a time with now. A time that there is not is neither older nor newer.
func (r *reader) age(older bool, value ast.Node, text string, of reflect.Type) test {
	age, err := time.ParseDuration(text)
	if err != nil || age < 0 || of != reflectTime {
		r.Fail(value, "older-than and newer-than compare a time with a length of time, such as 90s, 10m or 48h, and not with %q", text)
	}
	return func(v reflect.Value, now time.Time) bool {
		at, ok := v.Interface().(time.Time)
		return ok && !at.IsZero() && (now.Sub(at) > age) == older
	}
}

// holds reports whether a value is as wanted. A value that a capture has left out is not known to be.
func (c condition) holds(v reflect.Value, now time.Time) (holds, known bool) {
	if v.IsValid() && v.Kind() == reflect.String && pipeline.Withheld(v.String()) {
		return false, false
	}
	for _, t := range c.tests {
		if !t(v, now) {
			return false, true
		}
	}
	return true, true
}

// textOf is a value as text, for comparing and for showing.
func textOf(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	switch value := v.Interface().(type) {
	case time.Time:
		if value.IsZero() {
			return "never"
		}
		return value.UTC().Format(time.RFC3339)
	case time.Duration:
		return value.String()
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	}
	return strconv.FormatInt(v.Int(), 10)
}
