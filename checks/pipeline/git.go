package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" // not for safety: it is what git names contents by
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Git is the repository that a commit is being made in: that of the working directory, or the one that a hook's
// environment names. It is asked through the git program, which alone knows the index in all its forms.
type Git struct {
	world   *World
	environ map[string]string // of the process, which a hook is told by where it is
}

// Bounds of what is read of a commit. What is beyond them is told as unread.
const (
	maxStagedFile = 8 << 20  // bytes of one file
	maxStaged     = 64 << 20 // bytes of all
)

// Staged is what a commit would add or change.
type Staged struct {
	Files []StagedFile
}

// StagedFile is a regular file as the index has it.
type StagedFile struct {
	Path   string // as git names it: from the top of the repository, with slashes
	Before string // the id of its content in HEAD; "" where HEAD does not have it
	Text   string // its content; "" when it is binary or unread
	Binary bool
	Unread string // why its content is not known
}

// Staged lists what is staged, with the contents; of some paths only, unless none are given. Links and submodules have
// no content of their own and are left out. Where there is no repository, or no git, the error is of kind [Missing].
func (g *Git) Staged(ctx context.Context, paths []string) (Staged, error) {
	return ask(ctx, g.world, StagedFiles, paths, func(ctx context.Context) (Staged, error) {
		changes, err := g.changes(ctx, paths)
		if err != nil {
			return Staged{}, err
		}
		staged := Staged{Files: make([]StagedFile, len(changes))}
		room := atomic.Int64{}
		room.Store(maxStaged)
		asked := g.readWorkingTree(changes, staged.Files, &room)
		err = g.readObjects(ctx, changes, staged.Files, asked, &room)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && len(asked) < len(changes) {
			err = nil // what was read by then is judged
		}
		return staged, err
	})
}

// Contents reads objects by name, such as an id or MERGE_HEAD:path. A name that git does not know has no content. The
// order is that of the names.
func (g *Git) Contents(ctx context.Context, names []string) ([]string, error) {
	return ask(ctx, g.world, GitContents, names, func(ctx context.Context) ([]string, error) {
		contents := make([]string, len(names))
		return contents, g.objects(ctx, names, func(i int, size int64, content io.Reader) error {
			if size > maxStagedFile {
				return nil
			}
			text, err := io.ReadAll(content)
			contents[i] = string(text)
			return err
		})
	})
}

// readWorkingTree completes the files that the working tree has as they are staged, which is the rule and spares another
// git. It returns the places of the others.
func (g *Git) readWorkingTree(changes []change, files []StagedFile, room *atomic.Int64) (others []int) {
	top := g.top()
	same := make([]bool, len(changes))
	var readers sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			var content []byte
			for i := next.Add(1) - 1; i < int64(len(changes)); i = next.Add(1) - 1 {
				files[i].Path, files[i].Before = changes[i].path, changes[i].before
				content, same[i] = asStaged(filepath.Join(top, filepath.FromSlash(changes[i].path)), changes[i].id, content[:0])
				if same[i] {
					files[i].take(content, room)
				}
			}
		})
	}
	readers.Wait()
	for i := range same {
		if !same[i] {
			others = append(others, i)
		}
	}
	return others
}

