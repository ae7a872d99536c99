package truth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"doctor/checks/pipeline"
	"doctor/checks/pipeline/capture"
	"doctor/checks/pipeline/settings"
)

// retelling is how a capture is told as something that happened to another team at another time, and under other ids: the
// same capture can be told twice in one world.
type retelling struct {
	salt  string
	from  string // the team's number, as it stands in all that was recorded
	shift time.Duration
}

// named is what the recorded texts have that must be told otherwise: what a payload holds encrypted, the ids of everything,
// those of containers whole and short, and instants.
var named = regexp.MustCompile(`"data":"[A-Za-z0-9+/=]+"` +
	`|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b` +
	`|\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d`)

const (
	seconds     = "2006-01-02T15:04:05"
	shortID     = 12 // of a container
	versionAt   = 14 // in a UUID
	variantAt   = 19
	dataBegins  = `"data":"`
	payloadFact = "payload"
)

func (r retelling) text(text string) string {
	text = named.ReplaceAllStringFunc(text, func(match string) string {
		switch {
		case strings.HasPrefix(match, dataBegins):
			return r.payload(match)
		case strings.Count(match, "-") == 4:
			return r.uuid(match)
		case strings.Contains(match, "T"):
			return r.instant(match)
		case strings.Trim(match, "0123456789") == "":
			return match // a number of bytes
		}
		return r.hash(match[:shortID])[:shortID] + match[shortID:]
	})
	return strings.ReplaceAll(text, r.from, strconv.Itoa(Team))
}

func (r retelling) hash(text string) string {
	sum := sha256.Sum256([]byte(r.salt + text))
	return hex.EncodeToString(sum[:])
}

// uuid keeps what says of which version an id is.
func (r retelling) uuid(id string) string {
	h := r.hash(id)
	fresh := []byte(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32])
	fresh[versionAt], fresh[variantAt] = id[versionAt], id[variantAt]
	return string(fresh)
}

func (r retelling) instant(text string) string {
	t, err := time.Parse(seconds, text)
	if err != nil {
		return text
	}
	return t.Add(r.shift).Format(seconds)
}

// payload puts another secret text in the place of one. What it holds is told apart, by its hash, see [retelling.opening].
func (r retelling) payload(match string) string {
	data, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(strings.TrimPrefix(match, dataBegins), `"`))
	if err != nil {
		return match
	}
	return dataBegins + base64.StdEncoding.EncodeToString(r.sealed(hashOf(data))) + `"`
}

func hashOf(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

func (r retelling) sealed(hash string) []byte { return []byte(r.salt + hash) }

// observation tells one observation otherwise.
func (r retelling) observation(o pipeline.Observation) pipeline.Observation {
	o.Answer = json.RawMessage(r.text(string(o.Answer)))
	if o.Fact == payloadFact {
		hash := strings.Trim(string(o.Asked), `"`)
		o.Asked = json.RawMessage(`"` + hashOf(r.sealed(hash)) + `"`)
		return o
	}
	o.Asked = json.RawMessage(r.text(string(o.Asked)))
	return o
}

// settings tells the settings otherwise, which are plain data.
func (r retelling) settings(c *capture.Capture) (*settings.Settings, error) {
	text, err := json.Marshal(c.Settings)
	if err != nil {
		return nil, err
	}
	var told settings.Settings
	return &told, json.Unmarshal([]byte(r.text(string(text))), &told)
}
