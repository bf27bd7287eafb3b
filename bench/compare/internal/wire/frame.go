// Package wire reads the replies of a server into frames and shows them.
//
// It is deliberately a second implementation of the protocol, apart from the
// server's own: a mistake made twice in the same code would compare equal.
// The reader is strict: a length is written in its shortest form, so encoding
// a frame again gives exactly the bytes that came in.
package wire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Frame is one reply. Kind is its first byte on the wire.
type Frame struct {
	Kind  byte
	Null  bool    // $-1 or *-1
	Text  []byte  // of simple kinds the line, of bulk kinds the content
	Elems []Frame // of aggregates; maps and attributes hold keys and values alternately
}

// Pseudo kinds, which a server cannot send.
const (
	Closed  = 'X' // the server closed the connection
	Garbage = 'G' // bytes that are no reply; Text holds the start of them
	Silence = 'S' // no reply within the time limit
)

const lengthMax = 1 << 30

// Read reads one frame. An io error is returned as it is; bytes that are no
// frame give a Garbage frame.
func Read(r *bufio.Reader) (Frame, error) {
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		return garbage(line), nil
	}
	if err != nil {
		return Frame{}, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return garbage(line), nil
	}
	f := Frame{Kind: line[0]}
	body := line[1 : len(line)-2]
	switch f.Kind {
	case '+', '-', ':', ',', '#', '(', '_':
		f.Text = slices.Clone(body)
		return f, nil
	case '$', '=', '!':
		return readBulk(r, f, line, body)
	case '*', '~', '>', '%', '|':
		return readAggregate(r, f, line, body)
	}
	return garbage(line), nil
}

func readBulk(r *bufio.Reader, f Frame, line, body []byte) (Frame, error) {
	if f.Kind == '$' && string(body) == "-1" {
		f.Null = true
		return f, nil
	}
	n, ok := length(body)
	if !ok {
		return garbage(line), nil
	}
	f.Text = make([]byte, n+2)
	if _, err := io.ReadFull(r, f.Text); err != nil {
		return f, err
	}
	if !bytes.HasSuffix(f.Text, []byte("\r\n")) {
		return garbage(f.Text), nil
	}
	f.Text = f.Text[:n]
	return f, nil
}

func readAggregate(r *bufio.Reader, f Frame, line, body []byte) (Frame, error) {
	if f.Kind == '*' && string(body) == "-1" {
		f.Null = true
		return f, nil
	}
	n, ok := length(body)
	if !ok {
		return garbage(line), nil
	}
	switch f.Kind {
	case '%':
		n *= 2
	case '|': // the reply that the attribute belongs to follows
		n = 2*n + 1
	}
	for range n {
		e, err := Read(r)
		if err != nil || e.Kind == Garbage {
			return e, err
		}
		f.Elems = append(f.Elems, e)
	}
	return f, nil
}

// length accepts what Append writes and nothing else.
func length(b []byte) (int, bool) {
	n, err := strconv.Atoi(string(b))
	return n, err == nil && n >= 0 && n <= lengthMax && strconv.Itoa(n) == string(b)
}

func garbage(b []byte) Frame {
	return Frame{Kind: Garbage, Text: slices.Clone(b[:min(len(b), 200)])}
}

// Append appends the bytes of f as they were on the wire.
func Append(dst []byte, f Frame) []byte {
	dst = append(dst, f.Kind)
	switch f.Kind {
	case '$', '=', '!', Garbage:
		if f.Null {
			return append(dst, "-1\r\n"...)
		}
		dst = strconv.AppendInt(dst, int64(len(f.Text)), 10)
		dst = append(dst, "\r\n"...)
		dst = append(dst, f.Text...)
	case '*', '~', '>', '%', '|':
		if f.Null {
			return append(dst, "-1\r\n"...)
		}
		n := len(f.Elems)
		if f.Kind == '%' || f.Kind == '|' {
			n /= 2
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(dst, "\r\n"...)
		for _, e := range f.Elems {
			dst = Append(dst, e)
		}
		return dst
	default:
		dst = append(dst, f.Text...)
	}
	return append(dst, "\r\n"...)
}

// Equal compares the bytes of two frames.
func Equal(a, b Frame) bool { return bytes.Equal(Append(nil, a), Append(nil, b)) }

// Clone copies f deeply, so that normalising does not touch the original.
func (f Frame) Clone() Frame {
	f.Text = slices.Clone(f.Text)
	if f.Elems != nil {
		elems := make([]Frame, len(f.Elems))
		for i, e := range f.Elems {
			elems[i] = e.Clone()
		}
		f.Elems = elems
	}
	return f
}

// Aggregate reports whether f has elements.
func (f Frame) Aggregate() bool {
	switch f.Kind {
	case '*', '~', '>', '%', '|':
		return !f.Null
	}
	return false
}

// Int is the value of an integer, or of a bulk or double that spells one.
func (f Frame) Int() (int64, bool) {
	switch f.Kind {
	case ':', '$', ',', '+':
		n, err := strconv.ParseInt(string(f.Text), 10, 64)
		return n, err == nil && !f.Null
	}
	return 0, false
}

// String shows a frame in one line: type byte, then the value, strings quoted.
func (f Frame) String() string { return string(f.show(nil)) }

func (f Frame) show(b []byte) []byte {
	switch {
	case f.Null:
		return append(b, f.Kind, '-', '1')
	case f.Kind == Closed:
		return append(b, "(connection closed)"...)
	case f.Kind == Silence:
		return append(b, "(no reply)"...)
	case f.Kind == Garbage:
		return fmt.Appendf(b, "(not a reply: %q)", f.Text)
	case f.Kind == '$', f.Kind == '=', f.Kind == '!':
		return strconv.AppendQuoteToASCII(append(b, f.Kind), string(f.Text))
	case !f.Aggregate():
		b = append(b, f.Kind)
		q := strconv.AppendQuoteToASCII(nil, string(f.Text))
		return append(b, q[1:len(q)-1]...)
	}
	b = append(b, f.Kind)
	b = strconv.AppendInt(b, int64(len(f.Elems)), 10)
	b = append(b, '[')
	for i, e := range f.Elems {
		if i > 0 {
			b = append(b, ' ')
		}
		b = e.show(b)
	}
	return append(b, ']')
}
