package loop

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pollCount returns how many events evio would find, 64 at most, which is what it takes at once.
func pollCount(poll int) int {
	var events [64]unix.EpollEvent
	n, err := unix.EpollWait(poll, events[:], 0)
	if err != nil {
		return 0
	}
	return n
}

// nap sleeps for less than a second. By default the kernel may let a thread sleep 50 microseconds longer than it asked for, to save power.
func nap(nanos int64) {
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	t := unix.NsecToTimespec(nanos)
	syscall.Syscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0)
}
