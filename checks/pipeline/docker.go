package pipeline

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/docker/docker/client"
)

// Docker is the Docker engine that sandboxes run in.
type Docker struct {
	world *World

	once   sync.Once
	client *client.Client
	dial   func(context.Context) (net.Conn, error)
	err    error
}

// Reach greets the engine.
func (d *Docker) Reach(ctx context.Context) (Reached, error) {
	return ask(ctx, d.world, DockerReached, Nothing{}, func(ctx context.Context) (Reached, error) {
		d.once.Do(d.open)
		if d.err != nil {
			return Reached{}, d.err
		}
		// The client forgets why it could not connect. So the door is tried first.
		knock, err := d.dial(ctx)
		if err != nil {
			return Reached{}, err
		}
		knock.Close()
		// Asked for its own version an engine starts several programs first, which takes it tens of milliseconds.
		engine, err := d.client.Ping(ctx)
		if err != nil {
			return Reached{}, err
		}
		if engine.APIVersion == "" {
			return Reached{}, errors.New("what answers is not a Docker engine")
		}
		return d.world.reached(SourceDocker, "API "+engine.APIVersion), nil
	})
}

func (d *Docker) open() {
	host := d.world.Settings.Docker.URL
	address, err := client.ParseHostURL(host)
	switch {
	case err != nil:
		d.err = fmt.Errorf("%s has no valid address", d.world.Settings.Docker.Setting)
		return
	case address.Scheme == "unix":
		d.dial = d.dialing("unix", address.Host)
	case address.Scheme == "tcp" || address.Scheme == "http":
		d.dial = d.dialing("tcp", address.Host)
	default:
		d.err = fmt.Errorf("an engine behind %s:// cannot be asked, only one behind unix:// or tcp://", address.Scheme)
		return
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) }}
	d.client, d.err = client.NewClientWithOpts(
		client.WithHost(host), // has its own idea of the transport, and so comes first
		client.WithHTTPClient(&http.Client{Transport: straight{Transport: transport}}),
		client.WithAPIVersionNegotiation(),
	)
	d.world.onClose(transport.CloseIdleConnections)
}

func (d *Docker) dialing(network, address string) func(context.Context) (net.Conn, error) {
	dial := d.world.dialer()
	return func(ctx context.Context) (net.Conn, error) { return dial(ctx, network, address) }
}
