package pipeline

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// Process is a process of a sandbox. Its arguments are never asked for: the tokens of MCP servers are among them.
type Process struct {
	PID     int           // as the machine that the engine runs on counts
	Elapsed time.Duration // 0 where ps does not tell
	Memory  int64         // that it holds, in bytes; what processes share is counted for each
	Name    string
}

// processColumns is what ps is asked for, in the words of both procps and busybox, and what each calls it then; the second is
// for a busybox that was built without times. An engine that answers with other columns may answer with arguments, so that
// these are not looked at.
var processColumns = []struct {
	asked  string
	titles []string
}{
	{"pid,etime,rss,comm", []string{"PID", "ELAPSED", "RSS", "COMMAND"}}, // a name may hold spaces, and so is last
	{"pid,rss,comm", []string{"PID", "RSS", "COMMAND"}},
}

// Processes lists the processes of a running sandbox, the oldest first. The error is of kind [Missing] when it does not run any
// more.
func (d *Docker) Processes(ctx context.Context, id string) ([]Process, error) {
	return ask(ctx, d.world, Processes, id, func(ctx context.Context) ([]Process, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return nil, d.err
		}
		var failure error
		for _, columns := range processColumns {
			answer, err := d.client.ContainerTop(ctx, id, []string{"-o", columns.asked})
			if err == nil {
				return processes(answer, columns.titles)
			}
			if errdefs.IsConflict(err) || strings.Contains(err.Error(), "is not running") { // it has ended since it was listed
				return nil, kinded{Missing, err}
			}
			if failure == nil {
				failure = absent(err)
			}
			if ctx.Err() != nil || errdefs.IsNotFound(err) {
				break
			}
		}
		return nil, failure
	})
}

func processes(answer container.TopResponse, titles []string) ([]Process, error) {
	if !slices.Equal(answer.Titles, titles) {
		return nil, errors.New("the engine lists processes in another way than it was asked to")
	}
	var all []Process
	for _, row := range answer.Processes {
		if len(row) != len(titles) {
			continue
		}
		last := len(row) - 1
		p := Process{Memory: memory(row[last-1]), Name: brief(row[last])}
		p.PID, _ = strconv.Atoi(row[0])
		if last > 2 {
			p.Elapsed = elapsed(row[1])
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b Process) int {
		if a.Elapsed != b.Elapsed {
			return int(b.Elapsed/time.Second - a.Elapsed/time.Second)
		}
		return a.PID - b.PID
	})
	return all, nil
}

// elapsed reads [[days-]hours:]minutes:seconds.
func elapsed(text string) (total time.Duration) {
	days, rest, ok := strings.Cut(text, "-")
	if !ok {
		days, rest = "0", text
	}
	n, _ := strconv.ParseUint(days, 10, 16)
	seconds := 0 * time.Second
	for field := range strings.SplitSeq(rest, ":") {
		m, _ := strconv.ParseUint(field, 10, 16)
		seconds = 60*seconds + time.Duration(m)*time.Second
	}
	return time.Duration(n)*24*time.Hour + seconds
}

// memory reads a size in kilobytes; busybox writes large ones with a unit.
func memory(text string) int64 {
	unit := int64(1 << 10)
	for suffix, bytes := range map[string]int64{"m": 1 << 20, "g": 1 << 30} {
		if rest, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = rest, bytes
		}
	}
	n, _ := strconv.ParseUint(text, 10, 40)
	return int64(n) * unit
}

// ServerLog is the end of what an agent's server has printed into a file of its sandbox.
type ServerLog struct {
	Size     int64 // of the whole file, in bytes
	Lines    []string
	Whole    bool // the lines are all of it
	Withheld bool // there are lines, and they are left out of a recording
}

// agentServerLog is where a sandbox's agent writes what it prints: the container's own log is always empty
// (products/tasks/backend/logic/services/docker_sandbox.py).
const agentServerLog = "/tmp/agent-server.log"

const (
	serverLogBytes = 64 << 10 // of its end are kept
	serverLogLines = 40       // as many as the pipeline itself puts into an agent's log
)

// ServerLog reads the end of what the agent of a sandbox has printed. The sandbox need not run. The error is of kind
// [Missing] when it has printed nothing.
func (d *Docker) ServerLog(ctx context.Context, id string) (*ServerLog, error) {
	return ask(ctx, d.world, ServerLogs, id, func(ctx context.Context) (*ServerLog, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return nil, d.err
		}
		printed, size, err := d.openServerLog(ctx, id)
		if err != nil {
			return nil, err
		}
		defer printed.Close()
		// An archive is read from its beginning on: of a large file most is thrown away.
		if _, err := io.CopyN(io.Discard, printed, max(size-serverLogBytes, 0)); err != nil {
			return nil, err
		}
		end, err := io.ReadAll(io.LimitReader(printed, serverLogBytes))
		if err != nil {
			return nil, err
		}
		return serverLog(end, size), nil
	})
}

func serverLog(end []byte, size int64) *ServerLog {
	log := &ServerLog{Size: size, Whole: int64(len(end)) >= size}
	if text := string(bytes.TrimRight(end, "\n")); text != "" {
		log.Lines = strings.Split(text, "\n")
	}
	if !log.Whole && len(log.Lines) > 1 {
		log.Lines = log.Lines[1:] // it may be the end of one
	}
	if more := len(log.Lines) - serverLogLines; more > 0 {
		log.Lines, log.Whole = log.Lines[more:], false
	}
	return log
}

// archived is a file within an archive.
type archived struct {
	io.Reader
	io.Closer
}

// openServerLog opens what an agent has printed, as an archive of that one file.
func (d *Docker) openServerLog(ctx context.Context, id string) (printed io.ReadCloser, size int64, err error) {
	archive, _, err := d.client.CopyFromContainer(ctx, id, agentServerLog)
	if err != nil {
		return nil, 0, absent(err)
	}
	files := tar.NewReader(archive)
	header, err := files.Next()
	if err == nil && header.Typeflag != tar.TypeReg {
		err = kinded{Missing, fmt.Errorf("%s is no file", agentServerLog)}
	}
	if err != nil {
		archive.Close()
		return nil, 0, fmt.Errorf("read the archive of %s: %w", agentServerLog, err)
	}
	return archived{files, archive}, header.Size, nil
}
