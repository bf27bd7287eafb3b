package resp

import (
	"bytes"
	"strconv"
)

// Writer appends replies to Buf in the protocol version Proto, 2 or 3 (anything
// below 3 counts as 2). Its methods never fail. Buf belongs to the caller, who
// may take it or replace it between replies.
type Writer struct {
	Buf   []byte
	Proto int
}

func (w *Writer) resp3() bool { return w.Proto >= 3 }

// header appends a type byte, a number and CRLF.
func (w *Writer) header(kind byte, n int64) { w.Buf = appendHeader(w.Buf, kind, n) }

func appendHeader(dst []byte, kind byte, n int64) []byte {
	if uint64(n) < 10 {
		return append(dst, kind, '0'+byte(n), '\r', '\n')
	}
	dst = append(dst, kind)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

// Int writes an integer.
func (w *Writer) Int(n int64) { w.header(':', n) }

// Bulk writes b as a bulk string. A nil b is an empty string, see Null.
func (w *Writer) Bulk(b []byte) { w.Buf = AppendBulk(w.Buf, b) }

// BulkString writes s as a bulk string.
func (w *Writer) BulkString(s string) {
	w.header('$', int64(len(s)))
	w.Buf = append(w.Buf, s...)
	w.crlf()
}

// BulkInt writes n as a bulk string.
func (w *Writer) BulkInt(n int64) {
	var digits [20]byte
	w.Bulk(strconv.AppendInt(digits[:0], n, 10))
}

// Status writes a simple string, which must not contain newlines.
func (w *Writer) Status(s string) {
	w.Buf = append(w.Buf, '+')
	w.Buf = append(w.Buf, s...)
	w.crlf()
}

// OK writes +OK.
func (w *Writer) OK() { w.Buf = append(w.Buf, "+OK\r\n"...) }

// Err writes an error. The text of an error other than Error and *ProtocolError
// gets the code ERR. Newlines become blanks.
func (w *Writer) Err(err error) {
	w.Buf = append(w.Buf, '-')
	from := len(w.Buf)
	switch e := err.(type) {
	case Error:
		w.Buf = append(w.Buf, e...)
	case *ProtocolError:
		w.Buf = append(w.Buf, e.Text...)
	default:
		w.Buf = append(append(w.Buf, "ERR "...), e.Error()...)
	}
	text := w.Buf[from:]
	if bytes.IndexByte(text, '\n') >= 0 || bytes.IndexByte(text, '\r') >= 0 {
		w.Buf = append(w.Buf[:from], oneLine(text)...)
	}
	w.crlf()
}

// oneLine trims newlines at both ends and turns the others into blanks, in place.
func oneLine(text []byte) []byte {
	text = bytes.Trim(text, "\r\n")
	for i, c := range text {
		if c == '\r' || c == '\n' {
			text[i] = ' '
		}
	}
	return text
}

// Null writes the missing value: a nil bulk string, or RESP3's null.
func (w *Writer) Null() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "$-1\r\n"...)
	}
}

// NullArray writes the missing array: a nil array, or RESP3's null.
func (w *Writer) NullArray() {
	if w.resp3() {
		w.Buf = append(w.Buf, "_\r\n"...)
	} else {
		w.Buf = append(w.Buf, "*-1\r\n"...)
	}
}

// EmptyArray writes an array of no elements.
func (w *Writer) EmptyArray() { w.Buf = append(w.Buf, "*0\r\n"...) }

// Array announces n elements.
func (w *Writer) Array(n int) { w.header('*', int64(n)) }

// Map announces n pairs; in RESP2 an array of 2n elements.
func (w *Writer) Map(n int) { w.aggregate('%', n) }

// Set announces n members; in RESP2 an array.
func (w *Writer) Set(n int) { w.aggregate('~', n) }

// Push announces an out-of-band message of n elements; in RESP2 an array.
func (w *Writer) Push(n int) { w.aggregate('>', n) }

// Attribute announces n pairs that annotate the next reply. RESP2 has no form
// for them: it then writes nothing and returns false, and the caller must leave
// the pairs out.
func (w *Writer) Attribute(n int) bool {
	if w.resp3() {
		w.header('|', int64(n))
	}
	return w.resp3()
}

func (w *Writer) aggregate(kind byte, n int) {
	kind, n = w.flat(kind, n)
	w.header(kind, int64(n))
}

// flat returns the kind and length that stand for an aggregate in w's protocol.
func (w *Writer) flat(kind byte, n int) (byte, int) {
	switch {
	case w.resp3():
	case kind == '%':
		return '*', 2 * n
	default:
		return '*', n
	}
	return kind, n
}

// Deferred is an aggregate whose length is not known yet.
type Deferred struct {
	at   int // offset of its header in Buf
	kind byte
}

// deferredBytes is the room held for a header, enough for one digit.
const deferredBytes = 4

