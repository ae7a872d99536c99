package pipeline

import (
	"context"
	"errors"
	"io/fs"
)

// Disk is a disk by how much it holds, in bytes.
type Disk struct {
	Name        string // ClickHouse's for it; "" of this machine's own
	Path        string
	Free, Total uint64
}

// Disks lists the disks of ClickHouse; none of a server that is too old to tell. Those without a bound, such as object
// storage, are left out.
func (c *ClickHouse) Disks(ctx context.Context) ([]Disk, error) {
	return ask(ctx, c.world, ClickHouseDisks, Nothing{}, func(ctx context.Context) ([]Disk, error) {
		server, err := c.Reach(ctx)
		if err != nil || old(server.Version) {
			return nil, err
		}
		return query(ctx, c, func(row scanner, d *Disk) error { return row.Scan(&d.Name, &d.Path, &d.Free, &d.Total) },
			"SELECT name, path, toUInt64(free_space), toUInt64(total_space) FROM system.disks WHERE total_space < 1e18 ORDER BY name LIMIT 20")
	})
}

// Disks tells of the disks that folders of this machine are on; of one that is not there nothing. The error wraps
// [errors.ErrUnsupported] where a machine of this kind cannot be asked.
func (m *Machine) Disks(ctx context.Context, folders []string) ([]Disk, error) {
	return ask(ctx, m.world, MachineDisks, folders, func(context.Context) ([]Disk, error) {
		var disks []Disk
		for _, folder := range folders {
			free, total, err := space(folder)
			switch {
			case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
			case err != nil:
				return nil, err
			default:
				disks = append(disks, Disk{Path: folder, Free: free, Total: total})
			}
		}
		return disks, nil
	})
}
