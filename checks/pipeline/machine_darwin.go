package pipeline

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const zombie = 5 // SZOMB (sys/proc.h)

// processStart tells when a process was started, if it lives.
func processStart(pid int) (started time.Time, lives bool, err error) {
	info, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if errors.Is(err, unix.EIO) { // an answer without a process
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	return time.Unix(info.Proc.P_starttime.Unix()), info.Proc.P_stat != zombie, nil
}
