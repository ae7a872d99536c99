package command

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"doctor/checks"
	"doctor/checks/inspect"
	"doctor/report"
)

// options is what the flags say. Every command understands the common ones, so that they can stand in an alias.
type options struct {
	team           int64
	since, timeout time.Duration
	only, skip     many
	postHogDir     string
	envFiles       many
	clickHouseURL  string
	from           string
	config         string
	failOn         string
	format, output string
	color          string
	timings        bool
	verbose        bool

	graph       string // of checks: the language of the drawing
	schema      bool
	explain     bool // of config
	short       bool // of version
	allowFix    bool // of mcp
	content     bool // of capture
	list, prune bool // of undo
	tail        int  // of logs: how many entries
	follow, raw bool
	logKey      string
	treatment   treatment
	workflows   workflowOptions
	history     inspect.HistoryQuery
}

// The groups that help shows flags in.
const (
	whatToLookAt = "What to look at"
	whereToLook  = "Where to look"
	howToReport  = "How to report"
)

// common returns the flags that every command understands, bound to o.
func (o *options) common() []cli.Flag {
	o.team, o.since, o.timeout = 1, 24*time.Hour, 10*time.Second
	o.failOn, o.format, o.color = string(checks.Error), "text", "auto"
	return []cli.Flag{
		&cli.GenericFlag{Name: "team-id", Value: &team{&o.team}, Category: whatToLookAt, Usage: "look at the signals of team `N`"},
		&cli.GenericFlag{Name: "since", Value: &duration{&o.since}, Category: whatToLookAt, Usage: "look `DURATION` back: 90m, 24h, 7d"},
		&cli.GenericFlag{Name: "only", Value: &o.only, Category: whatToLookAt, Usage: "run only `NAME,…`: checks, codes or parts"},
		&cli.GenericFlag{Name: "skip", Value: &o.skip, Category: whatToLookAt, Usage: "run all but `NAME,…`"},
		&cli.GenericFlag{Name: "fail-on", Value: oneOf(&o.failOn, "error", "warning", "info"), Category: whatToLookAt, Usage: "exit 1 from `LEVEL` up: info, warning, error"},
		&cli.StringFlag{Name: "posthog-dir", Destination: &o.postHogDir, Category: whereToLook, Usage: "the PostHog `FOLDER` (default: found upwards from here)"},
		&cli.GenericFlag{Name: "env-file", Value: &whole{&o.envFiles}, Category: whereToLook, Usage: "read settings from `FILE`, not the folder's; repeatable"},
		&cli.StringFlag{Name: "clickhouse-url", Destination: &o.clickHouseURL, Category: whereToLook, Usage: "ask ClickHouse at `URL`, native or HTTP"},
		&cli.StringFlag{Name: "from", Destination: &o.from, Category: whereToLook, Usage: "look at what `CAPTURE` recorded, and nowhere else"},
		&cli.StringFlag{Name: "config", Destination: &o.config, Category: whereToLook, Usage: "read `FILE`, not the folder's .doctor.yaml"},
		&cli.GenericFlag{Name: "timeout", Value: &duration{&o.timeout}, Category: whereToLook, Usage: "end the whole run after `DURATION`"},
		&cli.GenericFlag{Name: "format", Value: oneOf(&o.format, report.Formats()...), Category: howToReport, Usage: "report as `FORMAT`"},
		&cli.StringFlag{Name: "output", Destination: &o.output, Category: howToReport, Usage: "write to `FILE`, not to standard output"},
		&cli.GenericFlag{Name: "color", Value: oneOf(&o.color, "auto", "always", "never"), Category: howToReport, Usage: "use color `WHEN`: auto, always, never"},
		&cli.BoolFlag{Name: "timings", Destination: &o.timings, DisableDefaultText: true, Category: howToReport, Usage: "show how long each check took"},
		&cli.BoolFlag{Name: "v", Aliases: []string{"verbose"}, Destination: &o.verbose, DisableDefaultText: true, Category: howToReport, Usage: "show all evidence and all checks"},
		helpFlag(),
	}
}

// helpFlag is a flag of each command and of the root. It is not shown: who reads help has found it.
func helpFlag() cli.Flag { return &cli.BoolFlag{Name: "help", Aliases: []string{"h"}, Hidden: true} }

// team is a team's id, which is a Postgres integer.
type team struct{ id *int64 }

func (t *team) String() string { return strconv.FormatInt(*t.id, 10) }

func (t *team) Set(text string) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || id > math.MaxInt32 {
		return fmt.Errorf("a team id is a whole number from 1 to %d", math.MaxInt32)
	}
	*t.id = id
	return nil
}

// duration is a length of time: what Go writes, and days.
type duration struct{ length *time.Duration }

func (d *duration) String() string {
	text := d.length.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// longest is far more than any pipeline keeps, and far from where arithmetic on instants ends.
const longest = 10 * 365 * 24 * time.Hour

func (d *duration) Set(text string) error {
	length, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		length = time.Duration(n) * 24 * time.Hour
	}
	switch {
	case err != nil:
		return errors.New("a duration is a number with a unit, such as 500ms, 10s, 90m, 24h or 7d")
	case length <= 0:
		return errors.New("a duration is longer than nothing")
	case length > longest:
		return errors.New("a duration is ten years at most")
	}
	*d.length = length
	return nil
}

// choice is one of a few words.
type choice struct {
	chosen *string
	among  []string
	plain  string // what the flag means without a value; "" where it needs one
}

func oneOf(chosen *string, among ...string) *choice { return &choice{chosen: chosen, among: among} }

// orElse lets the flag stand without a value.
func (c *choice) orElse(plain string) *choice {
	c.plain = plain
	return c
}

func (c *choice) String() string { return *c.chosen }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.among, text) {
		return fmt.Errorf("it is one of %s", strings.Join(c.among, ", "))
	}
	*c.chosen = text
	return nil
}

// many is a list of names, given at once with commas, one by one, or both.
type many []string

func (m *many) String() string { return strings.Join(*m, ",") }

func (m *many) Set(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return errors.New("a name is empty")
		}
		*m = append(*m, name)
	}
	return nil
}

// whole is a list whose values are taken as they are: a path may hold a comma.
type whole struct{ list *many }

func (w *whole) String() string { return w.list.String() }

func (w *whole) Set(text string) error {
	if text == "" {
		return errors.New("a path is empty")
	}
	*w.list = append(*w.list, text)
	return nil
}
