package pipeline

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
)

// Image is a sandbox image as the Docker engine has it.
type Image struct {
	Present    bool
	Created    time.Time // zero where the engine does not say
	Dockerfile string    // the SHA-256 of the Dockerfile that it was built from, in hexadecimal; "" where it does not say
	Agent      string    // the version of @posthog/agent in it; "" where it does not say
}

// The labels that a sandbox image is built with (products/tasks/backend/logic/services/docker_sandbox.py).
const (
	dockerfileLabel = "com.posthog.sandbox.dockerfile-sha"
	agentLabel      = "com.posthog.sandbox.agent-version"
)

// Image looks an image up by name. One that is not there is an answer, and no error.
func (d *Docker) Image(ctx context.Context, name string) (Image, error) {
	return ask(ctx, d.world, Images, name, func(ctx context.Context) (Image, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return Image{}, d.err
		}
		found, err := d.client.ImageInspect(ctx, name)
		if errdefs.IsNotFound(err) {
			return Image{}, nil
		}
		if err != nil {
			return Image{}, err
		}
		image := Image{Present: true}
		image.Created, _ = time.Parse(time.RFC3339Nano, found.Created)
		if found.Config != nil {
			image.Dockerfile = brief(found.Config.Labels[dockerfileLabel])
			image.Agent = brief(found.Config.Labels[agentLabel])
		}
		return image, nil
	})
}
