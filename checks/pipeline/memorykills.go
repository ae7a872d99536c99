package pipeline

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// MemoryKill is one time that the kernel ended a process of a container for want of memory.
type MemoryKill struct {
	Container string // its whole id
	At        time.Time
	Limit     int64 // how much the container may have, in bytes; 0 where it is gone, or has no limit
}

// KillsOf names containers, and how far back to look.
type KillsOf struct {
	Containers []string // that are still there
	Since      time.Time
}

// mostKills is how many events are read: the engine keeps no more of all kinds together.
const mostKills = 256

// MemoryKills tells which containers have run out of memory. The engine remembers its newest events, also of containers that
// are gone; of one that is there and has exited its state says so for good. Of the state nothing else is kept, its
// environment least of all.
func (d *Docker) MemoryKills(ctx context.Context, asked KillsOf) ([]MemoryKill, error) {
	asked.Since = asked.Since.UTC().Truncate(time.Second)
	return ask(ctx, d.world, MemoryKills, asked, func(ctx context.Context) ([]MemoryKill, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return nil, d.err
		}
		kills, err := d.rememberedKills(ctx, asked.Since)
		if err != nil {
			return nil, err
		}
		for _, id := range asked.Containers {
			found, err := d.client.ContainerInspect(ctx, id)
			if errdefs.IsNotFound(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			limit := int64(0)
			if found.HostConfig != nil {
				limit = found.HostConfig.Memory
			}
			remembered := slices.ContainsFunc(kills, func(k MemoryKill) bool { return k.Container == found.ID })
			if found.State != nil && found.State.OOMKilled && !remembered {
				ended, _ := time.Parse(time.RFC3339Nano, found.State.FinishedAt)
				kills = append(kills, MemoryKill{found.ID, ended, limit})
			}
			for i := range kills {
				if kills[i].Container == found.ID {
					kills[i].Limit = limit
				}
			}
		}
		return kills, nil
	})
}

func (d *Docker) rememberedKills(ctx context.Context, since time.Time) ([]MemoryKill, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	messages, failed := d.client.Events(ctx, events.ListOptions{
		Since: strconv.FormatInt(since.Unix(), 10), Until: strconv.FormatInt(time.Now().Unix(), 10),
		Filters: filters.NewArgs(filters.Arg("type", "container"), filters.Arg("event", "oom")),
	})
	var kills []MemoryKill
	for len(kills) < mostKills {
		select {
		case message := <-messages:
			kills = append(kills, MemoryKill{Container: message.Actor.ID, At: time.Unix(0, message.TimeNano)})
		case err := <-failed:
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return kills, err
		}
	}
	return kills, nil
}