// ReserveArray begins an array; SetLen must follow, and Buf must not be taken
// in between. Reservations nest.
func (w *Writer) ReserveArray() Deferred { return w.reserve('*') }

// ReserveMap begins a map whose number of pairs is set later.
func (w *Writer) ReserveMap() Deferred { return w.reserve('%') }

// ReserveSet begins a set whose number of members is set later.
func (w *Writer) ReserveSet() Deferred { return w.reserve('~') }

// ReservePush begins a push message whose length is set later.
func (w *Writer) ReservePush() Deferred { return w.reserve('>') }

func (w *Writer) reserve(kind byte) Deferred {
	d := Deferred{len(w.Buf), kind}
	w.Buf = append(w.Buf, "*0\r\n"...)
	return d
}

// SetLen completes the aggregate d with n elements, or pairs for a map. What was
// written since is moved if the length has more than one digit.
func (w *Writer) SetLen(d Deferred, n int) {
	var room [32]byte
	kind, n := w.flat(d.kind, n)
	header := appendHeader(room[:0], kind, int64(n))
	if more := len(header) - deferredBytes; more > 0 {
		w.Buf = append(w.Buf, header[:more]...) // any bytes: the move overwrites them
		body := d.at + deferredBytes
		copy(w.Buf[body+more:], w.Buf[body:])
	}
	copy(w.Buf[d.at:], header)
}

// Drop takes back everything written since d was reserved, d included.
func (w *Writer) Drop(d Deferred) { w.Buf = w.Buf[:d.at] }

// Double writes f with up to 17 significant digits.
func (w *Writer) Double(f float64) {
	var room [32]byte
	w.number(',', AppendDouble(room[:0], f))
}

// HumanDouble writes f as Redis prints long doubles: no exponent, up to 17
// digits behind the point.
func (w *Writer) HumanDouble(f float64) {
	var room [64]byte
	w.number(',', AppendHuman(room[:0], f))
}

// BigNumber writes a decimal integer of any size.
func (w *Writer) BigNumber(digits string) { w.number('(', []byte(digits)) }

// number writes text, a bulk string in RESP2, a number of that kind in RESP3.
func (w *Writer) number(kind byte, text []byte) {
	if !w.resp3() {
		w.Bulk(text)
		return
	}
	w.Buf = append(w.Buf, kind)
	w.Buf = append(w.Buf, text...)
	w.crlf()
}

// Bool writes a truth value; in RESP2 the integer 1 or 0.
func (w *Writer) Bool(b bool) {
	switch {
	case w.resp3() && b:
		w.Buf = append(w.Buf, "#t\r\n"...)
	case w.resp3():
		w.Buf = append(w.Buf, "#f\r\n"...)
	case b:
		w.Buf = append(w.Buf, ":1\r\n"...)
	default:
		w.Buf = append(w.Buf, ":0\r\n"...)
	}
}

// Verbatim writes text in a format named by three letters, "txt" or "mkd"; in
// RESP2 a bulk string.
func (w *Writer) Verbatim(ext, text string) {
	if !w.resp3() {
		w.BulkString(text)
		return
	}
	w.header('=', int64(len(text)+4))
	w.Buf = append(w.Buf, (ext + "   ")[:3]...)
	w.Buf = append(w.Buf, ':')
	w.Buf = append(w.Buf, text...)
	w.crlf()
}

// Raw appends bytes that are a reply already.
func (w *Writer) Raw(b []byte) { w.Buf = append(w.Buf, b...) }

func (w *Writer) crlf() { w.Buf = append(w.Buf, '\r', '\n') }

// AppendCommand appends args as a request, an array of bulk strings.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = AppendArrayHeader(dst, len(args))
	for _, a := range args {
		dst = AppendBulk(dst, a)
	}
	return dst
}

// AppendArrayHeader appends "*n\r\n".
func AppendArrayHeader(dst []byte, n int) []byte { return appendHeader(dst, '*', int64(n)) }

// AppendBulk appends b as a bulk string.
func AppendBulk(dst, b []byte) []byte {
	dst = appendHeader(dst, '$', int64(len(b)))
	dst = append(dst, b...)
	return append(dst, '\r', '\n')
}

// AppendBulkString appends s as a bulk string.
func AppendBulkString(dst []byte, s string) []byte {
	dst = appendHeader(dst, '$', int64(len(s)))
	dst = append(dst, s...)
	return append(dst, '\r', '\n')
}

// AppendBulkInt appends n as a bulk string.
func AppendBulkInt(dst []byte, n int64) []byte {
	var digits [20]byte
	return AppendBulk(dst, strconv.AppendInt(digits[:0], n, 10))
}

// IntLen returns the number of bytes n prints to.
func IntLen(n int64) int {
	size, u := 1, uint64(n)
	if n < 0 {
		size, u = 2, -u
	}
	for ; u >= 10; u /= 10 {
		size++
	}
	return size
}
