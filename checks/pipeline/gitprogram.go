package pipeline

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

// objects has git read objects by name, in order. What take leaves of a content is passed over; a missing object has none
// and the size -1.
func (g *Git) objects(ctx context.Context, names []string, take func(i int, size int64, content io.Reader) error) error {
	return g.catFile(ctx, "--batch", names, func(i int, size int64, output *bufio.Reader) error {
		if size < 0 {
			return nil
		}
		content := io.LimitReader(output, size)
		if err := take(i, size, content); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return err
		}
		_, err := output.ReadByte() // a line break follows it
		return err
	})
}

// sizes asks for the sizes of objects, which are -1 of those that are missing.
func (g *Git) sizes(ctx context.Context, names []string, take func(i int, size int64)) error {
	return g.catFile(ctx, "--batch-check", names, func(i int, size int64, _ *bufio.Reader) error {
		take(i, size)
		return nil
	})
}

// catFile starts one git for all names. Each answer begins with a line that ends with the size.
func (g *Git) catFile(ctx context.Context, batch string, names []string, answer func(i int, size int64, output *bufio.Reader) error) error {
	if len(names) == 0 {
		return nil
	}
	command := g.command(ctx, "cat-file", batch)
	command.Stdin = strings.NewReader(strings.Join(names, "\n") + "\n")
	git, err := begin(command)
	if err != nil {
		return err
	}
	for i := range names {
		var header string
		if header, err = git.output.ReadString('\n'); err != nil {
			break
		}
		header = strings.TrimSuffix(header, "\n")
		size := int64(-1)
		if !strings.HasSuffix(header, " missing") && !strings.HasSuffix(header, " ambiguous") {
			if size, err = strconv.ParseInt(header[strings.LastIndexByte(header, ' ')+1:], 10, 64); err != nil {
				err = fmt.Errorf("git describes an object in a form that is not understood: %.80q", header)
				break
			}
		}
		if err = answer(i, size, git.output); err != nil {
			break
		}
	}
	return git.end(err)
}

// gitProcess is a git that was started.
type gitProcess struct {
	command *exec.Cmd
	output  *bufio.Reader
	said    firstBytes
}

// command prepares a git that changes nothing, asks nobody, runs no other program and fetches nothing over a network,
// whatever the repository is configured to do.
func (g *Git) command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "git", append([]string{"--no-pager", "-c", "core.fsmonitor=false"}, arguments...)...)
	for name, value := range g.environ {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env,
		"GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return command
}

func begin(command *exec.Cmd) (*gitProcess, error) {
	p := &gitProcess{command: command}
	command.Stderr = &p.said
	output, err := command.StdoutPipe()
	if err == nil {
		p.output = bufio.NewReader(output)
		err = command.Start()
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, kinded{Missing, errors.New("git is not installed")}
	}
	return p, err
}

// end waits for git to end, and returns what went wrong: what git says of it where it has failed, else what its reader
// met with.
func (p *gitProcess) end(reading error) error {
	_, _ = io.Copy(io.Discard, p.output)
	err := p.command.Wait()
	if err == nil {
		return reading
	}
	said, more, _ := strings.Cut(strings.TrimPrefix(p.said.String(), "fatal: "), "\n")
	switch {
	// Outside of a repository git diff takes itself for another one, which compares any two files.
	case strings.HasPrefix(said, "not a git repository"), strings.Contains(said+more, "--no-index"):
		return kinded{Missing, errors.New("this is no git repository")}
	case said != "":
		return errors.New(said)
	}
	return err
}

// firstBytes keeps the beginning of what is written to it.
type firstBytes struct{ strings.Builder }

func (b *firstBytes) Write(p []byte) (int, error) {
	b.Builder.Write(p[:min(len(p), max(0, 1000-b.Len()))])
	return len(p), nil
}
