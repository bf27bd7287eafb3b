package loop

import (
	"net"
	"net/netip"
	"time"

	"github.com/tidwall/evio"
	"golang.org/x/sys/unix"
)

// Conn is one client connection. All its methods belong to the loop.
//
// It has up to two descriptors of the one socket. fd is evio's: evio reads from
// it, and closes it at the end of the stream. own is our duplicate, made when
// output becomes pending or is held. While own exists, on Linux, evio's poll watches it
// in place of fd (and reports fd): a registration belongs to the open file and
// the number it was made with, and one made for fd could not be removed once evio closed fd.
type Conn struct {
	Session any // the handler's

	loop   *Loop
	fd     int // -1 once evio closed it
	own    int // -1 until needed
	out    queue
	held   int
	err    error // why it is dead
	window uint  // of breath, in which it was last counted
	remote netip.AddrPort
	local  netip.AddrPort // read on demand

	isUnix  bool
	opening bool // evio has still to finish opening: its poll must not be touched
	watched bool // evio's poll watches for input
	paused  bool // by PauseReads
	stalled bool // no duplicate to be had: no reads while busy, so that the end stays unseen
	armed   bool // registered with the waiter
	eof     bool
	closing bool // close when drained and released
	dead    bool // to be closed, nothing more is read or written
	refused bool
	done    bool // Closed was called
}

func newConn(l *Loop, ec evio.Conn, fd int) *Conn {
	c := &Conn{loop: l, fd: fd, own: -1, opening: true, watched: true}
	switch a := ec.RemoteAddr().(type) {
	case *net.TCPAddr:
		c.remote = a.AddrPort()
	default:
		c.isUnix = true
	}
	return c
}

// settleOpen is called once evio is done opening: from now on interest can be changed.
func (c *Conn) settleOpen() {
	if !c.opening || c.done {
		return
	}
	c.opening = false
	if c.busy() {
		c.keep()
	}
	c.watch()
}

// settleOpenSoon arranges for settleOpen even if no input comes.
func (c *Conn) settleOpenSoon() { c.loop.Post(c.settleOpen) }

// busy reports whether replies are still to be written or to come.
func (c *Conn) busy() bool { return c.out.size > 0 || c.held > 0 }

// Send writes p now; what the kernel does not take is copied and written as soon
// as it does, in order. p is borrowed. A write error closes the connection, later.
func (c *Conn) Send(p []byte) {
	if c.dead || c.done {
		return
	}
	if c.out.size == 0 {
		n, err := c.write(p)
		if err != nil {
			c.fail(err)
			return
		}
		p = p[n:]
	}
	if len(p) > 0 {
		c.enqueue(p)
	}
}

// enqueue keeps the rest of an output. It is apart to keep Send small.
func (c *Conn) enqueue(p []byte) {
	first := c.out.size == 0
	c.out.push(p)
	if first {
		c.keep()
		c.arm()
	}
}

