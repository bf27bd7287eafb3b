package loop

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// CPUTime calls f and returns the processor time that it took, in nanoseconds. Unlike a clock that stands still while
// something else has the processor.
func CPUTime(f func()) int64 {
	runtime.LockOSThread() // or f might end on another thread than it began on
	defer runtime.UnlockOSThread()
	start := threadNano()
	f()
	return threadNano() - start
}

func threadNano() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return t.Nano()
}