// top is where the working tree begins, as far as that can be told without asking git. A wrong guess is found out by the
// ids of the files.
func (g *Git) top() string {
	if top := g.environ["GIT_WORK_TREE"]; top != "" {
		return top
	}
	folder, err := filepath.Abs(".")
	for at := folder; err == nil; at = filepath.Dir(at) {
		if _, missing := os.Lstat(filepath.Join(at, ".git")); missing == nil {
			return at
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	return folder
}

// asStaged reads a file behind what is in a buffer, if it has the content with the given id: a hash of its length and the
// content itself.
func asStaged(path, id string, buffer []byte) (content []byte, same bool) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return buffer, false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxStagedFile {
		return buffer, false
	}
	content = slices.Grow(buffer, int(info.Size()))[:info.Size()]
	if _, err := io.ReadFull(file, content); err != nil {
		return content, false
	}
	var hash hash.Hash
	switch len(id) {
	case hex.EncodedLen(sha1.Size):
		hash = sha1.New()
	case hex.EncodedLen(sha256.Size):
		hash = sha256.New()
	default:
		return content, false
	}
	fmt.Fprintf(hash, "blob %d\x00", len(content))
	hash.Write(content)
	return content, hex.EncodeToString(hash.Sum(nil)) == id
}

// take judges a content, and keeps it where it is a text and there is room for it.
func (f *StagedFile) take(content []byte, room *atomic.Int64) {
	switch {
	case isBinary(content):
		f.Binary = true
	case room.Add(-int64(len(content))) < 0:
		f.Unread = fmt.Sprintf("the files before it have %d MiB", maxStaged>>20)
	default:
		f.Text = string(content)
	}
}

// isBinary judges as git does: by a zero byte near the beginning.
func isBinary(content []byte) bool { return bytes.IndexByte(content[:min(len(content), 8000)], 0) >= 0 }

// readObjects completes the files at some places from the repository. Sizes are asked for first: git would read what is
// too large as a whole.
func (g *Git) readObjects(ctx context.Context, changes []change, files []StagedFile, places []int, room *atomic.Int64) error {
	ids := make([]string, len(places))
	for i, place := range places {
		ids[i] = changes[place].id
		files[place].Unread = "there was no time to read it"
	}
	var read []int
	var wanted []string
	err := g.sizes(ctx, ids, func(i int, size int64) {
		switch file := &files[places[i]]; {
		case size < 0:
			file.Unread = "git does not have its content here"
		case size > maxStagedFile:
			file.Unread = fmt.Sprintf("it is larger than %d MiB", maxStagedFile>>20)
		default:
			read, wanted = append(read, places[i]), append(wanted, ids[i])
		}
	})
	if err != nil {
		return err
	}
	return g.objects(ctx, wanted, func(i int, _ int64, content io.Reader) error {
		text, err := io.ReadAll(content)
		if err == nil {
			files[read[i]].Unread = ""
			files[read[i]].take(text, room)
		}
		return err
	})
}

// change is one line of git's raw listing.
type change struct{ path, id, before string }

// changes asks for what is staged in the one form that has the ids of the contents. Renames are followed, so that what
// has only moved is not new.
func (g *Git) changes(ctx context.Context, paths []string) ([]change, error) {
	list, err := begin(g.command(ctx, slices.Concat([]string{
		"-c", "diff.relative=false", "--literal-pathspecs", "diff", "--cached", "--raw", "-z", "--no-abbrev", "--find-renames",
		"--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--diff-filter=ACMRT", "--",
	}, paths)...))
	if err != nil {
		return nil, err
	}
	var changes []change
	for {
		c, err := nextChange(list.output)
		if errors.Is(err, io.EOF) {
			return changes, list.end(nil)
		}
		if err != nil {
			return nil, list.end(err)
		}
		if c.id != "" {
			changes = append(changes, c)
		}
	}
}

// nextChange reads one line of the listing. A link or a submodule has no id.
func nextChange(listing *bufio.Reader) (change, error) {
	field := func() (string, error) {
		text, err := listing.ReadString(0)
		return strings.TrimSuffix(text, "\x00"), err
	}
	line, err := field()
	if errors.Is(err, io.EOF) && line == "" {
		return change{}, io.EOF
	}
	// :mode before, mode now, id before, id now, what happened
	columns := strings.Fields(strings.TrimPrefix(line, ":"))
	if err != nil || len(columns) != 5 {
		return change{}, fmt.Errorf("git lists what is staged in a form that is not understood: %.80q", line)
	}
	c := change{before: columns[2]}
	c.path, err = field()
	if moved := strings.ContainsAny(columns[4][:1], "RC"); moved && err == nil {
		c.path, err = field()
	}
	if err != nil {
		return change{}, errors.New("git lists what is staged in part only")
	}
	if strings.HasPrefix(columns[1], "100") {
		c.id = columns[3]
	}
	if strings.Trim(c.before, "0") == "" {
		c.before = ""
	}
	return c, nil
}
