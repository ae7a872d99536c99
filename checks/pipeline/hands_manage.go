package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Printed is what a management command printed, and how it ended.
type Printed struct {
	Lines    []string // of its standard output, any text at all
	Code     int      // its exit code: some of the commands end with 0 though they have failed
	Complain string   // the last line of its standard error
}

// How much of what a command prints is kept.
const (
	mostPrinted   = 256_000 // bytes, the first ones
	mostComplaint = 64_000
)

// dying is how long a command that is called off may take to let go of its output.
const dying = 2 * time.Second

// Manage runs one of the pipeline's own management commands (products/signals/backend/management/commands) in the PostHog
// folder: with the environment of this process, and DEBUG=1, which the commands ask for. It fails where the command could
// not be run at all.
func (h *Hands) Manage(ctx context.Context, interpreter string, arguments ...string) (Printed, error) {
	s := h.world.Settings
	if s.Folder == "" {
		return Printed{}, errors.New("there is no PostHog folder here or above: --posthog-dir names one")
	}
	command := exec.CommandContext(ctx, interpreter, append([]string{"manage.py"}, arguments...)...)
	command.Dir, command.WaitDelay = s.Folder, dying
	for name, value := range s.Process {
		if name != "DEBUG" {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	command.Env = append(command.Env, "DEBUG=1")
	out, said := &kept{most: mostPrinted}, &kept{most: mostComplaint}
	command.Stdout, command.Stderr = out, said
	err := command.Run()
	printed := Printed{Lines: lines(out.text), Code: command.ProcessState.ExitCode()}
	if complaint := lines(said.text); len(complaint) > 0 {
		printed.Complain = complaint[len(complaint)-1]
	}
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return printed, fmt.Errorf("%s was called off: %w", arguments[0], ctx.Err())
	case errors.As(err, &ended), err == nil:
		return printed, nil
	}
	return printed, fmt.Errorf("cannot run %s: %w", interpreter, err)
}

// kept is the beginning of what is written to it.
type kept struct {
	text []byte
	most int
}

func (k *kept) Write(p []byte) (int, error) {
	k.text = append(k.text, p[:min(len(p), k.most-len(k.text))]...)
	return len(p), nil
}

func lines(text []byte) []string {
	var all []string
	for line := range strings.SplitSeq(string(text), "\n") {
		if line = strings.TrimRight(line, " \r"); line != "" {
			all = append(all, line)
		}
	}
	return all
}
