package remedies

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"doctor/checks/pipeline"
)

// export describes an export of rows. It lies beside it once that is complete and on the disk, and says so.
type export struct {
	pipeline.Export
	Bytes  int64
	SHA256 string
}

// The description of an export has another name once its rows were put back.
const (
	described = ".json"
	isBack    = ".put-back.json"
)

// unfinished ends the name of an export that is being written.
const unfinished = ".part"

// readExport reads the description of a complete export; it is nil when there is none, or its rows were put back.
func readExport(path string) (*export, error) {
	data, absent, err := readIfThere(path + described)
	if err != nil || absent {
		return nil, err
	}
	e := new(export)
	if err := json.Unmarshal(data, e); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path+described, err)
	}
	return e, nil
}

// writeExport exports signals to a file. It has its name when it is complete.
func writeExport(ctx context.Context, path string, hands embeddingHands, signals pipeline.SignalsOfReports, tools *Tools) (e *export, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cannot export to %s: %w", filepath.Dir(path), plain(err))
		}
	}()
	partial := path + unfinished
	file, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer os.Remove(partial) // it is gone when it was renamed
	defer file.Close()
	sum, tell := sha256.New(), seldom(tools)
	to := bufio.NewWriterSize(io.MultiWriter(file, sum), 1<<20)
	e = new(export)
	tools.Progress("exporting") // a server may think for a while before it sends the first rows
	if e.Export, err = hands.Export(ctx, signals, to, func(rows int64) { tell("exporting: %d rows", rows) }); err != nil {
		return nil, err
	}
	if err := to.Flush(); err != nil {
		return nil, err
	}
	if e.Bytes, err = file.Seek(0, io.SeekCurrent); err != nil {
		return nil, err
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	tools.step("exported")
	if err := os.Rename(partial, path); err != nil {
		return nil, err
	}
	tools.step("named")
	e.SHA256 = hex.EncodeToString(sum.Sum(nil))
	data, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	if err := renameio.WriteFile(path+described, data, 0o600); err != nil {
		return nil, err
	}
	tools.step("described")
	return e, syncFolder(filepath.Dir(path))
}

// intact reports whether the file holds what was exported.
func (e *export) intact(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot read the export: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("cannot read the export: %w", err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		return fmt.Errorf("the export %s is damaged: its sha256 is not %.12s… any more", path, e.SHA256)
	}
	return nil
}

// restore puts the rows of an export back.
func (e *export) restore(ctx context.Context, path string, hands embeddingHands, signals pipeline.SignalsOfReports, tools *Tools) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("cannot read the export: %w", err)
	}
	defer file.Close()
	tell := seldom(tools)
	_, err = hands.Restore(ctx, signals, e.Export, file, func(rows int64) { tell("putting back: %d of %d rows", rows, e.Rows) })
	return err
}

// putBack remembers that the rows of an export are where they were.
func (e *export) putBack(path string) error {
	if err := os.Rename(path+described, path+isBack); err != nil {
		return fmt.Errorf("cannot remember that the rows were put back: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}
