package listpack

import "encoding/binary"

// Validate reports whether b is a listpack. Without deep it looks at the frame
// only; with deep it checks every element, and nothing in this package then reads
// or writes outside b, whoever made it. Bytes from outside need deep.
func Validate(b []byte, deep bool) bool {
	if len(b) < EmptySize || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != end {
		return false
	}
	if !deep {
		return true
	}
	count, off := 0, HeaderSize
	for off < len(b)-1 {
		size := validSize(b[off : len(b)-1])
		if size == 0 {
			return false
		}
		off += size
		count++
	}
	stated := headerCount(b)
	return stated == countUnknown || stated == count
}

// validSize returns the size of the element that b starts with, 0 if it is not a
// whole element.
func validSize(b []byte) int {
	size := int(sizes[b[0]])
	if size == 0 {
		switch {
		case b[0] >= head12Str && b[0] < head32Str && len(b) >= 2, b[0] == head32Str && len(b) >= 5:
			size = longSize(b, 0)
		default:
			return 0
		}
	}
	if size > len(b) {
		return 0
	}
	n := size - backLenSizeOf(size)
	var back [5]byte
	putBackLen(back[:], n)
	if string(b[n:size]) != string(back[:size-n]) {
		return 0
	}
	return size
}

// backLenSizeOf returns how many of an element's size bytes are its back length.
func backLenSizeOf(size int) int {
	for n := 1; n < 5; n++ {
		if backLenSize(size-n) == n {
			return n
		}
	}
	return 5
}

// Canonical reports whether every element of the valid listpack lp has the
// encoding that this package would give it. Foreign bytes may not: nothing breaks
// then, but a search may miss elements. See Recode.
func Canonical(lp []byte) bool {
	for off := First(lp); off != None; off = Next(lp, off) {
		str, n, isInt := Get(lp, off)
		e := encodeInt(n)
		if !isInt {
			e = encode(str)
		}
		if e.head[0] != lp[off] || e.size() != ElementSize(lp, off) {
			return false
		}
	}
	return true
}
