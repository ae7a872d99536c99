//go:build linux || darwin

package pipeline

import "golang.org/x/sys/unix"

// space is what a file system has for who is not root, and what it holds in all, in bytes.
func space(folder string) (free, total uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)
	return s.Bavail * block, s.Blocks * block, nil
}
