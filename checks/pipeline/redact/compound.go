package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// The kinds of secrets that are more than one word, and that say something of themselves.
const (
	JSONWebToken = "JSON web token"
	PrivateKey   = "private key"
	URLPassword  = "password in a URL"
)

// inOrder sorts matches by place. What lies within another match is a part of it.
func inOrder(found []Match) []Match {
	slices.SortStableFunc(found, func(a, b Match) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End)) })
	end := 0
	return slices.DeleteFunc(found, func(m Match) bool {
		within := m.End <= end
		end = max(end, m.End)
		return within
	})
}

// jsonWebToken looks at a word that may be the header of one: the payload and the signature follow behind dots.
func jsonWebToken(text string, start, end int) (Match, bool) {
	header := text[start:end]
	payload, rest, signed := strings.Cut(text[end:], ".")
	if payload != "" || !signed {
		return Match{}, false
	}
	payload = rest[:span(rest, &isWord)]
	rest, signed = strings.CutPrefix(rest[len(payload):], ".")
	signature := span(rest, &isWord)
	if !signed || signature < 20 || !isObject(header) || !isObject(payload) {
		return Match{}, false
	}
	return Match{Kind: JSONWebToken, Prefix: "eyJ", Start: start, End: end + len(".") + len(payload) + len(".") + signature}, true
}

func isObject(encoded string) bool {
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	var object map[string]json.RawMessage
	return err == nil && json.Unmarshal(decoded, &object) == nil
}

// nearby is how far from its id, in bytes, an AWS secret is looked for.
const nearby = 240

// awsSecret looks for the secret access key that stands by an access key id, or by its own name. It has no prefix of its
// own; the id alone is no secret.
func awsSecret(text string, start, end int) (Match, bool) {
	const idLength, secretLength = 20, 40
	named := text[start] == 'a' || end-start != idLength
	from, to := max(start-nearby, 0), min(end+nearby, len(text))
	if named {
		from, to = end, min(end+20, len(text))
		if strings.HasPrefix(text[start:end], "AKIA") || strings.HasPrefix(text[start:end], "ASIA") {
			return Match{}, false // longer or shorter than an id
		}
	}
	for at := from; at < to; at++ {
		n := span(text[at:], &isBase64)
		begins := at == 0 || !isBase64[text[at-1]] && !isWord[text[at-1]]
		ends := at+n == len(text) || !isWord[text[at+n]]
		if n == secretLength && begins && ends && isDrawn(text[at:at+n]) {
			return Match{Kind: "AWS secret access key", Start: at, End: at + n}, true
		}
		at += n
	}
	return Match{}, false
}

// isDrawn tells a secret of AWS, in which letters of both cases stand, from the hash of a commit, which is as long.
func isDrawn(word string) bool {
	return Random(word) && strings.ToLower(word) != word && strings.ToUpper(word) != word
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
	pemRim   = "-----"
	maxPEM   = 16 << 10 // an RSA key of 16,384 bits has 13 kB
	minPEM   = 60       // characters; an Ed25519 key has 64
)

// privateKeys finds private keys in PEM, with line breaks as they are or as \n.
func privateKeys(text string) []Match {
	var found []Match
	for at := 0; ; {
		begin := strings.Index(text[at:], pemBegin)
		if begin < 0 {
			return found
		}
		begin += at
		at = begin + len(pemBegin)
		label, rest, ok := strings.Cut(text[at:min(at+maxPEM, len(text))], pemRim)
		if !ok || len(label) > 40 || !strings.HasSuffix(strings.TrimSuffix(label, " BLOCK"), "PRIVATE KEY") {
			continue
		}
		body, _, ends := strings.Cut(rest, pemEnd)
		if !ends || len(PEMBody(body)) < minPEM {
			continue
		}
		prefix := pemBegin + label + pemRim
		at = begin + len(prefix) + len(body)
		end := at + len(pemEnd)
		if last := label + pemRim; strings.HasPrefix(text[end:], last) {
			end += len(last)
		}
		found = append(found, Match{Kind: PrivateKey, Prefix: prefix, Start: begin, End: end})
	}
}

var lineBreaks = strings.NewReplacer(`\r`, "", `\n`, "")

// PEMBody is a private key's text without what differs with the way it is written: its rims, its line breaks, escaped or
// not, and what a language puts around them.
func PEMBody(text string) string {
	if _, behind, ok := strings.Cut(text, " KEY-----"); ok {
		text, _, _ = strings.Cut(behind, pemEnd)
	}
	text = lineBreaks.Replace(text)
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (isBase64[r] || r == '=') {
			return r
		}
		return -1
	}, text)
}

const slackHook = "hooks.slack.com/services/"

// inURLs finds passwords in URLs, and the one kind of URL that is a secret by itself.
func inURLs(text string) []Match {
	var found []Match
	for at := 0; ; {
		scheme := strings.Index(text[at:], "://")
		if scheme < 0 {
			return found
		}
		at += scheme + len("://")
		if path, ok := strings.CutPrefix(text[at:min(at+120, len(text))], slackHook); ok {
			path = path[:span(path, &isBase64)]
			if team, channel, ok := strings.Cut(path, "/"); ok && team[:min(1, len(team))] == "T" && strings.HasPrefix(channel, "B") && len(path) >= 40 {
				found = append(found, Match{Kind: "Slack webhook", Prefix: slackHook, Start: at, End: at + len(slackHook) + len(path)})
			}
			continue
		}
		if m, ok := password(text, at); ok {
			found = append(found, m)
			at = m.End
		}
	}
}

// password reads user:password@host.
func password(text string, at int) (Match, bool) {
	info := text[at : at+span(text[at:min(at+300, len(text))], &isUserInfo)]
	end := at + len(info)
	user, secret, ok := strings.Cut(info, ":")
	if !ok || secret == "" || end == len(text) || text[end] != '@' {
		return Match{}, false
	}
	host := text[end+1:]
	host = host[:span(host[:min(len(host), 253)], &isHost)]
	if host == "" {
		return Match{}, false
	}
	return Match{Kind: URLPassword, Start: at + len(user) + len(":"), End: end, User: user, Host: host}, true
}
