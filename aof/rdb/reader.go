package rdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
)

const (
	stringMax   = 512 << 20
	readerBuf   = 64 << 10
	chunkBytes  = 64 << 10 // first step of a buffer whose announced size is not yet proven
	scratchKeep = 1 << 20  // larger scratch buffers are dropped after use
)

// Options of a Reader.
type Options struct {
	// Size is the length of the input in bytes, 0 if unknown. When it is known,
	// long strings are read without growing a buffer step by step.
	Size int64
	// StringMax bounds each string, in bytes; 0 means 512 MB.
	StringMax int64
	// NoChecksum skips the checksum at the end of a file.
	NoChecksum bool
	// Deep also checks packed hashes, sets and sorted sets for duplicates, and
	// sorted sets for order.
	Deep bool
}

// Reader reads a file with Next, and values with NextItem.
type Reader struct {
	src    io.Reader // nil when all there is lies in buf
	buf    []byte
	pos    int   // next byte of buf
	end    int   // end of what buf holds
	base   int64 // offset of buf[0] in the input
	summed int   // buf[:summed] is in crc
	crc    uint64
	opt    Options

	version int
	record  Record
	value   valueState

	// Item is the part of a value that NextItem has read.
	Item Item

	key, val, blob, packed []byte // scratch behind Item and compressed strings
	digits                 [2][24]byte
	dups                   dupSet
}

// NewReader reads from src. It reads ahead; Rest has what follows the file.
func NewReader(src io.Reader, opt Options) *Reader {
	if opt.StringMax <= 0 {
		opt.StringMax = stringMax
	}
	return &Reader{src: src, buf: make([]byte, readerBuf), opt: opt}
}

// Reset makes r read values, not a file, from p, as NewPayloadReader does. It
// keeps scratch memory.
func (r *Reader) Reset(p []byte) {
	r.src, r.buf, r.pos, r.end = nil, p, 0, len(p)
	r.base, r.summed, r.crc = 0, 0, 0
	r.value = valueState{}
	r.dropScratch()
}

// NewPayloadReader reads one value from p, which is a type byte and a body:
// what CheckPayload returns.
func NewPayloadReader(p []byte, opt Options) *Reader {
	if opt.StringMax <= 0 {
		opt.StringMax = stringMax
	}
	r := &Reader{opt: opt}
	r.Reset(p)
	return r
}

// Offset returns the offset of the next byte to be read.
func (r *Reader) Offset() int64 { return r.base + int64(r.pos) }

// Buffered returns what has been read ahead and not been consumed, a view that is valid until the next call.
func (r *Reader) Buffered() []byte { return r.buf[r.pos:r.end] }

// Rest returns what follows: after the end of a preamble, the commands.
func (r *Reader) Rest() io.Reader {
	rest := bytes.NewReader(r.buf[r.pos:r.end])
	if r.src == nil {
		return rest
	}
	return io.MultiReader(rest, r.src)
}

func (r *Reader) corrupt(format string, args ...any) error {
	return &CorruptError{Offset: r.Offset(), Text: fmt.Sprintf(format, args...)}
}

func (r *Reader) short() error {
	return &CorruptError{Offset: r.Offset(), Err: io.ErrUnexpectedEOF}
}

// left returns how many bytes are known to follow, or -1.
func (r *Reader) left() int64 {
	switch {
	case r.src == nil:
		return int64(r.end - r.pos)
	case r.opt.Size > 0:
		return r.opt.Size - r.Offset()
	}
	return -1
}

// account takes what was consumed into the checksum.
func (r *Reader) account() {
	if r.src != nil && !r.opt.NoChecksum {
		r.crc = CRC64(r.crc, r.buf[r.summed:r.pos])
	}
	r.summed = r.pos
}

// need makes n bytes available at pos; n is small.
func (r *Reader) need(n int) error {
	if r.end-r.pos >= n {
		return nil
	}
	if r.src == nil {
		return r.short()
	}
	r.account()
	copy(r.buf, r.buf[r.pos:r.end])
	r.base += int64(r.pos)
	r.end -= r.pos
	r.pos, r.summed = 0, 0
	got, err := io.ReadAtLeast(r.src, r.buf[r.end:], n-r.end)
	r.end += got
	if r.end >= n {
		return nil
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.short()
	}
	return err
}

// take returns the next n bytes, n small, valid until the next read.
func (r *Reader) take(n int) ([]byte, error) {
	if err := r.need(n); err != nil {
		return nil, err
	}
	p := r.buf[r.pos : r.pos+n]
	r.pos += n
	return p, nil
}

func (r *Reader) byte() (byte, error) {
	if r.pos == r.end {
		if err := r.need(1); err != nil {
			return 0, err
		}
	}
	b := r.buf[r.pos]
	r.pos++
	return b, nil
}

func (r *Reader) uint64() (uint64, error) {
	p, err := r.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(p), nil
}

// length reads a length; special lengths are an error here.
func (r *Reader) length() (uint64, error) {
	n, special, err := r.lengthOrSpecial()
	if err == nil && special {
		err = r.corrupt("string encoding %d in place of a length", n)
	}
	return n, err
}

func (r *Reader) lengthOrSpecial() (n uint64, special bool, err error) {
	b, err := r.byte()
	if err != nil {
		return 0, false, err
	}
	switch {
	case b>>6 == 0:
		return uint64(b), false, nil
	case b>>6 == 1:
		low, err := r.byte()
		return uint64(b&63)<<8 | uint64(low), false, err
	case b>>6 == 3:
		return uint64(b & 63), true, nil
	}
	var p []byte
	switch b {
	case 0x80:
		if p, err = r.take(4); err == nil {
			n = uint64(binary.BigEndian.Uint32(p))
		}
	case 0x81:
		if p, err = r.take(8); err == nil {
			n = binary.BigEndian.Uint64(p)
		}
	default:
		err = r.corrupt("unknown length encoding %#x", b)
	}
	return n, false, err
}

