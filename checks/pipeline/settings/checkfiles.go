package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ChecksFolder is where a team's own checks lie, in the PostHog folder beside .env: see package custom.
const ChecksFolder = ".doctor-checks"

// Bounds of what is read of a team's own checks: far more than anybody writes by hand.
const (
	mostCheckFiles = 100
	mostCheckBytes = 64 << 10
)

// CheckFile is one file with a check that a team has written itself.
type CheckFile struct {
	Path string // below the PostHog folder
	Text string
}

// CheckFileError is what is wrong with such a file, or with the folder of them, before anybody looks into it.
type CheckFileError struct{ Path, Problem string }

func (e *CheckFileError) Error() string { return e.Path + ": " + e.Problem }

// CheckFiles reads the files of a team's own checks, in the order of their names. There are none without a folder of them, or
// without a PostHog folder. Its errors are of type [*CheckFileError].
func CheckFiles(folder string) ([]CheckFile, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(filepath.Join(folder, ChecksFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &CheckFileError{ChecksFolder, reason(err)}
	}
	var files []CheckFile
	for _, entry := range entries {
		if extension := filepath.Ext(entry.Name()); extension != ".yaml" && extension != ".yml" || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		file := CheckFile{Path: ChecksFolder + "/" + entry.Name()}
		if len(files) == mostCheckFiles {
			return nil, &CheckFileError{ChecksFolder, fmt.Sprintf("there are more than %d checks", mostCheckFiles)}
		}
		if file.Text, err = readCheckFile(filepath.Join(folder, ChecksFolder, entry.Name())); err != nil {
			return nil, &CheckFileError{file.Path, reason(err)}
		}
		files = append(files, file)
	}
	return files, nil
}

// readCheckFile reads a file, and no link: what is checked out must not lead elsewhere.
func readCheckFile(path string) (string, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a regular file")
	case info.Size() > mostCheckBytes:
		return "", fmt.Errorf("it is larger than %d KiB", mostCheckBytes>>10)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, mostCheckBytes))
	return string(text), err
}
