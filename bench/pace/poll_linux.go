package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// spin is the wait that is too short to sleep: waking up takes as long.
const spin = 50 * time.Microsecond

// poll waits with the resolution of the kernel's timers.
func poll(set []unix.PollFd, wait time.Duration) error {
	ts := unix.NsecToTimespec(int64(wait))
	_, err := unix.Ppoll(set, &ts, nil)
	return err
}
