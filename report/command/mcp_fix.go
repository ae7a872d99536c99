package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"doctor/remedies"
	"doctor/report"
)

// shownPlan is how a plan was asked for that an agent has seen.
type shownPlan struct {
	flags  map[string][]string
	unsafe bool
}

// planned is what there is to do, as data.
type planned struct {
	Hash       string               `json:"hash"` // empty where there is nothing to do
	Unsafe     bool                 `json:"unsafe"`
	Text       string               `json:"text"` // as doctor --fix --dry-run shows it
	Treatments []remedies.Treatment `json:"treatments"`
	Fixes      json.RawMessage      `json:"fixes"`
}

// treating is flags with those that say how to treat.
func treating(flags map[string][]string, dryRun, unsafe bool) map[string][]string {
	flags = maps.Clone(flags)
	flags["fix"] = []string{"true"}
	if dryRun {
		flags["dry-run"] = []string{"true"}
	}
	if unsafe {
		flags["unsafe"], flags["yes"] = []string{"true"}, []string{"true"}
	}
	return flags
}

func plan(ctx context.Context, s *agents, t *tool, g given) *mcp.CallToolResult {
	made := planned{Unsafe: g.one("unsafe") == "true"}
	flags := s.flags(t, g)
	var text bytes.Buffer
	out, err := s.call(ctx, t.command, treating(flags, true, made.Unsafe), nil, func(p *program) {
		p.show = func(agenda remedies.Agenda) {
			made.Hash, made.Treatments = agenda.Hash, append([]remedies.Treatment{}, agenda.Treatments...)
			_ = report.PlanText(&text, agenda, report.TextOptions{Width: 80})
		}
	})
	if err != nil {
		return refused(err)
	}
	made.Text = text.String()
	var document struct{ Fixes json.RawMessage }
	if err := json.Unmarshal(out, &document); err != nil {
		return refused(err)
	}
	made.Fixes = document.Fixes
	var encoded bytes.Buffer
	if err := report.JSON(&encoded, made); err != nil {
		return refused(err)
	}
	if made.Hash != "" {
		s.mu.Lock()
		s.shown[made.Hash] = shownPlan{flags, made.Unsafe}
		s.mu.Unlock()
	}
	return t.result(encoded.Bytes())
}

// apply does what was shown. The engine refuses when that is not what there is to do any more.
func apply(ctx context.Context, s *agents, t *tool, g given) *mcp.CallToolResult {
	hash, unsafe := g.one("hash"), g.one("unsafe") == "true"
	s.mu.Lock()
	shown, known := s.shown[hash]
	s.mu.Unlock()
	switch {
	case !known:
		return refused(fmt.Errorf("no plan with the hash %.40q was shown on this connection: call plan first", hash))
	case shown.unsafe != unsafe:
		return refused(fmt.Errorf("the plan was shown with unsafe: %t: agree to that, or plan anew", shown.unsafe))
	}
	out, err := s.call(ctx, t.command, treating(shown.flags, false, unsafe), nil, func(p *program) { p.agreedTo = hash })
	if err != nil {
		return refused(err)
	}
	return t.result(out)
}
