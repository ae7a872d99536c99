package redact

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Redactor replaces secrets by tokens. Within one redactor equal secrets have equal tokens: __secret1__ is the first one.
// A token tells nothing of its secret, not even to who guesses it: it is made from a number. It needs no escape in JSON, a
// URL, a shell or an env file, and is taken for no secret and no placeholder.
//
// A redactor is for one goroutine.
type Redactor struct {
	index  index
	names  []string       // of the secrets, by number
	known  map[string]int // the secrets' numbers, by identity
	public map[string]bool
	offset int // how many tokens had been given before this redactor was made
	ledger map[entry]int
}

type entry struct {
	secret int
	where  string
}

// Replacement is what is told of a secret that was replaced.
type Replacement struct {
	Name  string `json:"name"` // the setting that it comes from, or what it is
	Token string `json:"token"`
	Where string `json:"where"`
	Count int    `json:"count"`
}

// New makes a redactor that knows the seeds. Values that are public are no secrets, whatever names they have and wherever
// they stand.
func New(seeds []Seed, public []string) *Redactor {
	r := &Redactor{
		index: index{first: map[uint64]int32{}}, known: map[string]int{}, public: map[string]bool{}, ledger: map[entry]int{},
	}
	for _, value := range public {
		r.public[identity(value)] = true
	}
	for _, seed := range seeds {
		for token := range tokensIn(seed.Value) {
			number, _ := strconv.Atoi(token[len(tokenBegin) : len(token)-len(tokenEnd)])
			r.offset = max(r.offset, number)
		}
	}
	for _, seed := range seeds {
		if !isOpen(seed.Value) && !r.public[identity(seed.Value)] {
			r.take(seed.Name, seed.Value, true)
		}
	}
	return r
}

// identity is the same for values that only differ in the way that they are written.
func identity(value string) string {
	if strings.Contains(value, pemBegin) {
		return PEMBody(value)
	}
	return plainOf(value).text
}

// take gives a secret its number. When it is to be found everywhere, it is searched for from now on, unless innocent texts
// would suffer.
func (r *Redactor) take(name, value string, everywhere bool) int {
	id := identity(value)
	number, known := r.known[id]
	if !known {
		number = len(r.names)
		r.known[id] = number
		r.names = append(r.names, name)
		if everywhere && !isOrdinary(id) {
			r.index.add(number, id)
		}
	}
	return number
}

// Text returns a text without its secrets. Where says in the ledger where the text stands.
func (r *Redactor) Text(where, text string) string {
	for {
		replacements := r.find(text)
		if len(replacements) == 0 {
			return text
		}
		var clean strings.Builder
		at := 0
		for _, part := range replacements {
			clean.WriteString(text[at:part.start])
			clean.WriteString(r.replace(where, part.secret))
			at = part.end
		}
		clean.WriteString(text[at:])
		text = clean.String() // what has just been found may be there once more, in another form
	}
}

// Value returns the value of a setting without its secrets. When the setting's name says that it is one, nothing is left
// of it, even if it is too short to be searched for elsewhere.
func (r *Redactor) Value(where, name, value string) string {
	if !isSecret(name, value) || r.public[identity(value)] {
		return r.Text(where, value)
	}
	return r.replace(where, r.take(name, value, true))
}

// replace notes that a secret was replaced, and returns by what.
func (r *Redactor) replace(where string, number int) string {
	r.ledger[entry{number, where}]++
	return r.token(number)
}

