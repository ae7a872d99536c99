package redact

import (
	"slices"
	"strings"
)

// Password is the kind of what is given as a password, as in password=….
const Password = "password"

// shaped returns what is secret in a text by its shape and by where it stands, in order. Unlike what is looked for in a
// commit, it may be a secret of tests and may have expired: to hide one too many costs little here.
func shaped(text string) []Match {
	found := slices.DeleteFunc(Find(text), func(m Match) bool {
		value := text[m.Start:m.End]
		return m.Kind == URLPassword || hasToken(value) || isMadeUp(value, m)
	})
	return inOrder(slices.Concat(found, inAddresses(text), assigned(text)))
}

// isMadeUp reports whether what has the shape of a secret only keeps the place of one.
func isMadeUp(value string, m Match) bool {
	if m.Kind == PrivateKey {
		return Placeholder(value) && !Random(PEMBody(value))
	}
	return Made(value) && !Random(strings.TrimPrefix(value, m.Prefix))
}

// inAddresses finds passwords in URLs as people write them, with characters that a URL may not have, too.
func inAddresses(text string) []Match {
	var found []Match
	for at := 0; ; {
		scheme := strings.Index(text[at:], "://")
		if scheme < 0 {
			return found
		}
		at += scheme + len("://")
		authority := text[at:min(at+longest, len(text))]
		if end := strings.IndexAny(authority, "/?#\\\"'`<> \t\r\n"); end >= 0 {
			authority = authority[:end]
		}
		info := authority[:max(0, strings.LastIndexByte(authority, '@'))]
		user, password, _ := strings.Cut(info, ":")
		if Random(user) && !hasToken(user) { // a token may stand in the place of the user
			found = append(found, Match{Kind: URLPassword, Start: at, End: at + len(user)})
		}
		if password != user && !isOpen(password) && !isTemplate(password) {
			found = append(found, Match{Kind: URLPassword, Start: at + len(user) + len(":"), End: at + len(info)})
		}
	}
}

// What is assigned as a password, and what is a secret when it looks drawn, as their names end in DSNs, forms and queries.
var (
	passwordNames = []string{"password", "passwd", "passphrase", "pwd"}
	tokenNames    = []string{"access_token", "auth_token", "client_secret", "api_key", "apikey", "x-amz-signature"}
)

// assigned finds name=value, also as libpq writes it: name = 'value'.
func assigned(text string) []Match {
	var found []Match
	for at := 0; ; {
		sign := strings.IndexByte(text[at:], '=')
		if sign < 0 {
			return found
		}
		before := strings.TrimRight(text[at:at+sign], " ")
		spaced := len(before) < sign
		at += sign + len("=")
		name := strings.ToLower(before[max(0, len(before)-len("x-amz-signature")):])
		isPassword := ends(name, passwordNames...)
		if !isPassword && !ends(name, tokenNames...) {
			continue
		}
		start, end := operand(text, at, spaced)
		value := text[start:end]
		if isOpen(value) || isPath(value) || isTemplate(value) || !isPassword && !Random(value) {
			continue
		}
		found = append(found, Match{Kind: Password, Start: start, End: end})
		at = end
	}
}

// longest is how long a password, and what stands around it in a URL, may be: 1,000 bytes.
const longest = 1000

// operand is where the value behind a sign stands. Where blanks stand around the sign, only a value in quotes is one.
func operand(text string, at int, spaced bool) (start, end int) {
	text = text[:min(at+longest, len(text))]
	behind := strings.TrimLeft(text[at:], " ")
	quote := strings.TrimLeft(behind, `\`)
	if quote == "" || quote[0] != '\'' && quote[0] != '"' {
		if spaced || len(behind) < len(text)-at {
			return at, at
		}
		length := strings.IndexAny(behind, "&;\\\"'`<> \t\r\n")
		if length < 0 {
			length = len(behind)
		}
		return at, at + len(strings.TrimRight(behind[:length], ".,:)]}"))
	}
	isEscaped := len(quote) < len(behind)
	start = len(text) - len(quote) + 1
	for end = start; end < len(text) && text[end] != quote[0] && text[end] != '\n'; end++ {
		if text[end] == '\\' && isEscaped {
			break
		} else if text[end] == '\\' {
			end++
		}
	}
	return start, min(end, len(text))
}

// isTemplate reports whether a value is still to be put in, or is computed.
func isTemplate(value string) bool {
	name, isVariable := strings.CutPrefix(value, "$")
	return begins(value, "{", "(", "<", "[", "%s", "%v", "%(") || ends(value, "(", "[", "()") ||
		isVariable && !strings.ContainsAny(name, "0123456789")
}

func begins(text string, any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return strings.HasPrefix(text, s) })
}

func ends(text string, any ...string) bool {
	return slices.ContainsFunc(any, func(s string) bool { return strings.HasSuffix(text, s) })
}
