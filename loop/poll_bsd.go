//go:build darwin || freebsd || netbsd || openbsd

package loop

import "golang.org/x/sys/unix"

func kevent(queue, fd, filter, flags int) error {
	var k [1]unix.Kevent_t
	unix.SetKevent(&k[0], fd, filter, flags)
	_, err := unix.Kevent(queue, k[:], nil, nil)
	return err
}

// pollAdd lets evio's poll report input of fd again. A kqueue's watch belongs to the descriptor
// and goes when it is closed, so fd is always evio's own.
func pollAdd(poll, fd, _ int) error {
	return kevent(poll, fd, unix.EVFILT_READ, unix.EV_ENABLE)
}

func pollRemove(poll, fd int) error {
	return kevent(poll, fd, unix.EVFILT_READ, unix.EV_DISABLE)
}

// pollHas reports whether evio's poll watches fd.
func pollHas(poll, fd int) bool {
	return kevent(poll, fd, unix.EVFILT_READ, unix.EV_ENABLE) == nil
}

func (c *Conn) watchFD() int { return c.fd }

func (c *Conn) moveWatch(int) error { return nil }

func (c *Conn) forgetWatch() { c.watched = false }

// waiter is a kqueue for writability.
type waiter struct {
	queue    int
	pipe     int // its closing ends wait
	pipeRead int
}

func newWaiter() (*waiter, error) {
	queue, err := unix.Kqueue()
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(queue)
	r, w, err := endPipe()
	if err != nil {
		unix.Close(queue)
		return nil, err
	}
	if err := kevent(queue, r, unix.EVFILT_READ, unix.EV_ADD); err != nil {
		unix.Close(queue)
		unix.Close(r)
		unix.Close(w)
		return nil, err
	}
	return &waiter{queue: queue, pipe: w, pipeRead: r}, nil
}

func (w *waiter) arm(fd int) error {
	return kevent(w.queue, fd, unix.EVFILT_WRITE, unix.EV_ADD|unix.EV_ONESHOT)
}

func (w *waiter) disarm(fd int) { kevent(w.queue, fd, unix.EVFILT_WRITE, unix.EV_DELETE) }

// wait blocks until descriptors take output. False means closed.
func (w *waiter) wait() ([]int, bool) {
	var events [64]unix.Kevent_t
	for {
		n, err := unix.Kevent(w.queue, nil, events[:], nil)
		if err == unix.EINTR {
			continue
		}
		fds := make([]int, 0, max(n, 0))
		for i := 0; i < n; i++ {
			if int(events[i].Ident) == w.pipeRead {
				n = -1
				break
			}
			fds = append(fds, int(events[i].Ident))
		}
		if err != nil || n < 0 {
			unix.Close(w.queue)
			unix.Close(w.pipeRead)
			return nil, false
		}
		return fds, true
	}
}

// close ends wait, which then closes the rest.
func (w *waiter) close() { unix.Close(w.pipe) }
