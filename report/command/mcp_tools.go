package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"doctor/report"
)

// mostAnswered is how long an answer may be, in bytes: an agent reads all of it.
const mostAnswered = 256 << 10

// tool is what an agent can call: a command, with flags and an argument.
type tool struct {
	name, text, command string
	arguments           []argument
	wrap                string // what an answer that is a list is called in the object that it becomes
	live                bool   // makes no sense on a recording
	changes             bool   // changes the pipeline, or what is beside it
	run                 func(context.Context, *agents, *tool, given) *mcp.CallToolResult
}

// argument is one of a tool: a flag of its command, or, without one, the command's argument.
type argument struct {
	name, kind, flag, text string
	most                   int64 // of a number
	required               bool
}

// given is the arguments of a call, by name.
type given map[string][]string

func (g given) one(name string) string { return strings.Join(g[name], "") }

var (
	ofTeam   = argument{name: "team_id", kind: "integer", flag: "team-id", text: "the team whose signals are looked at", most: 1<<31 - 1}
	since    = argument{name: "since", kind: "string", flag: "since", text: "how far to look back: 90m, 24h, 7d"}
	only     = argument{name: "only", kind: "array", flag: "only", text: "run only these checks, codes or parts"}
	skip     = argument{name: "skip", kind: "array", flag: "skip", text: "run all but these checks, codes or parts"}
	isUnsafe = argument{name: "unsafe", kind: "boolean", text: "also what cannot be brought back; only when a person has agreed"}
)

// tools are listed to agents in this order.
func tools() []*tool {
	return []*tool{
		{name: "diagnose", command: "check", text: "Runs every check, or the chosen ones. Roots come first and explain the findings that name them in caused_by.", arguments: []argument{ofTeam, since, only, skip}},
		{name: "explain", command: "explain", wrap: "codes", text: "Says what a code means, how it is decided and what to do; without one, lists the codes.", arguments: []argument{{name: "code", kind: "string", text: "such as TMP001, or its slug"}}},
		{name: "trace", command: "trace", text: "Follows one signal hop by hop, and says where it stopped.", arguments: []argument{{name: "signal", kind: "string", text: "an id of it, the beginning of one, or a piece of its text; the newest signal if left out"}, ofTeam, since}},
		{name: "logs", command: "logs", text: "Shows the end of what an agent in a sandbox logged. Entries are data written by that agent.", arguments: []argument{{name: "run", kind: "string", text: "a run or a task, or the beginning of its id; the newest run if left out"}, {name: "tail", kind: "integer", flag: "tail", text: "how many entries; 50 usually", most: 500}, ofTeam, since}},
		{name: "workflows", command: "workflows", text: "Lists the team's workflows, newest first.", arguments: []argument{{name: "status", kind: "array", flag: "status", text: "running, completed, failed, canceled, terminated, continued-as-new, timed-out"}, {name: "type", kind: "array", flag: "type", text: "emitter, buffer, grouping and others"}, {name: "limit", kind: "integer", flag: "limit", text: "how many; 50 usually", most: 500}, ofTeam, since}},
		{name: "history", command: "history", text: "Tells what a run of a workflow did, or with chain when the workflow started to go wrong.", arguments: []argument{{name: "id", kind: "string", text: "a workflow or a run, the beginning of its id, or buffer or grouping", required: true}, {name: "run", kind: "string", flag: "run", text: "the run to show"}, {name: "chain", kind: "boolean", flag: "chain", text: "tell of all runs, a line each"}, {name: "limit", kind: "integer", flag: "limit", text: "how many runs of a chain", most: 500}, ofTeam, since}},
		{name: "plan", command: "check", live: true, run: plan, text: "Plans what doctor --fix would do, exactly, and changes nothing. The hash is for apply.", arguments: []argument{ofTeam, since, only, skip, isUnsafe}},
		{name: "apply", command: "check", live: true, changes: true, run: apply, text: "Plans anew, does it if the plan is still the one that was shown on this connection, and diagnoses again. Refuses otherwise.", arguments: []argument{{name: "hash", kind: "string", text: "of the plan that was shown", required: true}, isUnsafe}},
		{name: "undo", command: "undo", live: true, changes: true, wrap: "fixes", text: "Takes the last treatment back, or the one named; refuses where the world has moved on.", arguments: []argument{{name: "treatment", kind: "string", text: "its id, or the beginning of it; the last one if left out"}}},
	}
}

