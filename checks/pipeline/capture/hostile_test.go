package capture_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"doctor/checks/pipeline/capture"
)

// pack makes an archive of texts by name, in an order of its own.
func pack(t testing.TB, texts map[string]string, more ...string) []byte {
	t.Helper()
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	add := func(name, text string) {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		add(name, text)
	}
	for _, name := range more {
		add(name, "{}")
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestWhatIsNoCaptureIsRefusedInOneLine(t *testing.T) {
	whole := write(t, world(), about)
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	with := func(name, text string) []byte {
		texts := entries(t, whole)
		texts[name] = text
		return pack(t, texts)
	}
	without := entries(t, whole)
	delete(without, "observations.jsonl")
	newer := strings.Replace(entries(t, whole)["capture.json"], `"format":1`, `"format":2`, 1)
	for _, of := range []struct {
		name, problem string
		data          []byte
	}{
		{"empty", "it is no zip archive", nil},
		{"a text", "it is no zip archive", []byte("PK is not enough")},
		{"truncated", "it is no zip archive, or not all of one", data[:len(data)-30]},
		{"another archive", "which no capture has", pack(t, map[string]string{"hello.txt": "hello"})},
		{"a way out", `"../../etc/cron.d/evil", which no capture has`, pack(t, entries(t, whole), "../../etc/cron.d/evil")},
		{"one twice", `"capture.json", which no capture has`, pack(t, entries(t, whole), "capture.json")},
		{"one missing", "it holds no observations.jsonl", pack(t, without)},
		{"newer", "it has format 2, and this doctor reads formats up to 1: use a newer doctor", with("capture.json", newer)},
		{"no format", "does not say which format", with("capture.json", "{}")},
		{"nothing about it", "does not say what was recorded when", with("capture.json", `{"format":1}`)},
		{"no JSON", "capture.json: invalid character", with("capture.json", "hello")},
		{"no settings", "settings.json has no settings", with("settings.json", "null")},
		{"half an observation", "observations.jsonl, observation 1: unexpected EOF", with("observations.jsonl", `{"source":"Temporal","fact":`)},
		{"a bomb", "unpacked it is larger than 64 MiB", with("observations.jsonl", strings.Repeat(" ", 65<<20))},
	} {
		t.Run(of.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "world.zip")
			if err := os.WriteFile(path, of.data, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, path, of.problem)
		})
	}
	t.Run("a folder", func(t *testing.T) { refused(t, t.TempDir(), "it is a folder") })
	t.Run("nothing", func(t *testing.T) { refused(t, filepath.Join(t.TempDir(), "none.zip"), "no such file or directory") })
	t.Run("huge", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "world.zip")
		if err := errors.Join(os.WriteFile(path, data, 0o600), os.Truncate(path, 17<<20)); err != nil {
			t.Fatal(err)
		}
		refused(t, path, "it is larger than 16 MiB")
	})
}

func refused(t *testing.T, path, problem string) {
	t.Helper()
	_, err := capture.Read(path)
	var unusable *capture.Error
	if !errors.As(err, &unusable) || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "\n") {
		t.Errorf("it is refused with %v, want one line with %q", err, problem)
	}
}

// No byte can be changed so that something else is read than was written.
func TestDamageIsNoticed(t *testing.T) {
	whole := write(t, world(), about)
	want, err := capture.Read(whole)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.zip")
	for at := range data {
		damaged := bytes.Clone(data)
		damaged[at] ^= 0x5a
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := capture.Read(path)
		if err == nil && (!reflect.DeepEqual(got.About, want.About) || !reflect.DeepEqual(got.Observations, want.Observations)) {
			t.Errorf("with another byte at %d, something else is read", at)
		}
	}
}

// Whatever a file holds, it is read or refused: reading never crashes, and what was read can be asked.
func FuzzRead(f *testing.F) {
	data, err := os.ReadFile(write(f, world(), about))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "world.zip")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := capture.Read(path)
		if err != nil {
			return
		}
		w := c.World()
		_, _ = w.Temporal.Reach(t.Context())
		_, _ = w.Temporal.History(t.Context(), run)
	})
}
