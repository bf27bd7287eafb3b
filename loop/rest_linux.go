package loop

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Resting. evio waits in a system call of 100 ms, again and again. To the Go runtime the loop is then busy: its
// monitor thread keeps polling, and an idle server costs five times what redis-server's does. So when nothing was read
// since the last turn, the turn does not go back to evio yet: it waits, the way Go waits for any
// file, until evio's poll has something to report (an epoll descriptor is itself readable then) or a
// timer is due. evio finds the events where they were.
//
// The descriptor is known to the runtime's own poll only during a rest. Left there, each event of a busy loop would wake a thread of the runtime
// as well.

// rester waits on evio's poll.
type rester struct {
	poll int
	file *os.File
	raw  syscall.RawConn
}

// newRester returns nil if the system does not play along; resting is only a saving.
func newRester(poll int) *rester {
	fd, err := unix.FcntlInt(uintptr(poll), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	if unix.SetNonblock(fd, true) != nil {
		unix.Close(fd)
		return nil
	}
	f := os.NewFile(uintptr(fd), "evio's poll")
	raw, err := f.SyscallConn()
	if err != nil || f.SetReadDeadline(time.Time{}) != nil {
		f.Close()
		return nil
	}
	return &rester{poll, f, raw}
}

// pollReady reports whether evio would find an event.
func pollReady(poll int) bool {
	fds := []unix.PollFd{{Fd: int32(poll), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, 0)
	return n != 0
}

// wait returns when an event is ready, or at the deadline.
func (r *rester) wait(deadline time.Time) {
	r.file.SetReadDeadline(deadline)
	r.raw.Read(func(uintptr) bool { return pollReady(r.poll) })
}

func (r *rester) close() { r.file.Close() }
