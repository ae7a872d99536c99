package environment_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"doctor/checks"
	"doctor/checks/environment"
)

func TestPlaceholders(t *testing.T) {
	const agent = "LOCAL_POSTHOG_CODE_MONOREPO_ROOT"
	detail := "A sandbox wants its agent from that folder, and ends at once where there is none: " + agent + " is invalid. Unset, the published agent is used."
	example := "DEBUG=1\n" + agent + "=/path/to/posthog-code\nBROWSERLESS_TOKEN=sk-...\n# OTHER_API_KEY=your-key-here\nSANDBOX_PROVIDER=docker\n" +
		"SANDBOX_JWT_PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\"\nELEVENLABS_API_KEY=\n"
	for name, test := range map[string]struct {
		files   map[string]string
		named   []string
		environ []string
		want    []string // title, detail when there is one, evidence
	}{
		"filled in":         {files: map[string]string{".env.example": example, ".env": "DEBUG=1\nBROWSERLESS_TOKEN=mine\n" + agent + "=/home/me/code\n"}},
		"plain defaults":    {files: map[string]string{".env.example": example, ".env": "DEBUG=1\nSANDBOX_PROVIDER=docker\nSANDBOX_JWT_PRIVATE_KEY=\"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\"\nELEVENLABS_API_KEY=\n"}},
		"left out":          {files: map[string]string{".env.example": example, ".env": "DEBUG=1\n# " + agent + "=/path/to/posthog-code\n# BROWSERLESS_TOKEN=sk-...\n"}},
		"no .env":           {files: map[string]string{".env.example": example}},
		"no example":        {files: map[string]string{".env": "BROWSERLESS_TOKEN=sk-...\n"}},
		"another, likewise": {files: map[string]string{".env.example": example, ".env": "BROWSERLESS_TOKEN=sk-ant-...\n"}},
		"overruled in the shell": {
			files: map[string]string{".env.example": example, ".env": agent + "=/path/to/posthog-code\n"}, environ: []string{agent + "=/home/me/code"},
		},
		"a model's key":      {files: map[string]string{".env.example": "ANTHROPIC_API_KEY=sk-...\n", ".env": "ANTHROPIC_API_KEY=sk-...\n"}},
		"only for bin/start": {files: map[string]string{".env.example": example, ".env": "DEBUG=1\n", ".env.local": "BROWSERLESS_TOKEN=sk-...\n"}},
		"the agent's folder": {
			files: map[string]string{".env.example": example, ".env": "DEBUG=1\n" + agent + "=/path/to/posthog-code\n"},
			want:  []string{agent + " is still a placeholder in .env", detail, `.env:2: ` + agent + `="/path/to/posthog-code"`},
		},
		"the agent's folder, without example": {
			files: map[string]string{".env": agent + "=/path/to/elsewhere\n"},
			want:  []string{agent + " is still a placeholder in .env", detail, `.env:1: ` + agent + `="/path/to/elsewhere"`},
		},
		"its older name": {
			files: map[string]string{".env": "LOCAL_TWIG_MONOREPO_ROOT=/path/to/twig\n"},
			want:  []string{"LOCAL_TWIG_MONOREPO_ROOT is still a placeholder in .env", strings.ReplaceAll(detail, agent, "LOCAL_TWIG_MONOREPO_ROOT"), `.env:1: LOCAL_TWIG_MONOREPO_ROOT="/path/to/twig"`},
		},
		"in the shell": {
			files: map[string]string{".env": "DEBUG=1\n"}, environ: []string{agent + "=/path/to/posthog-code"},
			want: []string{agent + " is still a placeholder in the process environment", detail, `process environment: ` + agent + `="/path/to/posthog-code"`},
		},
		"a key": {
			files: map[string]string{".env.example": example, ".env": "BROWSERLESS_TOKEN=sk-...\n"},
			want:  []string{"BROWSERLESS_TOKEN is still a placeholder in .env", `.env:1: BROWSERLESS_TOKEN="sk-..."`, ".env.example:3: has the same value"},
		},
		"commented out in the example only": {
			files: map[string]string{".env.example": example, "mine": "export OTHER_API_KEY='your-key-here'\n"}, named: []string{"mine"},
			want: []string{"OTHER_API_KEY is still a placeholder in mine", `mine:1: OTHER_API_KEY="your-key-here"`, ".env.example:4: has the same value"},
		},
		"twice in the example": {
			files: map[string]string{".env.example": "A=<a>\n# A=<a>\n", ".env": "A=<a>\n"},
			want:  []string{"A is still a placeholder in .env", `.env:1: A="<a>"`, ".env.example:1: has the same value"},
		},
		"hostile and long": {
			files: map[string]string{".env": agent + "=\"/path/to/\x1b[2J" + strings.Repeat("x", 5000) + "\"\n"},
			want:  []string{agent + " is still a placeholder in .env", detail, `.env:1: ` + agent + `="/path/to/\x1b[2J` + strings.Repeat("x", 47) + `"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, folder := world{files: test.files, named: test.named, environ: test.environ}.examine(t, environment.Placeholders)
			var told []string
			for _, f := range o.Findings {
				told = append(told, f.Title)
				if f.Detail != "" {
					told = append(told, f.Detail)
				}
				if (f.Detail != "") != (f.Stage == checks.Sandbox) || f.Severity != checks.Warning {
					t.Errorf("%+v", f)
				}
				told = append(told, rows(t, folder, f)...)
			}
			if diff := cmp.Diff(test.want, told); diff != "" {
				t.Error(diff)
			}
			if (len(test.want) > 0) != (o.Status == checks.Failed) {
				t.Errorf("%s (%s)", o.Status, o.Reason)
			}
		})
	}
}

func TestPlaceholdersThatCannotBeLookedFor(t *testing.T) {
	for reason, test := range map[string]struct {
		world
		status checks.Status
	}{
		"no PostHog folder here or above, and no --env-file": {world{noFolder: true}, checks.Skipped},
		".env.example:1: no = behind the name":               {world{files: map[string]string{".env": "A=1\n", ".env.example": "nonsense\n"}}, checks.Unknown},
		"not a text file":                                    {world{files: map[string]string{".env": "LOCAL_TWIG_MONOREPO_ROOT=/path/to/x\n", ".env.example": "\x00"}}, checks.Failed},
	} {
		o, _ := test.examine(t, environment.Placeholders)
		o.Is(t, test.status, reason)
	}
}