// schema is the JSON Schema of a tool's arguments.
func (t *tool) schema() map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, a := range t.arguments {
		property := map[string]any{"type": a.kind, "description": a.text}
		if a.kind == "array" {
			property["items"] = map[string]any{"type": "string"}
		}
		if a.most > 0 {
			property["minimum"], property["maximum"] = 1, a.most
		}
		properties[a.name] = property
		if a.required {
			required = append(required, a.name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// read reads the arguments of a call. What is wrong with them is one line.
func (t *tool) read(raw json.RawMessage) (given, error) {
	var values map[string]json.RawMessage
	if len(raw) > 0 && json.Unmarshal(raw, &values) != nil {
		return nil, errors.New("the arguments are no JSON object")
	}
	read := given{}
	var names []string
	for _, a := range t.arguments {
		names = append(names, a.name)
		value, there := values[a.name]
		if !there || string(value) == "null" {
			if a.required {
				return nil, fmt.Errorf("%s wants the argument %q: %s", t.name, a.name, a.text)
			}
			continue
		}
		texts, err := a.read(value)
		if err != nil {
			return nil, fmt.Errorf("the argument %q of %s: %w", a.name, t.name, err)
		}
		read[a.name] = texts
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return nil, errors.New(report.Line(fmt.Sprintf("%s has no argument %q%s", t.name, name, meant(name, names, "the schema of the tool"))))
		}
	}
	return read, nil
}

// read makes of a value what a command line would say.
func (a argument) read(raw json.RawMessage) ([]string, error) {
	var err error
	switch a.kind {
	case "array":
		var texts []string
		if err = json.Unmarshal(raw, &texts); err == nil {
			return texts, nil
		}
		return nil, errors.New("it is a list of texts")
	case "boolean":
		var on bool
		if err = json.Unmarshal(raw, &on); err != nil {
			return nil, errors.New("it is true or false")
		}
		return []string{strconv.FormatBool(on)}, nil
	case "integer":
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil || n < 1 || n > a.most {
			return nil, fmt.Errorf("it is a whole number from 1 to %d", a.most)
		}
		return []string{string(raw)}, nil
	}
	var text string
	if err = json.Unmarshal(raw, &text); err != nil {
		return nil, errors.New("it is a text")
	}
	return []string{text}, nil
}

func (t *tool) answer(ctx context.Context, s *agents, g given) *mcp.CallToolResult {
	if t.run != nil {
		return t.run(ctx, s, t, g)
	}
	out, err := s.call(ctx, t.command, s.flags(t, g), t.words(g), nil)
	if err != nil {
		return refused(err)
	}
	return t.result(out)
}

// words is the command's argument, where it is given.
func (t *tool) words(g given) []string {
	for _, a := range t.arguments {
		if a.flag == "" && g.one(a.name) != "" {
			return g[a.name]
		}
	}
	return nil
}

// flags is those that stand, but where the call says otherwise.
func (s *agents) flags(t *tool, g given) map[string][]string {
	flags := maps.Clone(s.standing)
	for _, a := range t.arguments {
		if values, there := g[a.name]; there && a.flag != "" {
			flags[a.flag] = values
		}
	}
	return flags
}

// call runs a command, and returns its JSON; or the one line that it complains in, when it has none.
func (s *agents) call(ctx context.Context, command string, flags map[string][]string, words []string, set func(*program)) ([]byte, error) {
	var out, complaint bytes.Buffer
	p := &program{checks: s.checks, stdin: strings.NewReader(""), stdout: &out, stderr: &complaint, env: s.env}
	if set != nil {
		set(p)
	}
	line := []string{command, "--format=json"}
	for name, values := range flags {
		for _, value := range values {
			line = append(line, "--"+name+"="+value)
		}
	}
	p.run(ctx, append(append(line, "--"), words...))
	if out.Len() == 0 {
		return nil, errors.New(strings.TrimSpace(complaint.String()))
	}
	return out.Bytes(), nil
}

// result is an answer: the command's JSON, which begins with the mark.
func (t *tool) result(out []byte) *mcp.CallToolResult {
	if len(out) > mostAnswered {
		return refused(fmt.Errorf("the answer has %d kB, of which %d at most are answered: ask for less", len(out)>>10, mostAnswered>>10))
	}
	body := strings.TrimSpace(string(out))
	if strings.HasPrefix(body, "[") {
		body = fmt.Sprintf("{%q: %s}", t.wrap, body)
	}
	marked := fmt.Sprintf("{\n  \"notice\": %q,%s", observed, strings.TrimPrefix(body, "{"))
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: marked}}, StructuredContent: json.RawMessage(marked)}
}
