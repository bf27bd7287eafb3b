package loop

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const defaultTick = 100 * time.Millisecond

// mailbox holds posted functions and our end of the control connection.
type mailbox struct {
	mu     sync.Mutex
	fns    []func()
	spare  []func() // the loop's: the list not in use
	fd     int      // -1 while no Serve is running
	flying bool     // a byte is written and not yet seen by the loop
}

var wakeByte = []byte{0}

// Post runs fn on the loop, soon. It may be called from any goroutine, the
// loop included, also before Run; functions run in the order posted. Once Run has returned they never run.
func (l *Loop) Post(fn func()) {
	m := &l.post
	m.mu.Lock()
	m.fns = append(m.fns, fn)
	m.signal()
	m.mu.Unlock()
}

// wake makes the loop take a turn.
func (m *mailbox) wake() {
	m.mu.Lock()
	m.signal()
	m.mu.Unlock()
}

// signal writes a byte unless one is under way. One byte always fits the socket buffer.
func (m *mailbox) signal() {
	if m.flying || m.fd < 0 {
		return
	}
	for {
		_, err := unix.Write(m.fd, wakeByte)
		if err != unix.EINTR {
			m.flying = err == nil
			return
		}
	}
}

// run is the loop's side. The flag falls before the functions run, so what
// they and others post meanwhile writes a new byte.
func (m *mailbox) run() {
	m.mu.Lock()
	fns := m.fns
	m.fns = m.spare[:0]
	m.flying = false
	m.mu.Unlock()
	for i, fn := range fns {
		fns[i] = nil
		fn()
	}
	if cap(fns) > 1024 {
		fns = nil
	}
	m.spare = fns[:0]
}

// connect opens our end. A first byte goes out in any case, so that the loop takes a turn at once.
func (m *mailbox) connect(addr string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	unix.CloseOnExec(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: strings.TrimPrefix(addr, "unix://")}); err != nil {
		unix.Close(fd)
		return err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fd = fd
	m.signal()
	return nil
}

// disconnect closes our end; functions wait for the next Serve.
func (m *mailbox) disconnect() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fd >= 0 {
		unix.Close(m.fd)
	}
	m.fd, m.flying = -1, false
}
