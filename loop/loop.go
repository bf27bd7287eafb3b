// Package loop turns sockets into calls on one goroutine: bytes in, bytes out,
// time, and functions posted from elsewhere. It knows nothing of what the bytes mean.
//
// The reactor is evio, with one loop. evio does accepting and reading well, and
// its way of writing, waking and failing is unfit for a database, so this
// package uses it in one narrow way:
//
//   - Every callback returns no output and no action. evio's own buffer is then
//     always empty: its Wake (never used) has nothing to lose, it reads while our
//     output is pending, it never spins on unread output, and it makes no
//     epoll_ctl call after a connection opened.
//   - Opened reads the descriptor out of evio's unexported fields with reflect
//     (peek.go). Send writes to it directly. What the kernel does not take waits
//     in our queue (queue.go), and the descriptor is armed, one-shot, on a poll of
//     our own (waiter.go), whose goroutine posts "writable" to the loop.
//   - evio's poll descriptor is read the same way, so that interest in reading
//     can be switched per connection (PauseReads), and listeners can be taken
//     out while descriptors are short: an accept that fails ends evio's loop.
//   - Post writes one byte to a private connection to ourselves (control.go), at
//     most one at a time. Unread bytes keep a level-triggered descriptor ready, so
//     no wake-up can be lost, as one of evio's can between two of its steps.
//   - To close a connection, shutdown(2): the loop then reads the end of the
//     stream and closes. That works however much output is pending.
//   - evio closes a socket when the peer has shut down its sending half. Replies
//     may still be due. So before evio can see the end, that is when output becomes
//     pending or is promised (Hold), the descriptor is duplicated, and the
//     duplicate serves the writing half until it is drained and released.
//   - evio's Tick is not used either: its ticker goroutine outlives the loop and then
//     writes to a descriptor number that may by now be somebody else's file.
//     Timers are a heap here (timer.go), woken by one runtime timer.
//
// When Serve returns without being asked to (an accept failed after all), Run says
// so in the log and serves again: connections are gone, the program's data is not.
//
// Everything except Post, Shutdown, SetMaxConns and SetKeepAlive belongs to the
// loop: call it from Handler methods, posted functions and timers only.
package loop

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/tidwall/evio"
)

// Handler is what the loop serves. All its methods run on the loop, one at a time.
type Handler interface {
	// Opened reports a new connection. False refuses it: what was sent is
	// written, the connection is closed, and Closed is not called for it.
	Opened(c *Conn) bool
	// Data brings input. in is borrowed: it is overwritten once Data returns.
	Data(c *Conn, in []byte)
	// Drained reports that output was pending and now all of it is written.
	Drained(c *Conn)
	// Closed is called exactly once for each connection that Opened accepted,
	// never from inside another call on the same connection. err is nil if either
	// side closed in an orderly way.
	Closed(c *Conn, err error)
	// Tick is called when serving begins, and again after the delay it returns.
	Tick() time.Duration
}

// Config says where to listen and how to treat connections.
type Config struct {
	// TCP holds addresses as "127.0.0.1:6379", "[::1]:6379" or "*:6379".
	// An IPv6 wildcard does not take IPv4 connections. Port 0 picks a free port.
	TCP []string
	// Optional marks addresses of TCP, by index, that are skipped if the machine
	// does not have them. It may be shorter than TCP.
	Optional []bool
	// UnixSocket is a path, or empty. A stale socket there is replaced;
	// anything else is refused and left alone.
	UnixSocket string
	// UnixPerm is the mode of UnixSocket; 0 leaves it to the umask.
	UnixPerm os.FileMode
	// KeepAlive is the idle time before TCP keepalive probes; 0 turns them off.
	KeepAlive time.Duration
	// MaxConns is what Loop.Full compares with; 0 means no limit. The loop itself
	// refuses nobody: Handler.Opened does.
	MaxConns int
	// DrainTimeout bounds how long Shutdown waits for pending output. 0 means one second.
	DrainTimeout time.Duration
	// Logf, if set, receives a level (notice or warning) and a message, from any goroutine.
	Logf func(level, format string, args ...any)

	// The length of the accept queue cannot be set: the net package, under evio,
	// always asks for the system's maximum.
}

