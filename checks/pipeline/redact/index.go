package redact

import "strings"

// index finds secrets in plain texts, whole or a part of them.
//
// It knows every few bytes a window of each secret, so that one pass over a text meets each part that is long enough to
// matter; comparing from there to both sides tells how far it goes. A text's own windows are looked for in a sieve first,
// which nearly always says no.
type index struct {
	forms   []form
	short   []form // those that have no window
	windows []windowAt
	first   map[uint64]int32 // by a window's bytes: its first place in windows
	sieve   [1 << 10]uint64
}

// form is a secret as it stands in a plain text.
type form struct {
	secret  int
	text    string
	common  int // how many bytes at its beginning others of its kind begin with, too
	atLeast int // a part that is as long as this gives it away
	drawn   int // when so many bytes of it are what nobody writes by chance
}

// windowAt is where a window stands, and the next place in windows with the same bytes, or -1.
type windowAt struct{ form, at, next int32 }

const (
	window  = 8
	telling = 10 // bytes of a secret that are as good as all of it, if it has twice as many
	long    = 32 // bytes that are no coincidence, even if they are words
)

// add takes in a secret, as it stands in a plain text.
func (x *index) add(secret int, text string) {
	f := form{secret: secret, text: text, common: min(commonLead(text), len(text))}
	if len(text) < window {
		x.short = append(x.short, f)
		return
	}
	f.atLeast = max(window, min(telling, len(text)/2))
	if f.drawn = f.atLeast / 2; drawn(text, f.common, len(text))*2 >= len(text)-f.common {
		f.drawn /= 2
	}
	x.forms = append(x.forms, f)
	last := len(text) - window
	for at := min(f.common, last); at < last; at += f.atLeast - window + 1 {
		x.put(text, at)
	}
	x.put(text, last) // all of the secret is met in any case
}

// commonLead is how many bytes of a secret all of its kind begin with: they say what it is, and nothing else.
func commonLead(value string) int {
	switch {
	case strings.HasPrefix(value, "MII"):
		return 52 // an RSA key: behind this comes the modulus, which is public
	case strings.HasPrefix(value, "MIG"):
		return 48 // an EC key in PKCS #8
	case strings.HasPrefix(value, "b3BlbnNzaC1r"):
		return 64 // an OpenSSH key, whose public key comes first
	case strings.HasPrefix(value, "MC4CAQ"), strings.HasPrefix(value, "MHcCAQ"):
		return 22 // an Ed25519 key, or an EC key
	case strings.HasPrefix(value, "eyJ"):
		return strings.IndexByte(value, '.') + 1
	}
	for _, s := range shapes {
		if strings.HasPrefix(value, s.prefix) {
			return len(s.prefix)
		}
	}
	return 0
}

// put takes in a window of the last form.
func (x *index) put(text string, start int) {
	at := int32(len(x.forms) - 1)
	var w uint64
	for i := start; i < start+window; i++ {
		w = roll(w, text[i])
	}
	next, known := x.first[w]
	switch {
	case !known:
		next = -1
	case x.windows[next].form == at:
		return // the secret repeats itself
	}
	x.first[w] = int32(len(x.windows))
	x.windows = append(x.windows, windowAt{at, int32(start), next})
	bit := sieved(w)
	x.sieve[bit>>6] |= 1 << (bit & 63)
}

// roll moves a window by a byte. A blank and the way to write it in a URL's query are the same.
func roll(w uint64, c byte) uint64 {
	if c == '+' {
		c = ' '
	}
	return w<<8 | uint64(c)
}

// sieved is a window's bit in the sieve.
func sieved(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> 48 }

// hit is a part of a text that belongs to a secret.
type hit struct {
	start, end int
	secret     int
	whole      bool // it is all of the secret
	counts     bool // it gives the secret away
}

// find returns where in a plain text secrets are.
func (x *index) find(p *plain) []hit {
	hits := x.findShort(p)
	text, begin := p.text, 0
	var w uint64
	for i := 0; i < len(text); i++ {
		w = roll(w, text[i])
		if bit := sieved(w); x.sieve[bit>>6]&(1<<(bit&63)) == 0 || i-begin < window-1 {
			continue
		}
		if h := x.best(text, w, begin, i+1-window); h.counts {
			hits = append(hits, h)
			begin, i = h.end, h.end-1
		}
	}
	return hits
}

// best is the longest part of a secret around a window of a text, but not before begin. Of parts of the same length, a
// whole secret comes first, and then the one that has been known longest.
func (x *index) best(text string, w uint64, begin, at int) hit {
	next, known := x.first[w]
	if !known {
		return hit{}
	}
	var found hit
	for ; next >= 0; next = x.windows[next].next {
		f, from := &x.forms[x.windows[next].form], int(x.windows[next].at)
		h := f.around(text, begin, at, from)
		more := (h.end - h.start) - (found.end - found.start)
		if h.counts && (more > 0 || more == 0 && (h.whole || !found.whole)) {
			found = h
		}
	}
	return found
}

// around compares from a window on to both sides.
func (f *form) around(text string, begin, at, from int) hit {
	end, to := at, from
	for end < len(text) && to < len(f.text) && f.is(text[end], to) {
		end, to = end+1, to+1
	}
	start := at
	for start > begin && from > 0 && f.is(text[start-1], from-1) {
		start, from = start-1, from-1
	}
	h := hit{start: start, end: end, secret: f.secret, whole: from == 0 && to == len(f.text)}
	switch n := to - max(from, f.common); {
	case h.whole, n >= long:
		h.counts = true
	case n < f.atLeast:
	case drawn(f.text, from, to) >= f.drawn:
		h.counts = true
	default: // words: they have to be cut where the secret goes on
		h.counts = from == 0 && begins(text[end:], "…", "...") || to == len(f.text) && ends(text[:start], "…", "...")
	}
	return h
}

// is reports whether a byte of a text is the one of the form.
func (f *form) is(c byte, at int) bool {
	return c == f.text[at] || c == '+' && f.text[at] == ' '
}

// findShort finds secrets that are too short for windows where they are words.
func (x *index) findShort(p *plain) []hit {
	var hits []hit
	for _, f := range x.short {
		for at := 0; ; at++ {
			next := strings.Index(p.text[at:], f.text)
			if next < 0 {
				break
			}
			at += next
			if end := at + len(f.text); p.isEdge(at) && p.isEdge(end) {
				hits = append(hits, hit{start: at, end: end, secret: f.secret})
			}
		}
	}
	return hits
}