// find returns the parts of a text that have to go, in order and apart from each other.
func (r *Redactor) find(text string) []hit {
	known := r.search(text, 0)
	found := slices.Clone(known)
	for _, m := range shaped(text) {
		value := text[m.Start:m.End]
		if r.public[identity(value)] {
			continue
		}
		overlaps := func(h hit) bool { return h.start < m.End && m.Start < h.end }
		number, again := r.known[identity(value)]
		if at := slices.IndexFunc(known, overlaps); !again && at >= 0 {
			number = known[at].secret
		} else if !again {
			// A password that somebody wrote into a log must not take that word out of all other texts.
			isWord := m.Kind == URLPassword || m.Kind == Password
			number = r.take(m.Kind, value, !isWord || Random(value))
		}
		found = append(found, hit{start: m.Start, end: m.End, secret: number})
	}
	slices.SortStableFunc(found, func(a, b hit) int { return cmp.Compare(a.start, b.start) })
	var apart []hit
	for _, h := range found {
		last := len(apart) - 1
		if last < 0 || h.start >= apart[last].end {
			apart = append(apart, h)
			continue
		}
		if h.end-h.start > apart[last].end-apart[last].start {
			apart[last].secret = h.secret
		}
		apart[last].end = max(apart[last].end, h.end)
	}
	return apart
}

// search returns where known secrets stand in a text, as it is written.
func (r *Redactor) search(text string, depth int) []hit {
	p := plainOf(text)
	hits := r.index.find(&p)
	if depth < maxEncoded {
		for _, e := range p.decoded() {
			for _, h := range r.search(e.text, depth+1) {
				h.start, h.end = e.within(h.start, h.end)
				hits = append(hits, h)
			}
		}
	}
	found := hits[:0]
	for _, h := range hits {
		h.start, h.end = p.at(h.start, h.end)
		if h.trim(text); h.start < h.end {
			found = append(found, h)
		}
	}
	return found
}

// trim leaves runes whole, and a quote that may be the text's own.
func (h *hit) trim(text string) {
	for h.start < h.end && (text[h.start] == '"' || !utf8.RuneStart(text[h.start])) {
		h.start++
	}
	for h.start < h.end && h.end < len(text) && !utf8.RuneStart(text[h.end]) {
		h.end--
	}
	for h.start < h.end && text[h.end-1] == '"' && !isEscaped(text, h.end-1) {
		h.end--
	}
}

// isEscaped reports whether a byte has a backslash before it that is not escaped itself.
func isEscaped(text string, at int) bool {
	return (at-len(strings.TrimRight(text[:at], `\`)))%2 == 1
}

// Ledger says what was replaced where, and not what it was: by token, then by place.
func (r *Redactor) Ledger() []Replacement {
	entries := slices.SortedFunc(maps.Keys(r.ledger), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.secret, b.secret), cmp.Compare(a.where, b.where))
	})
	replacements := []Replacement{}
	for _, e := range entries {
		replacements = append(replacements, Replacement{r.names[e.secret], r.token(e.secret), e.where, r.ledger[e]})
	}
	return replacements
}

// Survivors returns the names of the secrets of which something is left in data that has been written, in whatever form.
func (r *Redactor) Survivors(data []byte) []string {
	const chunk, overlap = 1 << 20, 1 << 16
	names := map[string]bool{}
	for at := 0; at < len(data); at += chunk {
		for _, h := range r.search(string(data[at:min(at+chunk+overlap, len(data))]), 0) {
			names[r.names[h.secret]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

const (
	tokenBegin = "__secret"
	tokenEnd   = "__"
)

func (r *Redactor) token(number int) string {
	return tokenBegin + strconv.Itoa(r.offset+number+1) + tokenEnd
}

// tokenAt is the length of the token that a text begins with, or 0.
func tokenAt(text string) int {
	behind, ok := strings.CutPrefix(text, tokenBegin)
	digits := len(behind) - len(strings.TrimLeft(behind, "0123456789"))
	if !ok || digits == 0 || digits > 9 || !strings.HasPrefix(behind[digits:], tokenEnd) {
		return 0
	}
	return len(tokenBegin) + digits + len(tokenEnd)
}

// tokensIn yields the tokens of a text.
func tokensIn(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			at := strings.Index(text, tokenBegin)
			if at < 0 {
				return
			}
			text = text[at:]
			length := tokenAt(text)
			if length > 0 && !yield(text[:length]) {
				return
			}
			text = text[max(length, 1):]
		}
	}
}

func hasToken(text string) bool {
	for range tokensIn(text) {
		return true
	}
	return false
}
