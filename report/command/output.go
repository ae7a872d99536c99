package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"doctor/report"
)

// output is where a command writes: standard output, or a file that is there whole or not at all.
type output struct {
	io.Writer
	commit  func() error // makes it last
	discard func()       // takes back what was not committed
}

// open opens what --output names, so that a file that cannot be written is known before anything is looked at.
func (p *program) open() (*output, error) {
	path := p.options.output
	if path == "" {
		return &output{p.stdout, func() error { return nil }, func() {}}, nil
	}
	// A link is followed, so that the file that it names is replaced and not the link.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("cannot write --output %q: it is a folder", p.options.output)
	case err == nil && !info.Mode().IsRegular():
		return p.device(path) // a pipe or a device must not be replaced by a file
	}
	// The temporary file lies beside the target: a rename across file systems is not atomic.
	file, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return nil, p.unwritable(err)
	}
	commit := func() error {
		if err := file.CloseAtomicallyReplace(); err != nil {
			return p.unwritable(err)
		}
		return nil
	}
	return &output{file, commit, func() { _ = file.Cleanup() }}, nil
}

func (p *program) device(path string) (*output, error) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, p.unwritable(err)
	}
	return &output{file, file.Close, func() { _ = file.Close() }}, nil
}

// diagnosing are the commands that report a diagnosis, and know the formats that only a diagnosis has.
var diagnosing = []string{"check", "pre-commit"}

// knowsFormat fails when a command has no such format as is wanted.
func (p *program) knowsFormat(command string) error {
	if format := p.options.format; format != "text" && format != "json" && !slices.Contains(diagnosing, command) {
		return fmt.Errorf("doctor %s reports as text or json, not as %s", command, format)
	}
	return nil
}

// print writes what a command has to say: data as JSON, or as text.
func (p *program) print(data any, text func(io.Writer) error) error {
	out, err := p.open()
	if err != nil {
		return err
	}
	defer out.discard()
	return p.write(out, data, func() error { return text(out) })
}

func (p *program) write(out *output, data any, text func() error) error {
	write := text
	switch document, ok := data.(*report.Document); {
	case p.options.format == "json":
		write = func() error { return report.JSON(out, data) }
	case ok && p.options.format != "text":
		write = func() error { return report.Render(out, document, p.options.format) }
	}
	if err := write(); err != nil {
		return err
	}
	return out.commit()
}

// unwritable names the flag and the reason.
func (p *program) unwritable(err error) error {
	return fmt.Errorf("cannot write --output %q: %w", p.options.output, withoutPath(err))
}

// withoutPath is what is wrong with a file, without the name that it has while it is written.
func withoutPath(err error) error {
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
