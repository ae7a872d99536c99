package command

import (
	"context"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"doctor/checks"
)

// many of the command lines below differ only in where their flags stand.
func TestFlagsWorkWhereverTheyStand(t *testing.T) {
	want := call(t, []*checks.Check{passing("a.one")}, "check", "--team-id", "7", "--format", "json")
	for _, line := range []string{
		"--team-id 7 --format json", "--team-id=7 --format=json", "-team-id 7 -format json", "--team-id 7 check --format json",
		"check --format=json --team-id=7", "--format json --team-id 7 check", "--team-id 7 --team-id 7 check --format json",
	} {
		got := call(t, []*checks.Check{passing("a.one")}, strings.Fields(line)...)
		if got.exit != 0 || document(t, got).TeamID != 7 || document(t, want).TeamID != 7 {
			t.Errorf("%s: %+v", line, got)
		}
	}
	before := call(t, nil, "--color", "always", "explain", "TMP001")
	for _, line := range []string{"explain --color always TMP001", "explain TMP001 --color always", "explain TMP001 --color=always"} {
		if got := call(t, nil, strings.Fields(line)...); got != before || !strings.Contains(got.stdout, "\x1b[") {
			t.Errorf("%s: %+v", line, got)
		}
	}
}

func TestWrongUsageIsOneLineAndExitCode2(t *testing.T) {
	ran := false
	only := []*checks.Check{looking("services.temporal", []checks.Code{checks.SVC001}, func(context.Context, *checks.Pass) (any, error) {
		ran = true
		return nil, nil
	})}
	for line, wanted := range map[string]string{
		"chek":                              `unknown command "chek"; did you mean check?`,
		"TMP001":                            "did you mean doctor explain TMP001?",
		"frobnicate":                        "doctor --help lists them",
		"--formt json":                      "did you mean --format?",
		"checks --grap":                     "did you mean --graph?",
		"-vv":                               `unknown flag "-vv"`,
		"-x":                                `unknown flag "-x"`,
		"--graph":                           "belongs to doctor checks",
		"check --version":                   "belongs to doctor version",
		"check a.one":                       `takes no argument, but got "a.one"`,
		"check -- --team-id":                `takes no argument, but got "--team-id"`,
		"version 2":                         "takes no argument",
		"explain TMP001 TMP002":             `got "TMP002" too`,
		"explain TPM001":                    "did you mean TMP001?",
		"explain TMP":                       "TMP001, TMP002",
		"explain team-id":                   `"team-id" is no code`,
		"--only services.tempral":           "did you mean services.temporal?",
		"--only SVC009":                     "is no check, code or part",
		"--skip nothing":                    "doctor checks lists them",
		"--only services,,a":                "a name is empty",
		"--team-id":                         "needs a value",
		"--team-id --format json":           "--team-id needs a value",
		"--team-id 1 --team-id 2":           `given twice, as "1" and as "2"`,
		"--team-id 1 check --team-id 2":     `given twice`,
		"--format json check --format text": `given twice`,
		"-v --verbose=false":                `given twice`,
		"--team-id 0":                       "whole number from 1",
		"--team-id -5":                      "whole number from 1",
		"--team-id 1.5":                     "whole number from 1",
		"--team-id 2147483648":              "whole number from 1",
		"--team-id 99999999999999999999":    "whole number from 1",
		"--since 5":                         "a number with a unit",
		"--since yesterday":                 "a number with a unit",
		"--since -2h":                       "longer than nothing",
		"--since 0s":                        "longer than nothing",
		"--since 4000d":                     "ten years",
		"--since 99999d":                    "a number with a unit",
		"--timeout 0":                       "longer than nothing",
		"--format yaml":                     "one of text, json",
		"--fail-on fatal":                   "one of error, warning, info",
		"--color sometimes":                 "one of auto, always, never",
		"--timings=perhaps":                 `takes no "perhaps"`,
		"--clickhouse-url ://x":             "--clickhouse-url",
		"--clickhouse-url ftp://x":          "--clickhouse-url",
		"--posthog-dir /does/not/exist":     "--posthog-dir",
		"--env-file /does/not/exist":        "no such file",
		"--env-file=":                       "a path is empty",
		"--env-file .":                      "folder",
		"--output .":                        "it is a folder",
		"--output /does/not/exist":          "no such file or directory",
		"checks --graph --schema":           "two different answers",
	} {
		got := call(t, only, strings.Fields(line)...)
		oneLine := strings.Count(got.stderr, "\n") == 1 && strings.HasPrefix(got.stderr, "doctor: ") && strings.HasSuffix(got.stderr, "\n")
		if got.exit != exitUsage || got.stdout != "" || !oneLine || !strings.Contains(got.stderr, wanted) {
			t.Errorf("doctor %s: %+v, want one line with %q", line, got, wanted)
		}
	}
	if ran {
		t.Error("a check ran in spite of wrong usage")
	}
}

