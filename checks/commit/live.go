package commit

import (
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"doctor/checks/pipeline/redact"
)

// What has the shape of a secret is not always one: tests and manuals have to write something, too.

// tests are the names of folders, and parts of the names of files, that hold tests and what they need.
var tests = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(^|/)(__)?(tests?|testing|testdata|test[-_](data|utils|fixtures)|fixtures?|spec|mocks?)(__)?/|(^|/)(test_|conftest)[^/]*$|[._](test|spec)\.[^/]*$`)
})

func isTest(file string) bool { return tests().MatchString(file) }

// isMadeForTests reports whether tests make secrets of a kind for themselves that look no different from real ones: keys
// and what is signed with them. Nobody makes up an API key that works nowhere and looks as if it did.
func isMadeForTests(kind string) bool {
	return kind == redact.PrivateKey || kind == redact.JSONWebToken
}

// isLive reports whether what was found in a text is a secret that opens something.
func (s *search) isLive(text string, m redact.Match) bool {
	found := text[m.Start:m.End]
	switch m.Kind {
	case redact.URLPassword:
		return s.isLivePassword(found, m)
	case redact.JSONWebToken:
		return s.isLiveToken(found)
	case redact.PrivateKey:
		return !redact.Placeholder(found) && redact.Random(redact.PEMBody(found)) && !s.public[plain(found)]
	}
	return !redact.Made(found) && redact.Random(strings.TrimPrefix(found, m.Prefix)) && !s.public[plain(found)]
}

// isReal reports whether the value of a setting with a secret's name is one. Passwords that people remember are not
// recognized: they cannot be told from words.
func (s *search) isReal(value string) bool {
	if strings.Contains(value, "-----BEGIN ") {
		return redact.Random(redact.PEMBody(value)) && !s.public[plain(value)]
	}
	isReference := strings.Contains(value, "${") || strings.Contains(value, "op://")
	isPublic := strings.HasPrefix(value, "phc_") || strings.HasPrefix(value, "pk_") // made for web pages
	isText := strings.ContainsAny(value, " \t\n") || strings.Contains(value, "://") || strings.HasPrefix(value, "/")
	return !isReference && !isPublic && !isText && !redact.Made(value) && redact.Random(value) && !s.public[plain(value)]
}

// plain is the form in which values are compared, however they are quoted and broken.
func plain(value string) string {
	if strings.Contains(value, "-----BEGIN ") {
		return redact.PEMBody(value)
	}
	return value
}

// isLivePassword judges a password in a URL. On this machine and between containers all that matters is whether a machine
// has drawn it; to a host elsewhere people also log in with passwords that they have thought of.
func (s *search) isLivePassword(password string, m redact.Match) bool {
	if unescaped, err := url.PathUnescape(password); err == nil {
		password = unescaped
	}
	if password == m.User || s.public[password] || redact.Made(password) {
		return false
	}
	if redact.Random(password) {
		return !isExample(m.Host)
	}
	return !isExample(m.Host) && !isHere(m.Host) && isThoughtOf(password)
}

// isExample reports whether a host is one of those that are reserved for writing about hosts (RFC 2606, RFC 6761).
func isExample(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	reserved := []string{"example.com", "example.org", "example.net", "example", "test", "invalid"}
	return slices.ContainsFunc(reserved, func(name string) bool { return host == name || strings.HasSuffix(host, "."+name) })
}

// isHere reports whether a host can be reached from this machine or its own network only. A name without a dot is that of
// a container, or of a placeholder.
func isHere(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return address.IsLoopback() || address.IsPrivate() || address.IsUnspecified() || address.IsLinkLocalUnicast()
	}
	private := []string{".local", ".localhost", ".internal", ".lan", ".localdomain", ".svc"}
	return !strings.Contains(host, ".") || slices.ContainsFunc(private, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// letters are what digits and signs stand for in passwords that are words in disguise.
var letters = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

var common = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`pass|pwd|secret|admin|user|guest|test|demo|example|hunter|letmein|welcome|qwert|asdf|token|apikey|oauth|basic|root|posthog|hidden|redacted|wrong|correct|deadbeef`)
})

// isThoughtOf reports whether a password is one that a person may use in earnest.
func isThoughtOf(password string) bool {
	hasLetter := strings.IndexFunc(password, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }) >= 0
	hasDigit := strings.ContainsAny(password, "0123456789")
	counting := strings.Contains(password, "123") || strings.Contains(strings.ToLower(password), "abc")
	return len(password) >= 8 && hasLetter && hasDigit && !counting && !common().MatchString(letters.Replace(strings.ToLower(password)))
}

// isLiveToken judges a JSON web token by what it says of itself: one that has expired opens nothing any more, and some are
// printed in every manual.
func (s *search) isLiveToken(token string) bool {
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expires json.Number `json:"exp"`
		Role    any         `json:"role"`
		Issuer  any         `json:"iss"`
		Subject any         `json:"sub"`
		Name    any         `json:"name"`
	}
	if err != nil || !redact.Random(parts[2]) || redact.Made(parts[2]) || s.public[token] {
		return false
	}
	if json.Unmarshal(payload, &claims) != nil {
		return true // its claims have other types than these: nothing speaks against it
	}
	switch expires, err := claims.Expires.Float64(); {
	case claims.Role == "anon", claims.Issuer == "supabase-demo":
		return false // handed out to every browser
	case claims.Subject == "1234567890", claims.Name == "John Doe":
		return false // the example of jwt.io
	case err == nil:
		return expires > float64(s.now.Unix())
	}
	return redact.HoldsRandom(string(payload))
}
