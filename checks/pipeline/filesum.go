package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// longestSource is how large a source file may be of which a sum is taken.
const longestSource = 1 << 20

// Sum is the SHA-256, in hexadecimal, of a file of the PostHog folder; "" where there is no folder, or no such file in it.
func (m *Machine) Sum(ctx context.Context, name string) (string, error) {
	return ask(ctx, m.world, FileSums, name, func(context.Context) (string, error) {
		if m.world.Settings.Folder == "" {
			return "", nil
		}
		path := filepath.Join(m.world.Settings.Folder, filepath.FromSlash(name))
		about, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return "", nil
		case err != nil:
			return "", err
		case !about.Mode().IsRegular() || about.Size() > longestSource:
			return "", fmt.Errorf("%s is no source file", name)
		}
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer file.Close()
		sum := sha256.New()
		if _, err := io.Copy(sum, io.LimitReader(file, longestSource)); err != nil {
			return "", err
		}
		return hex.EncodeToString(sum.Sum(nil)), nil
	})
}
