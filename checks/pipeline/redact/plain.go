package redact

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// plain is a text without what the way of writing it puts into it: escapes of JSON and of URLs, one in another, and line
// breaks with the indentation behind them. In it a secret always looks the same.
type plain struct {
	text  string
	spans []place // where each byte stands in the text as it was written; nil when that is the same
}

// place is a part of a text as it was written.
type place struct{ start, end int32 }

// at is where the bytes start to end of the plain text stand in the written one.
func (p *plain) at(start, end int) (int, int) {
	if p.spans == nil {
		return start, end
	}
	return int(p.spans[start].start), int(p.spans[end-1].end)
}

// isEdge reports whether a word can end, and another one begin, before a byte of the plain text.
func (p *plain) isEdge(at int) bool {
	isLetter := func(c byte) bool { return c >= 0x80 || isWord[c] && c != '-' }
	return at == 0 || at == len(p.text) || !isLetter(p.text[at-1]) || !isLetter(p.text[at]) ||
		p.spans != nil && p.spans[at-1].end != p.spans[at].start
}

// hidden stands for a token in a plain text. No secret has it, since it is in no UTF-8 text.
const hidden = 0xff

// How deep escapes are looked for in each other, and base64 in base64. JSON in JSON in JSON has three escapes, and a
// backslash in it has become eight.
const (
	maxEscapes = 10
	maxEncoded = 4
)

// plainOf makes a text plain.
func plainOf(text string) plain {
	p := plain{text: text}
	if !strings.ContainsAny(text, "\\%\n\r\t") && !hasToken(text) {
		return p
	}
	for range maxEscapes {
		d := decoder{text: p.text, bytes: make([]byte, 0, len(p.text)), spans: make([]place, 0, len(p.text))}
		d.decode()
		if p.spans != nil {
			for i, s := range d.spans {
				d.spans[i] = place{p.spans[s.start].start, p.spans[s.end-1].end}
			}
		}
		p = plain{string(d.bytes), d.spans}
		if !d.again {
			break
		}
	}
	return p
}

// decoder takes one layer of escapes away.
type decoder struct {
	text   string
	bytes  []byte
	spans  []place
	broken bool // nothing has come since the line break
	again  bool // what was decoded may belong to another escape
}

func (d *decoder) decode() {
	for at := 0; at < len(d.text); {
		switch c := d.text[at]; {
		case c == '\\':
			at = d.backslash(at)
		case c == '%':
			at = d.percent(at)
		case d.broken && strings.HasPrefix(d.text[at:], "++"): // indentation, as a URL's query has it
			at = len(d.text) - len(strings.TrimLeft(d.text[at:], "+"))
		case c == '_' && tokenAt(d.text[at:]) > 0:
			end := at + tokenAt(d.text[at:])
			d.put(hidden, at, end)
			at = end
		default:
			d.put(c, at, at+1)
			at++
			if !d.broken {
				at = d.plainly(at)
			}
		}
	}
}

var isShaping = [256]bool{'\\': true, '%': true, '_': true, '\n': true, '\r': true, '\t': true}

// plainly appends what stands up to the next byte that may be no part of the text, and returns where that is. Most of a text
// goes this way.
func (d *decoder) plainly(at int) int {
	end := at
	for end < len(d.text) && !isShaping[d.text[end]] {
		d.spans = append(d.spans, place{int32(end), int32(end + 1)})
		end++
	}
	d.bytes = append(d.bytes, d.text[at:end]...)
	return end
}

// put appends a byte, unless it only shapes the text.
func (d *decoder) put(c byte, start, end int) {
	switch {
	case c == '\n' || c == '\r':
		d.broken = true
		d.again = d.again || d.isWithin()
	case c == '\t' || c == ' ' && d.broken:
	default:
		d.broken = false
		d.bytes = append(d.bytes, c)
		d.spans = append(d.spans, place{int32(start), int32(end)})
	}
}

// isWithin reports whether the last bytes are the beginning of an escape, which the next ones may complete.
func (d *decoder) isWithin() bool {
	return bytes.IndexByte(d.bytes[max(0, len(d.bytes)-2):], '%') >= 0
}

