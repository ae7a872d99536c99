package command

// rootHelp is what doctor --help prints: one screen. A test holds it to the commands and flags that there are.
const rootHelp = `doctor finds out why a signal did not reach the inbox.

find   doctor [check]       run every check and show root causes first
       doctor trace SIGNAL  one signal's way, hop by hop, and where it stopped
       doctor canary        send a test signal, and follow it
       doctor pre-commit    look at what is staged, and at settings
fix    doctor --fix         treat (--dry-run --ask --unsafe --yes); doctor undo
look   doctor status, workflows, history ID, logs [RUN], sandboxes, reports
share  doctor capture FILE  record what was seen; doctor diff A B compares
know   doctor explain CODE, checks, config, version, completion, man, skill
stay   doctor watch         keep looking; doctor mcp serves agents over stdio

What to look at   --team-id N   --since 24h   --only NAME,…   --skip NAME,…
                  --fail-on error|warning|info
Where to look     --posthog-dir FOLDER   --env-file FILE   --clickhouse-url URL
                  --from CAPTURE   --config FILE   --timeout 10s
How to report     --format NAME   --output FILE   --color auto|always|never
                  --timings   -v

Exit codes        0 well   1 a finding at or above --fail-on   2 wrong usage
                  3 a check could not look   4 unproven fix   130 interrupted
Examples          doctor --team-id 2 --since 2h --only TMP001,embeddings

doctor COMMAND --help tells more.
`

// commandHelp is what doctor COMMAND --help prints. The common flags are told once, with the command that they are for.
const commandHelp = `{{.HelpName}}{{if .ArgsUsage}} {{.ArgsUsage}}{{end}}: {{.Usage}}.

{{.Description}}
{{$check := eq .Name "check"}}{{range .VisibleFlagCategories}}{{if or $check (not .Name)}}
{{or .Name "Flags"}}
{{range .Flags}}  {{.}}
{{end}}{{end}}{{end}}{{if not $check}}
The flags of doctor check are understood here, too: see doctor check --help.
{{end}}`
