package loop

import (
	"time"

	"golang.org/x/sys/unix"
)

// tuneTCP turns off Nagle's delay and sets keepalive: after idle, three probes
// a third of that time apart. Failing options leave a connection that works.
func tuneTCP(fd int, idle time.Duration) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if idle <= 0 {
		return
	}
	seconds := max(1, int(idle/time.Second))
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	setKeepAlive(fd, seconds, max(1, seconds/3), 3)
}