// backslash decodes an escape of JSON, and returns where it ends. Of more than one backslash each second one escapes
// another, for an escape in another one.
func (d *decoder) backslash(start int) int {
	at := start + 1
	if at == len(d.text) {
		return at
	}
	switch c := d.text[at]; c {
	case 'n', 'r':
		d.put('\n', start, at+1)
	case 't':
		d.put('\t', start, at+1)
	case 'u':
		return d.unicode(start)
	case '\\':
		d.again = true
		d.put(c, start, at+1)
	case '\n', '\r': // the line may break within an escape
		d.again = true
		d.put('\\', start, at)
		return at
	case '%', '_':
		return at
	default:
		d.put(c, start, at+1)
	}
	return at + 1
}

// unicode decodes \u0000.
func (d *decoder) unicode(start int) int {
	at := start + len(`\`)
	code, ok := hexadecimal(d.text, at+1, 4)
	switch {
	case !ok && strings.ContainsAny(d.text[at:min(at+5, len(d.text))], "\r\n\\%"): // it may be escaped itself
		d.again = true
		d.put('\\', start, at)
		return at
	case !ok:
		d.put('u', start, at+1)
		return at + 1
	}
	r, end := rune(code), at+5
	if low, ok := hexadecimal(d.text, end+2, 4); ok && utf16.IsSurrogate(r) && d.text[end:end+2] == `\u` {
		r, end = utf16.DecodeRune(r, rune(low)), end+6
	}
	var encoded [utf8.UTFMax]byte
	for _, c := range encoded[:utf8.EncodeRune(encoded[:], r)] {
		d.put(c, start, end)
	}
	d.again = d.again || r == '\\' || r == '%'
	return end
}

// percent decodes %00, and returns where it ends.
func (d *decoder) percent(start int) int {
	code, ok := hexadecimal(d.text, start+1, 2)
	if !ok {
		d.put('%', start, start+1)
		return start + 1
	}
	d.again = d.again || code == '\\' || code == '%' || d.isWithin()
	d.put(byte(code), start, start+len("%00"))
	return start + len("%00")
}

func hexadecimal(text string, at, length int) (uint64, bool) {
	if at+length > len(text) {
		return 0, false
	}
	code, err := strconv.ParseUint(text[at:at+length], 16, 32)
	return code, err == nil
}

// shortestEncoded is how many characters of base64 a window takes.
const shortestEncoded = (window*8 + 5) / 6

var isEncoded = characters("+/-_") // of both alphabets of base64

// encoded is a text that stands in another one in base64.
type encoded struct {
	text string
	at   int // where its first byte begins there, or would
	from int // where there is something of it
}

// decoded returns what is text when it is read as base64. Where such a word begins cannot be told from what stands before
// it, and it may have been cut, so that it is read as if up to three characters were missing.
func (p *plain) decoded() []encoded {
	var all []encoded
	var read, word []byte // used again and again: hardly anything that is read is text
	for start, end := range words(p.text, &isEncoded, shortestEncoded) {
		word = append(append(word[:0], "AAA"...), p.text[start:end]...)
		for i, c := range word {
			switch c {
			case '-':
				word[i] = '+'
			case '_':
				word[i] = '/'
			}
		}
		for missing := range 4 {
			padded := word[3-missing:]
			length := (len(padded)*6/8*8 + 5) / 6
			var err error
			read, err = base64.RawStdEncoding.AppendDecode(read[:0], padded[:length])
			clear(read[:min(missing, len(read))]) // made of what is missing: it may look like an escape
			if err == nil && isReadable(read) {
				all = append(all, encoded{string(read), start - missing, start})
			}
		}
	}
	return all
}

// within is where the bytes start to end of an encoded text stand in the one around it.
func (e *encoded) within(start, end int) (int, int) {
	return max(e.from, e.at+start*8/6), e.at + (end*8+5)/6
}

// isReadable reports whether there is a window of text in data: in what is no text at all there hardly ever is.
func isReadable(data []byte) bool {
	readable := 0
	for at := 0; at < len(data); {
		c, length := data[at], 1
		switch {
		case ' ' <= c && c <= '~' || c == '\t' || c == '\n' || c == '\r':
			readable++
		case c < utf8.RuneSelf:
			readable = 0
		default:
			if _, length = utf8.DecodeRune(data[at:]); length == 1 {
				readable = 0
			} else {
				readable += length
			}
		}
		if at += length; readable >= window {
			return true
		}
	}
	return false
}
