package loop

import (
	"time"

	"golang.org/x/sys/unix"
)

// armWrite arranges for c.flush when fd takes output again. If the system cannot
// give us a poll or a registration, a timer tries instead.
func (l *Loop) armWrite(c *Conn, fd int) {
	l.waiting[fd] = c
	if l.waiter == nil {
		w, err := newWaiter()
		if err != nil {
			l.After(10*time.Millisecond, func() { l.writable(fd) })
			return
		}
		l.waiter = w
		go l.waitWritable(w)
	}
	if err := l.waiter.arm(fd); err != nil {
		l.After(10*time.Millisecond, func() { l.writable(fd) })
	}
}

// disarmWrite must come before fd is closed: as long as a duplicate lives, the kernel keeps a registration.
func (l *Loop) disarmWrite(fd int) {
	delete(l.waiting, fd)
	if l.waiter != nil && fd >= 0 {
		l.waiter.disarm(fd)
	}
}

// writable may be late, and fd by now another connection's; its flush then finds no room and waits on.
func (l *Loop) writable(fd int) {
	if c := l.waiting[fd]; c != nil {
		delete(l.waiting, fd)
		c.flush()
	}
}

// waitWritable is the waiter's goroutine. A descriptor reports once and has to be armed again, so it never runs ahead of the loop.
func (l *Loop) waitWritable(w *waiter) {
	for {
		fds, ok := w.wait()
		if !ok {
			return
		}
		l.Post(func() {
			for _, fd := range fds {
				l.writable(fd)
			}
		})
	}
}

// endPipe makes the pipe whose closing ends wait.
func endPipe() (r, w int, err error) {
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return 0, 0, err
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	return p[0], p[1], nil
}
