package environment_test

import (
	"strings"
	"testing"
	"time"

	"doctor/checks"
	"doctor/checks/checkstest"
	"doctor/checks/environment"
	"doctor/checks/pipeline"
	"doctor/checks/pipeline/settings"
)

// loaded is the settings of a PostHog folder.
func loaded(t *testing.T, dir string, environ ...string) *settings.Settings {
	t.Helper()
	set, err := settings.Load(settings.Options{WorkingDir: dir, Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// judge runs a check where these settings are made, and a told world knows these answers.
func judge(c *checks.Check, set *settings.Settings, answers ...pipeline.Answer) checkstest.Outcome {
	return checkstest.Run(pipeline.Told(set, now, answers...), c)
}

// said is what an outcome's findings say, a line each: severity, title, and the evidence behind a bar.
func said(o checkstest.Outcome) string {
	var lines []string
	for _, f := range o.Findings {
		line := string(f.Severity) + ": " + f.Title
		for _, e := range f.Evidence {
			line += " | " + e.Source + ": " + e.Excerpt
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestInactivity(t *testing.T) {
	const unset = "info: TASKS_INACTIVITY_TIMEOUT_SECONDS "
	for name, test := range map[string]struct {
		files   map[string]string
		environ []string
		says    string
		limit   time.Duration
		file    string // of the subject
	}{
		"set":                    {env("TASKS_INACTIVITY_TIMEOUT_SECONDS=1800\n"), nil, "", 30 * time.Minute, ""},
		"as Python reads it":     {env("TASKS_INACTIVITY_TIMEOUT_SECONDS=' 1_800 '\n"), nil, "", 30 * time.Minute, ""},
		"only bin/start sees it": {map[string]string{".env": "", ".env.local": "TASKS_INACTIVITY_TIMEOUT_SECONDS=30\n"}, nil, "", 30 * time.Second, ""},
		"the process comes first": {
			env("TASKS_INACTIVITY_TIMEOUT_SECONDS=1800\n"),
			[]string{"TASKS_INACTIVITY_TIMEOUT_SECONDS=60"},
			"", time.Minute, "",
		},
		"unset":         {env("DEBUG=1\n"), nil, unset + "is not set | .env: no such line", 0, ".env"},
		"no such file":  {map[string]string{"manage.py": ""}, nil, unset + "is not set | .env: no such file", 0, ".env"},
		"empty":         {env("TASKS_INACTIVITY_TIMEOUT_SECONDS=\n"), nil, unset + "is empty in .env | .env: TASKS_INACTIVITY_TIMEOUT_SECONDS is empty", 0, ".env"},
		"commented out": {env("# TASKS_INACTIVITY_TIMEOUT_SECONDS=30\n"), nil, unset + "is commented out in .env | .env: TASKS_INACTIVITY_TIMEOUT_SECONDS is commented out", 0, ".env"},
		"zero": {
			map[string]string{".env": "", ".env.local": "TASKS_INACTIVITY_TIMEOUT_SECONDS=0\n"},
			nil,
			unset + `is 0, which is as if it were not set | .env.local: TASKS_INACTIVITY_TIMEOUT_SECONDS="0"`, 0, ".env.local",
		},
		"no number": {
			env("TASKS_INACTIVITY_TIMEOUT_SECONDS=30s\n"), nil,
			`error: TASKS_INACTIVITY_TIMEOUT_SECONDS is no whole number in .env | .env: TASKS_INACTIVITY_TIMEOUT_SECONDS="30s"`, 0, ".env",
		},
		"for ever": {env("TASKS_INACTIVITY_TIMEOUT_SECONDS=9999999999999\n"), nil, "", 9_223_372_036 * time.Second, ""},
		"too large": {
			env("TASKS_INACTIVITY_TIMEOUT_SECONDS=99999999999999999999\n"), nil,
			`error: TASKS_INACTIVITY_TIMEOUT_SECONDS is no whole number in .env | .env: TASKS_INACTIVITY_TIMEOUT_SECONDS="99999999999999999999"`, 0, ".env",
		},
		"hostile": {
			env("TASKS_INACTIVITY_TIMEOUT_SECONDS=\"\x1b[2J" + strings.Repeat("x", 100) + "\"\n"), nil,
			`error: TASKS_INACTIVITY_TIMEOUT_SECONDS is no whole number in .env | .env: TASKS_INACTIVITY_TIMEOUT_SECONDS="\x1b[2J` + strings.Repeat("x", 56) + `"`, 0, ".env",
		},
		"no number in the process": {
			nil,
			[]string{"TASKS_INACTIVITY_TIMEOUT_SECONDS=half an hour"},
			`error: TASKS_INACTIVITY_TIMEOUT_SECONDS is no whole number in the process environment | process environment: TASKS_INACTIVITY_TIMEOUT_SECONDS="half an hour"`, 0, "process environment",
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := judge(environment.Inactivity, loaded(t, checkstest.Folder(t, test.files), test.environ...))
			if got := said(o); got != test.says {
				t.Errorf("got  %s\nwant %s", got, test.says)
			}
			if set, _ := o.Result.(*environment.InactivityTimeout); set == nil || set.Limit != test.limit {
				t.Errorf("the result is %+v", set)
			}
			for _, f := range o.Findings {
				if f.Subject[0] != test.file || f.Subject[1] != "TASKS_INACTIVITY_TIMEOUT_SECONDS" {
					t.Errorf("subject %q", f.Subject)
				}
				if f.Severity == checks.Info && (!strings.Contains(f.Detail, "2 hours") || !strings.Contains(f.Detail, "30 minutes") || !strings.Contains(f.Detail, "end healthy agents")) {
					t.Errorf("it does not say both: %s", f.Detail)
				}
			}
		})
	}
	judge(environment.Inactivity, loaded(t, t.TempDir())).Is(t, checks.Skipped, "")
}
