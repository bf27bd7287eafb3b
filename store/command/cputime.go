package command

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTimes returns the CPU time the process has taken, in the kernel and outside.
func cpuTimes() (sys, user time.Duration) {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0, 0
	}
	return time.Duration(u.Stime.Nano()), time.Duration(u.Utime.Nano())
}
