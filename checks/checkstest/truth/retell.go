package truth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
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
	shift time.Duration
	words map[string]string // that were told already
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

// script is a text with the places in it that are told otherwise: found once, however often it is told.
type script struct {
	text   string
	places [][]int
}

func scriptOf[T string | json.RawMessage](text T, team string) script {
	whole := strings.ReplaceAll(string(text), team, strconv.Itoa(Team))
	return script{whole, named.FindAllStringIndex(whole, -1)}
}

func (r retelling) tell(s script) json.RawMessage {
	var told bytes.Buffer
	told.Grow(len(s.text))
	end := 0
	for _, place := range s.places {
		told.WriteString(s.text[end:place[0]])
		told.WriteString(r.word(s.text[place[0]:place[1]]))
		end = place[1]
	}
	told.WriteString(s.text[end:])
	return told.Bytes()
}

// word tells one of the named things otherwise.
func (r retelling) word(match string) string {
	if told, known := r.words[match]; known {
		return told
	}
	told := match
	switch {
	case strings.HasPrefix(match, dataBegins):
		told = r.payload(match)
	case strings.Count(match, "-") == 4:
		told = r.uuid(match)
	case strings.Contains(match, "T"):
		told = r.instant(match)
	case strings.Trim(match, "0123456789") == "": // a number of bytes
	default:
		told = r.hash(match[:shortID])[:shortID] + match[shortID:]
	}
	r.words[match] = told
	return told
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

// recording is a capture, prepared to be told.
type recording struct {
	at           time.Time
	settings     script
	observations []pipeline.Observation
	asked        []script
	answers      []script
}

func readRecording(path string) (*recording, error) {
	c, err := capture.Read(path)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(c.Settings)
	if err != nil {
		return nil, err
	}
	team := strconv.FormatInt(c.About.Team, 10)
	r := &recording{at: c.About.Recorded, settings: scriptOf(json.RawMessage(plain), team), observations: c.Observations}
	for _, o := range c.Observations {
		r.asked, r.answers = append(r.asked, scriptOf(o.Asked, team)), append(r.answers, scriptOf(o.Answer, team))
	}
	return r, nil
}

// observations tells all that was observed.
func (r retelling) observations(of *recording) []pipeline.Observation {
	told := slices.Clone(of.observations)
	for i := range told {
		o := &told[i]
		if o.Fact == payloadFact {
			o.Asked = json.RawMessage(`"` + hashOf(r.sealed(strings.Trim(string(o.Asked), `"`))) + `"`)
		} else {
			o.Asked = r.tell(of.asked[i])
		}
		o.Answer = r.tell(of.answers[i])
	}
	return told
}

// settings tells the settings.
func (r retelling) settings(of *recording) (*settings.Settings, error) {
	told, err := decode[settings.Settings](r.tell(of.settings))
	return &told, err
}
