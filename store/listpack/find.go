package listpack

import (
	"bytes"
	"encoding/binary"
)

// Needle is an element to look for, encoded once. It borrows the bytes it was made
// of.
//
// Every element ends in its back length, and at least eight bytes of listpack lie
// left of its end. So one masked load of the eight bytes before the end compares
// length, kind and last bytes at once, without a branch on the encoding; only a
// match of an element longer than that is looked at in full.
type Needle struct {
	tail, mask uint64 // last eight bytes of the element as stored; mask cuts what is left of it
	size       int
	e          encoded
}

// MakeNeedle prepares b.
func MakeNeedle(b []byte) Needle {
	return makeNeedle(encode(b))
}

// MakeIntNeedle prepares integer n.
func MakeIntNeedle(n int64) Needle {
	return makeNeedle(encodeInt(n))
}

func makeNeedle(e encoded) Needle {
	n := Needle{e: e, size: e.size(), mask: ^uint64(0)}
	if size := len(e.data); size >= 8 && size < 64 { // one byte of back length: the usual case, without the buffer
		n.tail = binary.LittleEndian.Uint64(e.data[size-8:])>>8 | uint64(size+1)<<56
		return n
	}
	// The last bytes of head and data, then the back length, so that the tail is
	// the last eight bytes of it. 9+9+5: an integer, or some head, data and length.
	var buf [24]byte
	w := copy(buf[8:], e.head[:e.headN])
	if len(e.data) <= 8 {
		w += copy(buf[8+w:], e.data)
	} else {
		w = copy(buf[8:], e.data[len(e.data)-8:])
	}
	putBackLen(buf[8+w:], e.headN+len(e.data))
	w += backLenSize(e.headN + len(e.data))
	n.tail = binary.LittleEndian.Uint64(buf[w:])
	if n.size < 8 {
		n.mask <<= 8 * (8 - n.size)
		n.tail &= n.mask
	}
	return n
}

// Find returns the first place from off on that holds the needle, looking at one
// element, passing over skip of them, and so on: skip 1 looks at the fields of
// field-value pairs. It returns None if there is none, or if off is None.
func (n *Needle) Find(lp []byte, off, skip int) int {
	if off == None {
		return None
	}
	tail, mask := n.tail, n.mask
	pass := 0
	for {
		size := int(sizes[lp[off]])
		if size == 0 {
			if lp[off] == end {
				return None
			}
			size = longSize(lp, off)
		}
		next := off + size
		if pass > 0 {
			pass--
		} else {
			last := binary.LittleEndian.Uint64(lp[next-8 : next])
			if (last^tail)&mask == 0 && (n.size <= 8 || n.matches(lp[off:next])) {
				return off
			}
			pass = skip
		}
		off = next
	}
}

// At reports whether the element at off is the needle.
func (n *Needle) At(lp []byte, off int) bool {
	next := off + ElementSize(lp, off)
	last := binary.LittleEndian.Uint64(lp[next-8 : next])
	return (last^n.tail)&n.mask == 0 && (n.size <= 8 || n.matches(lp[off:next]))
}

// matches compares a whole element, the back length of which equals the needle's.
func (n *Needle) matches(b []byte) bool {
	return string(b[:n.e.headN]) == string(n.e.head[:n.e.headN]) &&
		bytes.Equal(b[n.e.headN:n.e.headN+len(n.e.data)], n.e.data)
}

// Find is Needle.Find for an element looked for once.
func Find(lp []byte, off int, b []byte, skip int) int {
	n := MakeNeedle(b)
	return n.Find(lp, off, skip)
}

// FindInt is Needle.Find for an integer looked for once.
func FindInt(lp []byte, off int, i int64, skip int) int {
	n := MakeIntNeedle(i)
	return n.Find(lp, off, skip)
}

// Equal reports whether the element at off is b.
func Equal(lp []byte, off int, b []byte) bool {
	str, n, isInt := Get(lp, off)
	if !isInt {
		return bytes.Equal(str, b)
	}
	have, ok := ParseInt(b)
	return ok && have == n
}
