package redact

import (
	"regexp"
	"strings"
	"sync"
)

// Random reports whether a value looks as if a machine had drawn it, and is long enough to be worth something. UUIDs are
// no secrets, however random they are. A value of letters alone is taken for words unless their case changes all the time.
func Random(value string) bool {
	if len(value) < Shortest || isUUID(value) || distinct(value) < 7 {
		return false
	}
	return !repeats(value) && !counts(value) && mixed(value)
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

// placeholder is how people write that a value has yet to be filled in: in brackets, as a path, with dots, as a request.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^<[^<>]*>$|^\[[^][]*\]$|\{\{.*\}\}|(^|/)path/to/|\.\.\.|…|\*\*\*|` +
		`x{4,}|^x+$|(^|[^a-z])your|change[-_ ]?(me|this)|replace[-_ ]?(me|this|with)|placeholder|fill[-_ ]?(me[-_ ]?)?in|` +
		`[-_ ]here$|^todo$|^fixme$|^tbd$|^none$|^null$|insert[-_ ]`)
})

// Placeholder reports whether a value only keeps the place of one, as example files write it: /path/to/…, your-key,
// <token>, sk-..., changeme. An empty value is none: it says that nothing is set.
func Placeholder(value string) bool {
	return placeholder().MatchString(strings.TrimSpace(value))
}

// made are words that nobody puts into a real secret and that chance does not put there either.
var made = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)example|dummy|sample|redacted|invalid|notreal|not[-_]a?[-_]?real|foobar|foo[-_]bar|deadbeef|secretkey|mysecret|password|` +
		`(^|[^a-z0-9])(test|tests|testing|fake|mock|demo|local|dev|development|stub|secret|foo|bar|abc|abcd|key|token|value)([^a-z0-9]|$)`)
})

// Made reports whether a value was written to look like a secret: it is a placeholder, or says that it is an example.
func Made(value string) bool {
	return Placeholder(value) || made().MatchString(value)
}