// Loop is the reactor. Make one with Listen.
type Loop struct {
	cfg       Config
	h         Handler
	maxConns  atomic.Int64
	keepAlive atomic.Int64 // a time.Duration
	asked     atomic.Bool  // Shutdown was called

	addrs    []string   // for evio: control first, then TCP, then the Unix socket
	bound    []net.Addr // what they were bound to, control excluded
	unixPath string     // where the Unix socket is published, or empty
	unixFile os.FileInfo

	served  chan error    // Serve's result
	release chan struct{} // closed by Run: go on from Serving to the loop
	stopped chan struct{} // closed when evio was told to stop
	startAt time.Time     // when the present Serve was released

	post  mailbox
	timer timers

	// The loop's own, reset by each Serve.
	poll      int   // evio's epoll or kqueue, -1 before the first connection
	listeners []int // listening descriptors registered there
	accepting bool

	conns     map[*Conn]struct{}
	waiter    *waiter
	waiting   map[int]*Conn // descriptor armed for writing -> connection
	fdLimit   int
	ticking   bool
	reads     uint
	yielded   time.Time // see yield
	breath    breath
	restReads uint // reads at the last turn
	draining  bool
	drainTill time.Time
	stop      bool
	fatal     error
}

var errEnded = errors.New("event loop ended")

// Listen binds all addresses and returns. Connections queue up in the kernel
// until Run. The error names the address that could not be bound.
func Listen(cfg Config, h Handler) (*Loop, error) {
	if cfg.DrainTimeout <= 0 {
		cfg.DrainTimeout = time.Second
	}
	l := &Loop{
		cfg:     cfg,
		h:       h,
		conns:   make(map[*Conn]struct{}),
		waiting: make(map[int]*Conn),
	}
	l.post.fd = -1
	l.timer.wake = l.post.wake
	l.SetMaxConns(cfg.MaxConns)
	l.SetKeepAlive(cfg.KeepAlive)
	addrs, err := tcpAddresses(cfg)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 && cfg.UnixSocket == "" {
		return nil, errors.New("no address to listen on")
	}
	l.addrs = append([]string{""}, addrs...)
	if err := l.start(); err != nil {
		return nil, err
	}
	return l, nil
}

// start begins one Serve and returns when its addresses are bound. Serve then waits for release.
func (l *Loop) start() error {
	control, removeControl, err := controlAddress()
	if err != nil {
		return err
	}
	l.addrs[0] = control
	addrs := l.addrs
	unixTemp := ""
	if l.cfg.UnixSocket != "" {
		if unixTemp, err = l.prepareUnix(); err != nil {
			removeControl()
			return err
		}
		addrs = append(addrs[:len(addrs):len(addrs)], "unix://"+unixTemp)
	}
	l.poll, l.listeners, l.accepting = -1, nil, true
	l.served, l.release, l.stopped = make(chan error, 1), make(chan struct{}), make(chan struct{})
	ready := make(chan error, 1)
	events := evio.Events{NumLoops: 1, Opened: l.opened, Data: l.data, Closed: l.closed}
	events.Serving = func(s evio.Server) evio.Action {
		err := l.publish(s.Addrs[1:], unixTemp)
		ready <- err
		if err != nil {
			removeControl()
			return evio.Shutdown
		}
		<-l.release
		return l.begin(removeControl)
	}
	go func() { l.served <- evio.Serve(events, addrs...) }()
	select {
	case err = <-ready:
		if err != nil {
			<-l.served
		}
	case err = <-l.served:
		removeControl()
		if err == nil {
			err = errEnded
		}
	}
	return bindError(err)
}

