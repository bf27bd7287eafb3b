// Package listpack stores a short sequence of strings and integers in one byte
// slice, in Redis's own format, so that DUMP, RDB and the log copy it as it is.
//
//	| total 4B LE | count 2B LE | element ... element | end 0xFF |
//	element = encoding and data, then its own length backwards (back length)
//
//	0xxxxxxx                     integer 0..127
//	10llllll data                string of up to 63 bytes
//	110xxxxx x8                  13-bit signed integer
//	1110llll l8 data             string of up to 4095 bytes
//	11110000 l32 data            longer string
//	11110001 .. 11110100         16, 24, 32, 64-bit signed integer, little endian
//
// A string that reads as a canonical int64 ("12", "-7", not "007") is always
// stored as the integer, and always in its smallest form. So equal elements have
// equal bytes, and a search compares encoded forms: see Needle.
//
// The back length lets a reader walk from the right. Edits cost O(n); that is the
// trade: below a few kilobytes one cache-friendly copy beats pointers.
//
// # Memory
//
// The caller owns the bytes. A listpack is exactly lp[:len(lp)]; a function that
// changes it returns the new slice, which shares lp's array whenever cap(lp)
// allows and is otherwise a grown copy on the Go heap. A caller whose memory comes
// from elsewhere asks EncodedSize, SizeAfterReplace, ... first and passes a slice
// with room. Elements given to a function are borrowed and must not lie inside the
// listpack being changed; elements returned are views into it, valid until the
// next change.
//
// Places are byte offsets; None (0, inside the header) means no place. Changes
// keep offsets to the left of the changed place valid, no others.
//
// Nothing here checks for corruption: bytes from outside pass Validate first.
package listpack

import "encoding/binary"

const (
	// HeaderSize is the offset of the first element, in bytes.
	HeaderSize = 6
	// EmptySize is the size of a listpack without elements, in bytes.
	EmptySize = HeaderSize + 1
	// None is the offset that no element has.
	None = 0

	// SizeMax is the size no change may exceed, in bytes; see SafeToAdd.
	SizeMax = 1 << 30

	end          = 0xFF
	countUnknown = 65535 // the header's count when there are that many or more

	head12Str = 0xE0
	head32Str = 0xF0
	headInt13 = 0xC0
	headInt16 = 0xF1
	headInt24 = 0xF2
	headInt32 = 0xF3
	headInt64 = 0xF4
)

// sizes maps a first byte to the size of the whole element, back length included,
// where the first byte tells: 0 for longer strings, the end mark and unused codes.
var sizes = func() (t [256]uint8) {
	for b := range t {
		switch {
		case b < 0x80:
			t[b] = 1 + 1
		case b < headInt13:
			t[b] = 1 + uint8(b&63) + 1
		case b < head12Str:
			t[b] = 2 + 1
		}
	}
	t[headInt16], t[headInt24], t[headInt32], t[headInt64] = 4, 5, 6, 10
	return t
}()

// New writes an empty listpack over dst, in place if it has the capacity.
func New(dst []byte) []byte {
	return append(dst[:0], EmptySize, 0, 0, 0, 0, 0, end)
}

// Len returns the number of elements: from the header, or by walking when the
// header says that there are 65535 or more.
func Len(lp []byte) int {
	if n := headerCount(lp); n != countUnknown {
		return n
	}
	n := 0
	for off := First(lp); off != None; off = Next(lp, off) {
		n++
	}
	return n
}

// Bytes returns the total size that the header states.
func Bytes(lp []byte) int { return int(binary.LittleEndian.Uint32(lp)) }

// SafeToAdd reports whether lp may grow by add bytes. Growing it beyond SizeMax
// panics.
func SafeToAdd(lp []byte, add int) bool { return add <= SizeMax-len(lp) }

// First returns the offset of the first element, None if there is none.
func First(lp []byte) int {
	if lp[HeaderSize] == end {
		return None
	}
	return HeaderSize
}

// Last returns the offset of the last element, None if there is none.
func Last(lp []byte) int { return Prev(lp, len(lp)-1) }

// Next returns the offset of the element after the one at off, None at the end.
func Next(lp []byte, off int) int {
	size := int(sizes[lp[off]])
	if size == 0 {
		size = longSize(lp, off)
	}
	if off += size; lp[off] == end {
		return None
	}
	return off
}

// Prev returns the offset of the element before off, None at the start. off may
// also be the end, len(lp)-1.
func Prev(lp []byte, off int) int {
	if off == HeaderSize {
		return None
	}
	n := backLen(lp, off)
	return off - n - backLenSize(n)
}

// Skip returns the offset n elements after off, None beyond the end.
func Skip(lp []byte, off, n int) int {
	for ; n > 0 && off != None; n-- {
		off = Next(lp, off)
	}
	return off
}

// Seek returns the offset of element index, counted from 0, or from -1 at the
// end; None if there is no such element. It walks from the nearer end.
func Seek(lp []byte, index int) int {
	n := headerCount(lp)
	if n == countUnknown {
		if index < 0 {
			return skipBack(lp, Last(lp), -1-index)
		}
		return Skip(lp, First(lp), index)
	}
	if index < 0 {
		index += n
	}
	switch {
	case index < 0 || index >= n:
		return None
	case index > n/2:
		return skipBack(lp, Last(lp), n-1-index)
	}
	return Skip(lp, HeaderSize, index)
}

func skipBack(lp []byte, off, n int) int {
	for ; n > 0 && off != None; n-- {
		off = Prev(lp, off)
	}
	return off
}

// ElementSize returns the size of the element at off, in bytes, back length
// included.
func ElementSize(lp []byte, off int) int {
	if size := int(sizes[lp[off]]); size != 0 {
		return size
	}
	return longSize(lp, off)
}

// longSize is ElementSize for the first bytes that sizes does not know.
func longSize(lp []byte, off int) int {
	n := 0
	switch b := lp[off]; {
	case b < head32Str:
		n = 2 + int(b&15)<<8 + int(lp[off+1])
	case b == head32Str:
		n = 5 + int(binary.LittleEndian.Uint32(lp[off+1:]))
	default:
		panic("listpack: no element here")
	}
	return n + backLenSize(n)
}

func headerCount(lp []byte) int { return int(binary.LittleEndian.Uint16(lp[4:])) }

// addCount changes the header's count. An unknown count stays so, as it may be
// any number above; reaching the largest makes it unknown.
func addCount(lp []byte, n int) {
	if old := headerCount(lp); old != countUnknown {
		binary.LittleEndian.PutUint16(lp[4:], uint16(min(old+n, countUnknown)))
	}
}

func setBytes(lp []byte) { binary.LittleEndian.PutUint32(lp, uint32(len(lp))) }
