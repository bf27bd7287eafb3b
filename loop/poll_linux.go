package loop

import "golang.org/x/sys/unix"

// pollAdd lets evio's poll watch fd for input and report it as the descriptor named.
func pollAdd(poll, fd, report int) error {
	return unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(report)})
}

func pollRemove(poll, fd int) error {
	return unix.EpollCtl(poll, unix.EPOLL_CTL_DEL, fd, nil)
}

// pollHas reports whether evio's poll watches fd.
func pollHas(poll, fd int) bool {
	return unix.EpollCtl(poll, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) == nil
}

func (c *Conn) watchFD() int { return c.writeFD() }

// moveWatch hands evio's watch from fd to its duplicate. The order makes failure harmless.
func (c *Conn) moveWatch(own int) error {
	if !c.watched {
		return nil
	}
	if err := pollAdd(c.loop.poll, own, c.fd); err != nil {
		return err
	}
	if err := pollRemove(c.loop.poll, c.fd); err != nil {
		pollRemove(c.loop.poll, own)
		return err
	}
	return nil
}

// forgetWatch follows evio's close of fd, which removed only a watch on fd itself.
func (c *Conn) forgetWatch() {
	if c.own >= 0 && c.watched {
		pollRemove(c.loop.poll, c.own)
	}
	c.watched = false
}

// waiter is an epoll for writability.
type waiter struct {
	epoll    int
	pipe     int // its closing ends wait
	pipeRead int
}

func newWaiter() (*waiter, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	r, w, err := endPipe()
	if err != nil {
		unix.Close(epoll)
		return nil, err
	}
	if err := pollAdd(epoll, r, r); err != nil {
		unix.Close(epoll)
		unix.Close(r)
		unix.Close(w)
		return nil, err
	}
	return &waiter{epoll: epoll, pipe: w, pipeRead: r}, nil
}

func (w *waiter) arm(fd int) error {
	e := unix.EpollEvent{Events: unix.EPOLLOUT | unix.EPOLLONESHOT, Fd: int32(fd)}
	err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, fd, &e)
	if err == unix.ENOENT {
		err = unix.EpollCtl(w.epoll, unix.EPOLL_CTL_ADD, fd, &e)
	}
	return err
}

func (w *waiter) disarm(fd int) { unix.EpollCtl(w.epoll, unix.EPOLL_CTL_DEL, fd, nil) }

// wait blocks until descriptors take output. False means closed.
func (w *waiter) wait() ([]int, bool) {
	var events [64]unix.EpollEvent
	for {
		n, err := unix.EpollWait(w.epoll, events[:], -1)
		if err == unix.EINTR {
			continue
		}
		fds := make([]int, 0, max(n, 0))
		for i := 0; i < n; i++ {
			if int(events[i].Fd) == w.pipeRead {
				n = -1
				break
			}
			fds = append(fds, int(events[i].Fd))
		}
		if err != nil || n < 0 {
			unix.Close(w.epoll)
			unix.Close(w.pipeRead)
			return nil, false
		}
		return fds, true
	}
}

// close ends wait, which then closes the rest.
func (w *waiter) close() { unix.Close(w.pipe) }
