package remedies

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"doctor/checks"
	"doctor/checks/pipeline/settings"
)

// The journal is a folder with one folder a treatment in it, and in that a file to which lines are added and never changed:
// before an operation touches anything what it is and what it replaces, afterwards how it ended. Each line has a checksum
// of itself and of the line before, and is on the disk before the next step is taken. What it holds may be secret: others
// cannot read it, git does not see it, and no view of it shows it.

const (
	journalFile = "journal.jsonl"
	lockFile    = "lock"
)

// JournalFolder is where the journal of treatments belongs: beside the env file that shells read. It is "" where there is none.
func JournalFolder(set *settings.Settings) string {
	folder := ""
	for _, file := range set.EnvFiles {
		if !file.Starter {
			folder = filepath.Join(filepath.Dir(file.Path), ".doctor")
		}
	}
	return folder
}

// event is what a line of the journal tells.
type event string

const (
	began     event = "began"
	intended  event = "intended"  // an operation is about to be applied
	applied   event = "applied"   // the world is behind it
	unchanged event = "unchanged" // the world is as it was before it
	undoing   event = "undoing"   // it is about to be taken back
	undone    event = "undone"
	strayed   event = "strayed" // the world is on neither side of it
)

// record is a line of the journal.
type record struct {
	Number  int             `json:"n"`
	At      time.Time       `json:"at"`
	Event   event           `json:"event"`
	Step    int             `json:"step,omitempty"` // the number of the record that intended what this one is about
	Remedy  string          `json:"remedy,omitempty"`
	Code    checks.Code     `json:"code,omitempty"`
	Finding string          `json:"finding,omitempty"` // its fingerprint
	Kind    string          `json:"kind,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Detail  string          `json:"detail,omitempty"`
}

// journal is the file of one treatment, open for more.
type journal struct {
	folder string
	file   *os.File
	last   int    // the number of its last record
	sum    string // of its last line
}

// newJournal begins the file of a new treatment. Its name tells when that was.
func newJournal(folder string, now time.Time) (*journal, error) {
	random := make([]byte, 3)
	_, _ = rand.Read(random) // never fails
	j := &journal{folder: filepath.Join(folder, now.UTC().Format("20060102-150405-")+hex.EncodeToString(random))}
	if err := os.Mkdir(j.folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep a journal: %w", err)
	}
	var err error
	if j.file, err = os.OpenFile(filepath.Join(j.folder, journalFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, fmt.Errorf("cannot keep a journal: %w", err)
	}
	if err := cmp.Or(j.write(record{Event: began}), syncFolder(j.folder), syncFolder(folder)); err != nil {
		j.discard()
		return nil, err
	}
	return j, nil
}

// openJournal opens the file of an earlier treatment to add to it. A line that was not written to its end goes: nothing had
// been done yet of what it says.
func openJournal(folder string) (*journal, []record, error) {
	path := filepath.Join(folder, journalFile)
	records, whole, sum, err := readRecords(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := file.Truncate(int64(whole)); err != nil {
		file.Close()
		return nil, nil, err
	}
	return &journal{folder: folder, file: file, last: len(records), sum: sum}, records, nil
}

// write adds a line, and returns when it is on the disk.
func (j *journal) write(r record) error {
	r.Number, r.At = j.last+1, time.Now().UTC()
	line, sum, err := seal(r, j.sum)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(line); err != nil {
		return fmt.Errorf("cannot write to the journal: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("cannot write to the journal: %w", err)
	}
	j.last, j.sum = r.Number, sum
	return nil
}

func (j *journal) close() { _ = j.file.Close() }

// discard removes a journal that has nothing to tell.
func (j *journal) discard() {
	j.close()
	_ = os.RemoveAll(j.folder)
}

// The end of each line is its checksum, which is always as long.
const (
	sumHead = `,"sum":"`
	sumTail = `"}`
	sumSize = len(sumHead) + 2*sha256.Size + len(sumTail)
)

// seal makes a record's line, with a checksum of it and of the line before.
func seal(r record, before string) (line []byte, sum string, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, "", fmt.Errorf("cannot write to the journal: %w", err)
	}
	body = body[:len(body)-1]
	sum = checksum(before, body)
	return append(body, sumHead+sum+sumTail+"\n"...), sum, nil
}

func checksum(before string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(before + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// readRecords reads a journal. whole is how many bytes of the file are lines that were written to their end.
func readRecords(path string) (records []record, whole int, sum string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, "", fmt.Errorf("cannot read the journal: %w", err)
	}
	for whole < len(data) {
		end := bytes.IndexByte(data[whole:], '\n')
		if end < 0 || whole+end+1 == len(data) && !json.Valid(data[whole:whole+end]) {
			return records, whole, sum, nil
		}
		r, next, intact := unseal(data[whole:whole+end], sum)
		if !intact || r.Number != len(records)+1 {
			return nil, 0, "", fmt.Errorf("cannot trust the journal %s: line %d is not as it was written; move its folder away to go on without it", path, len(records)+1)
		}
		records, whole, sum = append(records, r), whole+end+1, next
	}
	return records, whole, sum, nil
}

func unseal(line []byte, before string) (r record, sum string, intact bool) {
	if len(line) < sumSize {
		return r, "", false
	}
	body, tail := line[:len(line)-sumSize], line[len(line)-sumSize:]
	sum = checksum(before, body)
	if string(tail) != sumHead+sum+sumTail {
		return r, "", false
	}
	return r, sum, json.Unmarshal(line, &r) == nil
}
