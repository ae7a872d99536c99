package remedies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sealed is a journal of lines as somebody writes them who knows how they are sealed.
func sealed(bodies string) []byte {
	var text []byte
	sum := ""
	for body := range strings.SplitSeq(bodies, "\n") {
		body = strings.TrimSuffix(body, "}")
		sum = checksum(sum, []byte(body))
		text = append(text, body+sumHead+sum+sumTail+"\n"...)
	}
	return text
}

// Whatever a journal holds, it is listed or refused in one line, and what was read of it can be added to.
func FuzzJournal(f *testing.F) {
	start := `{"n":1,"at":"2026-11-24T12:00:00Z","event":"began"}` + "\n"
	intent := `{"n":2,"at":"2026-11-24T12:00:01Z","event":"intended","remedy":"set","code":"ENV001","kind":"file-edit","data":{"path":"/x/.env"}}`
	for _, bodies := range []string{start + intent, start + intent + "\n" + `{"n":3,"event":"applied","step":2}`, start + `{"n":2,"event":"undone","step":9}`} {
		f.Add(sealed(bodies))
	}
	folder := f.TempDir()
	path := filepath.Join(folder, "20261124-120000-000000", journalFile)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		f.Fatal(err)
	}
	listed := func(t *testing.T, text []byte) ([]Run, error) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return Runs(folder)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, text := range [][]byte{text, sealed(string(text))} {
			before, err := listed(t, text)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\r\x1b") {
					t.Errorf("an error that does as it likes with a terminal: %q", err)
				}
				continue
			}
			records, whole, sum, err := readRecords(path)
			if err != nil {
				t.Fatal(err)
			}
			line, _, err := seal(record{Number: len(records) + 1, Event: began}, sum)
			if err != nil {
				t.Fatal(err)
			}
			after, err := listed(t, append(text[:whole:whole], line...))
			if err != nil || len(after) != 1 || len(after[0].Steps) != len(before[0].Steps) {
				t.Errorf("after one more line: %d journals, %v", len(after), err)
			}
		}
	})
}
