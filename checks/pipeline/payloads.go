package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/fernet/fernet-go"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	encodingKey       = "encoding"
	encodingEncrypted = "binary/encrypted"
	keySize           = 32
)

// opened is what an encrypted payload holds.
type opened string

// openings is what encrypted payloads were found to hold, by the hash of their data.
var openings = Fact[string, opened]{SourceSettings, "payload", plainly[string]("what a payload holds")}

// Encrypted reports whether a key is needed to read the payload.
func (p Payload) Encrypted() bool { return string(p.Metadata[encodingKey]) == encodingEncrypted }

// Open returns a payload's data in the clear. It is false when the payload is encrypted and none of the keys that are
// set opens it. What it returns is somebody's signal: it is compared and counted, and only its ids are shown. A recording
// keeps its [Outline] only, which is what a replayed world opens it to.
func (w *World) Open(p Payload) ([]byte, bool) {
	if !p.Encrypted() {
		return p.Data, true
	}
	hash := fmt.Sprintf("%x", sha256.Sum256(p.Data))
	asked := openings.question(hash)
	w.mu.Lock()
	known := w.answers[asked]
	w.mu.Unlock()
	if known != nil {
		content, err := valueOf[opened](known, asked)
		return []byte(content), err == nil
	}
	content, ok := w.decrypt(p)
	if ok {
		w.Tell(openings.Is(hash, opened(content)))
	}
	return content, ok
}

// Keys is how many keys are known that payloads may be encrypted with.
func (w *World) Keys(ctx context.Context) (int, error) {
	return ask(ctx, w, PayloadKeys, Nothing{}, func(context.Context) (int, error) { return len(w.payloadKeys()), nil })
}

// decrypt opens an encrypted payload with one of the keys that are set. The encryption is that of
// posthog/temporal/common/codec.py: a Fernet token around a serialized payload.
func (w *World) decrypt(p Payload) ([]byte, bool) {
	// One key at a time: secrets shorter than half a key all sign alike, and the library decrypts in place, so that a
	// key which only seems to fit would spoil the token for the right one.
	for _, key := range w.payloadKeys() {
		plain := fernet.VerifyAndDecrypt(p.Data, 0, []*fernet.Key{key})
		if data, err := payloadData(plain); plain != nil && err == nil {
			return data, true
		}
	}
	return nil, false
}

func (w *World) payloadKeys() []*fernet.Key {
	var keys []*fernet.Key
	for _, secret := range w.Settings.PayloadKeys {
		if key, ok := fernetKey(string(secret)); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// fernetKey derives a key as the pipeline does: decoded where a prefix says so, padded on the left with zero bytes or cut
// to the size of a key.
func fernetKey(secret string) (*fernet.Key, bool) {
	raw, err := []byte(secret), error(nil)
	switch prefix, rest, _ := strings.Cut(secret, ":"); prefix {
	case "hex":
		raw, err = hex.DecodeString(rest)
	case "base64":
		raw, err = base64.StdEncoding.DecodeString(rest)
	case "base64-urlsafe":
		raw, err = base64.URLEncoding.DecodeString(rest)
	}
	if err != nil || len(raw) == 0 {
		return nil, false
	}
	var key fernet.Key
	raw = raw[:min(len(raw), keySize)]
	copy(key[keySize-len(raw):], raw)
	return &key, true
}

// payloadData reads the data, field 2, of a serialized temporal.api.common.v1.Payload.
func payloadData(message []byte) ([]byte, error) {
	const dataField = 2
	var data []byte
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		message = message[n:]
		if number == dataField && kind == protowire.BytesType {
			value, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return nil, protowire.ParseError(n)
			}
			data, message = value, message[n:]
			continue
		}
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			return nil, errors.New("malformed payload")
		}
		message = message[n:]
	}
	return data, nil
}
