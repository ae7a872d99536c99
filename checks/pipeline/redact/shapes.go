// Package redact knows a secret when it sees one: by the shape that its issuer gave it ([Find]), and by how much a value
// looks drawn by a machine ([Random]) or written by a person in the place of one ([Placeholder]).
//
// The shapes are a table of our own. Secret scanners that can be imported bring hundreds of rules, a regular expression
// each, and their configuration along; compiling those alone takes longer than a whole run of the doctor may.
package redact

import (
	"fmt"
	"iter"
	"strings"
)

// Match is a secret in a text.
type Match struct {
	Kind       string // what it is, such as "Anthropic API key"
	Prefix     string // how it begins, which says of what kind it is and nothing more
	Start, End int    // where it stands, in bytes

	User, Host string // of a password in a URL: whose it is, and where it is good for
}

// Mask is what may be shown of the secret.
func (m Match) Mask() string {
	return fmt.Sprintf("%s…(%d characters)", m.Prefix, m.End-m.Start)
}

// shape is what tokens of a kind look like: a prefix, and at least so many characters behind it.
type shape struct {
	kind    string
	prefix  string
	of      *[256]bool // the characters behind the prefix
	atLeast int
}

// shapes are those of single words. The first one that fits counts.
var shapes = []shape{
	{"Anthropic API key", "sk-ant-", &isWord, 40},
	{"OpenAI API key", "sk-proj-", &isWord, 40},
	{"OpenAI API key", "sk-svcacct-", &isWord, 40},
	{"OpenAI API key", "sk-admin-", &isWord, 40},
	{"OpenAI API key", "sk-", &isAlphanumeric, 32}, // the older form, which other vendors have taken over
	{"GitHub token", "ghp_", &isAlphanumeric, 36},
	{"GitHub token", "gho_", &isAlphanumeric, 36},
	{"GitHub token", "ghu_", &isAlphanumeric, 36},
	{"GitHub token", "ghs_", &isAlphanumeric, 36},
	{"GitHub token", "ghr_", &isAlphanumeric, 36},
	{"GitHub token", "github_pat_", &isWord, 60},
	{"PostHog personal API key", "phx_", &isAlphanumeric, 32},
	{"PostHog secret key", "phs_", &isAlphanumeric, 32},
	{"Slack token", "xoxb-", &isWord, 20},
	{"Slack token", "xoxp-", &isWord, 20},
	{"Slack token", "xoxa-", &isWord, 20},
	{"Slack token", "xoxr-", &isWord, 20},
	{"Slack token", "xoxs-", &isWord, 20},
	{"Slack token", "xapp-", &isWord, 20},
	{"Stripe live key", "sk_live_", &isAlphanumeric, 24},
	{"Stripe live key", "rk_live_", &isAlphanumeric, 24},
}

// beginnings are the first letters of all that is looked for in words.
const beginnings = "sgpxrAea"

// Find returns the secrets in a text whose shape tells them, in order. It judges by shape alone: what a test or a manual
// gives as an example has the same shape, see [Placeholder] and [Random].
func Find(text string) []Match {
	var found []Match
	for start, end := range Words(text) {
		start = unescaped(text, start)
		if strings.IndexByte(beginnings, text[start]) < 0 {
			continue
		}
		if m, ok := inWord(text, start, end); ok {
			found = append(found, m)
		}
	}
	found = append(found, privateKeys(text)...)
	found = append(found, inURLs(text)...)
	return inOrder(found)
}

// inWord looks at one word.
func inWord(text string, start, end int) (Match, bool) {
	switch word := text[start:end]; {
	case strings.HasPrefix(word, "AKIA"), strings.HasPrefix(word, "ASIA"), strings.EqualFold(word, "aws_secret_access_key"):
		return awsSecret(text, start, end)
	case strings.HasPrefix(word, "eyJ"):
		return jsonWebToken(text, start, end)
	}
	for _, s := range shapes {
		behind, fits := strings.CutPrefix(text[start:end], s.prefix)
		if !fits {
			continue
		}
		if n := span(behind, s.of); n >= s.atLeast {
			return Match{Kind: s.kind, Prefix: s.prefix, Start: start, End: start + len(s.prefix) + n}, true
		}
	}
	return Match{}, false
}

// Shortest is how many characters every word has that can be a secret.
const Shortest = 16

// Words yields the places, in bytes, of the words of a text that are long enough to be a secret or the greater part of
// one. A word is made of letters, digits, _ and -.
func Words(text string) iter.Seq2[int, int] { return words(text, &isWord, Shortest) }

// words yields the places of what is made of a set of characters, of at least so many.
func words(text string, of *[256]bool, shortest int) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		for start := 0; start+shortest <= len(text); {
			// A word that begins here covers all of the next bytes. The last of them that belongs to no word shows that
			// every word before it is too short, so that most bytes of a text are never looked at.
			last := start + shortest - 1
			for last >= start && of[text[last]] {
				last--
			}
			if last >= start {
				start = last + 1
				continue
			}
			end := start + shortest
			for end < len(text) && of[text[end]] {
				end++
			}
			if !yield(start, end) {
				return
			}
			start = end + 1
		}
	}
}

// unescaped is where a word begins whose first letters belong to an escape before it: \n, \u0022 or %3D.
func unescaped(text string, start int) int {
	if start == 0 {
		return start
	}
	switch before := text[start-1]; {
	case before == '\\' && text[start] == 'u':
		return start + len("u0000")
	case before == '\\':
		return start + 1
	case before == '%':
		return start + len("00")
	}
	return start
}

var (
	isAlphanumeric = characters("")
	isWord         = characters("_-")
	isBase64       = characters("+/")
	isUserInfo     = characters("-._~%!&*+=:^") // of a URL, as it is written: what has to be expanded is none
	isHost         = characters("-.")
)

// characters are the letters, the digits, and those given.
func characters(others string) (set [256]bool) {
	for c := range set {
		set[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c < 0x80 && strings.IndexByte(others, byte(c)) >= 0
	}
	return set
}

// span is how many characters of a set a text begins with.
func span(text string, of *[256]bool) int {
	n := 0
	for n < len(text) && of[text[n]] {
		n++
	}
	return n
}
