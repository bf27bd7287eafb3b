package aof

import (
	"bytes"
	"errors"
	"io"
	"math"
)

var (
	errTorn = errors.New("the file ends inside a record")
	errBad  = errors.New("bad file format")
)

const (
	readerBytes   = 1 << 20 // the window; a larger record makes it grow
	annotationMax = 1024    // bytes of a "#" line
	digitsMax     = 18      // of a count or a length
	lengthMax     = 1 << 48 // beyond this sums could overflow
)

// reader reads the records of one file through a window that is refilled in
// large steps. Records are parsed in place.
type reader struct {
	f        io.Reader
	size     int64 // of the file; what lies behind it is not read
	buf      []byte
	r, w     int   // buf[r:w] is read and not yet consumed
	off      int64 // of buf[r] in the file
	start    int64 // offset of the last record, or of the bytes that are not one
	args     [][]byte
	refilled func(off int64)

	blockArgs [][]byte // for the caller
}

func newReader(f io.Reader, size int64) *reader {
	return &reader{f: f, size: size, buf: make([]byte, min(readerBytes, max(size, 16)))}
}

// next returns the next record's arguments and bytes, valid until the next
// call; an annotation has no arguments. At the end it returns io.EOF, or
// errTorn inside a record; errBad is a record that no more bytes could mend.
func (r *reader) next() (args [][]byte, raw []byte, err error) {
	r.start = r.off
	for {
		args, n, need, err := parseRecord(r.buf[r.r:r.w], r.args[:0])
		if err != nil {
			return nil, nil, err
		}
		r.args = args
		if n > 0 {
			raw = r.buf[r.r : r.r+n]
			r.r += n
			r.off += int64(n)
			return args, raw, nil
		}
		if r.off == r.size {
			return nil, nil, io.EOF
		}
		if need > r.size-r.off {
			return nil, nil, errTorn
		}
		if err := r.fill(int(need)); err != nil {
			return nil, nil, err
		}
	}
}

// fill reads until the window holds at least need bytes, which the file has.
func (r *reader) fill(need int) error {
	if need > len(r.buf)-r.r {
		into := r.buf
		if need > len(r.buf) {
			into = make([]byte, min(int64(max(need, 2*len(r.buf))), r.size-r.off))
		}
		r.w = copy(into, r.buf[r.r:r.w])
		r.buf, r.r = into, 0
	}
	if r.refilled != nil {
		r.refilled(r.off)
	}
	for r.w-r.r < need {
		n, err := r.f.Read(r.buf[r.w:])
		r.w += n
		if n == 0 && err != nil {
			if err == io.EOF {
				return errTorn // the file shrank
			}
			return err
		}
	}
	return nil
}

// peek returns the next n bytes, or what is left of the file.
func (r *reader) peek(n int) ([]byte, error) {
	n = int(min(int64(n), r.size-r.off))
	if r.w-r.r < n {
		if err := r.fill(n); err != nil {
			return nil, err
		}
	}
	return r.buf[r.r : r.r+n], nil
}

// zeroTail reports, after errBad, that the file would merely end inside a record
// were it not for the zero bytes that fill it up to its size: what a
// file system leaves that made the file longer before it had written the data.
// The reader cannot be used any more.
func (r *reader) zeroTail() (bool, error) {
	head := bytes.Clone(r.buf[r.r:r.w])
	r.off += int64(r.w - r.r)
	for r.r = r.w; r.off < r.size; {
		n, err := r.Read(r.buf[:cap(r.buf)])
		if err != nil {
			return false, err
		}
		if len(bytes.Trim(r.buf[:n], "\x00")) > 0 {
			return false, nil
		}
	}
	head = bytes.TrimRight(head, "\x00")
	_, n, _, err := parseRecord(head, nil)
	return n == 0 && err == nil, nil
}

// Read and ReadByte let an RDB at the head of the file be read.
func (r *reader) Read(p []byte) (int, error) {
	if r.off >= r.size {
		return 0, io.EOF
	}
	if r.r == r.w {
		if err := r.fill(1); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[r.r:r.w])
	n = int(min(int64(n), r.size-r.off))
	r.r += n
	r.off += int64(n)
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	var b [1]byte
	_, err := r.Read(b[:])
	return b[0], err
}

// Unread takes bytes back that Read gave out last.
func (r *reader) Unread(p []byte) {
	buf := make([]byte, max(len(r.buf), len(p)+r.w-r.r))
	n := copy(buf, p)
	n += copy(buf[n:], r.buf[r.r:r.w])
	r.buf, r.r, r.w = buf, 0, n
	r.off -= int64(len(p))
}

// parseRecord parses the record that b begins with: a command or an annotation
// line. n is its length; 0 means that b holds only a part of one, which is at
// least need bytes long. Arguments point into b and are appended to args.
func parseRecord(b []byte, args [][]byte) (_ [][]byte, n int, need int64, err error) {
	if len(b) == 0 {
		return args, 0, 1, nil
	}
	if b[0] == '#' {
		return parseAnnotation(b, args)
	}
	count, n, err := parseNumber(b, '*')
	if err != nil || n == 0 {
		return args, 0, int64(len(b)) + 1, err
	}
	if count < 1 {
		return args, 0, 0, errBad
	}
	const leastArg = int64(len("$0\r\n\r\n"))
	if count > lengthMax {
		return args, 0, math.MaxInt64, nil // more than any file holds
	}
	for ; count > 0; count-- {
		size, head, err := parseNumber(b[n:], '$')
		if err != nil {
			return args, 0, 0, err
		}
		if head == 0 {
			return args, 0, max(int64(len(b))+1, int64(n)+count*leastArg), nil
		}
		if size > lengthMax {
			return args, 0, math.MaxInt64, nil
		}
		from := n + head
		if size > int64(len(b)-from) {
			return args, 0, int64(from) + size + 2 + (count-1)*leastArg, nil
		}
		to := from + int(size)
		if len(b) < to+2 {
			if len(b) > to && b[to] != '\r' {
				return args, 0, 0, errBad
			}
			return args, 0, int64(to) + 2 + (count-1)*leastArg, nil
		}
		if b[to] != '\r' || b[to+1] != '\n' {
			return args, 0, 0, errBad
		}
		args = append(args, b[from:to])
		n = to + 2
	}
	return args, n, 0, nil
}

func parseAnnotation(b []byte, args [][]byte) (_ [][]byte, n int, need int64, err error) {
	end := bytes.IndexByte(b[:min(len(b), annotationMax)], '\n')
	switch {
	case end >= 0:
		return args, end + 1, 0, nil
	case len(b) >= annotationMax:
		return args, 0, 0, errBad
	}
	return args, 0, int64(len(b)) + 1, nil
}

// parseNumber parses mark, digits, "\r\n". n is 0 when b ends before that.
func parseNumber(b []byte, mark byte) (v int64, n int, err error) {
	if len(b) == 0 {
		return 0, 0, nil
	}
	if b[0] != mark {
		return 0, 0, errBad
	}
	for i := 1; i < len(b); i++ {
		c := b[i]
		if c >= '0' && c <= '9' && i <= digitsMax {
			v = v*10 + int64(c-'0')
			continue
		}
		if c != '\r' || i == 1 {
			return 0, 0, errBad
		}
		if i+1 == len(b) {
			return 0, 0, nil
		}
		if b[i+1] != '\n' {
			return 0, 0, errBad
		}
		return v, i + 2, nil
	}
	return 0, 0, nil
}
