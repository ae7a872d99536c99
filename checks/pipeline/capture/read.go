package capture

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"doctor/checks/pipeline"
)

// The entries of a capture, in their order.
const (
	aboutEntry        = "capture.json"
	settingsEntry     = "settings.json"
	observationsEntry = "observations.jsonl" // one a line
	redactionsEntry   = "redactions.json"    // what was replaced where
)

var entries = []string{aboutEntry, settingsEntry, observationsEntry, redactionsEntry}

// Bounds of what is read. A capture of a large pipeline has some megabytes.
const (
	maxFile     = 16 << 20 // bytes of the file
	maxUnpacked = 64 << 20 // bytes of all entries
)

// Is reports whether a file begins as a capture does.
func Is(beginning []byte) bool { return bytes.HasPrefix(beginning, []byte("PK\x03\x04")) }

// Read reads a capture. Whatever is wrong with the file is an [*Error].
func Read(path string) (*Capture, error) {
	data, err := read(path)
	var file *fs.PathError
	switch {
	case err == nil:
		return Parse(path, data)
	case errors.As(err, &file):
		err = file.Err
	}
	return nil, &Error{path, err.Error()}
}

// Parse is [Read] for who has read the file.
func Parse(path string, data []byte) (*Capture, error) {
	c, err := parse(data)
	if err != nil {
		return nil, &Error{path, err.Error()}
	}
	return c, nil
}

var errTooLarge = fmt.Errorf("it is larger than %d MiB", maxFile>>20)

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	switch info, err := file.Stat(); {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxFile:
		return nil, errTooLarge
	}
	return io.ReadAll(io.LimitReader(file, maxFile+1)) // it may have grown
}

// parse reads the bytes of a capture.
func parse(data []byte) (*Capture, error) {
	if len(data) > maxFile {
		return nil, errTooLarge
	}
	texts, err := unpack(data)
	if err != nil {
		return nil, err
	}
	var c Capture
	if err := decode(texts, aboutEntry, &c.About); err != nil {
		return nil, err
	}
	switch about := c.About; {
	case about.Format > format:
		return nil, fmt.Errorf("it has format %d, and this doctor reads formats up to %d: use a newer doctor", about.Format, format)
	case about.Format < 1:
		return nil, fmt.Errorf("%s does not say which format it has", aboutEntry)
	case about.Team < 1 || about.Recorded.IsZero() || about.Since.After(about.Recorded):
		return nil, fmt.Errorf("%s does not say what was recorded when", aboutEntry)
	}
	// The zone is the recording one's, whatever this machine calls it.
	_, offset := c.About.Recorded.Zone()
	c.About.Recorded = c.About.Recorded.In(time.FixedZone("", offset))
	if err := decode(texts, settingsEntry, &c.Settings); err != nil {
		return nil, err
	}
	if c.Settings == nil {
		return nil, fmt.Errorf("%s has no settings", settingsEntry)
	}
	for decoder := json.NewDecoder(bytes.NewReader(texts[observationsEntry])); ; {
		var o pipeline.Observation
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return &c, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s, observation %d: %w", observationsEntry, len(c.Observations)+1, err)
		}
		c.Observations = append(c.Observations, o)
	}
}

func decode(texts map[string][]byte, entry string, into any) error {
	if err := json.Unmarshal(texts[entry], into); err != nil {
		return fmt.Errorf("%s: %w", entry, err)
	}
	return nil
}

// unpack reads the entries, which are there once each, and nothing else.
func unpack(data []byte) (map[string][]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errors.New("it is no zip archive, or not all of one")
	}
	texts := map[string][]byte{}
	room := int64(maxUnpacked)
	for _, entry := range archive.File {
		if _, twice := texts[entry.Name]; twice || !slices.Contains(entries, entry.Name) {
			return nil, fmt.Errorf("it holds %.60q, which no capture has", entry.Name)
		}
		text, err := unpackEntry(entry, room)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name, err)
		}
		texts[entry.Name], room = text, room-int64(len(text))
	}
	for _, name := range entries {
		if _, there := texts[name]; !there {
			return nil, fmt.Errorf("it holds no %s", name)
		}
	}
	return texts, nil
}

func unpackEntry(entry *zip.File, room int64) ([]byte, error) {
	reader, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	text, err := io.ReadAll(io.LimitReader(reader, room+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is damaged: %w", err)
	case int64(len(text)) > room:
		return nil, fmt.Errorf("unpacked it is larger than %d MiB", maxUnpacked>>20)
	}
	return text, nil
}
