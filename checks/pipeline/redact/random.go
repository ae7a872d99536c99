package redact

import (
	"slices"
	"strings"
	"unicode"
)

// Random reports whether a value looks as if a machine had drawn it, and is long enough to be worth something. UUIDs are
// no secrets, however random they are. A value of letters alone is taken for words unless their case changes all the time.
func Random(value string) bool {
	if len(value) < Shortest || isUUID(value) || distinct(value) < 7 {
		return false
	}
	return !repeats(value) && !counts(value) && mixed(value)
}

// HoldsRandom reports whether a text has a word in it that a machine has drawn, such as the id that a token has when it is
// one of many.
func HoldsRandom(text string) bool {
	for start, end := range Words(text) {
		if Random(text[start:end]) {
			return true
		}
	}
	return false
}

// mixed reports whether letters, capitals and digits alternate as they do by chance. In names and words they come in
// blocks: a capital begins a word, digits stand at its end, if there are any.
func mixed(value string) bool {
	var changes, pairs int
	var kinds [256]int
	for i := range len(value) {
		kinds[kind(value[i])]++
		if i == 0 || kind(value[i]) == ' ' || kind(value[i-1]) == ' ' {
			continue
		}
		pairs++
		if kind(value[i]) != kind(value[i-1]) {
			changes++
		}
	}
	often := 0.2 // of characters that are letters of one case, or digits, 0.3 (base 32) to 0.5 (hex) change by chance
	if kinds['a'] > 0 && kinds['A'] > 0 {
		often = 0.4 // by chance 0.6, in names such as getItem2ById 0.3
		if kinds['0'] < max(1, len(value)/14) {
			return false
		}
	}
	if kinds['a']+kinds['A'] < 3 {
		return false // a date, or an amount
	}
	return pairs > 0 && float64(changes) >= often*float64(pairs)
}

// kind is 'a' for a small letter, 'A' for a capital, '0' for a digit, and ' ' for the rest.
func kind(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'a'
	case 'A' <= c && c <= 'Z':
		return 'A'
	case '0' <= c && c <= '9':
		return '0'
	}
	return ' '
}

func distinct(value string) int {
	seen, n := [256]bool{}, 0
	for i := range len(value) {
		if !seen[value[i]] {
			seen[value[i]] = true
			n++
		}
	}
	return n
}

// repeats reports whether a value is a shorter one, again and again.
func repeats(value string) bool {
	for period := 1; period <= len(value)/2; period++ {
		if value[period:] == value[:len(value)-period] {
			return true
		}
	}
	return false
}

// counts reports whether a value goes 1234 or abcd, or a1b2c3, or stands still, for too much of its length.
func counts(value string) bool {
	steps := func(stride int) (n int) {
		for i := stride; i < len(value); i++ {
			if step := int(value[i]) - int(value[i-stride]); step == 0 || step == 1 {
				n++
			}
		}
		return n
	}
	return steps(1)*3 > len(value)-1 || steps(2)*9 > (len(value)-2)*4
}

func isUUID(value string) bool {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	if len(value) != len(form) {
		return false
	}
	for i := range len(form) {
		hex := strings.IndexByte("0123456789abcdefABCDEF", value[i]) >= 0
		if hex != (form[i] == 'x') || !hex && value[i] != '-' {
			return false
		}
	}
	return true
}

// What people write where a value has yet to be filled in: as a part of it, as a part when dashes are left out, and as all
// there is.
var (
	fillers  = []string{"path/to/", "...", "…", "***", "xxxx", "{{", "placeholder"}
	requests = []string{"changeme", "changethis", "replaceme", "replacethis", "replacewith", "fillmein"}
	noValues = []string{"todo", "fixme", "tbd", "none", "null"}
	dashes   = strings.NewReplacer("-", "", "_", "", " ", "")
)

// Placeholder reports whether a value only keeps the place of one, as example files write it: /path/to/…, your-key,
// <token>, sk-..., changeme. An empty value is none: it says that nothing is set.
func Placeholder(value string) bool {
	value = strings.ToLower(strings.TrimSpace(value))
	undashed := dashes.Replace(value)
	switch {
	case value == "":
		return false
	case isWrapped(value, "<", ">"), isWrapped(value, "[", "]"), strings.Trim(value, "x") == "",
		slices.Contains(noValues, value), containsAny(value, fillers), containsAny(undashed, requests):
		return true
	}
	words := strings.FieldsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) })
	asks := func(word string) bool { return strings.HasPrefix(word, "your") || word == "insert" }
	ends := len(words) > 1 && words[len(words)-1] == "here" && strings.HasSuffix(value, "here")
	return ends || slices.ContainsFunc(words, asks)
}

func isWrapped(value, left, right string) bool {
	return strings.HasPrefix(value, left) && strings.HasSuffix(value, right) && strings.Count(value, left)+strings.Count(value, right) == 2
}

func containsAny(value string, parts []string) bool {
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(value, part) })
}

// What nobody puts into a real secret and chance does not put there either: as a part of it, and as a word of its own.
var (
	madeParts = []string{"example", "dummy", "sample", "redacted", "invalid", "notreal", "not-real", "not-a-real", "foobar", "deadbeef", "secretkey", "mysecret", "password"}
	madeWords = []string{
		"test", "tests", "testing", "fake", "mock", "demo", "local", "dev", "development", "stub", "secret", "foo", "bar", "abc", "abcd", "key", "token", "value",
	}
)

// Made reports whether a value was written to look like a secret: it is a placeholder, or says that it is an example.
func Made(value string) bool {
	lower := strings.ToLower(value)
	words := strings.FieldsFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return Placeholder(value) || containsAny(lower, madeParts) ||
		slices.ContainsFunc(words, func(word string) bool { return slices.Contains(madeWords, word) })
}
