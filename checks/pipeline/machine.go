package pipeline

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Machine is the computer that the doctor runs on.
type Machine struct{ world *World }

// Workers tells of workers, by their identities (pid@host), when their processes were started. Those that are on another
// machine or in a container, and those that have ended, are not in the answer. The error wraps [errors.ErrUnsupported]
// where a machine of this kind cannot be asked.
func (m *Machine) Workers(ctx context.Context, identities []string) (map[string]time.Time, error) {
	return ask(ctx, m.world, LocalWorkers, identities, func(context.Context) (map[string]time.Time, error) {
		here, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		started := map[string]time.Time{}
		for _, identity := range identities {
			number, host, _ := strings.Cut(identity, "@")
			pid, err := strconv.Atoi(number)
			if err != nil || pid <= 0 || host != here {
				continue
			}
			at, lives, err := processStart(pid)
			if err != nil {
				return nil, err
			}
			if lives {
				started[identity] = at
			}
		}
		return started, nil
	})
}

// Resolves tells which of some host names this machine resolves.
func (m *Machine) Resolves(ctx context.Context, hosts []string) (map[string]bool, error) {
	return ask(ctx, m.world, Resolutions, hosts, func(ctx context.Context) (map[string]bool, error) {
		known := make([]bool, len(hosts))
		var all sync.WaitGroup
		for i, host := range hosts {
			all.Go(func() { known[i] = m.world.resolvable(ctx, host) })
		}
		all.Wait()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		resolved := map[string]bool{}
		for i, host := range hosts {
			resolved[host] = known[i]
		}
		return resolved, nil
	})
}
