package remedies

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// readIfThere reads a file that may be absent.
func readIfThere(path string) (data []byte, absent bool, err error) {
	data, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	return data, false, err
}

// replaceFile has a file hold something else, at once or not at all. Its permissions and its owner stay, and so does a
// symbolic link to it. It refuses a file that does not hold what it is expected to.
func replaceFile(path string, was []byte, absent bool, data []byte, tools *Tools) error {
	said := func(err error) error { return fmt.Errorf("cannot write %s: %w", path, plain(err)) }
	target := path
	var owner syscall.Stat_t
	if !absent {
		var err error
		if target, owner, err = writable(path); err != nil {
			return said(err)
		}
	} else if _, err := os.Lstat(path); err == nil {
		return said(errors.New("it is a link to a file that is not there"))
	}
	// What a crash leaves behind lies in the journal where it can, which is not for others to read.
	folder := filepath.Dir(target)
	if device(tools.Folder) == device(folder) {
		folder = tools.Folder
	}
	file, err := renameio.NewPendingFile(target, renameio.WithTempDir(folder), renameio.WithPermissions(0o600), renameio.WithExistingPermissions())
	if err != nil {
		return said(err)
	}
	defer func() { _ = file.Cleanup() }()
	if !absent {
		if err := giveTo(file.File, owner); err != nil {
			return said(err)
		}
	}
	if _, err := file.Write(data); err != nil {
		return said(err)
	}
	tools.step("written")
	if err := expect(path, was, absent); err != nil {
		return said(err)
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return said(err)
	}
	tools.step("replaced")
	return syncFolder(filepath.Dir(target))
}

// removeFile removes a file that holds what it is expected to.
func removeFile(path string, was []byte) error {
	err := expect(path, was, false)
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", path, plain(err))
	}
	return syncFolder(filepath.Dir(path))
}

// plain is an error about a file without the name of the file, which its reader knows.
func plain(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func expect(path string, was []byte, absent bool) error {
	now, gone, err := readIfThere(path)
	if err == nil && (gone != absent || !bytes.Equal(now, was)) {
		err = errors.New("something else has changed it in between")
	}
	return err
}

// writable finds the file behind a path, and refuses one that this user may not write to, or that would not be the same
// file any more when another takes its name.
func writable(path string) (target string, stat syscall.Stat_t, err error) {
	if target, err = filepath.EvalSymlinks(path); err != nil {
		return "", stat, err
	}
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return "", stat, err
	}
	defer file.Close()
	if err := syscall.Fstat(int(file.Fd()), &stat); err != nil {
		return "", stat, err
	}
	if stat.Nlink > 1 {
		return "", stat, fmt.Errorf("it has %d names (hard links), which would not be the same file any more", stat.Nlink)
	}
	return target, stat, nil
}

// giveTo gives a new file to the owner of the one that it replaces.
func giveTo(file *os.File, owner syscall.Stat_t) error {
	var now syscall.Stat_t
	if err := syscall.Fstat(int(file.Fd()), &now); err != nil {
		return err
	}
	if now.Uid == owner.Uid && now.Gid == owner.Gid {
		return nil
	}
	if err := file.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("it belongs to user %d and group %d, and this user cannot leave it to them", owner.Uid, owner.Gid)
	}
	return nil
}

// device is the file system that a folder is on; 0 when that cannot be told.
func device(folder string) uint64 {
	var stat syscall.Stat_t
	if folder == "" || syscall.Stat(folder, &stat) != nil {
		return 0
	}
	return uint64(stat.Dev) //nolint:unconvert // its type is another one elsewhere
}

// syncFolder makes the names in a folder as durable as the files that bear them.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
