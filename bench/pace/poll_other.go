//go:build !linux

package pace

import (
	"time"

	"golang.org/x/sys/unix"
)

// spin is the wait that is too short to sleep: poll counts milliseconds here.
const spin = 2 * time.Millisecond

func poll(set []unix.PollFd, wait time.Duration) error {
	_, err := unix.Poll(set, int(wait/time.Millisecond))
	return err
}
