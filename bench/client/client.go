// Package client is the benchmark's own small client: one connection, RESP2,
// commands written without allocation and replies read or skipped.
//
// A Conn buffers what it sends until Flush. It is not safe for concurrent use,
// but one goroutine may send while another receives.
package client

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// maxBulk bounds what a reply may make us allocate, in bytes.
const maxBulk = 512 << 20

// Conn is one connection to a server.
type Conn struct {
	nc  net.Conn
	in  *bufio.Reader
	out *bufio.Writer
	num [20]byte
}

// Reply is one RESP2 reply. Nil bulks and arrays have Kind '_'.
type Reply struct {
	Kind  byte    // one of + - : $ * _
	Text  []byte  // of + - and $
	Int   int64   // of :
	Elems []Reply // of *
}

// String is the text of a reply that is one string or number.
func (r Reply) String() string {
	if r.Kind == ':' {
		return strconv.FormatInt(r.Int, 10)
	}
	return string(r.Text)
}

// Error is an error reply of the server.
type Error string

func (e Error) Error() string { return string(e) }

// Dial connects to host:port.
func Dial(addr string) (*Conn, error) {
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &Conn{nc: nc, in: bufio.NewReaderSize(nc, 64<<10), out: bufio.NewWriterSize(nc, 64<<10)}, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.nc.Close() }

// Send appends a command to the output. Write errors show up in Flush.
func (c *Conn) Send(args ...string) {
	c.Begin(len(args))
	for _, a := range args {
		c.Arg(a)
	}
}

// Begin starts a command of n arguments; n calls of Arg, Bytes or Int follow.
func (c *Conn) Begin(n int) { c.head('*', int64(n)) }

// Arg appends one argument.
func (c *Conn) Arg(s string) {
	c.head('$', int64(len(s)))
	c.out.WriteString(s)
	c.out.WriteString("\r\n")
}

// Bytes appends one argument.
func (c *Conn) Bytes(b []byte) {
	c.head('$', int64(len(b)))
	c.out.Write(b)
	c.out.WriteString("\r\n")
}

// Int appends one argument in decimal.
func (c *Conn) Int(n int64) { c.Bytes(strconv.AppendInt(c.num[:0], n, 10)) }

func (c *Conn) head(kind byte, n int64) {
	c.out.WriteByte(kind)
	var num [20]byte
	c.out.Write(strconv.AppendInt(num[:0], n, 10))
	c.out.WriteString("\r\n")
}

// Flush sends what is buffered.
func (c *Conn) Flush() error { return c.out.Flush() }

// Do sends a command and returns its reply; an error reply comes as an Error.
func (c *Conn) Do(args ...string) (Reply, error) {
	c.Send(args...)
	if err := c.Flush(); err != nil {
		return Reply{}, err
	}
	return c.Receive()
}

// Receive reads one reply; an error reply comes as an Error.
func (c *Conn) Receive() (Reply, error) {
	r, err := c.read()
	if err == nil && r.Kind == '-' {
		err = Error(r.Text)
	}
	return r, err
}

func (c *Conn) read() (Reply, error) {
	line, err := c.line()
	if err != nil {
		return Reply{}, err
	}
	r := Reply{Kind: line[0]}
	switch r.Kind {
	case '+', '-':
		r.Text = append([]byte(nil), line[1:]...)
		return r, nil
	}
	if r.Int, err = strconv.ParseInt(string(line[1:]), 10, 64); err != nil {
		return r, fmt.Errorf("bad reply %q", line)
	}
	switch {
	case r.Kind == ':':
		return r, nil
	case r.Int < 0:
		return Reply{Kind: '_'}, nil
	case r.Kind == '$' && r.Int <= maxBulk:
		return c.bulk(r)
	case r.Kind == '*':
		return c.array(r)
	}
	return r, fmt.Errorf("bad reply %q", line)
}

func (c *Conn) bulk(r Reply) (Reply, error) {
	r.Text = make([]byte, r.Int)
	if _, err := io.ReadFull(c.in, r.Text); err != nil {
		return r, err
	}
	_, err := c.in.Discard(2)
	return r, err
}

func (c *Conn) array(r Reply) (Reply, error) {
	for range r.Int {
		e, err := c.read()
		if err != nil {
			return r, err
		}
		r.Elems = append(r.Elems, e)
	}
	return r, nil
}

// line returns one line without its end, valid until the next read.
func (c *Conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if len(line) < 3 {
		return nil, fmt.Errorf("bad reply %q", line)
	}
	return line[:len(line)-2], nil
}

// Skip reads n replies, none of them an array, and fails at the first error
// reply among them.
func (c *Conn) Skip(n int) error {
	for range n {
		line, err := c.line()
		if err != nil {
			return err
		}
		switch line[0] {
		case '-':
			return Error(line[1:])
		case '$':
			size, err := strconv.Atoi(string(line[1:]))
			if err != nil {
				return fmt.Errorf("reply %q is no bulk string", line)
			}
			if size < 0 {
				continue
			}
			if _, err := c.in.Discard(size + 2); err != nil {
				return err
			}
		}
	}
	return nil
}

// Discard reads one reply without keeping it, but for its first line or, of an
// array that begins with a string (SCAN), that string. An error reply comes as
// an Error.
func (c *Conn) Discard() (first string, err error) {
	for left, depth := 1, 0; left > 0; left-- {
		line, err := c.line()
		if err != nil {
			return first, err
		}
		switch line[0] {
		case '-':
			return first, Error(line[1:])
		case '*', '$':
			n, err := strconv.Atoi(string(line[1:]))
			switch {
			case err != nil:
				return first, fmt.Errorf("bad reply %q", line)
			case n < 0:
			case line[0] == '*':
				left += n
			case depth == 1:
				if first, err = c.text(n); err != nil {
					return first, err
				}
			default:
				if _, err := c.in.Discard(n + 2); err != nil {
					return first, err
				}
			}
		}
		depth++
	}
	return first, nil
}

// text reads the body of a string of n bytes.
func (c *Conn) text(n int) (string, error) {
	r, err := c.bulk(Reply{Int: int64(n)})
	return string(r.Text), err
}

// Info returns the fields of a section of INFO.
func (c *Conn) Info(section string) (map[string]string, error) {
	r, err := c.Do("INFO", section)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(r.Text)) {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok {
			fields[name] = value
		}
	}
	return fields, nil
}
