package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completions are words as somebody types them, with what is offered for the last one, in order, or a part of it.
var completions = map[string][]string{
	"doctor tr":                    {"trace"},
	"doctor explain TMP00":         {"TMP001", "TMP002", "TMP003", "TMP004", "TMP005", "TMP006", "TMP007", "TMP008", "TMP009"},
	"doctor --only CLK00":          {"CLK001", "CLK002", "CLK003", "CLK004", "CLK005", "CLK006", "CLK007", "CLK009"},
	"doctor --fail-on ":            {"error", "info", "warning"},
	"doctor workflows --fail-on w": {"warning"},
	"doctor completion f":          {"fish"},
	"doctor status --expected-s":   {"--expected-signals"},
	"doctor canary --typ":          {"--type"},
	"doctor history --cha":         {"--chain"},
	"doctor --dry":                 {"--dry-run"},
}

// script writes what doctor prints for a shell.
func script(t *testing.T, shell string) string {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skip(shell + " is not here")
	}
	got := call(t, nil, "completion", shell)
	if got.exit != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	path := filepath.Join(t.TempDir(), "doctor."+shell)
	if err := os.WriteFile(path, []byte(got.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// offered runs a shell and returns the words that it printed.
func offered(t *testing.T, shell string, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), shell, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", shell, err, out)
	}
	words := []string{}
	for line := range strings.Lines(string(out)) {
		word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func TestCompletionInBash(t *testing.T) {
	path := script(t, "bash")
	for typed, want := range completions {
		const run = `source "$1"; IFS=' ' read -ra COMP_WORDS <<<"$2"; [[ $2 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { :; }; _doctor; printf '%s\n' "${COMPREPLY[@]}"`
		if got := offered(t, "bash", "--norc", "-c", run, "bash", path, typed); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func TestCompletionInFish(t *testing.T) {
	path := script(t, "fish")
	for typed, want := range completions {
		if got := offered(t, "fish", "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, path, typed); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

// What zsh offers is shown by its line editor only; here it is asked whether it takes the script.
func TestCompletionInZsh(t *testing.T) {
	path := script(t, "zsh")
	out, err := exec.CommandContext(t.Context(), "zsh", "-f", "-c", `autoload -Uz compinit && compinit -u -D && source "$1" && print $_comps[doctor]`, "zsh", path).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "_doctor" {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCompletionOfNoShell(t *testing.T) {
	for _, args := range [][]string{{"completion"}, {"completion", "csh"}, {"completion", "bash", "zsh"}} {
		if got := call(t, nil, args...); got.exit != exitUsage || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}
