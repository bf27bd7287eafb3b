package pace

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A conn is one non-blocking socket with its unsent output, its unparsed input
// and the due times of the requests that wait for an answer, oldest first.
type conn struct {
	fd     int
	events int16 // what the last waitFor saw
	err    error // of an earlier write
	out    []byte
	in     []byte // in[:have] is unparsed
	have   int
	due    []time.Duration
	head   int // index in due of the oldest
}

func dial(addr string) (*conn, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || !ap.Addr().Is4() {
		return nil, fmt.Errorf("not an IPv4 address: %q", addr)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	c := &conn{fd: fd, in: make([]byte, 64<<10)}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *conn) close() { unix.Close(c.fd) }

func (c *conn) readable() bool {
	return c.err != nil || c.events&(unix.POLLIN|unix.POLLHUP|unix.POLLERR) != 0
}

func (c *conn) writable() bool { return c.events&unix.POLLOUT != 0 }

// flush writes what the socket takes; the rest waits for POLLOUT.
func (c *conn) flush() error {
	n, err := unix.Write(c.fd, c.out)
	if n > 0 {
		c.out = c.out[:copy(c.out, c.out[n:])]
	}
	if err == unix.EAGAIN || err == unix.EINTR {
		return nil
	}
	return err
}

// receive reads once and returns how many replies are complete.
func (c *conn) receive() (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := unix.Read(c.fd, c.in[c.have:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	c.have += n
	return c.parse()
}

func (c *conn) parse() (replies int, err error) {
	b := c.in[:c.have]
	for {
		n, err := replyLen(b)
		if err != nil {
			return replies, err
		}
		if n == 0 {
			break
		}
		b = b[n:]
		replies++
	}
	c.have = copy(c.in, b)
	return replies, nil
}

// replyLen is the length of the complete one-line or bulk reply at the head of
// b, or 0.
func replyLen(b []byte) (int, error) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0, nil
	}
	switch b[0] {
	case '+', ':':
		return end + 1, nil
	case '$':
		size, err := strconv.Atoi(string(b[1 : end-1]))
		if err == nil && size < 0 {
			return end + 1, nil
		}
		if n := end + 1 + size + 2; err == nil && n <= len(b) {
			return n, nil
		}
		return 0, err
	}
	return 0, fmt.Errorf("unexpected reply %q", b[:end])
}

// pop removes the oldest due time.
func (c *conn) pop() time.Duration {
	d := c.due[c.head]
	c.head++
	if c.head == len(c.due) {
		c.due, c.head = c.due[:0], 0
	}
	return d
}

func appendCommand(b []byte, name string, key, value []byte) []byte {
	if value == nil {
		b = append(b, "*2\r\n"...)
	} else {
		b = append(b, "*3\r\n"...)
	}
	b = appendBulk(b, name)
	b = appendBulk(b, key)
	if value != nil {
		b = appendBulk(b, value)
	}
	return b
}

func appendBulk[T string | []byte](b []byte, s T) []byte {
	b = append(b, '$')
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, "\r\n"...)
	b = append(b, s...)
	return append(b, "\r\n"...)
}

// waitFor waits until one of the connections has something to do, at most for
// the given time, and notes in each what it is. set is scratch space.
func waitFor(set []unix.PollFd, conns []*conn, wait time.Duration) ([]unix.PollFd, error) {
	set = set[:0]
	for _, c := range conns {
		events := int16(unix.POLLIN)
		if len(c.out) > 0 {
			events |= unix.POLLOUT
		}
		set = append(set, unix.PollFd{Fd: int32(c.fd), Events: events})
	}
	if wait < spin {
		wait = 0
	}
	if err := poll(set, wait); err != nil && err != unix.EINTR {
		return set, err
	}
	for i, c := range conns {
		c.events = set[i].Revents
	}
	return set, nil
}
