package pipeline

import (
	"context"
	"os"
	"strconv"
	"strings"
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
