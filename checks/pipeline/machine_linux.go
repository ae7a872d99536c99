package pipeline

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// tick is the unit in which Linux tells the start of a process, whatever its clock's own (time(7), USER_HZ).
const tick = time.Second / 100

// processStart tells when a process was started, if it lives. The kernel counts from the boot (proc(5), stat, field 22).
// What it gives as the instant of the boot has whole seconds only, so the age of the machine is what is asked instead.
func processStart(pid int) (started time.Time, lives bool, err error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	// The second field is the program's name in brackets, which may hold anything.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const state, start = 0, 19 // the third field and the twenty-second
	if len(fields) <= start {
		return time.Time{}, false, errors.New("the kernel tells of processes in another form than proc(5) says")
	}
	ticks, err := strconv.ParseInt(string(fields[start]), 10, 64)
	if err != nil {
		return time.Time{}, false, err
	}
	var sinceBoot unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &sinceBoot); err != nil {
		return time.Time{}, false, err
	}
	age := time.Duration(sinceBoot.Nano()) - time.Duration(ticks)*tick
	return time.Now().Add(-age), fields[state][0] != 'Z', nil
}
