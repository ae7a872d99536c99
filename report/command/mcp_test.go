package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// connect starts doctor mcp as a process of its own, and returns a client of it.
func connect(t *testing.T, args ...string) *mcp.ClientSession {
	t.Helper()
	program, err := exec.LookPath("doctor")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, append([]string{"mcp"}, args...)...)
	c.Dir, c.Env = t.TempDir(), append(os.Environ(), elsewhere("127.0.0.1:1")...)
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: c}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func callTool(t *testing.T, s *mcp.ClientSession, name string, arguments map[string]any) (text string, failed bool) {
	t.Helper()
	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return result.Content[0].(*mcp.TextContent).Text, result.IsError
}

// The checks that a team has written itself are there for an agent, too.
func TestAgentsSeeOwnChecks(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, ".doctor-checks"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		".env":                        "SANDBOX_MODE=fast\n",
		".doctor-checks/no-mode.yaml": "code: X-MODE\ntitle: no mode is set\nfinding: a mode is set\nsetting: {name: SANDBOX_MODE, set: true}\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := connect(t, "--posthog-dir", folder)
	for name, arguments := range map[string]map[string]any{"diagnose": {"only": []string{"X-MODE"}}, "explain": {"code": "X-MODE"}} {
		for range 2 { // each call reads the files anew
			if text, failed := callTool(t, s, name, arguments); failed || !strings.Contains(text, "a mode is set") {
				t.Errorf("%s: %.300s", name, text)
			}
		}
	}
}

func TestAgentsLookAtARecording(t *testing.T) {
	s := connect(t, "--from", captured(t, "demo"))
	for name, arguments := range map[string]map[string]any{
		"diagnose": {}, "explain": {"code": "TMP001"}, "trace": {}, "logs": {"tail": 5}, "workflows": {}, "history": {"id": "grouping"},
	} {
		text, failed := callTool(t, s, name, arguments)
		if failed || !json.Valid([]byte(text)) || !strings.HasPrefix(text, "{\n  \"notice\": \""+observed) {
			t.Errorf("%s: %.300s", name, text)
		}
	}
	for _, wrong := range []struct {
		tool, argument string
		value          any
		want           string
	}{
		{"diagnose", "team", 1, "team_id"},
		{"diagnose", "only", []string{"TPM001"}, "did you mean TMP001?"},
		{"diagnose", "team_id", 7, "leave --team-id out"},
		{"logs", "tail", 501, "from 1 to 500"},
		{"logs", "run", "--help", "there is no"},
	} {
		text, failed := callTool(t, s, wrong.tool, map[string]any{wrong.argument: wrong.value})
		if !failed || !strings.Contains(text, wrong.want) || strings.Contains(text, "\n") {
			t.Errorf("%+v: %s", wrong, text)
		}
	}
}

func TestAgentsChangeNothingUnlessAllowed(t *testing.T) {
	for args, want := range map[string]string{
		"":            "diagnose explain history logs plan trace workflows",
		"--allow-fix": "apply diagnose explain history logs plan trace undo workflows",
	} {
		listed, err := connect(t, strings.Fields(args)...).ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tool := range listed.Tools {
			names = append(names, tool.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s", args, got)
		}
	}
	if text, failed := callTool(t, connect(t, "--allow-fix"), "apply", map[string]any{"hash": "0123"}); !failed || !strings.Contains(text, "call plan first") {
		t.Error(text)
	}
}
