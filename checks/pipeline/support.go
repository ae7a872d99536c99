package pipeline

import (
	"context"
	"net"
)

// Support is the services that the pipeline leans on beside those that hold its data. Nothing is said to them.
type Support struct{ world *World }

// Connect makes a connection to a host:port, and closes it.
func (s *Support) Connect(ctx context.Context, address string) (Reached, error) {
	return ask(ctx, s.world, SupportReached, address, func(ctx context.Context) (Reached, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return Reached{}, err
		}
		conn, err := s.world.dialer()(ctx, "tcp", address)
		if err != nil {
			return Reached{}, misdialled{host, port, err}
		}
		return Reached{Address: address, Note: s.world.detourTo(host)}, conn.Close()
	})
}