// begin connects the loop to itself, before evio's loop starts.
func (l *Loop) begin(removeControl func()) evio.Action {
	defer removeControl()
	if l.asked.Load() {
		return evio.Shutdown
	}
	l.startAt = time.Now()
	if err := l.post.connect(l.addrs[0]); err != nil {
		l.fatal = fmt.Errorf("wake-up connection: %w", err)
		return evio.Shutdown
	}
	return evio.None
}

// Run serves until Shutdown. It returns an error only if serving is impossible.
func (l *Loop) Run() error {
	defer l.release_()
	for {
		close(l.release)
		err := l.wait()
		l.ended()
		if l.fatal != nil {
			return l.fatal
		}
		if l.asked.Load() {
			return nil
		}
		l.logf("warning", "The event loop ended unasked (%v). All connections are closed, serving again.", err)
		if !l.restart() {
			return nil
		}
	}
}

// restart binds again, trying until it works. False means Shutdown was called meanwhile.
func (l *Loop) restart() bool {
	pause := 50 * time.Millisecond
	for !l.asked.Load() {
		err := l.start()
		if err == nil {
			return true
		}
		l.logf("warning", "Can't listen again: %v", err)
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
	return false
}

// wait returns Serve's result. evio signals the end of its loop with a condition
// variable that Serve may not be waiting on yet; such a Serve never returns,
// and after a Shutdown we do without it.
func (l *Loop) wait() error {
	select {
	case err := <-l.served:
		return err
	case <-l.stopped:
	}
	select {
	case err := <-l.served:
		return err
	case <-time.After(5 * time.Second):
		return errEnded
	}
}

// ended cleans up after a Serve. evio's loop is over, so this goroutine is the loop now.
func (l *Loop) ended() {
	l.post.disconnect()
	l.poll, l.listeners = -1, nil
	for c := range l.conns {
		c.fd = -1
		c.finish(errEnded)
	}
}

// release_ gives back what outlives a Serve.
func (l *Loop) release_() {
	l.timer.stopAll()
	if l.waiter != nil {
		l.waiter.close()
		l.waiter = nil
	}
	l.unpublish()
}

// minServe is how long a Serve lives at least, so that evio has reached the wait for its end.
const minServe = 20 * time.Millisecond

// Shutdown makes Run return: no more input is taken, pending and held replies
// are written for at most Config.DrainTimeout, and everything is closed.
// It may be called from anywhere, more than once, and returns at once.
func (l *Loop) Shutdown() {
	if l.asked.CompareAndSwap(false, true) {
		l.Post(l.drain)
	}
}

func (l *Loop) drain() {
	l.draining = true
	l.drainTill = time.Now().Add(l.cfg.DrainTimeout)
	l.setAccepting(false)
	l.drainMore()
}

// drainMore looks every few milliseconds whether all output is written.
func (l *Loop) drainMore() {
	now := time.Now()
	busy := now.Sub(l.startAt) < minServe
	for c := range l.conns {
		busy = busy || c.busy() && !c.dead
	}
	if busy && now.Before(l.drainTill) {
		l.After(2*time.Millisecond, l.drainMore)
		return
	}
	l.stop = true
	l.post.wake()
}

// SetMaxConns changes what Full compares with; 0 means no limit.
func (l *Loop) SetMaxConns(n int) { l.maxConns.Store(int64(n)) }

// SetKeepAlive changes the keepalive time of connections opened from now on.
func (l *Loop) SetKeepAlive(d time.Duration) { l.keepAlive.Store(int64(d)) }

// Conns is the number of open connections, the one just being opened included.
func (l *Loop) Conns() int { return len(l.conns) }

// Full reports whether there are more connections than MaxConns.
// In Handler.Opened: whether this one is too many.
func (l *Loop) Full() bool {
	n := l.maxConns.Load()
	return n > 0 && int64(len(l.conns)) > n
}

// Addrs returns what was bound, in the order of Config; the Unix socket comes last.
func (l *Loop) Addrs() []net.Addr { return l.bound }

func (l *Loop) logf(level, format string, args ...any) {
	if l.cfg.Logf != nil {
		l.cfg.Logf(level, format, args...)
	}
}