func TestErrorsAreSafeForATerminal(t *testing.T) {
	got := call(t, nil, "explain", "\x1b[2J\nTMP001")
	if got.exit != exitUsage || strings.ContainsRune(got.stderr, '\x1b') || strings.Count(got.stderr, "\n") != 1 {
		t.Errorf("%+v", got)
	}
}

// A second -v makes urfave/cli panic.
func TestRepeatedSwitchesSayNothingNew(t *testing.T) {
	for _, line := range []string{"-v -v", "-v --verbose", "-v check -v", "--timings --timings=true -v=true -v"} {
		got := call(t, []*checks.Check{passing("a.one")}, strings.Fields(line)...)
		if got.exit != 0 || !strings.Contains(got.stdout, "a.one is well") {
			t.Errorf("doctor %s: %+v", line, got)
		}
	}
}

func TestSwitchesCanBeOff(t *testing.T) {
	if got := call(t, []*checks.Check{passing("a.one")}, "-v=false"); strings.Contains(got.stdout, "a.one is well") {
		t.Errorf("%+v", got)
	}
}

func TestHelp(t *testing.T) {
	root := call(t, nil, "--help")
	if lines := strings.Count(root.stdout, "\n"); lines > 24 {
		t.Errorf("doctor --help has %d lines", lines)
	}
	for _, line := range []string{"-h", "help", "--help --team-id 3"} {
		if got := call(t, nil, strings.Fields(line)...); got != root {
			t.Errorf("doctor %s differs from doctor --help: %+v", line, got)
		}
	}
	p := &program{}
	for _, c := range p.app().Commands {
		got := call(t, nil, c.Name, "--help")
		if got.exit != 0 || !strings.Contains(got.stdout, "Examples") || !strings.Contains(root.stdout, c.Name) {
			t.Errorf("doctor %s --help: %+v", c.Name, got)
		}
		for _, line := range []string{"help " + c.Name, c.Name + " -h", c.Name + " an argument --help"} {
			if other := call(t, nil, strings.Fields(line)...); other != got {
				t.Errorf("doctor %s differs from doctor %s --help: %+v", line, c.Name, other)
			}
		}
		for _, line := range strings.Split(root.stdout+got.stdout, "\n") {
			if len([]rune(line)) > 80 {
				t.Errorf("doctor %s --help: longer than 80 columns: %s", c.Name, line)
			}
		}
	}
	help := call(t, nil, "check", "--help")
	for _, code := range []string{"0 ", "1 ", "2 ", "3 ", "130 "} {
		if !strings.Contains(root.stdout, code) || !strings.Contains(help.stdout, "\n  "+code) {
			t.Errorf("exit code %s is not in the help", code)
		}
	}
	for _, flag := range p.options.common() {
		name := "-" + flag.Names()[0]
		if hidden := flag.(cli.VisibleFlag); hidden.IsVisible() && (!strings.Contains(root.stdout, name) || !strings.Contains(help.stdout, name)) {
			t.Errorf("flag %s is not in the help", name)
		}
	}
}

// A flag may be a switch of one command and have a value in another. What it is depends on the command, wherever that stands.
func TestFlagsAreThoseOfTheirCommand(t *testing.T) {
	for line, want := range map[string]string{
		"canary --wait 5m":             "canary --wait=5m --",
		"--wait 5m canary":             "canary --wait=5m --",
		"--wait=5m canary":             "canary --wait=5m --",
		"--team-id 3 canary --wait 5m": "canary --team-id=3 --wait=5m --",
		"canary --wait":                "flag --wait needs a value",
		"status --wait":                "status --wait=true --",
		"--wait status":                "status --wait=true --",
		"status --wait 5m":             `doctor status takes no argument, but got "5m"`,
	} {
		p := &program{}
		arranged, err := arrange(p.app(), strings.Fields(line))
		got := strings.TrimPrefix(strings.Join(arranged, " "), "doctor ")
		if err != nil {
			got = err.Error()
		}
		if got != want && !strings.HasPrefix("doctor: "+got, want) {
			t.Errorf("doctor %s: %s, want %s", line, got, want)
		}
	}
}
