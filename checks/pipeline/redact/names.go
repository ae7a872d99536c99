package redact

import (
	"slices"
	"strings"
)

// Parts of names, and their ends, that say whether a setting's value is a secret.
var (
	secretParts = []string{"KEY", "SECRET", "TOKEN", "PASSW", "PASSPHRASE", "PRIVATE", "CREDENTIAL"}
	secretEnds  = []string{"_PWD", "_PASS"}
	publicParts = []string{"PUBLIC", "PUBLISHABLE"}
	publicEnds  = []string{"_ID", "_IDS", "_NAME", "_PATH", "_FILE", "_URL", "_URI", "_HOST", "_ALG", "_ALGORITHM"}
)

// SaysSecret reports whether a setting's name says that its value is a secret.
func SaysSecret(name string) bool {
	name = strings.ToUpper(name)
	has := func(part string) bool { return strings.Contains(name, part) }
	ends := func(end string) bool { return strings.HasSuffix(name, end) }
	return (slices.ContainsFunc(secretParts, has) || slices.ContainsFunc(secretEnds, ends)) &&
		!slices.ContainsFunc(publicParts, has) && !slices.ContainsFunc(publicEnds, ends)
}

// Seed is a secret that is known before any text is seen.
type Seed struct {
	Name  string // the setting that it comes from
	Value string
}

// In returns the secrets in the value of a setting: all of it when the name says so, and what shapes tell.
func In(name, value string) []Seed {
	var seeds []Seed
	if isSecret(name, value) {
		seeds = append(seeds, Seed{name, value})
	}
	for _, m := range shaped(value) {
		if part := value[m.Start:m.End]; part != value || len(seeds) == 0 {
			seeds = append(seeds, Seed{name, part})
		}
	}
	return seeds
}

// isSecret reports whether the value of a setting is a secret by the setting's name. In contrast to what is about to be
// committed, it need not look drawn: passwords that people remember are hidden, too.
func isSecret(name, value string) bool {
	return SaysSecret(name) && !isOpen(value) && !isPath(value) && (!strings.Contains(value, "://") || HoldsRandom(value))
}

// isOpen reports whether a value can be no secret, wherever it stands: it is nothing, or a switch, or keeps the place of a
// value, or says where that is kept, or is made for web pages, or has been replaced.
func isOpen(value string) bool {
	switch strings.ToLower(value) {
	case "", "0", "1", "true", "false", "yes", "no", "on", "off":
		return true
	}
	return Placeholder(value) || isReference(value) || hasToken(value) ||
		strings.HasPrefix(value, "phc_") || strings.HasPrefix(value, "pk_")
}

// isReference reports whether a value names another one, in 1Password or in the environment.
func isReference(value string) bool {
	if _, behind, ok := strings.Cut(value, "${"); ok && strings.Contains(behind, "}") {
		return true
	}
	name, isVariable := strings.CutPrefix(value, "$")
	return strings.Contains(value, "op://") || isVariable && span(name, &isWord) == len(name) && name == strings.ToUpper(name)
}

func isPath(value string) bool {
	rooted := strings.HasPrefix(value, "/") || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "~/")
	return rooted && !Random(value)
}

// isOrdinary reports whether a secret is one that innocent texts hold as well: a word, or a short number. It is hidden
// where it stands as a secret, and nowhere else.
func isOrdinary(value string) bool {
	var letters, capitals, digits int
	for i := range len(value) {
		switch kind(value[i]) {
		case 'A':
			capitals++
			letters++
		case 'a':
			letters++
		case '0':
			digits++
		default:
			if value[i] >= 0x80 {
				letters++
			}
		}
	}
	switch {
	case len(value) < 4, letters+digits == 0:
		return true
	case digits == len(value), letters == len(value):
		isDrawn := len(value) >= window && capitals*3 > letters && capitals < letters
		return len(value) < 12 && !isDrawn
	}
	return false
}

// between are the signs that stand between words, in names and addresses.
const between = " -_./:,"

// drawn counts the bytes of text[start:end] that a person has hardly written: those that are in no word, in no number as
// short as a year, and no sign between them.
func drawn(text string, start, end int) int {
	n := 0
	for at := 0; at < end; {
		length := 0
		for at+length < len(text) && (kind(text[at+length]) != ' ' || text[at+length] >= 0x80) {
			length++
		}
		if length > 0 && !isWritten(text[at:at+length]) {
			n += max(0, min(end, at+length)-max(start, at))
		}
		if at += length; start <= at && at < end && strings.IndexByte(between, text[at]) < 0 {
			n++
		}
		at++
	}
	return n
}

// isWritten reports whether a run of letters and digits is a word, maybe with a number behind it, or a short number.
func isWritten(run string) bool {
	word := strings.TrimRight(run, "0123456789")
	number := len(run) - len(word)
	if word == "" {
		return number <= 4
	}
	rest := word[1:]
	return 3 <= len(word) && len(run) <= 12 && number <= 2 && (rest == strings.ToLower(rest) || word == strings.ToUpper(word)) &&
		!strings.ContainsAny(word, "0123456789")
}
