package capture

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"doctor/checks/pipeline/redact"
	"doctor/checks/pipeline/settings"
)

// File is a capture in the making. It is there whole, or not at all.
type File struct {
	path    string
	pending *renameio.PendingFile
}

// Create begins a new file. One that is there already is not replaced.
func Create(path string) (*File, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fs.ErrExist
	}
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o600))
	return &File{path, pending}, err
}

// Discard takes back what was not written to the end.
func (f *File) Discard() { _ = f.pending.Cleanup() }

// Written is what is to be said of a file that was written.
type Written struct {
	File         string               `json:"file"`
	Bytes        int64                `json:"bytes"`
	Observations int                  `json:"observations"`
	Content      bool                 `json:"content"` // texts that no check needs are in it
	Redactions   []redact.Replacement `json:"redactions"`
}

// Write writes a capture without the secrets that the redactor knows. The file is read again and searched for them before
// it gets its name.
func (f *File) Write(c *Capture, secrets *redact.Redactor) (Written, error) {
	clean, err := c.without(secrets)
	if err != nil {
		return Written{}, err
	}
	// A token that only its shape tells may have stood there in part before it was met as a whole.
	if clean, err = clean.without(secrets); err != nil {
		return Written{}, err
	}
	redactions := secrets.Ledger()
	if err := clean.pack(f.pending, redactions); err != nil {
		return Written{}, err
	}
	size, err := search(f.pending, secrets)
	if err != nil {
		return Written{}, err
	}
	return Written{f.path, size, len(c.Observations), c.About.Content, redactions}, f.pending.CloseAtomicallyReplace()
}

// search refuses a file that still holds a secret, in whatever form, and returns its size.
func search(file io.ReadSeeker, secrets *redact.Redactor) (size int64, err error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return 0, err
	}
	texts, err := unpack(data)
	if err != nil {
		return 0, err
	}
	for _, name := range entries {
		if left := secrets.Survivors(texts[name]); len(left) > 0 {
			return 0, fmt.Errorf("%s still held a secret, and was not kept: %s", name, strings.Join(left, ", "))
		}
	}
	return int64(len(data)), nil
}

// without is the capture without secrets.
func (c *Capture) without(secrets *redact.Redactor) (*Capture, error) {
	clean := &Capture{About: c.About}
	if err := copied(c.Settings, &clean.Settings); err != nil {
		return nil, err
	}
	clean.Settings.Replace(func(name, value string) string { return secrets.Value(settingsEntry, name, value) })
	secrets.Strings(settingsEntry, clean.Settings)
	for _, o := range c.Observations {
		where := string(o.Source) + " " + o.Fact
		// Whoever asks again asks with the same text, so that this one must not be written anew.
		o.Asked = json.RawMessage(secrets.Text(where, string(o.Asked)))
		if o.Answer != nil {
			var tree any
			decoder := json.NewDecoder(bytes.NewReader(o.Answer))
			decoder.UseNumber()
			if err := decoder.Decode(&tree); err != nil {
				return nil, err
			}
			secrets.Strings(where, &tree)
			o.Answer, _ = json.Marshal(tree)
		}
		if o.Error != nil {
			failing := *o.Error
			secrets.Strings(where, &failing)
			o.Error = &failing
		}
		clean.Observations = append(clean.Observations, o)
	}
	return clean, nil
}

// pack writes the archive. The same capture makes the same bytes: no entry has a time.
func (c *Capture) pack(to io.Writer, redactions []redact.Replacement) error {
	archive := zip.NewWriter(to)
	entry := func(name string, write func(*json.Encoder) error) error {
		w, err := archive.Create(name)
		if err != nil {
			return err
		}
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return write(encoder)
	}
	err := entry(aboutEntry, func(e *json.Encoder) error { return e.Encode(c.About) })
	if err == nil {
		err = entry(settingsEntry, func(e *json.Encoder) error { return e.Encode(c.Settings) })
	}
	if err == nil {
		err = entry(observationsEntry, func(e *json.Encoder) error {
			for _, o := range c.Observations {
				if err := e.Encode(o); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		err = entry(redactionsEntry, func(e *json.Encoder) error { return e.Encode(redactions) })
	}
	if err != nil {
		return err
	}
	return archive.Close()
}

// copied makes a copy of recorded settings by writing and reading them.
func copied(from *settings.Settings, to **settings.Settings) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}
