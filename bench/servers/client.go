package servers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// Client asks a server one command at a time, for tests that want answers and not
// bytes. A failure of the connection fails the test.
type Client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// ClientT connects to s until the test ends.
func (s *Server) ClientT(t testing.TB) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &Client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// Do sends a command and returns its reply: string, int64, []any, nil or error.
func (c *Client) Do(args ...string) any {
	c.t.Helper()
	c.Send(args...)
	return c.Receive()
}

// Send sends a command without waiting for its reply.
func (c *Client) Send(args ...string) {
	c.t.Helper()
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	c.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// Receive reads one reply.
func (c *Client) Receive() any {
	c.t.Helper()
	line, err := c.in.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	text := line[1 : len(line)-2]
	switch line[0] {
	case '+':
		return text
	case '-':
		return errors.New(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		c.t.Fatalf("reply %q: %v", line, err)
	}
	switch {
	case line[0] == ':':
		return n
	case n < 0:
		return nil
	case line[0] == '*':
		list := make([]any, n)
		for i := range list {
			list[i] = c.Receive()
		}
		return list
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(c.in, b); err != nil {
		c.t.Fatal(err)
	}
	return string(b[:n])
}