// write returns how much the kernel took; having no room is no error.
func (c *Conn) write(p []byte) (int, error) {
	fd := c.writeFD()
	for len(p) > 0 {
		n, err := unix.Write(fd, p)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
	return 0, nil
}

func (c *Conn) writeFD() int {
	if c.own >= 0 {
		return c.own
	}
	return c.fd
}

// flushBytesMax bounds what one connection writes per turn, for the others' sake.
const flushBytesMax = 512 << 10

// flush writes pending output. The waiter has found room for it.
func (c *Conn) flush() {
	if c.dead || c.done || c.out.size == 0 {
		return
	}
	for total := 0; c.out.size > 0 && total < flushBytesMax; {
		front := c.out.front()
		n, err := c.write(front)
		if err != nil {
			c.fail(err)
			return
		}
		if n > 0 {
			c.out.pop(n)
		}
		if n < len(front) {
			break
		}
		total += n
	}
	if c.out.size > 0 {
		c.arm()
		return
	}
	if !c.closing && !c.loop.draining {
		c.loop.h.Drained(c)
	}
	c.settle()
}

// settle does what had to wait for the last reply.
func (c *Conn) settle() {
	if c.busy() || c.dead || c.done {
		return
	}
	switch {
	case c.closing:
		c.Close()
	case c.eof:
		c.finish(nil)
	default:
		c.stalled = false
		c.watch()
	}
}

// Pending is the number of bytes sent and not yet taken by the kernel.
func (c *Conn) Pending() int { return c.out.size }

// Hold says that a reply will come later: if the peer shuts down its sending
// half meanwhile, the connection stays for the reply. Each Hold needs a Release.
// A Hold from within Handler.Opened counts from the next turn of the loop on.
func (c *Conn) Hold() {
	c.held++
	if c.own < 0 {
		c.keep()
	}
}

// Release takes back one Hold. The reply has been sent, or never will be.
func (c *Conn) Release() {
	if c.held--; c.held < 0 {
		panic("loop: Release without Hold")
	}
	if c.held == 0 && (c.eof || c.closing || c.stalled) && c.out.size == 0 {
		c.loop.Post(c.settle) // not from inside the handler
	}
}

// keep sees to it that the end of the stream does not take the socket from under
// pending replies: by a duplicate, or else by not reading on.
func (c *Conn) keep() {
	if c.own >= 0 || c.fd < 0 || c.dead || c.done {
		return
	}
	if c.opening {
		c.settleOpenSoon()
		return
	}
	own, err := c.loop.duplicate(c.fd)
	if err == nil {
		if err = c.moveWatch(own); err != nil {
			unix.Close(own)
		}
	}
	if err != nil {
		c.stalled = true
		c.watch()
		return
	}
	c.disarm()
	c.own = own
	c.stalled = false
	if c.out.size > 0 {
		c.arm()
	}
	c.watch()
}

// EOF reports that the peer has shut down its sending half.
func (c *Conn) EOF() bool { return c.eof }

// PauseReads stops Data calls, but for one that may be under way. The end of the stream stays unseen too.
func (c *Conn) PauseReads() {
	c.paused = true
	if c.opening {
		c.settleOpenSoon()
	}
	c.watch()
}

// ResumeReads undoes PauseReads.
func (c *Conn) ResumeReads() {
	c.paused = false
	c.watch()
}

// watch brings evio's interest in the connection to what it should be.
func (c *Conn) watch() {
	want := c.dead || !c.paused && !(c.stalled && c.busy())
	if want == c.watched || c.opening || c.fd < 0 || c.done || c.loop.poll < 0 {
		return
	}
	var err error
	if want {
		err = pollAdd(c.loop.poll, c.watchFD(), c.fd)
	} else {
		err = pollRemove(c.loop.poll, c.watchFD())
	}
	if err != nil { // the system is out of memory or watches
		c.loop.After(100*time.Millisecond, c.watch)
		return
	}
	c.watched = want
}

// Close closes the connection now, dropping output the kernel has not taken.
// Handler.Closed follows, from the loop and not from inside Close.
func (c *Conn) Close() { c.fail(nil) }

// CloseAfterFlush takes no more input, and closes when all output is written and all Holds are released.
func (c *Conn) CloseAfterFlush() {
	c.closing = true
	if !c.busy() {
		c.Close()
	}
}

// fail closes with a reason. After shutdown(2) evio reads the end of the stream and closes its descriptor.
func (c *Conn) fail(err error) {
	if c.dead || c.done {
		return
	}
	c.dead, c.err = true, err
	c.out.clear()
	if c.fd < 0 {
		c.loop.Post(func() { c.finish(c.err) })
		return
	}
	unix.Shutdown(c.fd, unix.SHUT_RDWR)
	c.watch()
}

// evioClosed follows evio's close of fd: after an error, our shutdown, or the end of the stream.
func (c *Conn) evioClosed(err error) {
	c.forgetWatch()
	if c.armed && c.own < 0 {
		c.disarm()
	}
	c.fd = -1
	c.eof = err == nil
	switch {
	case c.dead:
		c.finish(c.err)
	case err != nil || c.own < 0 || !c.busy():
		c.finish(err)
	}
}

// finish ends the connection, once.
func (c *Conn) finish(err error) {
	if c.done {
		return
	}
	c.done, c.dead = true, true
	c.disarm()
	if c.own >= 0 {
		unix.Close(c.own)
		c.own = -1
	}
	c.out.clear()
	delete(c.loop.conns, c)
	if !c.refused {
		c.loop.h.Closed(c, err)
	}
}

// arm waits for room in the kernel's buffer.
func (c *Conn) arm() {
	c.armed = true
	c.loop.armWrite(c, c.writeFD())
}

func (c *Conn) disarm() {
	if c.armed {
		c.armed = false
		c.loop.disarmWrite(c.writeFD())
	}
}

// IsUnix reports whether the connection came by the Unix socket.
func (c *Conn) IsUnix() bool { return c.isUnix }

// FD is the descriptor, for display; -1 if there is none any more.
func (c *Conn) FD() int { return c.writeFD() }

// RemoteIP is the peer's address, invalid for the Unix socket.
func (c *Conn) RemoteIP() netip.Addr { return c.remote.Addr() }

// RemoteAddr is "127.0.0.1:1234", "[::1]:1234" or "/path:0".
func (c *Conn) RemoteAddr() string { return c.format(c.remote) }

// LocalAddr is our side, in the form of RemoteAddr.
func (c *Conn) LocalAddr() string {
	if !c.isUnix && !c.local.IsValid() {
		c.local = localAddr(c.writeFD())
	}
	return c.format(c.local)
}

func (c *Conn) format(a netip.AddrPort) string {
	if c.isUnix {
		return c.loop.cfg.UnixSocket + ":0"
	}
	if !a.IsValid() {
		return "?:0"
	}
	return a.String()
}

// localAddr asks the kernel: a listener on a wildcard address does not know.
func localAddr(fd int) netip.AddrPort {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