// string reads a string into dst, whose content is lost, and returns it.
func (r *Reader) string(dst []byte) ([]byte, error) {
	n, special, err := r.lengthOrSpecial()
	if err != nil {
		return dst, err
	}
	if !special {
		return r.raw(dst, n)
	}
	switch n {
	case 0, 1, 2:
		return r.integer(dst, 1<<n)
	case 3:
		return r.compressed(dst)
	}
	return dst, r.corrupt("unknown string encoding %d", n)
}

func (r *Reader) integer(dst []byte, size int) ([]byte, error) {
	p, err := r.take(size)
	if err != nil {
		return dst, err
	}
	var v int64
	switch size {
	case 1:
		v = int64(int8(p[0]))
	case 2:
		v = int64(int16(binary.LittleEndian.Uint16(p)))
	default:
		v = int64(int32(binary.LittleEndian.Uint32(p)))
	}
	return strconv.AppendInt(dst[:0], v, 10), nil
}

func (r *Reader) compressed(dst []byte) ([]byte, error) {
	packed, err := r.length()
	if err != nil {
		return dst, err
	}
	size, err := r.length()
	if err != nil {
		return dst, err
	}
	if size > uint64(r.opt.StringMax) || packed > size+size/32+1 || size > packed*lzfRatio {
		return dst, r.corrupt("compressed string of %d bytes in %d", size, packed)
	}
	if r.packed, err = r.raw(r.packed, packed); err != nil {
		return dst, err
	}
	if cap(dst) < int(size) {
		dst = make([]byte, 0, size)
	}
	dst, err = lzfExpand(dst[:0], r.packed, int(size))
	if err != nil {
		err = r.corrupt("bad compressed string")
	}
	return dst, err
}

// raw reads n bytes into dst, growing it only as far as bytes are there.
func (r *Reader) raw(dst []byte, n uint64) ([]byte, error) {
	dst = dst[:0]
	if n > uint64(r.opt.StringMax) {
		return dst, r.corrupt("string of %d bytes", n)
	}
	size, left := int(n), r.left()
	if left >= 0 && int64(size) > left {
		return dst, r.short()
	}
	for len(dst) < size {
		step := size - len(dst)
		if left < 0 {
			step = min(step, max(chunkBytes, len(dst)))
		}
		from := len(dst)
		dst = grown(dst, step)
		if err := r.full(dst[from:]); err != nil {
			return dst[:from], err
		}
	}
	return dst, nil
}

// grown lengthens b by n bytes of any content.
func grown(b []byte, n int) []byte {
	if cap(b)-len(b) < n {
		larger := make([]byte, len(b), len(b)+n)
		copy(larger, b)
		b = larger
	}
	return b[:len(b)+n]
}

// full fills p, past the buffer if p is long.
func (r *Reader) full(p []byte) error {
	n := copy(p, r.buf[r.pos:r.end])
	r.pos += n
	p = p[n:]
	switch {
	case len(p) == 0:
		return nil
	case r.src == nil:
		return r.short()
	case len(p) < len(r.buf):
		if err := r.need(len(p)); err != nil {
			return err
		}
		r.pos += copy(p, r.buf[r.pos:r.end])
		return nil
	}
	r.account()
	n, err := io.ReadFull(r.src, p)
	if !r.opt.NoChecksum {
		r.crc = CRC64(r.crc, p[:n])
	}
	r.base += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return r.short()
	}
	return err
}

// score reads a binary score.
func (r *Reader) score() (float64, error) {
	bits, err := r.uint64()
	f := math.Float64frombits(bits)
	if err == nil && math.IsNaN(f) {
		err = r.corrupt("score is not a number")
	}
	return f, err
}

// textScore reads a score of the first sorted-set encoding.
func (r *Reader) textScore() (float64, error) {
	n, err := r.byte()
	if err != nil {
		return 0, err
	}
	switch n {
	case 255:
		return math.Inf(-1), nil
	case 254:
		return math.Inf(1), nil
	case 253:
		return 0, r.corrupt("score is not a number")
	}
	p, err := r.take(int(n))
	if err != nil {
		return 0, err
	}
	f, ok := parseScore(p)
	if !ok {
		return 0, r.corrupt("bad score %q", p)
	}
	return f, nil
}

func (r *Reader) streamID() (id StreamID, err error) {
	p, err := r.take(16)
	if err == nil {
		id = StreamID{binary.BigEndian.Uint64(p), binary.BigEndian.Uint64(p[8:])}
	}
	return id, err
}

func (r *Reader) lengthID() (id StreamID, err error) {
	if id.Ms, err = r.length(); err == nil {
		id.Seq, err = r.length()
	}
	return id, err
}

func (r *Reader) millis() (int64, error) {
	n, err := r.uint64()
	return int64(n), err
}

// dropScratch lets go of buffers that an unusually long string has grown.
func (r *Reader) dropScratch() {
	for _, b := range []*[]byte{&r.key, &r.val, &r.blob, &r.packed} {
		if cap(*b) > scratchKeep {
			*b = nil
		}
	}
	r.Item = Item{}
}

// parseScore reads a score as C's strtod would, hexadecimal aside.
func parseScore(p []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(p), 64)
	if err != nil && !math.IsInf(f, 0) { // out of range reads as infinity
		return 0, false
	}
	return f, !math.IsNaN(f)
}
