package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
)

// SaveAgentLog copies what an agent has printed out of its sandbox, which need not run, and returns how many bytes that is. The
// error is of kind [Missing] when it has printed nothing, or the sandbox is gone.
func (h *Hands) SaveAgentLog(ctx context.Context, id string, to io.Writer) (written int64, err error) {
	err = h.work(ctx, SourceDocker, "the agent's log in sandbox "+Short(id), func(ctx context.Context) error {
		if _, err := h.sandbox(ctx, id); err != nil {
			return err
		}
		printed, _, err := h.world.Docker.openServerLog(ctx, id)
		if err != nil {
			return err
		}
		defer printed.Close()
		written, err = io.Copy(to, printed)
		return err
	})
	return written, err
}

// RemoveSandbox removes a container, running or not, if it is a sandbox. The error is of kind [Missing] when it is gone.
func (h *Hands) RemoveSandbox(ctx context.Context, id string) error {
	return h.act(ctx, SourceDocker, "the removal of sandbox "+Short(id), func(ctx context.Context) error {
		whole, err := h.sandbox(ctx, id)
		if err != nil {
			return err
		}
		return absent(h.world.Docker.client.ContainerRemove(ctx, whole, container.RemoveOptions{Force: true}))
	})
}

// sandbox makes sure that a container is a sandbox, and returns its whole id. It is looked for in the list, for who inspects a
// container is told its environment, too.
func (h *Hands) sandbox(ctx context.Context, id string) (string, error) {
	d := h.world.Docker
	d.once.Do(d.open)
	if d.err != nil {
		return "", d.err
	}
	found, err := d.client.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("id", id))})
	if err != nil {
		return "", err
	}
	for _, c := range found {
		if !strings.HasPrefix(c.ID, id) || id == "" {
			continue
		}
		for _, name := range c.Names {
			if _, ok := taskOf(name); ok {
				return c.ID, nil
			}
		}
		return "", fmt.Errorf("container %s is called %.80q, so it is no sandbox of a task, and is left alone", Short(c.ID), c.Names)
	}
	return "", kinded{Missing, errors.New("there is no such container")}
}

func absent(err error) error {
	if errdefs.IsNotFound(err) {
		return kinded{Missing, err}
	}
	return err
}
