package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/pkg/stdcopy"
)

// Sandbox is a container that an agent works in, as Docker lists it. Its environment and its processes' arguments hold
// secrets and are never asked for.
type Sandbox struct {
	ID      string
	Name    string // task-sandbox-<task>-<random> (products/tasks/backend/logic/services/docker_sandbox.py)
	Task    string // the id in the name
	Image   string
	State   string // running, exited and others
	Created time.Time
}

// Running reports whether the container runs.
func (s Sandbox) Running() bool { return s.State == "running" }

// Vanishing reports whether Docker is removing the container, or has removed it but for its name.
func (s Sandbox) Vanishing() bool { return s.State == "removing" || s.State == "dead" }

const sandboxName = "task-sandbox-"

// Sandboxes lists the sandboxes of all teams, those that have ended, too; the newest first.
func (d *Docker) Sandboxes(ctx context.Context) ([]Sandbox, error) {
	return ask(ctx, d.world, Sandboxes, Nothing{}, func(ctx context.Context) ([]Sandbox, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return nil, d.err
		}
		listed, err := d.client.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("name", sandboxName))})
		if err != nil {
			return nil, err
		}
		var sandboxes []Sandbox
		for _, c := range listed {
			for _, name := range c.Names {
				if task, ok := taskOf(name); ok {
					sandboxes = append(sandboxes, Sandbox{c.ID, strings.TrimPrefix(name, "/"), task, c.Image, c.State, time.Unix(c.Created, 0)})
					break
				}
			}
		}
		slices.SortStableFunc(sandboxes, func(a, b Sandbox) int { return b.Created.Compare(a.Created) })
		return sandboxes, nil
	})
}

// taskOf reads the id of the task from a sandbox's name.
func taskOf(name string) (task string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "/"), sandboxName)
	if at := strings.LastIndexByte(rest, '-'); at > 0 {
		rest = rest[:at]
	}
	return rest, ok && rest != ""
}

// eventStore is where agentsh keeps what it has seen (products/tasks/backend/logic/services/agentsh.py), and the query is
// the one by which PostHog reads it, with a bound that a busy turn does not reach. Other columns hold whole command lines.
const (
	eventStore  = "/var/lib/agentsh/events.db"
	eventsQuery = `SELECT ts_unix_ns, type, domain, remote, effective_decision, policy_rule FROM events
WHERE type LIKE 'net%' OR (effective_decision IS NOT NULL AND domain IS NOT NULL)
ORDER BY ts_unix_ns DESC LIMIT 500`
	mostEvents = 1 << 20 // bytes of the answer: a row has some 200
)

// EventStore reads the network events of a running sandbox, newest first. They are asked for inside of it, read-only: the
// store's newest rows stand in its write-ahead log. It reports an error of kind [Missing] where there is no store.
func (d *Docker) EventStore(ctx context.Context, id string) ([]NetworkEvent, error) {
	return ask(ctx, d.world, EventStores, id, func(ctx context.Context) ([]NetworkEvent, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return nil, d.err
		}
		rows, err := d.execute(ctx, id, "sqlite3", "-readonly", "-json", eventStore, eventsQuery)
		if err != nil {
			return nil, err
		}
		return storedEvents(rows)
	})
}

// execute runs a program in a container and returns what it printed.
func (d *Docker) execute(ctx context.Context, id string, program ...string) ([]byte, error) {
	made, err := d.client.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: program, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return nil, err
	}
	stream, err := d.client.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, stream.Close)()
	var printed, complaint bytes.Buffer
	if _, err := stdcopy.StdCopy(&printed, &complaint, io.LimitReader(stream.Reader, mostEvents)); err != nil {
		return nil, err
	}
	ended, err := d.client.ContainerExecInspect(ctx, made.ID)
	if err != nil {
		return nil, err
	}
	if ended.ExitCode != 0 {
		return nil, failedInside(program[0], ended.ExitCode, complaint.String())
	}
	return printed.Bytes(), nil
}

// failedInside tells a sandbox without a store, or without the means to read it, from other failures.
func failedInside(program string, exit int, complaint string) error {
	first, _, _ := strings.Cut(strings.TrimSpace(complaint), "\n")
	const notFound, notExecutable = 127, 126
	if exit == notFound || exit == notExecutable {
		return kinded{Missing, fmt.Errorf("the sandbox has no %s", program)}
	}
	if strings.Contains(complaint, "unable to open database") || strings.Contains(complaint, "no such table") {
		return kinded{Missing, errors.New("the sandbox has no event store of agentsh")}
	}
	return fmt.Errorf("%s ended with %d: %s", program, exit, first)
}

// storedEvents reads the rows of an event store as sqlite3 prints them: nothing at all for none.
func storedEvents(rows []byte) ([]NetworkEvent, error) {
	if len(bytes.TrimSpace(rows)) == 0 {
		return nil, nil
	}
	var stored []struct {
		At       int64  `json:"ts_unix_ns"`
		Type     string `json:"type"`
		Domain   string `json:"domain"`
		Remote   string `json:"remote"`
		Decision string `json:"effective_decision"`
		Rule     string `json:"policy_rule"`
	}
	if err := json.Unmarshal(rows, &stored); err != nil {
		return nil, fmt.Errorf("read the rows of the event store: %w", err)
	}
	var events []NetworkEvent
	for _, row := range stored {
		event := NetworkEvent{Time: time.Unix(0, row.At), Decision: strings.ToLower(row.Decision), Rule: row.Rule, Type: row.Type}
		event.Host, event.Port = target(row.Remote)
		if row.Domain != "" {
			event.Host = strings.ToLower(row.Domain)
		}
		if event.Host == "" {
			event.Host = "unknown"
		}
		events = append(events, event)
	}
	return events, nil
}
