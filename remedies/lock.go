package remedies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
)

// holder is who holds the lock of the journal, as it says so in the locked file.
type holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

func (h holder) String() string {
	if h.PID == 0 {
		return "another doctor"
	}
	return fmt.Sprintf("another doctor (pid %d, since %s)", h.PID, h.Since.Local().Format("15:04:05"))
}

// lock waits until no other doctor treats, and no longer than so long. It ends with the process, whatever becomes of that.
func lock(ctx context.Context, folder string, patience time.Duration, waiting func(string)) (*flock.Flock, error) {
	path := filepath.Join(folder, lockFile)
	l := flock.New(path)
	locked, err := l.TryLock()
	if err == nil && !locked {
		waiting(fmt.Sprintf("waiting for %s to end its treatment", heldBy(path)))
		bounded, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		locked, err = l.TryLockContext(bounded, 20*time.Millisecond)
	}
	switch {
	case locked:
		text, _ := json.Marshal(holder{os.Getpid(), time.Now()})
		_ = os.WriteFile(path, text, 0o600) // only tells the others who it is
		return l, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s is treating this pipeline; waited %s for it", heldBy(path), patience)
	}
	return nil, fmt.Errorf("cannot lock the journal: %w", err)
}

// unlock lets the next doctor treat.
func unlock(l *flock.Flock) {
	_ = os.Truncate(l.Path(), 0)
	_ = l.Unlock()
}

func heldBy(path string) holder {
	var h holder
	if text, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(text, &h)
	}
	return h
}

// makeFolder makes the journal's folder where there is none: for this user alone, and out of git's sight.
func makeFolder(folder string) error {
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, os.ErrExist) {
		err = nil
	}
	if err == nil {
		err = os.Chmod(folder, 0o700) //nolint:gosec // a folder
	}
	if ignore := filepath.Join(folder, ".gitignore"); err == nil && !exists(ignore) {
		err = renameio.WriteFile(ignore, []byte("*\n"), 0o600) // an empty one would hide nothing, and stay
	}
	if err != nil {
		return fmt.Errorf("cannot keep a journal, and treats nothing without: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
