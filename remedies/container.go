package remedies

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"doctor/checks/pipeline"
)

// orphan is the running sandbox of a finding.
func orphan(c *Case) (pipeline.Sandbox, bool) {
	all, _ := c.Result.([]pipeline.Sandbox)
	for _, s := range all {
		if c.Finding.Failing() && s.Name == c.Finding.Subject[0] {
			return s, true
		}
	}
	return pipeline.Sandbox{}, false
}

func removeOrphan(c *Case) string {
	if _, ok := orphan(c); !ok {
		return ""
	}
	return "docker rm -f " + c.Finding.Subject[0]
}

// removeByHand is for what only takes room.
func removeByHand(c *Case) string {
	if _, ok := orphan(c); ok {
		return ""
	}
	return "docker rm -f " + c.Finding.Subject[0]
}

func planRemoval(_ context.Context, c *Case) (*Plan, error) {
	s, _ := orphan(c)
	return &Plan{Operations: []Operation{&removal{s.ID, s.Name}}}, nil
}

// removal removes a sandbox whose run has ended.
type removal struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (r *removal) Kind() string    { return "remove-container" }
func (r *removal) Target() string  { return "container " + r.ID }
func (r *removal) Essence() string { return r.Name }
func (r *removal) Final() string {
	return "a container that was removed cannot be brought back: the journal keeps what its agent has printed, and nothing else of it"
}

func (r *removal) Show() Shown {
	return Shown{
		Summary: "remove " + r.Name, Form: "request",
		Text: "copy /tmp/agent-server.log out of it, if there is one\nDELETE /containers/" + r.ID + "?force=1",
	}
}

func (r *removal) Look(ctx context.Context, tools *Tools) (State, string, error) {
	world, err := tools.World()
	if err != nil {
		return Elsewhere, "", err
	}
	sandboxes, err := world.Docker.Sandboxes(ctx)
	if err != nil {
		return Elsewhere, "", err
	}
	i := slices.IndexFunc(sandboxes, func(s pipeline.Sandbox) bool { return s.ID == r.ID })
	switch {
	case i < 0:
		return After, r.Name + " is gone", nil
	case sandboxes[i].Vanishing():
		return After, r.Name + " is being removed", nil
	}
	return Before, r.Name + " is there", nil
}

func (r *removal) Apply(ctx context.Context, tools *Tools) error {
	hands, err := tools.hands()
	if err != nil {
		return err
	}
	if err := r.keepLog(ctx, hands, filepath.Join(tools.Folder, "agent-server-"+pipeline.Short(r.ID)+".log")); err != nil {
		return err
	}
	tools.step("kept")
	return hands.RemoveSandbox(ctx, r.ID)
}

// keepLog copies what the agent has printed, as a whole or not at all. There is nothing to keep of one that has printed nothing.
func (r *removal) keepLog(ctx context.Context, hands *pipeline.Hands, path string) error {
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = file.Cleanup() }()
	if _, err := hands.SaveAgentLog(ctx, r.ID, file); err != nil {
		if pipeline.KindOf(err) == pipeline.Missing {
			return nil
		}
		return err
	}
	return file.CloseAtomicallyReplace()
}

func (r *removal) Undo(context.Context, *Tools) error { return errors.New(r.Final()) }
