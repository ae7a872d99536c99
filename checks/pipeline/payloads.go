package pipeline

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/fernet/fernet-go"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	encodingKey       = "encoding"
	encodingEncrypted = "binary/encrypted"
	keySize           = 32
)

// Open returns a payload's data in the clear. It is false when the payload is encrypted and none of the keys that are
// set opens it. What it returns is somebody's signal: it is compared and counted, and only its ids are shown.
//
// The encryption is that of posthog/temporal/common/codec.py: a Fernet token around a serialized payload.
func (w *World) Open(p Payload) ([]byte, bool) {
	if string(p.Metadata[encodingKey]) != encodingEncrypted {
		return p.Data, true
	}
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
