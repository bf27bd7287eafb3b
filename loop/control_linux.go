package loop

import (
	"crypto/rand"
	"os"

	"golang.org/x/sys/unix"
)

// controlAddress names a fresh socket for the control connection. Abstract
// names need no writable directory and leave nothing behind.
func controlAddress() (addr string, remove func(), err error) {
	return "unix://@spindle-" + rand.Text(), func() {}, nil
}

// trustedControl reports whether the peer is this process: anybody may connect to an abstract name.
func trustedControl(fd int) bool {
	peer, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	return err == nil && int(peer.Pid) == os.Getpid()
}
