package listpack

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
)

// Get returns the element at off: an integer n if isInt, otherwise a string, which
// is a view into lp.
func Get(lp []byte, off int) (str []byte, n int64, isInt bool) {
	b := lp[off]
	switch {
	case b < 0x80:
		return nil, int64(b), true
	case b < headInt13:
		off++
		size := int(b & 63)
		return lp[off : off+size : off+size], 0, false
	}
	return longGet(lp, off)
}

func longGet(lp []byte, off int) (str []byte, n int64, isInt bool) {
	b := lp[off]
	switch {
	case b < head12Str:
		u := uint16(b)<<8 | uint16(lp[off+1])
		return nil, int64(int16(u<<3) >> 3), true
	case b < head32Str:
		size := int(b&15)<<8 | int(lp[off+1])
		off += 2
		return lp[off : off+size : off+size], 0, false
	case b == head32Str:
		size := int(binary.LittleEndian.Uint32(lp[off+1:]))
		off += 5
		return lp[off : off+size : off+size], 0, false
	case b == headInt16:
		return nil, int64(int16(binary.LittleEndian.Uint16(lp[off+1:]))), true
	case b == headInt24:
		u := uint32(lp[off+1])<<8 | uint32(lp[off+2])<<16 | uint32(lp[off+3])<<24
		return nil, int64(int32(u) >> 8), true
	case b == headInt32:
		return nil, int64(int32(binary.LittleEndian.Uint32(lp[off+1:]))), true
	case b == headInt64:
		return nil, int64(binary.LittleEndian.Uint64(lp[off+1:])), true
	}
	panic("listpack: no element here")
}

// Int returns the element at off if it is an integer.
func Int(lp []byte, off int) (n int64, ok bool) {
	_, n, ok = Get(lp, off)
	return n, ok
}

// AppendTo appends the element at off to dst, integers in decimal.
func AppendTo(dst, lp []byte, off int) []byte {
	str, n, isInt := Get(lp, off)
	if isInt {
		return strconv.AppendInt(dst, n, 10)
	}
	return append(dst, str...)
}

// Element returns the element at off as a string: a view into lp, or an integer
// written to buf, which 20 bytes of capacity suffice for.
func Element(lp []byte, off int, buf []byte) []byte {
	str, n, isInt := Get(lp, off)
	if isInt {
		return strconv.AppendInt(buf[:0], n, 10)
	}
	return str
}

// StringLen returns the length of the element at off as a string.
func StringLen(lp []byte, off int) int {
	str, n, isInt := Get(lp, off)
	if !isInt {
		return len(str)
	}
	return decimalLen(n)
}

// decimalLen counts the characters of n in decimal.
func decimalLen(n int64) int {
	size, u := 1, uint64(n)
	if n < 0 {
		size, u = 2, -u
	}
	// 1233/4096 is log10(2): the estimate is the digit count less one, or one more.
	u |= 1 // never crosses a power of ten, and 0 has a digit too
	t := bits.Len64(u) * 1233 >> 12
	if u < powersOf10[t] {
		t--
	}
	return size + t
}

var powersOf10 = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// EqualInt reports whether the element at off is the integer n.
func EqualInt(lp []byte, off int, n int64) bool {
	_, have, isInt := Get(lp, off)
	return isInt && have == n
}

// Compare orders the element at off against b, both as strings: -1, 0 or 1.
func Compare(lp []byte, off int, b []byte) int {
	var buf [20]byte
	return bytes.Compare(Element(lp, off, buf[:]), b)
}
